package system

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// newcHeader is the header of an entry of a "new ASCII" cpio archive (cpio(5);
// Linux's Documentation/driver-api/early-userspace/buffer-format.rst). In the
// archive each field is eight hexadecimal digits after the magic.
type newcHeader struct {
	Ino, Mode, UID, GID, NLink, MTime, FileSize uint32
	DevMajor, DevMinor, RDevMajor, RDevMinor    uint32
	NameSize                                    uint32 // with the NUL at the end
	Check                                       uint32 // zero but for newcCRC
}

const (
	newcMagic   = "070701"
	newcCRC     = "070702" // the same with a sum of the content
	newcTrailer = "TRAILER!!!"
	newcDigits  = 8 * 13

	maxNewcName    = 4096
	maxNewcEntries = 1 << 20
)

// newcEntry is one entry without its content.
type newcEntry struct {
	newcHeader
	magic, name string
}

var errNewc = errors.New("not a cpio archive")

// readNewc reads the header of the next entry, its name and padding.
func readNewc(in io.Reader) (newcEntry, error) {
	var e newcEntry
	var text [6 + newcDigits]byte
	if _, err := io.ReadFull(in, text[:]); err != nil {
		return e, fmt.Errorf("read cpio header: %w", err)
	}
	e.magic = string(text[:6])
	var fields [newcDigits / 2]byte
	if _, err := hex.Decode(fields[:], text[6:]); err != nil || e.magic != newcMagic && e.magic != newcCRC {
		return e, fmt.Errorf("read cpio header: %w", errNewc)
	}
	if _, err := binary.Decode(fields[:], binary.BigEndian, &e.newcHeader); err != nil {
		return e, fmt.Errorf("read cpio header: %w", err)
	}
	if e.NameSize < 1 || e.NameSize > maxNewcName {
		return e, fmt.Errorf("read cpio header: name of %d bytes", e.NameSize)
	}
	name := make([]byte, int(e.NameSize)+newcPad(int64(len(text))+int64(e.NameSize)))
	if _, err := io.ReadFull(in, name); err != nil {
		return e, fmt.Errorf("read cpio name: %w", err)
	}
	first, _, _ := bytes.Cut(name, []byte{0})
	e.name = string(first)
	return e, nil
}

// append encodes the entry as readNewc reads it.
func (e newcEntry) append(b []byte) ([]byte, error) {
	e.NameSize = uint32(len(e.name) + 1)
	fields, err := binary.Append(nil, binary.BigEndian, &e.newcHeader)
	if err != nil {
		return b, err
	}
	start := len(b)
	b = append(b, e.magic...)
	b = append(b, bytes.ToUpper(hex.AppendEncode(nil, fields))...)
	b = append(append(b, e.name...), 0)
	return append(b, make([]byte, newcPad(int64(len(b)-start)))...), nil
}

// newcPad is how many zeros follow n bytes.
func newcPad(n int64) int { return int(-n & 3) }
