package install

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// store keeps the contents of unpacked packages: for each package one file,
// named by the SHA-256 of its main header, with the contents of its regular
// files at places that follow from the header (layout), and behind them a record
// of what was verified, as JSON, and a footer. Where contents were moved here out of
// a tree (Handover), the package is a directory with that file, which has holes in
// their places, and a file for each of them.
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
	// Digests are those of the file, where an rpm wanted them. Packages that differ
	// in their signatures share what is stored, but not these.
	Digests []rpmdb.Digest `json:"digests,omitempty"`
	File    string         `json:"file,omitempty"`  // fileKey of the one they are of
	Moved   int            `json:"moved,omitempty"` // contents that are files of their own
}

// footer ends a stored file, little-endian.
type footer struct {
	Record uint32 // length of the record before it
	Magic  [8]byte
}

const (
	footerSize = 12
	// maxRecord bounds record and footer, in bytes.
	maxRecord = 64 << 10
)

// storeMagic names the version of the format.
func storeMagic() [8]byte { return [8]byte([]byte("fimgpkg2")) }

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

func (s *store) path(key string) string { return filepath.Join(s.dir, key+storeSuffix) }

// open returns the stored contents of a package and what they are worth, nil
// when there are none.
func (s *store) open(key string, size int64) (*kept, *record) {
	if !s.keep {
		return nil, nil
	}
	k, r, err := s.openFile(key)
	if err != nil {
		k, r, err = openKept(filepath.Join(s.dir, key+movedSuffix))
	}
	if err != nil {
		return nil, nil
	}
	if r.Size != size {
		k.close()
		return nil, nil
	}
	return k, r
}

func (s *store) openFile(key string) (*kept, *record, error) {
	f, err := os.OpenFile(s.path(key), os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	r, err := readRecord(f)
	if err == nil && r.Moved != 0 {
		err = errNoRecord
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return &kept{file: f}, r, nil
}

// readRecord reads what is behind the contents. It must begin where they end.
func readRecord(f *os.File) (*record, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end := make([]byte, min(info.Size(), maxRecord))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return nil, err
	}
	var foot footer
	if len(end) < footerSize {
		return nil, errNoRecord
	}
	end, last := end[:len(end)-footerSize], end[len(end)-footerSize:]
	if _, err := binary.Decode(last, binary.LittleEndian, &foot); err != nil {
		return nil, err
	}
	if foot.Magic != storeMagic() || int64(foot.Record) > int64(len(end)) {
		return nil, errNoRecord
	}
	r := &record{}
	if err := json.Unmarshal(end[len(end)-int(foot.Record):], r); err != nil {
		return nil, err
	}
	if r.Size != info.Size()-footerSize-int64(foot.Record) {
		return nil, errNoRecord
	}
	return r, nil
}

var errNoRecord = errors.New("the stored package has no record")

// create makes an unnamed file for the contents of a package.
func (s *store) create() (*os.File, error) {
	fd, err := unix.Open(s.dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err == nil {
		return os.NewFile(uintptr(fd), filepath.Join(s.dir, "unpacked")), nil
	}
	f, err := os.CreateTemp(s.dir, unnamed)
	if err != nil {
		return nil, fmt.Errorf("store package: %w", err)
	}
	if !s.keep {
		os.Remove(f.Name())
	}
	return f, nil
}

// unnamed begins names where the file system has no files without one.
const unnamed = ".unpacked-"

// commit gives a whole and verified file its record and its name. What has the
// name already could not be trusted.
func (s *store) commit(key string, f *os.File, r *record) error {
	if !s.keep {
		return nil
	}
	if err := s.seal(f, r); err != nil {
		return err
	}
	if err := link(f, s.path(key)); err != nil {
		return fmt.Errorf("store package: %w", err)
	}
	return nil
}

// seal gives contents that were verified in this transaction their record.
func (s *store) seal(f *os.File, r *record) error {
	r.Boot, r.Policies = s.boot, []string{s.policy}
	return s.note(f, r)
}

// link names a file made by create.
func link(f *os.File, name string) error {
	if strings.HasPrefix(filepath.Base(f.Name()), unnamed) {
		return os.Rename(f.Name(), name)
	}
	try := func() error {
		return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", f.Fd()), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
	}
	err := try()
	if err == unix.EEXIST {
		os.Remove(name)
		err = try()
	}
	if err == unix.EEXIST {
		return nil // another build was quicker
	}
	return err
}

// note writes the record of a package behind its contents.
func (s *store) note(f *os.File, r *record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	data, err = binary.Append(data, binary.LittleEndian, footer{uint32(len(data)), storeMagic()})
	if err == nil {
		_, err = f.WriteAt(data, r.Size)
	}
	if err == nil {
		err = f.Truncate(r.Size + int64(len(data)))
	}
	if err != nil {
		return fmt.Errorf("store package: %w", err)
	}
	return nil
}

// drop removes a package that turned out to be damaged.
func (s *store) drop(key string) {
	os.Remove(s.path(key))
	removeKept(filepath.Join(s.dir, key+movedSuffix))
}
