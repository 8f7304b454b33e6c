package install

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/testtool"
)

// handedPackages are two packages, one of them too large for the memory packages are
// unpacked into.
const handedPackages = `Name: handed
Version: 1
Release: 1
Summary: Handed over
License: MIT
BuildArch: noarch
%description
Handed over.
%package -n large
Summary: Large
%description -n large
Large.
%install
mkdir -p %{buildroot}/opt %{buildroot}/etc %{buildroot}/usr/share/doc/handed
cd %{buildroot}/opt
for name in plain suid caps linked changed removed replaced chmod other unreadable; do head -c 70000 /dev/urandom > $name; done
ln linked linked2
echo small > small
touch empty
echo behind > emptz
head -c 100M /dev/zero > large
echo loose > loose
ln large large2
echo conf > %{buildroot}/etc/handed.conf
head -c 5000 /dev/urandom > %{buildroot}/usr/share/doc/handed/text
head -c 5000 /dev/urandom > %{buildroot}/usr/share/doc/handed/large
%files
/opt/plain
/opt/small
/opt/empty
/opt/emptz
/opt/linked*
/opt/changed
/opt/removed
/opt/replaced
/opt/chmod
/opt/other
%attr(0000,root,root) /opt/unreadable
%attr(4755,daemon,bin) /opt/suid
%attr(0755,root,root) %caps(cap_net_raw=ep) /opt/caps
%config(noreplace) /etc/handed.conf
%doc /usr/share/doc/handed/text
%files -n large
/opt/large*
/opt/loose
%doc /usr/share/doc/handed/large
`

// ext4 mounts a new file system that does not share extents.
func ext4(t testing.TB) string {
	t.Helper()
	testtool.NeedRoot(t)
	image := filepath.Join(t.TempDir(), "image")
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, 1<<30))
	testtool.Run(t, "mkfs.ext4", "-q", image)
	return testtool.Mount(t, image, "rw")
}

// inodes are those of the regular files below a directory.
func inodes(t testing.TB, dir string) map[uint64]string {
	t.Helper()
	found := map[uint64]string{}
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var st unix.Stat_t
			err = unix.Lstat(name, &st)
			found[st.Ino], _ = filepath.Rel(dir, name)
		}
		return err
	}))
	return found
}

// TestHandover moves what a tree had into the store: the same files where nothing was
// done to them, and the contents of the packages where something was.
func TestHandover(t *testing.T) {
	dir := ext4(t)
	rpms := build(t, handedPackages)
	files := []string{rpms["handed"], rpms["large"]}
	plain, lean, root, store := filepath.Join(dir, "plain"), filepath.Join(dir, "lean"), filepath.Join(dir, "root"), filepath.Join(dir, "store")
	for _, d := range []string{plain, lean, root} {
		must(t, os.Mkdir(d, 0o755))
	}
	ours(t, plain, Options{}, files...)
	ours(t, lean, Options{NoDocs: true}, files...)

	var h Handover
	ours(t, root, Options{NoDocs: true, Store: store, Handover: &h}, files...)
	same(t, root, lean)
	if kept, _ := filepath.Glob(filepath.Join(store, "[^.]*")); len(kept) != 0 {
		t.Errorf("the store has %v too early", kept)
	}
	before := inodes(t, filepath.Join(root, "opt"))
	meddle(t, filepath.Join(root, "opt"))
	must(t, h.Store(t.Context(), root))

	var moved []string
	for ino := range inodes(t, store) {
		if name, ok := before[ino]; ok {
			moved = append(moved, name)
		}
	}
	slices.Sort(moved)
	if got, want := strings.Join(moved, " "), "caps chmod emptz large linked loose plain small suid unreadable"; strings.NewReplacer("linked2", "linked", "large2", "large").Replace(got) != want {
		t.Errorf("moved: %s, want %s", got, want)
	}
	wantPlain(t, store)
	for _, want := range []string{"warm", "after a start of the machine"} {
		if want != "warm" {
			setBoot(t, store, "another")
		}
		again := filepath.Join(dir, want)
		must(t, os.Mkdir(again, 0o755))
		if res := ours(t, again, Options{Store: store, Handover: &h}, files...); res.FromStore != 2 {
			t.Errorf("%s: %d packages from the store", want, res.FromStore)
		}
		same(t, again, plain)
		must(t, h.Store(t.Context(), again))
	}
	if left, _ := filepath.Glob(filepath.Join(store, ".*")); len(left) != 0 {
		t.Errorf("left in the store: %v", left)
	}
}

