package assembler

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
)

func put(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(filepath.Base(dir)+"/"+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func wantContent(t *testing.T, name, want string) {
	t.Helper()
	if data, err := os.ReadFile(name); err != nil || string(data) != want {
		t.Errorf("%s holds %q, %v; want %q", name, data, err, want)
	}
}

func dirs(t *testing.T) (from, to string) {
	t.Helper()
	from, to = filepath.Join(t.TempDir(), "new"), filepath.Join(t.TempDir(), "old")
	if err := errors.Join(os.Mkdir(from, 0o755), os.Mkdir(to, 0o755)); err != nil {
		t.Fatal(err)
	}
	return from, to
}

func TestMoveAll(t *testing.T) {
	from, to := dirs(t)
	put(t, from, "a", "b", ResultFile)
	put(t, to, "b", "c")
	if err := moveAll(from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "new/a", "b": "new/b", "c": "old/c", ResultFile: "new/" + ResultFile} {
		wantContent(t, filepath.Join(to, name), want)
	}
}

// Where one result cannot have its name, none has.
func TestMoveAllFails(t *testing.T) {
	from, to := dirs(t)
	put(t, from, "a", "b", "x")
	put(t, to, "b")
	if err := os.MkdirAll(filepath.Join(to, "x", "precious"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := moveAll(from, to); fault.Of(err) != fault.Usage {
		t.Errorf("a directory in the way: %v", err)
	}
	wantContent(t, filepath.Join(to, "b"), "old/b")
	for _, name := range []string{"a", "b", "x"} {
		wantContent(t, filepath.Join(from, name), "new/"+name)
	}
	if _, err := os.Stat(filepath.Join(to, "x", "precious")); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(to, "a")); err == nil {
		t.Error("the first result is there")
	}
}

// Builds that make and remove one directory in turns have it each for itself.
func TestClaimDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 200 {
				made, lock, err := claimDir(dir)
				if err != nil {
					if fault.Of(err) != fault.Usage || errors.Is(err, fs.ErrNotExist) {
						t.Error(err)
					}
					continue
				}
				if err := os.Mkdir(filepath.Join(dir, "work"), 0o755); err != nil {
					t.Errorf("a directory that is ours: %v", err)
				}
				os.Remove(filepath.Join(dir, "work"))
				removeEmpty(made)
				lock.Close()
			}
		})
	}
	group.Wait()
}

// From another file system results come to a place beside their own first, which goes
// with the work directory.
func TestStage(t *testing.T) {
	elsewhere, err := os.MkdirTemp("/dev/shm", "fimg-test-")
	if err != nil {
		testtool.Missing(t, "no other file system: %v", err)
	}
	defer os.RemoveAll(elsewhere)
	b := &builder{opts: BuildOptions{TargetDir: t.TempDir(), WorkDir: elsewhere}, work: filepath.Join(elsewhere, workName)}
	if err := os.MkdirAll(b.unfinished(""), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, b.unfinished(""), "a", "b")
	from, err := b.stage(t.Context())
	if err != nil || from != b.staging() {
		t.Fatalf("staged in %s, %v", from, err)
	}
	if list, err := os.ReadDir(b.opts.TargetDir); err != nil || len(list) != 1 {
		t.Errorf("seen in the target: %v, %v", list, err)
	}
	if err := moveAll(from, b.opts.TargetDir); err != nil {
		t.Fatal(err)
	}
	wantContent(t, filepath.Join(b.opts.TargetDir, "a"), "out/a")
	put(t, from, "left")
	if err := b.removeWork(t.Context()); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{b.work, b.staging()} {
		if _, err := os.Lstat(dir); err == nil {
			t.Errorf("%s is still there", dir)
		}
	}
}

// A kept package replaces what was there, and nothing stays beside it.
func TestKeepOne(t *testing.T) {
	from, to := dirs(t)
	put(t, from, "a.rpm")
	put(t, to, "a.rpm", ".a.rpm.part")
	for _, cached := range []bool{false, true, true} { // the third time it is the same file
		if err := keepOne(t.Context(), packageFile{path: filepath.Join(from, "a.rpm"), cached: cached}, filepath.Join(to, "a.rpm")); err != nil {
			t.Fatal(err)
		}
		wantContent(t, filepath.Join(to, "a.rpm"), "new/a.rpm")
		if list, err := os.ReadDir(to); err != nil || len(list) != 1 {
			t.Errorf("in the directory: %v, %v", list, err)
		}
	}
}
