package install

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// store keeps the contents of unpacked packages: for each package one file,
// named by the SHA-256 of its main header, with the contents of its regular
// files at places that follow from the header (layout). Beside it lies a record
// of what was verified.
type store struct {
	dir    string // of the files; with keep unset only of unnamed ones
	keep   bool
	clones bool   // files of dir can share extents with the tree
	boot   string // id of this boot of the kernel
	policy string // what is demanded of packages
}

// record says what a stored file is worth. Data that was not on disk when the
// machine went down may be zeros, so after another boot contents are hashed
// once more.
type record struct {
	Boot     string   `json:"boot"`
	Size     int64    `json:"size"`
	Policies []string `json:"policies"` // that the package satisfied
}

func (t *transaction) openStore() (*store, error) {
	s := &store{dir: t.opts.Store, keep: t.opts.Store != "", policy: policyID(t.opts.Keys, t.opts.Level)}
	if !s.keep {
		s.dir = filepath.Dir(t.root.Dir())
		return s, nil
	}
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	s.boot = strings.TrimSpace(string(boot))
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store of unpacked packages: %w", err)
	}
	s.clones = canClone(s.dir, t.root.Dir())
	return s, nil
}

// canClone tries whether files of two directories can share extents.
func canClone(from, to string) bool {
	in, err := unix.Open(from, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return false
	}
	defer unix.Close(in)
	out, err := unix.Open(to, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return false
	}
	defer unix.Close(out)
	_, err = unix.Write(in, make([]byte, extent))
	return err == nil && clone(out, in, 0, extent) == nil
}

// policyID names a level and the keys it was reached with.
func policyID(keys *rpm.Keyring, level rpm.Level) string {
	var prints []string
	if keys != nil {
		for _, c := range keys.Certs() {
			sum := sha256.Sum256(c.Raw)
			prints = append(prints, hex.EncodeToString(sum[:]))
		}
	}
	slices.Sort(prints)
	sum := sha256.Sum256([]byte(fmt.Sprint(int(level), prints)))
	return hex.EncodeToString(sum[:8])
}

func headerKey(h *rpm.Header) string {
	sum := sha256.Sum256(h.Blob())
	return hex.EncodeToString(sum[:])
}

func (s *store) path(key, suffix string) string {
	return filepath.Join(s.dir, key[:2], key[2:]+suffix)
}

// open returns the stored contents of a package and what they are worth, nil
// when there are none.
func (s *store) open(key string, size int64) (*os.File, *record) {
	if !s.keep {
		return nil, nil
	}
	data, err := os.ReadFile(s.path(key, ".json"))
	var r record
	if err != nil || json.Unmarshal(data, &r) != nil || r.Size != size {
		return nil, nil
	}
	f, err := os.Open(s.path(key, ".data"))
	if err != nil {
		return nil, nil
	}
	if info, err := f.Stat(); err != nil || info.Size() != size {
		f.Close()
		return nil, nil
	}
	return f, &r
}

// create makes an unnamed file for the contents of a package.
func (s *store) create(key string) (*os.File, error) {
	dir := s.dir
	if s.keep {
		dir = filepath.Dir(s.path(key, ""))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("store package: %w", err)
		}
	}
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), filepath.Join(dir, "unpacked")), nil
	}
	f, err := os.CreateTemp(dir, ".unpacked-")
	if err != nil {
		return nil, fmt.Errorf("store package: %w", err)
	}
	if !s.keep {
		os.Remove(f.Name())
	}
	return f, nil
}

// commit gives a whole and verified file its name.
func (s *store) commit(key string, f *os.File, size int64) error {
	if !s.keep {
		return nil
	}
	name := s.path(key, ".data")
	os.Remove(s.path(key, ".json"))
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store package: %w", err)
	}
	var err error
	if strings.HasPrefix(filepath.Base(f.Name()), ".unpacked-") {
		err = os.Rename(f.Name(), name)
	} else {
		err = unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil // another build was quicker
	}
	if err != nil {
		return fmt.Errorf("store package: %w", err)
	}
	return s.note(key, &record{Boot: s.boot, Size: size, Policies: []string{s.policy}})
}

// note writes the record of a package.
func (s *store) note(key string, r *record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path(key, "")), ".record-")
	if err != nil {
		return fmt.Errorf("store package: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path(key, ".json"))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("store package: %w", err)
	}
	return nil
}

// drop removes a package that turned out to be damaged.
func (s *store) drop(key string) {
	os.Remove(s.path(key, ".json"))
	os.Remove(s.path(key, ".data"))
}
