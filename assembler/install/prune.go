package install

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultStoreLimit bounds the store of unpacked packages, in bytes: several
// images' worth.
const DefaultStoreLimit = 8 << 30

// stored is one file of the store.
type stored struct {
	name string
	size int64
	used time.Time
}

// touchFile notes that a package was used.
func touchFile(f *os.File) {
	now := unix.Timespec{Nsec: unix.UTIME_NOW}
	_ = unix.UtimesNanoAt(int(f.Fd()), "", []unix.Timespec{now, now}, unix.AT_EMPTY_PATH)
}

// prune removes the packages that were not used for longest until the rest fits,
// what broken runs left behind as well. Builds that have a file open keep it.
func (s *store) prune(limit int64) error {
	if !s.keep {
		return nil
	}
	list, err := s.list()
	if err != nil {
		return err
	}
	total := int64(0)
	for _, p := range list {
		total += p.size
	}
	slices.SortFunc(list, func(a, b stored) int { return a.used.Compare(b.used) })
	for _, p := range list {
		if total <= limit {
			break
		}
		if err := os.Remove(filepath.Join(s.dir, p.name)); err == nil {
			total -= p.size
		}
	}
	return nil
}

// list finds all files of the store, and removes the directories that version 1
// had, with names of two hexadecimal digits.
func (s *store) list() ([]stored, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var list []stored
	for _, d := range entries {
		if _, err := hex.DecodeString(d.Name()); d.IsDir() && len(d.Name()) == 2 && err == nil {
			os.RemoveAll(filepath.Join(s.dir, d.Name()))
		}
		if !d.Type().IsRegular() {
			continue
		}
		if info, err := d.Info(); err == nil { // else gone meanwhile
			list = append(list, stored{d.Name(), info.Size(), info.ModTime()})
		}
	}
	return list, nil
}
