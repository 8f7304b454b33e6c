// Package cache keeps verified files under the name of their checksum, so that
// several builds at once can share them and a broken one leaves nothing behind.
//
// Below the directory of a store:
//
//	packages/ab/sha256-abcd…/NAME   package files under their original names
//	metadata/ab/sha256-abcd…/NAME   primary, comps and the like, as downloaded
//	index/KEY                       what was computed from metadata
//	state/KEY                       small files that may change (repomd.xml)
//	partial/…                       transfers under way
//
// A file appears under its name by a rename once its checksum has been compared.
// Its modification time is then set to a value derived from the checksum, the
// seal: any later write breaks it, and a file without its seal is hashed again
// before it is used, and had anew when it is no longer what it was. Writers of the
// same file wait for each other through flock(2).
package cache

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/digest"
)

// Kind is the family of a file.
type Kind string

// The kinds of files that are stored by checksum.
const (
	Packages Kind = "packages"
	Metadata Kind = "metadata"
)

// Store is one cache directory. It may be used from several goroutines and
// shared by several processes.
type Store struct{ dir string }

// Open prepares the directory dir, which is made if need be.
func Open(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	for _, sub := range []string{string(Packages), string(Metadata), "index", "state", "partial"} {
		if err := os.MkdirAll(filepath.Join(abs, sub), 0o755); err != nil {
			return nil, fault.Place(fmt.Errorf("open cache: %w", err))
		}
	}
	sweep(filepath.Join(abs, "index"))
	sweep(filepath.Join(abs, "state"))
	return &Store{abs}, nil
}

// Dir returns the absolute path of the cache.
func (s *Store) Dir() string { return s.dir }

// Path returns where the file with that checksum and name is or will be. The
// name must be a plain file name; what is not is replaced by the checksum.
func (s *Store) Path(kind Kind, sum digest.Checksum, name string) string {
	return filepath.Join(s.home(kind, sum), plainName(name, sum))
}

func (s *Store) home(kind Kind, sum digest.Checksum) string {
	return filepath.Join(s.dir, string(kind), sum.Hex[:2], sum.Type+"-"+sum.Hex)
}

// plainName makes sure that a name from outside is a single path element.
func plainName(name string, sum digest.Checksum) string {
	name = filepath.Base(filepath.Clean("/" + name))
	if name == "/" || name == "." || len(name) > 255 || strings.ContainsAny(name, "\x00\n") {
		return sum.Hex
	}
	return name
}

// Lookup returns the path of a stored file after making sure that it still is
// what its checksum says; size below zero means unknown. One that is not stays until
// it is replaced: another process may be about to do that.
func (s *Store) Lookup(kind Kind, sum digest.Checksum, size int64, name string) (string, bool) {
	path := s.Path(kind, sum, name)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if path, info, err = s.otherName(kind, sum, path); err != nil {
			return "", false
		}
	}
	if err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	if size >= 0 && info.Size() != size {
		return "", false
	}
	if info.ModTime().Equal(seal(sum)) {
		return path, true
	}
	if !matches(path, sum) {
		return "", false
	}
	_ = os.Chtimes(path, seal(sum), seal(sum)) // else it is hashed again next time
	return path, true
}

// otherName gives a stored file a second name when it is asked for under one it
// was not stored with.
func (s *Store) otherName(kind Kind, sum digest.Checksum, path string) (string, fs.FileInfo, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) == 0 {
		return "", nil, fs.ErrNotExist
	}
	stored := filepath.Join(filepath.Dir(path), entries[0].Name())
	if err := os.Link(stored, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", nil, err
	}
	info, err := os.Lstat(path)
	return path, info, err
}

// Forget removes the file with that checksum under all its names.
func (s *Store) Forget(kind Kind, sum digest.Checksum) { _ = os.RemoveAll(s.home(kind, sum)) }

// ForgetIndex removes the computed file called key.
func (s *Store) ForgetIndex(key string) { _ = os.Remove(s.IndexPath(key)) }

// ForgetState removes the small file called key.
func (s *Store) ForgetState(key string) { _ = os.Remove(filepath.Join(s.dir, "state", key)) }

func matches(path string, sum digest.Checksum) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	got, _, err := sum.Of(f)
	return err == nil && got == sum
}

// seal is the modification time of a verified file: between 2001 and 2035, with
// nanoseconds, both taken from the checksum.
func seal(sum digest.Checksum) time.Time {
	var raw [8]byte
	_, _ = hex.Decode(raw[:], []byte(sum.Hex[:16]))
	secs := 1_000_000_000 + int64(binary.BigEndian.Uint32(raw[:4])>>2)
	return time.Unix(secs, int64(binary.BigEndian.Uint32(raw[4:])%1_000_000_000))
}
