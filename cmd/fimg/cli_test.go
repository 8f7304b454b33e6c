package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// call runs a command line and returns its status and what it printed.
func call(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{out: &out, err: &errs}
	code := a.run(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		full := filepath.Join(dir, name)
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return full
	}
	broken := write("broken.kiwi", "<image schemaversion=\"8.5\" name=\"x\">\n<oops/></image>")
	lock := write("lock.json", "{}")
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"--help"}, 0, ""}, {[]string{"--version"}, 0, ""},
		{[]string{"nonsense"}, 2, "unknown command"}, {[]string{"build", "--bogus"}, 2, "unknown flag"}, {[]string{"build", "extra"}, 2, "takes no argument"},
		{[]string{"build", "--description", "/does/not/exist"}, 2, "description"},
		{[]string{"plan", "--description", broken}, 3, "broken.kiwi:2"},
		{[]string{"plan", "--profile", "Cloud-Base-Generik"}, 3, "Cloud-Base-Generi"},
		{[]string{"plan", "--repo", dir}, 4, ""}, {[]string{"plan", "--repo", dir + "/none"}, 2, "use repository"},
		{[]string{"plan", "--lock", lock, "--repo", dir}, 4, "lock"},
		{[]string{"bundle", "--target-dir", dir, "--bundle-dir", dir, "--id", "1"}, 2, "must not be"},
		{[]string{"kiwi-ng", "image", "resize"}, 2, "not known here"},
		{[]string{"--log-format", "xml", "profiles"}, 2, "log format"},
	} {
		code, _, errs := call(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.text) {
			t.Errorf("%q: status %d, want %d: %s", c.args, code, c.code, errs)
		}
		if lines := strings.Count(errs, "fimg: hint:"); lines > 1 {
			t.Errorf("%q: %d hints", c.args, lines)
		}
	}
}

func TestErrorsInJSON(t *testing.T) {
	code, _, errs := call(t, "--json", "plan", "--profile", "none")
	var v struct {
		Type string
		Exit int
	}
	if err := json.Unmarshal([]byte(errs), &v); err != nil || v.Type != "error" || v.Exit != code {
		t.Errorf("status %d, %v: %s", code, err, errs)
	}
}

// The same plan comes out as the same JSON, whatever the number of jobs.
func TestPlanIsAValue(t *testing.T) {
	repo := testtool.Repo(t)
	args := []string{"plan", "--json", "--repo", repo, "--cache-dir", t.TempDir(), "--set-release-version", "42"}
	code, first, errs := call(t, args...)
	if code != 0 {
		t.Fatalf("plan: %s", errs)
	}
	_, second, _ := call(t, append(args, "--jobs", "1")...)
	if first != second {
		t.Error("two plans differ")
	}
	lock := filepath.Join(t.TempDir(), "lock")
	code, _, errs = call(t, "resolve", "--repo", repo, "--cache-dir", t.TempDir(), "--lock", lock, "--set-release-version", "42")
	if code != 0 {
		t.Fatalf("resolve: %s", errs)
	}
	code, locked, errs := call(t, append(args, "--lock", lock)...)
	if code != 0 || !strings.Contains(locked, `"packages"`) {
		t.Errorf("plan with a lock: %d %s", code, errs)
	}
	if code, _, errs := call(t, append(args, "--lock", lock, "--profile", "Container-Base-Generic")...); code != 4 || !strings.Contains(errs, "for which it was not made") {
		t.Errorf("plan of another profile with the lock: %d %s", code, errs)
	}
	if code, out, errs := call(t, "diff", lock, lock); code != 0 || !strings.Contains(out, "nothing differs") {
		t.Errorf("diff: %d %s%s", code, out, errs)
	}
}

// Koji's two command lines are understood, options in any place.
func TestKiwiOptions(t *testing.T) {
	k := &kiwi{a: &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}}}
	f := k.flags()
	words, err := k.parse(f, strings.Fields("--profile P --type oem --kiwi-file F.x86_64.kiwi --debug --logfile /tmp/l --color-output "+
		"--unknown value system build --description D --target-dir T --set-type-attr a=b --set-type-attr c=d"))
	if err != nil || strings.Join(words, " ") != "system build" {
		t.Fatalf("words %q, %v", words, err)
	}
	if k.s.file != "F.x86_64.kiwi" || k.s.description != "D" || k.targetDir != "T" || len(k.s.over.TypeAttributes) != 2 || k.logFile != "/tmp/l" {
		t.Errorf("options %+v", k)
	}
}

// With kiwi several profiles make one image; fimg's own verbs make one of each.
func TestProfilesTogether(t *testing.T) {
	name := writeSmall(t, strings.Replace(small, "</image>", `<profiles><profile name="Other" description="B"/></profiles>
		<preferences profiles="Other"><type image="tbz"/></preferences></image>`, 1))
	for together, want := range map[bool]int{true: 1, false: 2} {
		s := selection{description: name, arch: "x86_64", profiles: []string{"Disk", "Other"}, together: together}
		if list, err := s.images(t.Context()); err != nil || len(list) != want {
			t.Errorf("together %v: %d images, %v", together, len(list), err)
		}
	}
}

// What a build will warn of is told apart from the plan, as text or as an object.
func TestWarnings(t *testing.T) {
	var errs bytes.Buffer
	a := &app{err: &errs}
	a.warnOf("image", []string{"words"})
	a.json = true
	a.warnOf("image", []string{"words"})
	text, object, _ := strings.Cut(errs.String(), "\n")
	var e struct{ Type, Text string }
	if err := json.Unmarshal([]byte(object), &e); err != nil || e.Type != "warning" || e.Text != "words" || text != "fimg: warning: image: words" {
		t.Errorf("%v: %s", err, errs.String())
	}
}

// FuzzKiwiOptions gives the parser any words.
func FuzzKiwiOptions(f *testing.F) {
	f.Add("--profile\nP\n--debug\nsystem\nbuild\n--set-type-attr=a=b\n--unknown\nx\n--\n-\n---")
	f.Fuzz(func(t *testing.T, text string) {
		k := &kiwi{a: &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}}}
		words, err := k.parse(k.flags(), strings.Split(text, "\n"))
		for _, w := range words {
			if err == nil && strings.HasPrefix(w, "-") {
				t.Errorf("option %q among the words", w)
			}
		}
	})
}

func TestBootCommand(t *testing.T) {
	testtool.Need(t, "qemu-system-x86_64")
	for _, fw := range []string{"bios", "uefi"} {
		code, out, errs := call(t, "boot", "--print", "--accel", "tcg", "--password", "", "--firmware", fw, "x.qcow2")
		if code != 0 || !strings.Contains(out, "format=qcow2,file=x.qcow2") || strings.Contains(out, "pflash") != (fw == "uefi") {
			t.Errorf("%s: %d %s%s", fw, code, out, errs)
		}
	}
	// What is printed names no file that is gone by then.
	if code, out, errs := call(t, "boot", "--print", "x.raw"); code != 0 || strings.Count(out, "file=") != 1 {
		t.Errorf("%d %s%s", code, out, errs)
	}
	var printed struct{ Command []string }
	if _, out, errs := call(t, "boot", "--print", "--json", "x.raw"); json.Unmarshal([]byte(out), &printed) != nil || len(printed.Command) < 5 {
		t.Errorf("%s%s", out, errs)
	}
	if _, err := seedDisk(t.Context(), t.TempDir(), "secret"); err != nil {
		t.Error(err)
	}
}
