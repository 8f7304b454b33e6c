package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// finishedBuild is a target directory as a build leaves it.
func finishedBuild(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Img.x86_64-42.qcow2":   "disk",
		"Img.x86_64-42.changes": "changes",
		"fimg.result.json":      `{"N": "Img", "P": ["Cloud", "Core"], "A": "x86_64", "T": "oem", "v": "42"}`,
		"kiwi.result.json": `{"disk_format_image": {"compress": false, "filename": "` + dir + `/Img.x86_64-42.qcow2", "shasum": true, "use_for_bundle": true},
			"image_changes": {"compress": true, "filename": "` + dir + `/Img.x86_64-42.changes", "shasum": false, "use_for_bundle": true}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// names lists a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// Koji's second command, with and without a pattern: the description names none.
func TestKiwiResultBundle(t *testing.T) {
	target := finishedBuild(t)
	for _, c := range []struct {
		format []string
		want   string
	}{
		{nil, "Img.x86_64-42-1.1.changes.xz Img.x86_64-42-1.1.qcow2 Img.x86_64-42-1.1.qcow2.sha256"},
		{[]string{"--bundle-format", "%N-%P-%v.%I.%A"}, "Img-Cloud_Core-42.1.1.x86_64.changes.xz Img-Cloud_Core-42.1.1.x86_64.qcow2 Img-Cloud_Core-42.1.1.x86_64.qcow2.sha256"},
	} {
		bundle := t.TempDir()
		args := append([]string{"kiwi-ng", "--debug", "--logfile", filepath.Join(t.TempDir(), "log"), "result", "bundle",
			"--target-dir", target, "--bundle-dir", bundle, "--id", "1.1"}, c.format...)
		for range 2 { // a second run finds the files of the first
			if code, _, errs := call(t, args...); code != 0 {
				t.Fatalf("status %d: %s", code, errs)
			}
			if got := names(t, bundle); got != c.want {
				t.Errorf("bundle holds %s, want %s", got, c.want)
			}
		}
	}
}

// The error that ends a run is in the log and on the terminal.
func TestKiwiErrorReachesBoth(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	code, _, errs := call(t, "kiwi-ng", "--logfile", log, "result", "bundle", "--target-dir", t.TempDir(), "--bundle-dir", "b", "--id", "1")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if want := "no results of a build"; code != 2 || !strings.Contains(errs, want) || !strings.Contains(string(text), want) {
		t.Errorf("status %d, terminal %q, log %q", code, errs, text)
	}
	call(t, "kiwi-ng", "--profile", "Disc", "--logfile", log, "system", "build", "--description", writeSmall(t, small), "--target-dir", t.TempDir())
	if text, err = os.ReadFile(log); err != nil || !strings.Contains(string(text), "hint=") {
		t.Errorf("%v, log %q", err, text)
	}
}
