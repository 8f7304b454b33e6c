package archive_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/formats/archive"
	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

var when = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func sample() *tree.Mem {
	m := tree.NewMem()
	add := func(p string, mode uint32, change func(*tree.Node), content string) {
		m.MkdirAll(filepath.Dir(p))
		n := tree.Node{Path: p, Mode: mode, MTime: when}
		if change != nil {
			change(&n)
		}
		m.Add(n, []byte(content))
	}
	add("usr/bin/ping", tree.TypeFile|0o755, func(n *tree.Node) {
		n.SetXattr("security.capability", []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
		n.SetXattr("security.selinux", []byte("system_u:object_r:ping_exec_t:s0\x00"))
	}, "ping")
	add("usr/bin/a", tree.TypeFile|0o4755, func(n *tree.Node) { n.Link, n.UID, n.GID = 1, 70000, 3_000_000 }, "linked")
	add("usr/bin/b", tree.TypeFile|0o4755, func(n *tree.Node) { n.Link, n.UID, n.GID = 1, 70000, 3_000_000 }, "linked")
	add("bin", tree.TypeLink|0o777, func(n *tree.Node) { n.Target = "usr/bin" }, "")
	add("dev/null", tree.TypeChar|0o666, func(n *tree.Node) { n.Major, n.Minor = 1, 3 }, "")
	add("run/lock", tree.TypeDir|0o755, nil, "")
	add("image/config.xml", tree.TypeFile|0o644, nil, "<image/>")
	add("etc/wsl.conf", tree.TypeFile|0o644, nil, "")
	add("etc/"+strings.Repeat("long-", 40), tree.TypeFile|0o644, nil, "long name")
	return m
}

func list(t *testing.T, program string, packed []byte) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, packed, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(testtool.Run(t, program, "-tf", file)), "\n")
}

func TestTBZ(t *testing.T) {
	var out bytes.Buffer
	if err := archive.TBZ(t.Context(), sample(), &out, archive.Options{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"bin", "dev/", "dev/null", "etc/", "etc/" + strings.Repeat("long-", 40), "etc/wsl.conf",
		"run/", "usr/", "usr/bin/", "usr/bin/a", "usr/bin/b", "usr/bin/ping"}
	for _, program := range []string{"tar", "bsdtar"} {
		if got := list(t, program, out.Bytes()); !slices.Equal(got, want) {
			t.Errorf("%s lists %q", program, got)
		}
	}
}

func TestExtract(t *testing.T) {
	testtool.NeedRoot(t)
	var out bytes.Buffer
	if err := archive.Write(t.Context(), sample(), &out, archive.Options{Compression: compress.Gzip, Latest: when.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.tar.gz")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "tar", "-C", root, "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", file)
	got := testtool.Run(t, "stat", "-c", "%A %u %g %h %Y", filepath.Join(root, "usr/bin/b"))
	if want := "-rwsr-xr-x 70000 3000000 2 1714975689\n"; got != want {
		t.Errorf("b is %q, want %q", got, want)
	}
	if caps := testtool.Run(t, "getcap", filepath.Join(root, "usr/bin/ping")); !strings.Contains(caps, "cap_net_raw") {
		t.Errorf("capability is lost: %q", caps)
	}
}

func TestWSL(t *testing.T) {
	m := sample()
	var missing *archive.MissingError
	if err := archive.WSL(t.Context(), m, &bytes.Buffer{}, archive.Options{}); !errors.As(err, &missing) || missing.Path != "etc/wsl-distribution.conf" {
		t.Errorf("got %v", err)
	}
	m.Add(tree.Node{Path: "etc/wsl-distribution.conf", Mode: tree.TypeFile | 0o644, MTime: when}, nil)
	var out bytes.Buffer
	if err := archive.WSL(t.Context(), m, &out, archive.Options{Workers: 3}); err != nil {
		t.Fatal(err)
	}
	for _, name := range list(t, "tar", out.Bytes()) {
		if strings.HasPrefix(name, "dev") || strings.HasPrefix(name, "image") {
			t.Errorf("%s is in the archive", name)
		}
	}
}
