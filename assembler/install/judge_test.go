package install

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
)

// judge is an rpm to compare with and the directory packages and trees are in.
type judge struct {
	testtool.Oracle
	dir string
}

// judges are the host's rpm and the oracles'.
func judges(t testing.TB) []judge {
	t.Helper()
	var list []judge
	for _, o := range testtool.Oracles(t) {
		list = append(list, judge{o, o.Dir(t)})
	}
	return list
}

// build makes the packages of a spec file and returns them by name.
func (j judge) build(t testing.TB, spec string, replace ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, file := range j.buildAll(t, strings.NewReplacer(replace...).Replace(spec)) {
		out[name[:strings.LastIndex(name, "-")]] = file
	}
	return out
}

// buildAll makes the packages of several spec files and returns them by name and
// version.
func (j judge) buildAll(t testing.TB, specs ...string) map[string]string {
	t.Helper()
	testtool.NeedRoot(t)
	testtool.Need(t, "rpmbuild", "rpm")
	dir, err := os.MkdirTemp(j.dir, "build")
	must(t, err)
	args := []string{"-bb", "--quiet", "--define", "_topdir " + dir, "--define", "_rpmfilename %%{NAME}-%%{VERSION}.rpm",
		"--define", "_binary_payload w1.gzdio", "--define", "debug_package %{nil}", "--define", "optflags -O0",
		"--define", "_rpmformat 6"}
	for i, spec := range specs {
		file := filepath.Join(dir, fmt.Sprint(i, ".spec"))
		must(t, os.WriteFile(file, []byte(spec), 0o644))
		args = append(args, file)
	}
	j.Run(t, "rpmbuild", args...)
	found, _ := filepath.Glob(filepath.Join(dir, "RPMS", "*.rpm"))
	out := map[string]string{}
	for _, f := range found {
		out[strings.TrimSuffix(filepath.Base(f), ".rpm")] = f
	}
	if len(out) == 0 {
		t.Fatalf("no packages in %s", dir)
	}
	return out
}

func build(t testing.TB, spec string, replace ...string) map[string]string {
	t.Helper()
	return judge{dir: t.TempDir()}.build(t, spec, replace...)
}

func shell(t testing.TB) string {
	t.Helper()
	return judge{dir: t.TempDir()}.shell(t)
}

// shell returns the package with the host's shell.
func (j judge) shell(t testing.TB) string {
	t.Helper()
	files := []string{"/usr/bin/sh", "/usr/bin/sleep", "/usr/bin/cat", "/usr/bin/yes"}
	for _, f := range files[:4] {
		for line := range strings.Lines(testtool.Run(t, "ldd", f)) {
			for _, w := range strings.Fields(line) {
				if strings.HasPrefix(w, "/") {
					files = append(files, strings.Replace(w, "/lib", "/usr/lib", 1))
				}
			}
		}
	}
	for i, f := range files {
		files[i] = strings.Replace(f, "/usr/usr/", "/usr/", 1)
	}
	return j.build(t, shellPackage, "@FILES@", strings.Join(files, " "))["shell"]
}

const dbPath = "/usr/lib/sysimage/rpm"

// rpm runs the judge on a tree.
func (j judge) rpm(t testing.TB, root string, args ...string) string {
	t.Helper()
	return string(j.Run(t, "rpm", j.rpmArgs(t, root, args...)...))
}

// try does the same, tells whether rpm failed, and what it said.
func (j judge) try(t testing.TB, root string, args ...string) (string, error) {
	t.Helper()
	said, err := j.Command("rpm", j.rpmArgs(t, root, args...)...).CombinedOutput()
	return string(said), err
}

func (j judge) rpmArgs(t testing.TB, root string, args ...string) []string {
	t.Helper()
	all := append([]string{"--root", root, "--dbpath", dbPath, "--define", "_db_backend sqlite", "--define", "_rpmlock_path /.rpm.lock"}, args...)
	if !j.AtLeast(t, 4, 20) { // Debian's rpm would not work on the machine itself
		all = append(all, "--force-debian")
	}
	if slices.ContainsFunc(args, func(a string) bool { return a == "-i" || a == "-U" || a == "-e" || a == "-V" }) {
		all = append(all, "--nodeps")
	}
	if slices.ContainsFunc(args, func(a string) bool { return a == "-i" || a == "-U" }) {
		all = append(all, "--nosignature")
	}
	return all
}

