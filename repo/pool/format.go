package pool

import (
	"fmt"
	"hash/crc32"
	"io"
	"unsafe"
)

// The layout of an index, in the byte order of the machine that wrote it:
//
//	header     magic, version, order mark, CRC-32C of all that follows it
//	           and the offset and length in bytes of each section
//	sections   each aligned to eight bytes
//
// An index of another version or byte order is simply rebuilt, so neither is
// converted.
const (
	magic         = "fimgpool"
	formatVersion = 2
	orderMark     = 0x01020304
)

// The sections.
const (
	secKey       = iota // bytes given to NewBuilder
	secStrOff           // uint32: where each string begins in secStrBlob, and the end
	secStrBlob          // bytes
	secStrHash          // uint32: open addressing by hash
	secRels             // Rel
	secPackages         // record
	secDepEnd           // uint32: ends of the lists, kinds per package
	secDeps             // Dep
	secProvOff          // uint32: by string, where its entries begin in secProv
	secProv             // entry: who provides a name, by package
	secObsoletes        // obsolete: who obsoletes a name
	secWeak             // uint32: packages with supplements or enhances
	secFiles            // file
	secDetailEnd        // uint32
	secDetails          // bytes: what only a transaction asks for
	sections
)

// header is the fixed head of an index file.
type header struct {
	Magic   [8]byte
	Version uint32
	Order   uint32
	Sum     uint32
	_       uint32
	Section [sections]span
}

// span is a range of the file.
type span struct{ Off, Len uint64 }

const (
	headerSize = int(unsafe.Sizeof(header{}))
	sumStart   = 24 // the checksum covers everything from here
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode writes the sections behind a header. The checksum is made first, so
// that the index never lies in memory a second time.
func encode(w io.Writer, parts *[sections][]byte) error {
	h := header{Version: formatVersion, Order: orderMark}
	copy(h.Magic[:], magic)
	pos := uint64(headerSize)
	for i, p := range parts {
		h.Section[i] = span{pos, uint64(len(p))}
		pos += (uint64(len(p)) + 7) &^ 7
	}
	head := []header{h}
	sum := crc32.Checksum(bytesOf(head)[sumStart:], castagnoli)
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, p)
		sum = crc32.Update(sum, castagnoli, padding(p))
	}
	head[0].Sum = sum
	if _, err := w.Write(bytesOf(head)); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
		if _, err := w.Write(padding(p)); err != nil {
			return err
		}
	}
	return nil
}

// padding is what brings a section to a multiple of eight bytes.
func padding(section []byte) []byte {
	return make([]byte, -len(section)&7)
}

// verify compares an index with its checksum.
func verify(data []byte) error {
	if _, err := decode(data); err != nil {
		return err
	}
	if crc32.Checksum(data[sumStart:], castagnoli) != of[header](data[:headerSize])[0].Sum {
		return fmt.Errorf("package index does not match its checksum")
	}
	return nil
}

// decode checks the header and cuts data into sections.
func decode(data []byte) (parts [sections][]byte, err error) {
	if len(data) < headerSize || string(data[:8]) != magic {
		return parts, fmt.Errorf("no package index")
	}
	h := of[header](data[:headerSize])[0]
	if h.Version != formatVersion || h.Order != orderMark {
		return parts, fmt.Errorf("package index of another version or byte order")
	}
	for i, s := range h.Section {
		if s.Off%8 != 0 || s.Off > uint64(len(data)) || s.Len > uint64(len(data))-s.Off {
			return parts, fmt.Errorf("section %d of package index lies outside the file", i)
		}
		parts[i] = data[s.Off : s.Off+s.Len : s.Off+s.Len]
	}
	return parts, nil
}

// bytesOf is the memory of a slice of fixed-size values without pointers.
func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// of is the opposite of bytesOf; a partial value at the end is dropped.
func of[T any](b []byte) []T {
	var t T
	n := len(b) / int(unsafe.Sizeof(t))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}
