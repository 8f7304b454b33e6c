// Package swap writes and reads the header of Linux swap space, version 1, as
// defined by union swap_header of linux/swap.h: one page at the start of the
// partition that ends in the bytes SWAPSPACE2. Suspend images and the obsolete
// version 0 are left out.
package swap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition/filesystem"
)

// Options shape a swap space.
type Options struct {
	// Size is that of the partition in bytes; a rest of a page stays unused.
	Size int64
	// Label has at most 16 bytes, of which the last is lost; empty is none.
	Label string
	// UUID names the swap space.
	UUID [16]byte
	// PageSize of the target's kernel: 4096 (also when zero), 16384, 65536.
	// A kernel refuses swap space of another page size.
	PageSize int
	// BigEndian writes for a big-endian target (s390x).
	BigEndian bool
}

// header is what follows the first 1024 bytes, which belong to boot loaders.
type header struct {
	Version  uint32
	LastPage uint32
	BadPages uint32
	UUID     [16]byte
	Label    [16]byte
}

const (
	headerOffset = 1024
	magic        = "SWAPSPACE2"
	minPages     = 10 // as mkswap and the kernel demand
)

// ErrFormat says that something is not swap space.
var ErrFormat = errors.New("not a swap space")

// PageSizeFor returns the usual page size of an architecture's Fedora kernel.
func PageSizeFor(arch string) int {
	if strings.HasPrefix(arch, "ppc64") {
		return 65536
	}
	return 4096
}

// BigEndianFor tells whether an architecture's kernel is big endian.
func BigEndianFor(arch string) bool {
	return strings.HasPrefix(arch, "s390") || arch == "ppc64" || arch == "ppc"
}

func (o *Options) check() error {
	if o.PageSize == 0 {
		o.PageSize = 4096
	}
	switch {
	case o.PageSize < 4096 || o.PageSize > 65536 || o.PageSize&(o.PageSize-1) != 0:
		return fault.New(fault.Description, fmt.Errorf("write swap: page size %d", o.PageSize))
	case len(o.Label) > 15:
		return fault.New(fault.Description, fmt.Errorf("write swap: label %q has more than 15 bytes", o.Label))
	case o.Size < minPages*int64(o.PageSize):
		return &filesystem.TooSmallError{What: "swap space", Needed: minPages * int64(o.PageSize), Have: o.Size}
	}
	return nil
}

// Check returns the error that Write would begin with.
func (o Options) Check() error { return o.check() }

// Write writes the header; the pages behind it are left as they are.
func Write(w io.WriterAt, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	h := header{Version: 1, LastPage: uint32(min(o.Size/int64(o.PageSize)-1, 1<<32-1)), UUID: o.UUID}
	copy(h.Label[:15], o.Label)
	page := make([]byte, o.PageSize)
	_, _ = binary.Encode(page[headerOffset:], o.order(), h)
	copy(page[o.PageSize-len(magic):], magic)
	if _, err := w.WriteAt(page, 0); err != nil {
		return fmt.Errorf("write swap: %w", err)
	}
	return nil
}

func (o *Options) order() binary.ByteOrder {
	if o.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Read reads the header of a device of size bytes.
func Read(r io.ReaderAt, size int64) (filesystem.Info, error) {
	for page := 4096; page <= 65536 && int64(page) <= size; page *= 2 {
		tail := make([]byte, len(magic))
		if _, err := r.ReadAt(tail, int64(page-len(magic))); err != nil {
			return filesystem.Info{}, fmt.Errorf("read swap: %w", err)
		}
		if string(tail) == magic {
			return readHeader(r, size, page)
		}
	}
	return filesystem.Info{}, fmt.Errorf("read swap: %w", ErrFormat)
}

func readHeader(r io.ReaderAt, size int64, page int) (filesystem.Info, error) {
	raw := make([]byte, binary.Size(header{}))
	if _, err := r.ReadAt(raw, headerOffset); err != nil {
		return filesystem.Info{}, fmt.Errorf("read swap: %w", err)
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		var h header
		_, _ = binary.Decode(raw, order, &h)
		length := (int64(h.LastPage) + 1) * int64(page)
		if h.Version == 1 && length <= size {
			label, _, _ := bytes.Cut(h.Label[:], []byte{0})
			return filesystem.Info{Type: "swap", Label: strings.ToValidUTF8(string(label), "?"), UUID: uuid(h.UUID),
				Size: length, Free: length - int64(page), BlockSize: page}, nil
		}
	}
	return filesystem.Info{}, fmt.Errorf("read swap: impossible header: %w", ErrFormat)
}

func uuid(u [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
