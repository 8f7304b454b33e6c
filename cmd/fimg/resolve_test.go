package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/bench/resolve/debrepo"
)

const stanzas = `Package: tool
Version: 1:2.0-3
Architecture: amd64
Installed-Size: 10
Size: 20
Depends: liba (>= 1.0) | libb, libc
Recommends: doc
Description: a tool

Package: liba
Version: 1.0-1
Architecture: amd64
Description: a library

Package: libc
Version: 1.0-1
Architecture: amd64
Description: another library

Package: doc
Version: 1.0-1
Architecture: all
Description: words
`

// smallRepo writes a repository of a few packages.
func smallRepo(t *testing.T) string {
	t.Helper()
	list, err := debrepo.Parse(strings.NewReader(stanzas))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := debrepo.Write(dir, debrepo.Closure(list), len(list)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func runResolve(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	a := &app{out: &o, err: &e}
	code = a.run(t.Context(), append([]string{"resolve", "--arch", "x86_64", "--cache-dir", t.TempDir()}, args...))
	return code, o.String(), e.String()
}

func TestResolve(t *testing.T) {
	dir := smallRepo(t)
	lock := filepath.Join(t.TempDir(), "lock")
	for _, test := range []struct {
		args string
		want string // packages, or the exit status
	}{
		{"tool", "doc-0:1.0-1.noarch liba-0:1.0-1.x86_64 libc-0:1.0-1.x86_64 tool-1:2.0-3.x86_64"},
		{"--weak=false tool --lock " + lock, "liba-0:1.0-1.x86_64 libc-0:1.0-1.x86_64 tool-1:2.0-3.x86_64"},
		{"--exclude doc tool", "liba-0:1.0-1.x86_64 libc-0:1.0-1.x86_64 tool-1:2.0-3.x86_64"},
		{"/usr/bin/tool --only-required", "liba-0:1.0-1.x86_64 libc-0:1.0-1.x86_64 tool-1:2.0-3.x86_64"},
		{"/usr/share/doc/doc/copyright", "doc-0:1.0-1.noarch"},
		{"--exclude libc tool", "5"},
		{"nothing", "5"},
		{"@group", "5"},
		{"--package-manager zypper tool", "2"},
	} {
		code, out, errs := runResolve(t, append([]string{"--repo", dir, "--json"}, strings.Fields(test.args)...)...)
		if code != 0 {
			if test.want != string('0'+rune(code)) {
				t.Errorf("%s: exit %d, %s", test.args, code, errs)
			}
			continue
		}
		var answer struct{ Install []string }
		if err := json.Unmarshal([]byte(out), &answer); err != nil || !slices.Equal(answer.Install, strings.Fields(test.want)) {
			t.Errorf("%s: %s %v", test.args, out, err)
		}
	}
	for arch, want := range map[string]string{"z80": `architecture "z80" is not known`, "aarch64": "the repositories have tool for x86_64, not for aarch64"} {
		if code, _, errs := runResolve(t, "--repo", dir, "--arch", arch, "tool"); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", arch, code, errs)
		}
	}
	if _, out, errs := runResolve(t, "--repo", dir, "--why", "libc", "tool"); !strings.Contains(out, "tool-1:2.0-3.x86_64") || strings.Count(out, "\n") != 2 {
		t.Error(out, errs)
	}
	f, err := os.Open(lock)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if l, err := manifest.ReadLock(f); err != nil || len(l.Packages) != 3 || l.Packages[2].Reason != "user: tool" {
		t.Error(l, err)
	}
}
