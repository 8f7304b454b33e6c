package chroot

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExcess runs programs that use too much: they and all they started end.
func TestExcess(t *testing.T) {
	root, opts := hostTree(t)
	small := filepath.Join(root, "tmp")
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(small, unix.MNT_DETACH) })
	for name, c := range map[string]struct {
		script string
		limits Command
		want   string
	}{
		"memory":      {"head -c 300000000 /dev/zero | tail -c 300000000 | sleep 1000", Command{MemoryLimit: 64 << 20}, "bytes of memory"},
		"in sessions": {"for i in 1 2 3; do head -c 30000000 /dev/zero | setsid tail -c 30000000 | sleep 1000 & done; sleep 1000", Command{MemoryLimit: 64 << 20}, "bytes of memory"},
		"processes":   {"for i in $(seq 100); do sleep 1000 & done; wait", Command{ProcessLimit: 50}, "50 processes"},
		"fork bomb":   {"f() { f & f & wait; }; f", Command{ProcessLimit: 100}, "100 processes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSession(t, root, opts)
			c.limits.Path, c.limits.Args = "/bin/sh", []string{"-c", c.script}
			_, err := s.Run(t.Context(), c.limits)
			var exit *ExitError
			if !errors.As(err, &exit) || !strings.Contains(exit.Cause(), c.want) {
				t.Fatalf("%.300v", err)
			}
			if left := sh(t, s, "ls -d /proc/[0-9]* | wc -l"); left != "4" && left != "3" { // process 1, sh and perhaps ls and wc
				t.Errorf("%s processes are left", left)
			}
		})
	}
}

// TestFullDisk lets a program fill a small file system.
func TestFullDisk(t *testing.T) {
	root, opts := hostTree(t)
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(root, unix.MNT_DETACH) })
	for _, dir := range []string{"usr", "etc"} {
		if err := unix.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin", "lib", "lib64"} {
		unix.Symlink("usr/"+name, filepath.Join(root, name))
	}
	s := openSession(t, root, opts)
	_, err := s.Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "sleep 1; cat /dev/zero > /etc/full; sleep 1000"}})
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Excess.Space == 0 {
		t.Errorf("%v", err)
	}
}
