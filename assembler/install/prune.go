package install

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// pruneStore keeps the store within its limit. It is a cache: a failure is noted.
func (s *stager) pruneStore() {
	limit := s.opts.StoreLimit
	if limit == 0 {
		limit = DefaultStoreLimit
	}
	if limit < 0 {
		return
	}
	if err := s.prune(limit); err != nil {
		s.opts.log().Warn("the store of unpacked packages cannot be pruned", "error", err)
	}
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
		if s.remove(p.name) {
			total -= p.size
		}
	}
	return nil
}

// remove removes a package, unless it is a directory that is in use.
func (s *store) remove(name string) bool {
	full := filepath.Join(s.dir, name)
	if strings.HasSuffix(name, movedSuffix) {
		return removeKept(full)
	}
	return os.Remove(full) == nil
}

// list finds all packages of the store. It removes what broken runs left in
// directories, and those that version 1 had, with names of two hexadecimal digits.
func (s *store) list() ([]stored, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var list []stored
	for _, d := range entries {
		full := filepath.Join(s.dir, d.Name())
		switch {
		case d.Type().IsRegular():
			if info, err := d.Info(); err == nil { // else gone meanwhile
				list = append(list, stored{d.Name(), info.Size(), info.ModTime()})
			}
		case !d.IsDir():
		case strings.HasSuffix(d.Name(), movedSuffix):
			// Its file has holes: it is as long as all contents.
			if info, err := os.Stat(filepath.Join(full, storeSuffix)); err == nil {
				list = append(list, stored{d.Name(), info.Size(), info.ModTime()})
			} else {
				removeKept(full)
			}
		case isMoving(d.Name()):
			removeKept(full)
		case isFirst(d.Name()):
			os.RemoveAll(full)
		}
	}
	return list, nil
}

// isFirst tells whether a directory is one of version 1.
func isFirst(name string) bool {
	_, err := hex.DecodeString(name)
	return len(name) == 2 && err == nil
}
