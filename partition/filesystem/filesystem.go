// Package filesystem holds what the writers and readers of the file systems below
// it have in common: the error for a place that is too small, and what a reader tells
// about a file system.
//
// Every writer takes a tree.Tree and writes into an io.WriterAt whose offset zero is
// the first byte of the file system. What was never written must read as zero (a
// new sparse file does), so holes and free space cost nothing.
package filesystem

import (
	"fmt"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/tree"
)

// TooSmallError says that something does not fit. Needed is a lower bound of the
// size in bytes that would do, Have the size that was given.
type TooSmallError struct {
	What   string // "ext4 file system", "partition p.lxroot", "disk"
	Needed int64
	Have   int64
}

// Error tells both sizes, rounded up to whole MiB where they are large.
func (e *TooSmallError) Error() string {
	return fmt.Sprintf("%s is too small: needs %s, has %s", e.What, mib(e.Needed), mib(e.Have))
}

// FaultClass is fault.Space.
func (e *TooSmallError) FaultClass() fault.Class { return fault.Space }

// Hint says what to ask for.
func (e *TooSmallError) Hint() string {
	return fmt.Sprintf("make it at least %s larger", mib(e.Needed-e.Have))
}

func mib(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
}

// Info is what a reader tells about a file system as a whole.
type Info struct {
	Type      string   `json:"type"` // "ext4", "btrfs", "vfat", "swap"
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
