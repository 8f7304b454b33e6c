package selinux

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// The labels are those that setfiles -F leaves on the files: what the writers are
// given with our labels is what they would find after setfiles.
func TestSetfiles(t *testing.T) {
	testtool.NeedRoot(t)
	setfiles := testtool.Need(t, "setfiles")[0]
	dir := t.TempDir()
	labelledTree(t, dir)
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c, err := Load(root, "")
	if err != nil {
		t.Fatal(err)
	}
	ours := labels(t, dir, c.Node)
	testtool.Run(t, setfiles, "-F", "-r", dir, filepath.Join(dir, "etc/selinux/targeted/contexts/files/file_contexts"), dir)
	theirs := labels(t, dir, nil)
	if len(ours) < 40 || len(ours) != len(theirs) {
		t.Errorf("%d paths, with setfiles %d", len(ours), len(theirs))
	}
	for path, want := range theirs {
		if ours[path] != want {
			t.Errorf("/%s: got %q, setfiles leaves %q", path, ours[path], want)
		}
	}
}

// labels are the security.selinux attributes that a writer sees.
func labels(t *testing.T, dir string, label func(*tree.Node) string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := tree.Dir(dir, tree.DirOptions{Label: label}).Walk(t.Context(), func(n *tree.Node) error {
		value, _ := n.Xattr("security.selinux")
		found[n.Path] = string(value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// labelledTree makes files of every type, with labels already on some, and a
// policy's file contexts for them.
func labelledTree(t *testing.T, dir string) {
	t.Helper()
	files := "etc/selinux/targeted/contexts/files/file_contexts"
	for name, text := range map[string]string{
		files:                contexts,
		files + ".homedirs":  "/home/[^/]+/.+ unconfined_u:object_r:user_home_t:s0\n",
		files + ".local":     "/etc/own -- system_u:object_r:own_t:s0\n",
		files + ".subs_dist": "/run /var/run\n/lib /usr/lib\n/usr/lib32 /usr/lib\n",
		files + ".subs":      "/srv/home /home\n",
	} {
		write(t, dir, name, text)
	}
	for _, name := range strings.Fields(`etc/passwd etc/shadow etc/shadow- etc/.pwd.lock etc/xpwdxlock etc/own etc/own.d/x bin/sh x
		usr/bin/passwd usr/bin/x usr/local/bin/y usr/lib/a.so usr/lib64/libc.so.6 usr/lib/x/b.so.1 usr/lib32/c.so lib/d.so usr/lib/systemd/system/a.service
		home/me/x home/me/.ssh/id srv/home/me/x srv/homes/x srv/ab srv/abc srv/ä srv/€ srv/aä opt/a opt/b opt/c var/y/zz var/xy/z var/xxy/z 12x 1x/y
		mnt/file run/x var/run/x`) {
		write(t, dir, name, name)
	}
	for name, target := range map[string]string{"mnt/link": "nowhere", "usr/lib64/l.so": "libc.so.6", "etc/shadow.link": "shadow"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]uint32{"etc/shadow.fifo": unix.S_IFIFO, "var/null": unix.S_IFCHR, "var/disk": unix.S_IFBLK, "etc/socket": unix.S_IFSOCK} {
		if err := unix.Mknod(filepath.Join(dir, name), mode|0o600, int(unix.Mkdev(1, 3))); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Setxattr(filepath.Join(dir, "etc/passwd"), "security.selinux", []byte("user_u:object_r:wrong_t:s0\x00"), 0); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
