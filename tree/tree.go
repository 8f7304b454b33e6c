// Package tree describes a directory tree as file-system and archive writers need
// it: every inode's owner, mode, time, device, extended attributes and flags, in a
// fixed order, with contents opened one at a time and never held in memory.
//
// What the kernel would not let us set on the real files (owners outside our id
// range, devices, capabilities, SELinux labels) comes from a Ledger.
package tree

import (
	"context"
	"io"
	"time"

	"github.com/fimg/fimg/tree/sparse"
)

// File type bits of Node.Mode (stat(2), inode(7)).
const (
	TypeMask   = 0o170000
	TypeSocket = 0o140000
	TypeLink   = 0o120000
	TypeFile   = 0o100000
	TypeBlock  = 0o060000
	TypeDir    = 0o040000
	TypeChar   = 0o020000
	TypeFIFO   = 0o010000
)

// Flags are inode attributes as chattr(1) knows them.
type Flags uint32

// The flags that file systems written here can carry.
const (
	Immutable Flags = 1 << iota // chattr +i
	Append                      // chattr +a
	NoCOW                       // chattr +C
	NoDump                      // chattr +d
	Sync                        // chattr +S
)

// Xattr is one extended attribute; Name has its namespace ("security.selinux").
type Xattr struct {
	Name  string
	Value []byte
}

// Node is one name in the tree with the inode behind it.
type Node struct {
	Path   string // slash-separated and relative; "." is the root
	Mode   uint32 // type and permission bits as in st_mode
	UID    uint32
	GID    uint32
	MTime  time.Time
	Major  uint32 // of a device
	Minor  uint32
	Size   int64  // of a regular file, in bytes
	Dense  bool   // the file is known to have no holes; else File.Data tells
	Target string // of a symbolic link
	// Link is zero for an inode with one name. Names of one inode share a
	// non-zero value; the first of them in walk order carries the contents.
	Link   uint64
	Xattrs []Xattr // sorted by name
	Flags  Flags
}

// Type returns the type bits of the mode.
func (n *Node) Type() uint32 { return n.Mode & TypeMask }

// IsDir tells whether the node is a directory.
func (n *Node) IsDir() bool { return n.Type() == TypeDir }

// IsFile tells whether the node is a regular file.
func (n *Node) IsFile() bool { return n.Type() == TypeFile }

// Xattr returns the value of the named attribute.
func (n *Node) Xattr(name string) ([]byte, bool) {
	for _, x := range n.Xattrs {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// Range is a run of bytes in a file.
type Range = sparse.Range

// File is the content of a regular file.
type File interface {
	io.ReaderAt
	io.Closer
	// Data returns the ranges that hold data, in order and without overlap;
	// what lies between them is a hole.
	Data() ([]Range, error)
}

// Tree is a source of nodes. Implementations are safe for concurrent Open.
type Tree interface {
	// Walk calls fn for the root and then for everything below it, a directory
	// before its content, siblings in bytewise order of their names. The
	// node is fn's to keep. An error of fn ends the walk and is returned.
	Walk(ctx context.Context, fn func(*Node) error) error
	// Open opens a regular file that Walk has shown.
	Open(n *Node) (File, error)
}
