package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func convertRun(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{out: &stdout, err: &stderr}
	return a.run(t.Context(), args), stdout.String(), stderr.String()
}

func TestConvertThereAndBack(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "disk.raw")
	content := append(bytes.Repeat([]byte("data"), 300_000), make([]byte, 5<<20)...)
	if err := os.WriteFile(raw, content, 0o600); err != nil {
		t.Fatal(err)
	}
	q, v := filepath.Join(dir, "a.qcow2"), filepath.Join(dir, "a.vmdk")
	if code, _, errs := convertRun(t, "convert", "-o", "qcow2:cluster_size=4k", "-o", "vmdk:subformat=streamOptimized", raw, q, v); code != 0 {
		t.Fatal(errs)
	}
	for _, from := range []string{q, v} {
		back := filepath.Join(dir, "back.raw")
		if code, out, errs := convertRun(t, "convert", from, back); code != 0 || !strings.HasPrefix(out, back) {
			t.Fatal(code, out, errs)
		}
		if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got[:len(content)], content) {
			t.Errorf("%s does not come back: %v", from, err)
		}
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	raw := filepath.Join(dir, "disk.raw")
	if err := os.WriteFile(raw, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		code int
		args []string
	}{
		"nothing":        {2, []string{"convert"}},
		"no output":      {2, []string{"convert", raw}},
		"itself":         {2, []string{"convert", raw, raw}},
		"unknown suffix": {2, []string{"convert", raw, filepath.Join(dir, "x.unknown")}},
		"unknown format": {2, []string{"convert", "-f", "nonsense", raw}},
		"bad option":     {2, []string{"convert", "-o", "nonsense=1", raw, filepath.Join(dir, "x.qcow2")}},
		"not a qcow2":    {2, []string{"convert", "--from", "qcow2", raw, filepath.Join(dir, "x.raw")}},
	} {
		if code, _, errs := convertRun(t, c.args...); code != c.code {
			t.Errorf("%s: exit status %d, want %d: %s", name, code, c.code, errs)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v remain, %v", left, err)
	}
}
