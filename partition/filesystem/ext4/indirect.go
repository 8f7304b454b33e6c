package ext4

import "encoding/binary"

// The block map of ext2 and ext3 ("Direct/Indirect Block Addressing"): twelve
// blocks, then blocks of addresses one, two and three levels deep.
const directBlocks = 12

// indirect builds such a map.
type indirect struct {
	per    int64 // addresses in a block
	block  int64
	runs   []run
	place  func() int64 // the next place for a block of addresses
	blocks []metaBlock
}

// limit is the number of blocks a file can have.
func (m *indirect) limit() int64 { return directBlocks + m.per + m.per*m.per + m.per*m.per*m.per }

// physical returns the place of a block of the file, zero for a hole. Runs are
// used up in order.
func (m *indirect) physical(logical int64) int64 {
	for len(m.runs) > 0 && m.runs[0].logical+m.runs[0].count <= logical {
		m.runs = m.runs[1:]
	}
	if len(m.runs) == 0 || m.runs[0].logical > logical {
		return 0
	}
	return m.runs[0].physical + logical - m.runs[0].logical
}

// empty tells whether a range of the file has no data.
func (m *indirect) empty(from, count int64) bool {
	m.physical(from)
	return len(m.runs) == 0 || m.runs[0].logical >= from+count
}

// build encodes the map: the 60 bytes of the inode and the blocks.
func (m *indirect) build() (root [60]byte, blocks []metaBlock) {
	for i := range int64(directBlocks) {
		binary.LittleEndian.PutUint32(root[4*i:], uint32(m.physical(i)))
	}
	from, span := int64(directBlocks), m.per
	for depth := range int64(3) {
		binary.LittleEndian.PutUint32(root[4*(directBlocks+depth):], uint32(m.level(from, span)))
		from, span = from+span, span*m.per
	}
	return root, m.blocks
}

// level writes the block of addresses for span blocks of the file and returns its
// place, zero when there is nothing in it.
func (m *indirect) level(from, span int64) int64 {
	if m.empty(from, span) {
		return 0
	}
	at, raw := m.place(), make([]byte, m.block)
	m.blocks = append(m.blocks, metaBlock{at, raw})
	for i := range m.per {
		child, below := from+i*(span/m.per), span/m.per
		var place int64
		if below == 1 {
			place = m.physical(child)
		} else {
			place = m.level(child, below)
		}
		binary.LittleEndian.PutUint32(raw[4*i:], uint32(place))
	}
	return at
}

// indirectBlocks counts the blocks such a map needs.
func indirectBlocks(runs []run, block int64) int64 {
	n := int64(0)
	m := &indirect{per: block / 4, block: 0, runs: runs, place: func() int64 { n++; return n }}
	m.count(directBlocks, m.per)
	m.count(directBlocks+m.per, m.per*m.per)
	m.count(directBlocks+m.per+m.per*m.per, m.per*m.per*m.per)
	return n
}

// count is level without encoding.
func (m *indirect) count(from, span int64) {
	if m.empty(from, span) {
		return
	}
	m.place()
	if span == m.per {
		return
	}
	for i := range m.per {
		m.count(from+i*(span/m.per), span/m.per)
	}
}
