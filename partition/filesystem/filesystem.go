// Package filesystem holds what the writers and readers of the file systems below
// it have in common: the error for a place that is too small, and what a reader tells
// about a file system.
//
// Every writer takes a tree.Tree and writes into an io.WriterAt whose offset zero is
// the first byte of the file system. What was never written must read as zero (a
// new sparse file does), so holes and free space cost nothing.
package filesystem

import (
	"cmp"
	"fmt"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
)

// TooSmallError says that something does not fit. Needed is a lower bound of the
// size that would do, Have the size that was given.
type TooSmallError struct {
	What   string // "ext4 file system", "partition p.lxroot", "disk"
	Needed int64  // in Unit, as is Have
	Have   int64
	Unit   string // "inodes"; empty is bytes
}

// Error tells both sizes: in whole MiB where much is needed, rounded up and what
// there is down.
func (e *TooSmallError) Error() string {
	needed, have := e.amount(e.Needed), e.amount(e.Have)
	if e.Unit == "" && e.Needed >= 10<<20 {
		needed, have = mib(e.Needed+1<<20-1), mib(e.Have)
	}
	return fmt.Sprintf("%s is too small: needs %s, has %s", e.What, needed, have)
}

// FaultClass is fault.Space.
func (e *TooSmallError) FaultClass() fault.Class { return fault.Space }

// Hint says what to ask for.
func (e *TooSmallError) Hint() string {
	short := e.Needed - e.Have
	if e.Unit == "" && e.Needed >= 10<<20 {
		return fmt.Sprintf("make it at least %s larger", mib(short+1<<20-1))
	}
	return fmt.Sprintf("make it at least %s larger", e.amount(short))
}

func (e *TooSmallError) amount(n int64) string {
	return fmt.Sprintf("%d %s", n, cmp.Or(e.Unit, "bytes"))
}

func mib(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// Smallest returns the least size in whole MiB that fits, and no less than first,
// which is one. What fits into a size must fit into larger ones.
func Smallest(first int64, fits func(size int64) (bool, error)) (int64, error) {
	low, high := int64(0), first
	for {
		ok, err := fits(high)
		if err != nil {
			return 0, err
		}
		if ok {
			break
		}
		low, high = high, high*2
	}
	for low > 0 && high-low > 1<<20 {
		middle := low + ((high-low)>>20+1)/2<<20
		ok, err := fits(middle)
		switch {
		case err != nil:
			return 0, err
		case ok:
			high = middle
		default:
			low = middle
		}
	}
	return high, nil
}

// Info is what a reader tells about a file system as a whole.
type Info struct {
	Type      string   `json:"type"` // "ext4", "btrfs", "xfs", "vfat", "swap"
	Label     string   `json:"label,omitempty"`
	UUID      string   `json:"uuid,omitempty"` // as blkid(8) prints it
	Size      int64    `json:"size"`           // bytes
	Free      int64    `json:"free"`           // bytes
	BlockSize int      `json:"blockSize"`      // bytes
	Features  []string `json:"features,omitempty"`
}

// Reader is an opened file system. It is a Tree, so that two of them can be
// compared, or one written again as another kind.
type Reader interface {
	tree.Tree
	Info() Info
}
