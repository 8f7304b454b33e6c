package minidistro

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

func TestParseDeps(t *testing.T) {
	got := parseDeps("a (>= 1.2-3), b | c:any [amd64] <!nocheck>,\n d (<< 2~)")
	want := [][]alternative{{{"a", ">=", "1.2-3"}}, {{"b", "", ""}, {"c", "", ""}}, {{"d", "<<", "2~"}}}
	if len(got) != len(want) {
		t.Fatalf("%d groups: %v", len(got), got)
	}
	for i := range want {
		for j := range want[i] {
			if got[i][j] != want[i][j] {
				t.Errorf("got %v, want %v", got[i][j], want[i][j])
			}
		}
	}
}

func TestEVR(t *testing.T) {
	m := &maker{dist: ".fc42"}
	for _, c := range []struct {
		in    string
		exact bool
		out   string
	}{
		{"1:2.3-4-5", true, "1:2.3.4-5.fc42"}, {"0:2", true, "2"}, {"2.36-9+deb12u1", false, "2.36-9+deb12u1"}, {" 7 ", false, "7"},
	} {
		if got := m.evrText(c.in, c.exact); got != c.out {
			t.Errorf("%q: got %q, want %q", c.in, got, c.out)
		}
	}
}

func TestClosure(t *testing.T) {
	text := "Package: a\nDepends: b | c, virtual, skipped\n\nPackage: b\nDepends: d (<< 1)\n\nPackage: d\n\nPackage: p\nProvides: virtual\n\nPackage: skipped\n"
	m := &maker{index: parseIndex([]byte(text)), skip: map[string]bool{"skipped": true}}
	if got := strings.Join(m.closure([]string{"a"}), " "); got != "a b p d" {
		t.Errorf("closure %s", got)
	}
}

func TestLinkTargets(t *testing.T) {
	for _, c := range [][4]string{
		{"lib/x/a", "usr/lib/x/a", "b", "b"}, {"lib/x/a", "usr/lib/x/a", "../../bin/sh", "../../bin/sh"},
		{"usr/lib/a", "usr/lib/a", "../../lib/b", "b"}, {"usr/lib/a", "usr/lib/a", "/lib/b", "/lib/b"},
	} {
		if got := linkTarget(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%s -> %s: got %s, want %s", c[0], c[2], got, c[3])
		}
	}
}

// The data files hold together for every architecture.
func TestData(t *testing.T) {
	for name := range arches {
		m, err := newMaker(t.Context(), Options{WorkDir: t.TempDir(), Arch: name})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.seeds()) < 100 || len(m.dirs) < 100 || m.dirs["usr/lib/"+m.arch.triplet] != 0o755 || !m.users["root"] {
			t.Errorf("%s: %d seeds, %d directories", name, len(m.seeds()), len(m.dirs))
		}
	}
	if _, err := newMaker(t.Context(), Options{WorkDir: t.TempDir(), Arch: "vax"}); err == nil {
		t.Error("an unknown architecture was accepted")
	}
}

// rpm and dnf find the repository good, and it has everything it promises.
func TestRepository(t *testing.T) {
	testtool.Long(t)
	repo := testtool.Repo(t)
	files, err := filepath.Glob(filepath.Join(repo, "Packages", "*", "*.rpm"))
	if err != nil || len(files) < 280 {
		t.Fatalf("%d packages, %v", len(files), err)
	}
	db := t.TempDir()
	testtool.Run(t, "rpm", "--dbpath", db, "--import", filepath.Join(repo, keyName))
	testtool.Run(t, "rpm", append([]string{"--dbpath", db, "-K"}, files...)...)
	query := func(args ...string) string {
		return testtool.Run(t, "rpm", append([]string{"-qp", "--nosignature"}, append(args, files...)...)...)
	}
	for _, c := range []struct {
		what string
		args []string
		want []string
	}{
		{"requires", []string{"--requires"}, []string{" or ", " >= 1:", "rtld(GNU_HASH)", "/usr/bin/python3"}},
		{"recommends", []string{"--recommends"}, []string{"(dracut-config-rescue if kernel)", "glibc-gconv-extra"}},
		{"scripts", []string{"--scripts"}, []string{"using <lua>", "pretrans", "posttrans", "useradd -r", "preuninstall"}},
		{"triggers", []string{"--filetriggers"}, []string{"transfiletriggerin", "/usr/lib/sysusers.d"}},
		{"capabilities", []string{"--qf", "[%{FILECAPS}\n]"}, []string{"cap_net_raw"}},
		{"payloads", []string{"--qf", "%{PAYLOADCOMPRESSOR}\n"}, []string{"zstd"}},
		{"flags", []string{"--qf", "[%{FILEFLAGS:fflags}\n]"}, []string{"cn", "g", "d", "l"}},
		{"languages", []string{"--qf", "[%{FILELANGS}\n]"}, []string{"de"}},
	} {
		text := query(c.args...)
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q", c.what, w)
			}
		}
	}
	askDNF(t, repo)
}

func askDNF(t *testing.T, repo string) {
	t.Helper()
	args := []string{"--quiet", "--disablerepo=*", "--repofrompath=mini,file://" + repo, "--enablerepo=mini", "--releasever=42",
		"--setopt=cachedir=" + t.TempDir(), "--setopt=reposdir=/nonexistent", "--nogpgcheck"}
	out := testtool.Run(t, "dnf", append(args, "repoquery", "--whatprovides", "kernel-core")...)
	if !strings.Contains(out, "kernel-core") {
		t.Errorf("dnf repoquery: %s", out)
	}
	root := t.TempDir()
	install := append(args, "--installroot", root, "--assumeno", "install", "@core", "kernel-core")
	text, _ := exec.Command("dnf", install...).CombinedOutput()
	if strings.Contains(string(text), "Problem") || strings.Contains(string(text), "No match") {
		t.Errorf("dnf install: %s", text)
	}
}
