package ext4

import (
	"encoding/binary"
	"slices"

	"github.com/fimg/fimg/tree"
)

// hidden makes an inode without a name.
func (p *plan) hidden(number uint32) *inode {
	n := &tree.Node{Mode: tree.TypeFile | 0o600, MTime: p.opts.Time}
	i := &inode{node: n, number: number, links: 1}
	p.inodes = append(p.inodes, i)
	return i
}

// special makes and places the inodes of the file system itself. They are not part
// of content: the loop over files leaves them alone.
func (p *plan) special() {
	if p.compat&compatResizeInode != 0 && p.reserved > 0 {
		p.resize = p.hidden(inodeResize)
		p.resize.maps = []int64{p.one()}
		per := p.addresses()
		p.resize.size = (per*per + per + directBlocks) * p.block
	}
	blocks := p.journalBlocks()
	if blocks == 0 {
		p.compat &^= compatJournal | compatOrphanFile
		return
	}
	p.journal = p.hidden(inodeJournal)
	if n := p.orphanBlocks(); n > 0 {
		p.orphans = p.hidden(firstInode + 1)
		p.fill(p.orphans, n)
	}
	p.fill(p.journal, blocks)
}

func (p *plan) fill(i *inode, blocks int64) {
	i.data, i.size = []interval{{0, blocks}}, blocks*p.block
	p.place(i)
}

func (p *plan) sort() {
	slices.SortFunc(p.inodes, func(a, b *inode) int { return int(int64(a.number) - int64(b.number)) })
}

// journalBlocks is the size mke2fs would choose, or the one asked for.
func (p *plan) journalBlocks() int64 {
	if p.compat&compatJournal == 0 {
		return 0
	}
	if p.opts.JournalSize > 0 {
		return max(1024, p.opts.JournalSize/p.block)
	}
	for _, step := range [][2]int64{{2048, 0}, {32768, 1024}, {256 << 10, 4096}, {512 << 10, 8192},
		{4 << 20, 16384}, {8 << 20, 32768}, {16 << 20, 65536}, {32 << 20, 131072}} {
		if p.blocks < step[0] {
			return step[1]
		}
	}
	return 262144
}

// orphanBlocks is the size of the orphan file mke2fs would choose.
func (p *plan) orphanBlocks() int64 {
	switch {
	case p.compat&compatOrphanFile == 0:
		return 0
	case p.opts.OrphanFileSize > 0:
		return min(512, max(1, p.opts.OrphanFileSize/p.block))
	case p.blocks < 128<<10:
		return 32
	case p.blocks < 2<<20:
		return p.blocks / 4096
	}
	return 512
}

// journalSuper is struct journal_superblock_s ("Journal (jbd2)"), big endian.
type journalSuper struct {
	Magic, BlockType, Sequence0 uint32
	BlockSize, Blocks, First    uint32
	Sequence, Start, Error      uint32
	Compat, Incompat, ROCompat  uint32
	UUID                        [16]byte
	Users                       uint32
}

const journalMagic = 0xc03b3998

// journalBlock is the first block of the empty journal.
func (p *plan) journalBlock() []byte {
	raw := make([]byte, p.block)
	_, _ = binary.Encode(raw, binary.BigEndian, journalSuper{Magic: journalMagic, BlockType: 4,
		BlockSize: uint32(p.block), Blocks: uint32(p.journal.size / p.block), First: 1, Sequence: 1,
		UUID: p.opts.UUID, Users: 1})
	return raw
}

const orphanMagic = 0x0b10ca04

// orphanBlock is an empty block of the orphan file ("Orphan file").
func (p *plan) orphanBlock(at int64) []byte {
	raw := make([]byte, p.block)
	end := len(raw) - 8
	binary.LittleEndian.PutUint32(raw[end:], orphanMagic)
	if p.ro&roMetadataCsum != 0 {
		sum := crc64le(inodeSeed(p.seed, p.orphans.number, 0), uint64(at))
		binary.LittleEndian.PutUint32(raw[end+4:], crc(sum, raw[:end]))
	}
	return raw
}

// resizeBlocks encodes the map of the resize inode: its doubly indirect block lists
// the reserved blocks of group 0, each of which lists its copies in other groups.
func (p *plan) resizeBlocks() []metaBlock {
	per := p.addresses()
	top := metaBlock{p.resize.maps[0], make([]byte, p.block)}
	list := []metaBlock{}
	for k := range p.reserved {
		place := p.first + 1 + p.gdt + k
		binary.LittleEndian.PutUint32(top.raw[4*((p.gdt+k)%per):], uint32(place))
		raw, n := make([]byte, p.block), 0
		for group := int64(1); group < p.groups; group++ {
			if p.hasSuper(group) {
				binary.LittleEndian.PutUint32(raw[4*n:], uint32(place+group*p.perGroup))
				n++
			}
		}
		list = append(list, metaBlock{place, raw})
	}
	return append(list, top)
}

// resizeCount is the number of blocks that belong to the resize inode.
func (p *plan) resizeCount() int64 {
	copies := int64(0)
	for group := range p.groups {
		if p.hasSuper(group) {
			copies++
		}
	}
	return 1 + p.reserved*copies
}
