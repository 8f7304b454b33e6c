package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/digest"
)

// Partial is a file that is being written. It is locked against other writers of
// the same file and may hold bytes that an earlier, broken transfer left.
type Partial struct {
	*os.File
	store *Store
	kind  Kind
	sum   digest.Checksum
	name  string
}

// ErrPresent says that another writer finished the file in the meantime.
var ErrPresent = errors.New("file is in the cache now")

// Begin opens the partial file of a checksum for writing, waiting for another
// writer of it to end. It returns ErrPresent when that one succeeded.
func (s *Store) Begin(ctx context.Context, kind Kind, sum digest.Checksum, size int64, name string) (*Partial, error) {
	path := filepath.Join(s.dir, "partial", sum.Type+"-"+sum.Hex)
	for {
		f, err := lock(ctx, path)
		if err != nil {
			return nil, fmt.Errorf("open cache file: %w", err)
		}
		if _, ok := s.Lookup(kind, sum, size, name); ok {
			os.Remove(path) // nobody else holds it: we have the lock
			f.Close()
			return nil, ErrPresent
		}
		if same(f, path) {
			return &Partial{f, s, kind, sum, name}, nil
		}
		f.Close() // it was renamed or removed while we waited
	}
}

// lock opens path and takes its lock.
func lock(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// same says whether path still names the open file.
func same(f *os.File, path string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Lstat(path)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// Commit gives the file its name. The caller has compared the checksum of what it
// wrote. The path of the stored file is returned.
func (p *Partial) Commit() (string, error) {
	defer p.Close()
	path := p.store.Path(p.kind, p.sum, p.name)
	if err := p.Chmod(0o444); err != nil {
		return "", fmt.Errorf("commit cache file: %w", err)
	}
	if err := os.Chtimes(p.Name(), seal(p.sum), seal(p.sum)); err != nil {
		return "", fmt.Errorf("commit cache file: %w", err)
	}
	if err := renameInto(p.Name(), path); err != nil {
		return "", fmt.Errorf("commit cache file: %w", err)
	}
	return path, nil
}

// Leave keeps what has come for the next attempt.
func (p *Partial) Leave() {
	if info, err := p.Stat(); err == nil && info.Size() == 0 {
		os.Remove(p.Name())
	}
	p.Close()
}

// renameInto renames and makes the target's directory when it is missing.
func renameInto(from, to string) error {
	err := os.Rename(from, to)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// IndexPath returns where the computed file called key is or will be. The key
// must be made of letters, digits, dots and dashes.
func (s *Store) IndexPath(key string) string { return filepath.Join(s.dir, "index", key) }

// WriteIndex writes the computed file called key through write and gives it its
// name when write succeeds. Two writers of the same key do the same work twice;
// the last one's file stays.
func (s *Store) WriteIndex(key string, write func(*os.File) error) error {
	return s.replace(s.IndexPath(key), func(f *os.File) error {
		if err := write(f); err != nil {
			return err
		}
		return os.Chtimes(f.Name(), keySeal(key), keySeal(key))
	})
}

// IndexSealed says that nobody wrote to the computed file called key since
// WriteIndex did.
func (s *Store) IndexSealed(key string) bool {
	info, err := os.Lstat(s.IndexPath(key))
	return err == nil && info.Mode().IsRegular() && info.ModTime().Equal(keySeal(key))
}

// keySeal is the seal of a computed file, whose checksum nobody knows: it tells
// only that the file was not written to.
func keySeal(key string) time.Time {
	sum := digest.Checksum{Type: "sha256"}
	h := sum.Hash()
	_, _ = io.WriteString(h, key) // a hash takes everything
	return seal(sum.With(h))
}

// ReadState returns the small file called key, nil when there is none.
func (s *Store) ReadState(key string) []byte {
	data, err := os.ReadFile(filepath.Join(s.dir, "state", key))
	if err != nil {
		return nil
	}
	return data
}

// WriteState replaces the small file called key.
func (s *Store) WriteState(key string, data []byte) error {
	return s.replace(filepath.Join(s.dir, "state", key), func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

func (s *Store) replace(path string, write func(*os.File) error) error {
	f, err := newFile(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write cache file: %w", err)
	}
	if err = errors.Join(write(f), f.Chmod(0o644)); err == nil {
		err = os.Rename(f.Name(), path) // while it is locked
	}
	if closed := f.Close(); err == nil && closed != nil {
		os.Remove(path)
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write cache file %s: %w", filepath.Base(path), err)
	}
	return nil
}

// newPrefix begins the names of computed and small files that are not whole.
const newPrefix = ".new-"

// newFile makes such a file, locked so that others leave it alone.
func newFile(dir string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(dir, newPrefix+"*")
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && same(f, f.Name()) {
			return f, nil
		}
		f.Close() // another process was quicker to lock it, and removes it
	}
}

// sweep removes the files of a directory that are not whole and that nobody writes:
// what killed processes left.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, newPrefix+"*"))
	for _, name := range left {
		f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
}
