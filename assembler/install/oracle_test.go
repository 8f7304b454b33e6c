package install

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

// listing describes everything in a tree but the package database, one line for
// each path. Times of directories are left out: rpm leaves those of the work.
func listing(t testing.TB, root string, ledger *tree.Ledger) map[string]string {
	t.Helper()
	out := map[string]string{}
	d := tree.Dir(root, tree.DirOptions{Ledger: ledger, Exclude: func(p string) bool {
		return p == "usr/lib/sysimage" || p == ".rpm.lock" || p == "var/lib/rpm"
	}})
	err := d.Walk(t.Context(), func(n *tree.Node) error {
		line := fmt.Sprintf("%o %d:%d %d,%d %d %q link%d", n.Mode, n.UID, n.GID, n.Major, n.Minor, n.Size, n.Target, n.Link)
		if n.IsDir() {
			line = fmt.Sprintf("%o %d:%d", n.Mode, n.UID, n.GID)
		} else if n.Path != "log" {
			line += fmt.Sprint(" ", n.MTime.Unix())
		}
		for _, x := range n.Xattrs {
			line += fmt.Sprintf(" %s=%x", x.Name, x.Value)
		}
		if n.IsFile() {
			line += " " + sum(t, d, n)
		}
		out[n.Path] = line
		return nil
	})
	must(t, err)
	return out
}

func sum(t testing.TB, d tree.Tree, n *tree.Node) string {
	t.Helper()
	f, err := d.Open(n)
	must(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, io.NewSectionReader(f, 0, n.Size))
	must(t, err)
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// same compares two trees.
func same(t testing.TB, a, b string, allowed ...string) {
	t.Helper()
	ours, theirs := listing(t, a, nil), listing(t, b, nil)
	for path, line := range ours {
		if other, ok := theirs[path]; slices.Contains(allowed, path) {
			continue
		} else if !ok {
			t.Errorf("%s: only ours has %s", path, line)
		} else if other != line {
			t.Errorf("%s:\n ours  %s\n rpm's %s", path, line, other)
		}
	}
	for path, line := range theirs {
		if _, ok := ours[path]; !ok && !slices.Contains(allowed, path) {
			t.Errorf("%s: only rpm's has %s", path, line)
		}
	}
}

// sameLog compares what scriptlets wrote. In an update rpm before 6 runs the file
// triggers of the old and of the new package: one of them is one too many.
func sameLog(t testing.TB, a, b string) {
	t.Helper()
	once := func(root string) string {
		lines := strings.SplitAfter(read(t, root, "log"), "\n")
		return strings.Join(slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "watcher filetrigger") && strings.Contains(strings.Join(lines, ""), "all preun 1")
		}), "")
	}
	if mine, rpms := once(a), once(b); mine != rpms {
		t.Errorf("scriptlets:\n%s\nrpm:\n%s", mine, rpms)
	}
	os.Remove(filepath.Join(a, "log"))
	os.Remove(filepath.Join(b, "log"))
}

// changes between the versions of the test packages.
func versionOf(version, install, files string) []string {
	return []string{"@VERSION@", version, "@INSTALL@", install, "@FILES@", files}
}

// TestAgainstRPM installs, updates and erases the same packages with rpm.
func TestAgainstRPM(t *testing.T) {
	one := build(t, allPackages, versionOf("1", "echo old > $r/opt/all/old; mkdir $r/opt/all/turns; echo x > $r/opt/all/becomes",
		"/opt/all/old\n/opt/all/turns\n/opt/all/becomes")...)
	two := build(t, allPackages, versionOf("2", "mkdir $r/opt/all/new; echo y > $r/opt/all/new/er; ln -s new $r/opt/all/becomes",
		"/opt/all/new\n/opt/all/becomes")...)
	a, b := twoRoots(t)
	names := []string{"all", "all-watcher", "all-twin", "all-late"}
	var first, second []string
	for _, n := range names {
		first, second = append(first, one[n]), append(second, two[n])
	}
	for _, step := range []struct {
		name string
		run  func()
	}{
		{"install", func() {
			for _, r := range []string{a, b} {
				write(t, r, "etc/all/keep.conf", "mine\n")
				write(t, r, "etc/all/replace.conf", "mine\n")
			}
			ours(t, a, Options{Time: time.Unix(1700000000, 0)}, first...)
			theirs(t, b, append([]string{"-i"}, first...)...)
		}},
		{"update", func() {
			for _, r := range []string{a, b} {
				write(t, r, "etc/all/replace.conf", "changed\n")
				write(t, r, "etc/all/keep.conf", "changed\n")
				write(t, r, "etc/all/same.conf", "changed\n")
			}
			ours(t, a, Options{}, second...)
			theirs(t, b, append([]string{"-U"}, second...)...)
		}},
		{"erase", func() {
			ours(t, a, Options{Erase: []string{"all", "all-twin"}})
			theirs(t, b, "-e", "all", "all-twin")
		}},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.run()
			sameLog(t, a, b)
			same(t, a, b)
			sameDatabase(t, a, b)
		})
	}
}

// TestPolicies leaves out documentation, languages and paths.
func TestPolicies(t *testing.T) {
	one := build(t, allPackages, versionOf("1", "", "")...)
	a, b := twoRoots(t)
	ours(t, a, Options{NoDocs: true, Langs: []string{"en_US", "C"}, ExcludePaths: []string{"/opt/all/deep"}}, one["all"])
	theirs(t, b, "-i", "--excludedocs", "--define", "_install_langs en_US:C", "--excludepath", "/opt/all/deep", one["all"])
	sameLog(t, a, b)
	same(t, a, b)
	sameDatabase(t, a, b)
}

// TestVerify lets rpm look for anything it would complain about.
func TestVerify(t *testing.T) {
	one := build(t, allPackages, versionOf("1", "", "")...)
	root := t.TempDir()
	ours(t, root, Options{}, shell(t), one["all"])
	testtool.Need(t, "rpm")
	out := theirs(t, root, "-V", "shell", "all", "--nouser") // one file has an unknown owner
	if strings.TrimSpace(out) != "" && !strings.Contains(out, "stranger") {
		t.Errorf("rpm -V:\n%s", out)
	}
}
