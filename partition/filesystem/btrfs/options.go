package btrfs

import (
	"fmt"
	"math/bits"
	"path"
	"runtime"
	"strings"

	"github.com/fimg/fimg/fault"
)

// maxSize is a device size that stands for "as large as needed".
const maxSize = 1 << 50

// generation is that of every block: the file system is one transaction.
const generation = 8

func badOption(format string, args ...any) error {
	return fault.New(fault.Description, fmt.Errorf("btrfs options: "+format, args...))
}

// resolve fills in defaults and refuses what the format cannot hold.
func (o *Options) resolve() error {
	if o.SectorSize == 0 {
		o.SectorSize = 4096
	}
	if o.NodeSize == 0 {
		o.NodeSize = max(16384, o.SectorSize)
	}
	if o.MaxInline == 0 {
		o.MaxInline = 2048
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	o.Root = clean(o.Root)
	for i := range o.Subvolumes {
		s := &o.Subvolumes[i]
		s.Path, s.Location = clean(s.Path), clean(s.Location)
	}
	return o.check()
}

// clean turns a path into the form "a/b", the root being empty.
func clean(p string) string {
	return strings.TrimPrefix(path.Clean("/"+p), "/")
}

func (o *Options) check() error {
	switch {
	case !powerIn(o.SectorSize):
		return badOption("sector size %d is not a power of two from 4096 to 65536", o.SectorSize)
	case !powerIn(o.NodeSize) || o.NodeSize < o.SectorSize:
		return badOption("node size %d is not a power of two from the sector size to 65536", o.NodeSize)
	case len(o.Label) > 255 || strings.ContainsAny(o.Label, "\n\x00"):
		return badOption("label %q: at most 255 bytes without line feed", o.Label)
	case o.Checksum > Blake2b:
		return badOption("unknown checksum %d", o.Checksum)
	case o.Compression.Algo > ZSTD:
		return badOption("unknown compression %d", o.Compression.Algo)
	case o.BlockGroupTree && o.NoFreeSpaceTree:
		return badOption("a block-group tree needs the free-space tree")
	case o.Size < 0 || o.Size > maxSize:
		return badOption("size %d is out of range", o.Size)
	}
	if err := o.checkLevel(); err != nil {
		return err
	}
	return o.checkSubvolumes()
}

func powerIn(n int) bool {
	return n >= 4096 && n <= 65536 && bits.OnesCount(uint(n)) == 1
}

func (o *Options) checkLevel() error {
	highest := map[Algo]int{Zlib: 9, ZSTD: 15}[o.Compression.Algo]
	lowest := map[Algo]int{ZSTD: -15}[o.Compression.Algo]
	if l := o.Compression.Level; l < lowest || l > highest {
		return badOption("compression level %d is not within %d to %d", l, lowest, highest)
	}
	return nil
}

func (o *Options) checkSubvolumes() error {
	locations, paths := map[string]bool{o.Root: true}, map[string]bool{"": true}
	defaults := 0
	if o.RootDefault {
		defaults++
	}
	for _, s := range o.Subvolumes {
		switch {
		case s.Location == "":
			return badOption("subvolume for %q has no location", s.Path)
		case locations[s.Location]:
			return badOption("two subvolumes at %q", s.Location)
		case s.Path != "" && paths[s.Path]:
			return badOption("two subvolumes hold %q", s.Path)
		case s.Limit != 0 && o.Quota == QuotaOff:
			return badOption("subvolume %q has a limit but quotas are off", s.Location)
		case s.Limit < 0:
			return badOption("subvolume %q has a negative limit", s.Location)
		}
		locations[s.Location], paths[s.Path] = true, true
		if s.Default {
			defaults++
		}
	}
	if defaults > 1 {
		return badOption("more than one default subvolume")
	}
	return nil
}
