package rootfs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func open(t *testing.T) *Root {
	t.Helper()
	r, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLinksStayInside(t *testing.T) {
	r := open(t)
	outside := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(outside, []byte("host"), 0o600))
	must(t, r.Symlink(outside, "absolute"))
	must(t, r.Symlink("../../../../../../../.."+outside, "relative"))
	must(t, r.Symlink("/", "up"))
	must(t, r.Mkdir("etc", 0o755))
	must(t, r.WriteFile("/up/etc/x", []byte("inside"), 0o644))
	for _, name := range []string{"absolute", "relative"} {
		if _, err := r.ReadFile(name); err == nil {
			t.Errorf("read %s: got the host's file", name)
		}
	}
	if got, err := os.ReadFile(filepath.Join(r.Dir(), "etc/x")); err != nil || string(got) != "inside" {
		t.Errorf("write through a link: %q, %v", got, err)
	}
}

func TestTreeOperations(t *testing.T) {
	r := open(t)
	must(t, r.MkdirAll("a/b/c", 0o750))
	must(t, r.WriteFile("a/b/one", []byte("1"), 0o755))
	must(t, r.Copy("a/b/one", "a/two"))
	must(t, r.Rename("a/two", "a/b/three"))
	if got := r.Glob("a/*/*e*"); !slices.Equal(got, []string{"a/b/one", "a/b/three"}) {
		t.Errorf("glob: %q", got)
	}
	if st, err := r.Lstat("a/b/three"); err != nil || st.Mode&0o777 != 0o755 {
		t.Errorf("copied mode %o, %v", st.Mode, err)
	}
	must(t, r.RemoveAll("a"))
	must(t, r.RemoveAll("a"))
	if r.Exists("a") {
		t.Error("a is still there")
	}
	if names, err := r.ReadDir("."); err != nil || len(names) != 0 {
		t.Errorf("left behind %q, %v", names, err)
	}
}

func TestReadFileRefusesWhatIsNotAFile(t *testing.T) {
	r := open(t)
	if _, err := r.ReadFile("."); err == nil {
		t.Error("a directory was read")
	}
}