// meddle does to a tree what scripts may do.
func meddle(t testing.TB, opt string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(opt, name) }
	info, err := os.Stat(at("changed"))
	must(t, err)
	f, err := os.OpenFile(at("changed"), os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("changed"), 5000)
	must(t, err)
	must(t, f.Close())
	must(t, os.Chtimes(at("changed"), time.Time{}, info.ModTime()))
	must(t, os.Remove(at("removed")))
	data, err := os.ReadFile(at("replaced"))
	must(t, err)
	must(t, os.Remove(at("replaced")))
	must(t, os.WriteFile(at("replaced"), data[1:], 0o644))
	must(t, os.Chown(at("chmod"), 1, 2))
	must(t, os.Chmod(at("chmod"), 0o4700))
	must(t, unix.Setxattr(at("chmod"), "user.note", []byte("x"), 0))
	must(t, os.Remove(at("other")))
	must(t, os.Symlink("plain", at("other")))
}

// wantPlain looks for what no file of a store needs.
func wantPlain(t testing.TB, store string) {
	t.Helper()
	for _, name := range inodes(t, store) {
		var st unix.Stat_t
		must(t, unix.Lstat(filepath.Join(store, name), &st))
		n, err := unix.Llistxattr(filepath.Join(store, name), nil)
		if err != nil || n != 0 || st.Uid != 0 || st.Gid != 0 || st.Mode&0o7000 != 0 || st.Mode&0o600 != 0o600 {
			t.Errorf("%s is %o %d:%d with %d bytes of attributes, %v", name, st.Mode, st.Uid, st.Gid, n, err)
		}
	}
}

// setBoot rewrites the records of a store.
func setBoot(t testing.TB, where, boot string) {
	t.Helper()
	for _, dir := range keptIn(t, where) {
		k, r, err := openKept(dir)
		must(t, err)
		r.Boot = boot
		must(t, (&store{}).note(k.file, r))
		k.close()
	}
}

func keptIn(t testing.TB, store string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(store, "*"+movedSuffix))
	must(t, err)
	if len(list) != 2 {
		t.Fatalf("the store has %v", list)
	}
	return list
}

// TestHandoverDamaged finds damage in what was moved, and packages with a file too few.
func TestHandoverDamaged(t *testing.T) {
	dir := ext4(t)
	rpms := build(t, handedPackages)
	files := []string{rpms["handed"], rpms["large"]}
	plain, store := filepath.Join(dir, "plain"), filepath.Join(dir, "store")
	must(t, os.Mkdir(plain, 0o755))
	ours(t, plain, Options{}, files...)
	install := func(name string, want int) {
		t.Helper()
		var h Handover
		root := filepath.Join(dir, name)
		must(t, os.Mkdir(root, 0o755))
		if res := ours(t, root, Options{Store: store, Handover: &h}, files...); res.FromStore != want {
			t.Errorf("%s: %d packages from the store, want %d", name, res.FromStore, want)
		}
		same(t, root, plain)
		must(t, h.Store(t.Context(), root))
	}
	install("cold", 0)
	setBoot(t, store, "another")
	for _, list := range keptIn(t, store) {
		content, err := filepath.Glob(filepath.Join(list, "[0-9]*"))
		must(t, err)
		f, err := os.OpenFile(content[0], os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteAt([]byte("!"), 3)
		must(t, err)
		must(t, f.Close())
	}
	install("damaged", 0)
	install("mended", 2)
	content, err := filepath.Glob(filepath.Join(keptIn(t, store)[0], "[0-9]*"))
	must(t, err)
	must(t, os.Remove(content[0]))
	install("a file too few", 1)
	install("mended again", 2)
}

// TestHandoverBroken removes what a broken run left, but not what another one uses.
func TestHandoverBroken(t *testing.T) {
	s := &store{dir: t.TempDir(), keep: true}
	var used Handover
	must(t, used.begin(s.dir))
	broken := filepath.Join(s.dir, movingPrefix+"broken")
	must(t, os.MkdirAll(filepath.Join(broken, "key"), 0o700))
	must(t, s.prune(1))
	if _, err := os.Stat(broken); err == nil {
		t.Error("what a broken run left is still there")
	}
	if _, err := os.Stat(used.dir); err != nil {
		t.Error("what another run uses is removed")
	}
	used.Discard()
	if list, _ := os.ReadDir(s.dir); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}

// TestSettle does not trust times of the tick that is still going on.
func TestSettle(t *testing.T) {
	var now unix.Timespec
	must(t, unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now))
	at := func(sec, nsec int64) stamp {
		return stamp{ino: 1, ctime: unix.Timespec{Sec: now.Sec + sec, Nsec: nsec}}
	}
	e := &element{stamps: []stamp{at(10, 1), at(-1, 1), at(-1, 0), at(-1, 5e6), {}}}
	settle([]*element{e})
	for i, want := range []bool{false, true, false, false, false} {
		if e.stamps[i].sure != want {
			t.Errorf("%+v: want %v", e.stamps[i], want)
		}
	}
}
