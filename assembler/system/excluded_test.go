package system

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
)

// The patterns leave out what rsync leaves out.
func TestExcluded(t *testing.T) {
	testtool.Need(t, "rsync")
	patterns := []string{"/usr/share/doc", "var/cache/*", "**/__pycache__", "opt/?a", "srv/[ab]*", "srv/[!a-z]1", "srv/x/**", "etc/a.b", `etc/\*`, "home/", "/"}
	files := []string{"usr/share/doc/x/y", "usr/share/docs", "usr/lib/doc", "var/cache/a/b", "var/cache2", "usr/lib/py/__pycache__/m", "opt/aa", "opt/a", "opt/baa",
		"srv/a1", "srv/c1", "srv/01", "srv/x/y/z", "etc/a.b", "etc/axb", "etc/*", "etc/any", "home/u", "lib/home/u", "__pycache__/m"}
	f := newFake(t, files...)
	f.put(t, excludeFile, "# list\nexclude:\n"+strings.Join(quoted(patterns), ""))
	excluded, err := f.Excluded()
	check(t, err)
	from, to := f.Root.Dir()+"/", t.TempDir()
	args := []string{"-a", "--exclude", "/image"}
	for _, p := range patterns[:len(patterns)-1] {
		args = append(args, "--exclude", "/"+strings.TrimPrefix(p, "/"))
	}
	testtool.Run(t, "rsync", append(args, from, to)...)
	for _, name := range files {
		_, err := os.Lstat(filepath.Join(to, name))
		out := false
		for part := name; part != "."; part = filepath.Dir(part) {
			out = out || excluded(part)
		}
		if out != (err != nil) {
			t.Errorf("%s: left out %v, by rsync %v", name, out, err != nil)
		}
	}
	if excluded("") || excluded(".") {
		t.Error("the root is left out")
	}
}

func quoted(list []string) []string {
	list = slices.Clone(list)
	for i, p := range list {
		list[i] = " - '" + p + "'\n"
	}
	return list
}

// Without a list nothing is left out; what cannot be read is the description's
// fault.
func TestExcludedOddly(t *testing.T) {
	f := newFake(t)
	for _, text := range []string{"-", "", "exclude:\n", "other: [a]\n"} {
		if text != "-" {
			f.put(t, excludeFile, text)
		}
		if excluded, err := f.Excluded(); excluded != nil || err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"exclude: [", "exclude: {a: b}\n", "exclude: ['[!]']\n", strings.Repeat("#", maxExcludeFile+1), "exclude: [" + strings.Repeat("a,", maxExcludes) + "b]"} {
		f.put(t, excludeFile, text)
		if _, err := f.Excluded(); fault.Of(err) != fault.Description {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
