package zipl

import (
	"fmt"
	"io"
)

// headerRoom is the header and the sector that stands for holes.
const headerRoom = 2 * 4096

const (
	headerText      = "zSeries bootmap file\ncreated by zIPL\n"
	environmentText = "# zIPL Environment Block\n"
)

// mapper collects the content of the boot map.
type mapper struct {
	sector      int64
	file        File
	data        []byte
	zero        int64 // offset of a sector of zeros
	zeros       int64 // offset of the zeros that keep heap and stack free
	environment int64
}

// build writes the programs and returns where the program table is.
func (m *mapper) build(opts *Options) (blockPointer, error) {
	m.data = append(m.data, make([]byte, headerRoom)...)
	m.zero = headerRoom / 2
	m.zeros = m.add(make([]byte, heapSize))
	m.environment = m.add(append([]byte(environmentText), make([]byte, environmentMax-len(environmentText))...))
	table := append(magic[:], make([]byte, tableSize-len(magic))...)
	for i := range opts.Programs {
		at, err := m.program(&opts.Programs[i], opts.Stage3)
		if err != nil {
			return blockPointer{}, fmt.Errorf("boot entry %d: %w", i+1, err)
		}
		pointer, err := m.pointer(at)
		if err != nil {
			return blockPointer{}, err
		}
		copy(table[(i+2)*pointerSize:], encode(pointer))
		if i == 0 {
			copy(table[pointerSize:], encode(pointer))
		}
	}
	h := mapHeader{Version: mapVersion, Environment: uint64(m.environment)}
	copy(h.Text[:], headerText)
	copy(m.data, encode(h))
	return m.pointer(m.add(table))
}

// program writes the component table of one program and returns its offset.
func (m *mapper) program(p *Program, stage3 []byte) (int64, error) {
	place, err := p.place()
	if err != nil {
		return 0, err
	}
	if len(stage3) > stage3Max || len(p.Parameters) >= parameterRoom {
		return 0, fmt.Errorf("loader of %d bytes or kernel parameters of %d are too long", len(stage3), len(p.Parameters))
	}
	parameters := append([]byte(p.Parameters), 0)
	params := encode(stage3Params{Parameters: place.parameters, InitrdAddress: place.initrd, InitrdSize: place.initrdSize, PSW: loadPSW | kernelAddress,
		Flags: scsiFlag, KernelSize: uint64(p.Kernel.Size), KernelAddress: kernelAddress,
		Environment: place.environment, EnvironmentSize: environmentMax})
	parts := []part{
		{heapAddress, m.within(m.zeros, heapSize)}, {stackAddress, m.within(m.zeros, stackSize)},
		{stage3Address, m.within(m.add(stage3), len(stage3))},
		{paramsAddress, m.within(m.add(params), len(params))},
		{kernelAddress, p.Kernel},
		{place.parameters, m.within(m.add(parameters), len(parameters))},
	}
	if p.Initrd != nil {
		parts = append(parts, part{place.initrd, *p.Initrd})
	}
	parts = append(parts, part{place.environment, m.within(m.environment, environmentMax)})
	return m.components(parts)
}

// part is what a component loads and where.
type part struct {
	address uint64
	file    File
}

// components writes the segment tables of the parts and the component table.
func (m *mapper) components(parts []part) (int64, error) {
	table := encode(componentHeader{Magic: magic})
	for _, p := range parts {
		segment, err := m.segments(p.file)
		if err != nil {
			return 0, err
		}
		table = append(table, encode(component{Segment: segment, Type: typeLoad, Value: p.address})...)
	}
	table = append(table, encode(component{Type: typeExecute, Value: loadPSW | stage3Address})...)
	return m.add(append(table, make([]byte, max(0, m.sector-int64(len(table))))...)), nil
}

// segments writes a file's blocks as a chain of segment tables, the last one
// first, and points to the first.
func (m *mapper) segments(f File) (next blockPointer, err error) {
	list, err := m.pointers(f)
	if err != nil {
		return next, err
	}
	room := int(m.sector/pointerSize) - 1
	for end := len(list); end > 0; {
		begin := (end - 1) / room * room
		table := make([]byte, m.sector)
		for i, p := range list[begin:end] {
			copy(table[i*pointerSize:], encode(p))
		}
		copy(table[room*pointerSize:], encode(next))
		if next, err = m.pointer(m.add(table)); err != nil {
			return next, err
		}
		end = begin
	}
	return next, nil
}

// pointers are the runs of sectors of a file; each sector of a hole is the one of
// zeros.
func (m *mapper) pointers(f File) ([]blockPointer, error) {
	zero, err := m.pointer(m.zero)
	if err != nil {
		return nil, err
	}
	var list []blockPointer
	at := int64(0)
	hole := func(to int64) error {
		for ; at < to; at += m.sector {
			if list = append(list, zero); int64(len(list))*pointerSize > reserved {
				return errRoom
			}
		}
		return nil
	}
	for _, e := range f.Extents {
		if e.File%m.sector != 0 || e.Disk%m.sector != 0 || e.File < at {
			return nil, fmt.Errorf("a file lies at byte %d, within a sector", e.Disk)
		}
		if err := hole(e.File); err != nil {
			return nil, err
		}
		for count := (e.Length + m.sector - 1) / m.sector; count > 0; {
			n := min(count, 1<<16)
			list = append(list, blockPointer{Block: uint64((e.Disk + at - e.File) / m.sector), Size: uint16(m.sector), Count: uint16(n - 1)})
			at, count = at+n*m.sector, count-n
		}
	}
	return list, hole((f.Size + m.sector - 1) / m.sector * m.sector)
}

// add appends a part at the next sector and returns its offset.
func (m *mapper) add(b []byte) int64 {
	at := int64(len(m.data))
	m.data = append(m.data, b...)
	if rest := int64(len(m.data)) % m.sector; rest != 0 {
		m.data = append(m.data, make([]byte, m.sector-rest)...)
	}
	return at
}

// within is a part of the boot map as a file.
func (m *mapper) within(at int64, size int) File {
	f := File{Size: int64(size)}
	end := (at + int64(size) + m.sector - 1) / m.sector * m.sector
	for _, e := range m.file.Extents {
		from, to := max(at, e.File), min(end, e.File+e.Length)
		if from < to {
			f.Extents = append(f.Extents, Extent{File: from - at, Disk: e.Disk + from - e.File, Length: to - from})
		}
	}
	return f
}

// pointer is the sector at an offset of the boot map.
func (m *mapper) pointer(at int64) (blockPointer, error) {
	f := m.within(at, int(m.sector))
	if len(f.Extents) != 1 || f.Extents[0].Length < m.sector || at+m.sector > m.file.Size {
		return blockPointer{}, errRoom
	}
	return blockPointer{Block: uint64(f.Extents[0].Disk / m.sector), Size: uint16(m.sector)}, nil
}

// write puts the content where the boot map lies, and zeros into what is left.
func (m *mapper) write(disk io.WriterAt) error {
	if int64(len(m.data)) > m.file.Size {
		return errRoom
	}
	m.data = append(m.data, make([]byte, m.file.Size-int64(len(m.data)))...)
	for _, e := range m.file.Extents {
		if _, err := disk.WriteAt(m.data[min(e.File, m.file.Size):min(e.File+e.Length, m.file.Size)], e.Disk); err != nil {
			return err
		}
	}
	return nil
}
