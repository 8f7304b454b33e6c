package fat

import (
	"fmt"
	"math"
	"slices"

	"github.com/fimg/fimg/partition/filesystem"
)

// Cluster counts that decide the kind of FAT, with a margin of 16 around the
// limits because implementations differ there.
const (
	max12 = 4084 - 16
	min16 = 4085 + 16
	max16 = 65524 - 16
	min32 = 65525 + 16
	max32 = 0x0ffffff5 - 16
)

const dirEntrySize = 32

// geometry is where things are; everything in sectors but for the named ones.
type geometry struct {
	bits        int
	sector      int // bytes
	perCluster  int64
	total       int64
	reserved    int64
	fat         int64 // length of one of the two tables
	rootEntries int64 // FAT12 and FAT16 only
	clusters    int64
}

func (g *geometry) clusterSize() int64 { return g.perCluster * int64(g.sector) }
func (g *geometry) rootSectors() int64 {
	return ceil(g.rootEntries*dirEntrySize, int64(g.sector))
}
func (g *geometry) rootOffset() int64 { return (g.reserved + 2*g.fat) * int64(g.sector) }
func (g *geometry) dataStart() int64  { return g.reserved + 2*g.fat + g.rootSectors() }

// offset is the first byte of a cluster; the first one has number 2.
func (g *geometry) offset(cluster uint32) int64 {
	return (g.dataStart() + (int64(cluster)-2)*g.perCluster) * int64(g.sector)
}

func ceil(n, unit int64) int64    { return (n + unit - 1) / unit }
func roundUp(n, unit int64) int64 { return ceil(n, unit) * unit }

// layOut decides kind, cluster size and positions for a size, as mkfs.fat would.
func layOut(o Options, rootEntries int64) (*geometry, error) {
	kinds := candidates(o, rootEntries)
	if most := mostRootEntries(o); rootEntries > most && kinds[0] != 32 {
		return nil, &NameError{".", fmt.Sprintf("FAT%d has room for %d entries in the root directory, these names need %d", kinds[0], most, rootEntries)}
	}
	for _, bits := range kinds {
		for _, cluster := range clusterSizes(o, bits) {
			g := solve(o, bits, cluster, rootEntries)
			if g.clusters >= lowest(bits) && g.clusters <= highest(bits) {
				return g, nil
			}
		}
	}
	if smallest := smallestFor(o, slices.Min(kinds), rootEntries); o.Size < smallest {
		return nil, &filesystem.TooSmallError{What: what(o), Needed: smallest, Have: o.Size}
	}
	return nil, badOption("%s cannot have %d bytes in clusters of that size", what(o), o.Size)
}

func what(o Options) string {
	if o.Bits == 0 {
		return "FAT file system"
	}
	return fmt.Sprintf("FAT%d file system", o.Bits)
}

// mostRootEntries is what the fixed root directory of FAT12 and FAT16 can hold: a
// number of 16 bits that fills its sectors.
func mostRootEntries(o Options) int64 {
	perSector := int64(o.SectorSize / dirEntrySize)
	return math.MaxUint16 / perSector * perSector
}

// candidates returns the kinds to try in order.
func candidates(o Options, rootEntries int64) []int {
	switch {
	case o.Bits != 0:
		return []int{o.Bits}
	case o.Size > 512<<20 || rootEntries > mostRootEntries(o):
		return []int{32}
	}
	return []int{16, 12, 32}
}

func lowest(bits int) int64 {
	return map[int]int64{12: 1, 16: min16, 32: min32}[bits]
}

func highest(bits int) int64 {
	return map[int]int64{12: max12, 16: max16, 32: max32}[bits]
}

// clusterSizes returns the sizes to try: the default, then larger, then smaller.
func clusterSizes(o Options, bits int) []int64 {
	if o.ClusterSize != 0 {
		return []int64{int64(o.ClusterSize)}
	}
	first := max(int64(2048), int64(o.SectorSize))
	if bits == 32 {
		first = max(default32(o.Size), int64(o.SectorSize))
	}
	var list []int64
	for c := first; c <= min(64<<10, 128*int64(o.SectorSize)); c *= 2 {
		list = append(list, c)
	}
	for c := first / 2; c >= int64(o.SectorSize); c /= 2 {
		list = append(list, c)
	}
	return list
}

// default32 is Microsoft's table of cluster sizes for FAT32.
func default32(size int64) int64 {
	switch {
	case size <= 260<<20:
		return 512
	case size <= 8<<30:
		return 4096
	case size <= 16<<30:
		return 8192
	case size <= 32<<30:
		return 16384
	}
	return 32768
}

// solve finds the length of the tables for a cluster size. Tables and reserved
// sectors are rounded to clusters so that data is aligned to them.
func solve(o Options, bits int, cluster, rootEntries int64) *geometry {
	g := &geometry{bits: bits, sector: o.SectorSize, perCluster: cluster / int64(o.SectorSize),
		total: o.Size / int64(o.SectorSize), reserved: 1, rootEntries: max(512, rootEntries)}
	if bits == 32 {
		g.reserved, g.rootEntries = 32, 0
	}
	unit := g.perCluster
	if g.total < 8192 {
		unit = 1
	}
	g.rootEntries = roundUp(g.rootEntries, int64(o.SectorSize/dirEntrySize))
	g.reserved = roundUp(g.reserved, unit)
	g.fat = unit
	for {
		g.clusters = max(0, (g.total-g.dataStart())/g.perCluster)
		need := roundUp(ceil((g.clusters+2)*int64(bits), 8*int64(g.sector)), unit)
		if need <= g.fat {
			break
		}
		g.fat = need
	}
	if g.reserved > math.MaxUint16 {
		g.clusters = 0
	}
	return g
}

// smallestFor is the least size that gives a kind at all.
func smallestFor(o Options, bits int, rootEntries int64) int64 {
	cluster := int64(max(o.ClusterSize, o.SectorSize))
	g := solve(Options{Size: 1 << 40, SectorSize: o.SectorSize}, bits, cluster, rootEntries)
	entries := ceil((lowest(bits)+2)*int64(bits), 8*int64(o.SectorSize)) + 1
	sectors := g.reserved + 2*roundUp(entries, g.perCluster) + g.rootSectors() + lowest(bits)*g.perCluster
	return roundUp(sectors*int64(o.SectorSize), 64<<10)
}