// bareRoots are empty trees with a database and two accounts.
func (j judge) bareRoots(t testing.TB) (a, b string) {
	t.Helper()
	var roots [2]string
	for i := range roots {
		dir, err := os.MkdirTemp(j.dir, "bare")
		must(t, err)
		must(t, os.Chmod(dir, 0o755))
		write(t, dir, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\ntester:x:321:322::/:/bin/sh\n")
		write(t, dir, "etc/group", "root:x:0:\ntesters:x:322:\n")
		testtool.Run(t, "touch", "-d", "@1", dir+"/etc/passwd", dir+"/etc/group")
		roots[i] = dir
	}
	rpm := j.build(t, rpmPackage, "@VERSION@", j.Version(t))["rpm"]
	ours(t, roots[0], Options{Time: time.Unix(1700000000, 0), DBPath: dbPath}, rpm)
	j.rpm(t, roots[1], "-i", rpm)
	return roots[0], roots[1]
}

func theirs(t testing.TB, root string, args ...string) string {
	t.Helper()
	return judge{}.rpm(t, root, args...)
}

// twoRoots are empty roots with the same base installed by both.
func twoRoots(t testing.TB) (a, b string) {
	t.Helper()
	return judge{dir: t.TempDir()}.roots(t)
}

// rpmPackage says which rpm a tree has: some things are done as that one does.
const rpmPackage = `
Name: rpm
Version: @VERSION@
Release: 1
Summary: A name and a version
License: MIT
BuildArch: noarch
%description
Nothing.
%files
`

func (j judge) roots(t testing.TB) (a, b string) {
	t.Helper()
	sh := j.shell(t)
	a, err := os.MkdirTemp(j.dir, "ours")
	must(t, err)
	b, err = os.MkdirTemp(j.dir, "rpms")
	must(t, err)
	for _, dir := range []string{a, b} {
		must(t, os.Chmod(dir, 0o755))
	}
	rpm := j.build(t, rpmPackage, "@VERSION@", j.Version(t))["rpm"]
	ours(t, a, Options{Time: time.Unix(1700000000, 0)}, sh, rpm)
	j.rpm(t, b, "-i", sh, rpm)
	for _, dir := range []string{"proc", "dev", "var/tmp"} { // made by one or the other
		must(t, os.MkdirAll(filepath.Join(a, dir), 0o755))
		must(t, os.MkdirAll(filepath.Join(b, dir), 0o755))
		must(t, os.Chmod(filepath.Join(a, dir), 0o755))
	}
	must(t, os.Chmod(filepath.Join(a, "var"), 0o755))
	testtool.Run(t, "touch", "-h", "-d", "@1", a+"/bin", a+"/lib", a+"/lib64", b+"/bin", b+"/lib", b+"/lib64")
	same(t, a, b)
	return a, b
}

const queryFlags = "%{NEVRA} %{INSTALLCOLOR} [%{FILESTATES}] [%{FILENAMES} ]\n"

// sameDatabase lets the judge query both, and verify the files of both.
func (j judge) sameDatabase(t testing.TB, a, b string) {
	t.Helper()
	format := queryFlags
	if j.AtLeast(t, 6, 0) {
		format = "%{RPMFORMAT} [%{PACKAGEDIGESTALGOS}:%{PACKAGEDIGESTS} ]" + format
	}
	sorted := func(root string) string {
		lines := strings.Split(j.rpm(t, root, "-qa", "--qf", format)+j.verify(t, root), "\n")
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	}
	if mine, rpms := sorted(a), sorted(b); mine != rpms {
		t.Errorf("database:\n%s\nrpm:\n%s", mine, rpms)
	}
}

// verify returns what "rpm -Va" complains about.
func (j judge) verify(t testing.TB, root string) string {
	t.Helper()
	out, _ := j.Command("rpm", "--root", root, "--dbpath", dbPath, "--define", "_db_backend sqlite", "-Va", "--nodeps").Output()
	return string(out)
}

func sameDatabase(t testing.TB, a, b string) {
	t.Helper()
	judge{}.sameDatabase(t, a, b)
}
