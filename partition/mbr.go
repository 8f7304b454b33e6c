package partition

import "encoding/binary"

// mbrTail is the end of a master boot record from the disk signature on (UEFI
// 2.10, 5.2.1). The 440 bytes before it are the boot loader's.
type mbrTail struct {
	DiskID    uint32
	_         uint16
	Entries   [4]mbrEntry
	Signature uint16
}

const mbrTailOffset = 440

const mbrSignature = 0xaa55

// mbrEntry is one partition record.
type mbrEntry struct {
	Active   byte // 0x80 or zero
	FirstCHS [3]byte
	Type     byte
	LastCHS  [3]byte
	First    uint32 // in an extended boot record relative, see chain
	Sectors  uint32
}

func (t mbrTail) encode() []byte {
	t.Signature = mbrSignature
	raw, _ := binary.Append(nil, binary.LittleEndian, t)
	return raw
}

// chs returns the address of a sector in the geometry of 255 heads and 63 sectors
// that every tool assumes, the highest one beyond its end.
func chs(sector int64) [3]byte {
	cylinder, head, sec := sector/(255*63), sector/63%255, sector%63+1
	if cylinder > 1023 {
		return [3]byte{0xfe, 0xff, 0xff}
	}
	return [3]byte{byte(head), byte(sec) | byte(cylinder>>8<<6), byte(cylinder)}
}

// entry makes the record of a partition; base is subtracted from its first sector.
func entry(p Partition, base int64) mbrEntry {
	e := mbrEntry{Type: p.Type.MBR, First: uint32(p.First - base), Sectors: uint32(p.Sectors),
		FirstCHS: chs(p.First), LastCHS: chs(p.First + p.Sectors - 1)}
	if p.Active {
		e.Active = 0x80
	}
	return e
}

// master returns the record of a plain MBR.
func master(l *Layout) mbrTail {
	t := mbrTail{DiskID: l.DiskID}
	for _, p := range l.Partitions {
		if !p.Logical {
			t.Entries[p.Number-1] = entry(p, 0)
		}
	}
	return t
}

// protective returns the record in front of a GPT: one entry over the disk (UEFI
// 2.10, 5.2.3), for a hybrid shortened to make room for copies of the first up to
// three partitions, in the order they were made.
func protective(l *Layout) mbrTail {
	t := mbrTail{DiskID: l.DiskID}
	sectors := l.Size/int64(l.SectorSize) - 1
	t.Entries[0] = mbrEntry{Type: 0xee, FirstCHS: [3]byte{0, 2, 0}, LastCHS: chs(sectors),
		First: 1, Sectors: uint32(min(sectors, 1<<32-1))}
	if !l.Hybrid {
		return t
	}
	parts := l.Partitions[:min(3, len(l.Partitions))]
	first := parts[0].First
	for i, p := range parts {
		t.Entries[i+1] = entry(p, 0)
		first = min(first, p.First)
	}
	t.Entries[0].Sectors = uint32(first - 1)
	t.Entries[0].LastCHS = chs(first - 1)
	return t
}

// record is a boot record and the sector it belongs in.
type record struct {
	sector int64
	tail   mbrTail
}

// chain returns the extended boot records: each describes one logical partition
// relative to itself and the next record relative to the extended partition.
func chain(l *Layout) []record {
	ext, ok := l.Find(Extended)
	if !ok {
		return nil
	}
	var logical []Partition
	for _, p := range l.Partitions {
		if p.Logical {
			logical = append(logical, p)
		}
	}
	at := func(i int) int64 {
		if i == 0 {
			return ext.First
		}
		return logical[i].First - MiB/int64(l.SectorSize)
	}
	var list []record
	for i, p := range logical {
		r := record{sector: at(i)}
		r.tail.Entries[0] = entry(p, r.sector)
		if i+1 < len(logical) {
			n := logical[i+1]
			link := Partition{Type: Type{MBR: 0x05}, First: at(i + 1), Sectors: n.First + n.Sectors - at(i+1)}
			r.tail.Entries[1] = entry(link, ext.First)
		}
		list = append(list, r)
	}
	return list
}
