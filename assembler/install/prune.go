package install

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// DefaultStoreLimit bounds the store of unpacked packages, in bytes: several
// images' worth.
const DefaultStoreLimit = 8 << 30

// stored is one package of the store.
type stored struct {
	base string // path without suffix
	size int64
	used time.Time
}

// touch notes that a package was used.
func (s *store) touch(key string) {
	now := time.Now()
	os.Chtimes(s.path(key, ".json"), now, now)
}

// prune removes the packages that were not used for longest until the rest fits,
// and what broken runs left behind. Builds that have a file open keep it.
func (s *store) prune(limit int64) error {
	if !s.keep {
		return nil
	}
	list, total, err := s.list()
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b stored) int { return a.used.Compare(b.used) })
	for _, p := range list {
		if total <= limit {
			break
		}
		os.Remove(p.base + ".json")
		if err := os.Remove(p.base + ".data"); err == nil {
			total -= p.size
		}
	}
	return nil
}

// list finds all packages of the store. One without a record is worth nothing and
// was used never.
func (s *store) list() (list []stored, total int64, err error) {
	err = filepath.WalkDir(s.dir, func(name string, d fs.DirEntry, err error) error {
		base, data := strings.CutSuffix(name, ".data")
		if err != nil || !data {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil // gone meanwhile
		}
		p := stored{base: base, size: info.Size()}
		if record, err := os.Stat(base + ".json"); err == nil {
			p.used = record.ModTime()
		}
		list, total = append(list, p), total+p.size
		return nil
	})
	return list, total, err
}
