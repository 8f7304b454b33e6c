package formats

import (
	"path/filepath"
	"strings"
)

// otherSuffixes are names that other tools give.
var otherSuffixes = map[string]string{
	".img": "raw", ".gz": "raw.gz", ".xz": "raw.xz", ".zst": "raw.zst", ".vpc": "vhd", ".box": "vagrant-libvirt", ".tgz": "gce",
}

// ByName guesses the format of a file to be made from its name; the error is an
// UnknownError.
func ByName(name string) (Format, error) {
	base := filepath.Base(name)
	best := Format{}
	for _, f := range all {
		if strings.HasSuffix(base, "."+f.Suffix) && len(f.Suffix) > len(best.Suffix) {
			best = f
		}
	}
	if best.Name != "" {
		return best, nil
	}
	if other, ok := otherSuffixes[filepath.Ext(base)]; ok {
		return Lookup(other)
	}
	return Format{}, &UnknownError{Name: strings.TrimPrefix(filepath.Ext(base), ".")}
}
