package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

// TestInspectPackage compares what "inspect" says of packages of version 6 with
// what "rpmkeys -K" and "-Kv" of rpm 6 said of them: text and JSON.
func TestInspectPackage(t *testing.T) {
	dir := filepath.Join("..", "..", "repo", "rpm", "testdata", "v6")
	keys := filepath.Join(t.TempDir(), "keys")
	var ring []byte
	for _, name := range []string{"rsa2048.asc", "nistp256.asc"} {
		key, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		ring = append(ring, key...)
	}
	if err := os.WriteFile(keys, ring, 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "verdicts.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none.rpm", "three.rpm", "v4only.rpm", "payload.rpm"} {
		code, out, errs := call(t, "inspect", filepath.Join(dir, name), "--signing-key", keys)
		summary := lineAfter(string(want), name+": ")
		exit := 0
		if strings.Contains(out, ": BAD") { // not for a key that is not there
			exit = 6
		}
		if code != exit || !strings.HasPrefix(out, "signed-1-1.noarch\n"+summary+"\n    Header ") {
			t.Errorf("%s: exit %d, %.200s%s; rpm has %s", name, code, out, errs, summary)
		}
		var v struct {
			Package rpm.Description
			Verdict rpm.Verdict
			Summary string
		}
		_, out, _ = call(t, "inspect", filepath.Join(dir, name), "--json", "--signing-key", keys)
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatal(err)
		}
		d := v.Package
		if d.Format != 6 || v.Summary != summary || d.Summary != summary || len(d.Verdict.Checks) != len(v.Verdict.Checks) || d.Intact == (name == "payload.rpm") {
			t.Errorf("%s: format %d, %q, %q, intact %t", name, d.Format, v.Summary, d.Summary, d.Intact)
		}
		for _, c := range v.Verdict.Checks {
			if c.Signature {
				c.Detail = ""
			}
			if !strings.Contains(string(want), "    "+c.String()+"\n") {
				t.Errorf("%s: rpm does not say %s", name, c)
			}
		}
	}
}

// lineAfter returns what follows a prefix on its line.
func lineAfter(text, prefix string) string {
	_, rest, _ := strings.Cut(text, "\n"+prefix)
	if strings.HasPrefix(text, prefix) {
		rest = text[len(prefix):]
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}
