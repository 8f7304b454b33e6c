// Package partition plans the layout of a disk and writes and reads its partition
// table: GPT (UEFI specification 2.10, chapter 5), MBR with extended and logical
// partitions, and the hybrid of both. Sectors are 512 or 4096 bytes.
//
// Planning is pure: a Request gives a Layout, a plain value that carries every
// number of the disk. The order, names, numbers and defaults are those of kiwi-ng;
// where kiwi's result is plainly not what a description says, the description is
// followed:
//
//   - the root type is the target's, not the build machine's, and LVM and RAID
//     members keep their own type;
//   - an MBR's first partition keeps its type and boot flag (kiwi loses them when
//     it moves it to disk_start_sector), and an ESP in it has type ef;
//   - space shared by clones of the root takes custom and spare partitions into
//     account.
//
// The volume table of a DASD is only planned, not written. Writers leave the first
// 440 bytes of the disk to the boot loader.
package partition

import "math"

// maxDisk keeps sums of sizes far away from overflow: 2^56 bytes.
const maxDisk = 1 << 56

// planner carries the state of one Plan.
type planner struct {
	*Request
	layout Layout
	slots  []slot
	align  int64 // sectors
	next   int64 // first sector that is free
	number int   // last one used
}

// Plan returns the layout of a disk. Errors are *RequestError and, when something
// does not fit, *TooSmallError.
func Plan(r Request) (*Layout, error) {
	p, err := newPlanner(&r)
	if err != nil {
		return nil, err
	}
	if err := p.sizeDisk(); err != nil {
		return nil, err
	}
	for i := range p.slots {
		if err := p.place(i); err != nil {
			return nil, err
		}
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &p.layout, nil
}

func newPlanner(r *Request) (*planner, error) {
	r.SectorSize = max(r.SectorSize, 512*btoi(r.SectorSize == 0))
	if r.StartSector == 0 {
		r.StartSector = 2048
	}
	if r.ForceMBR && r.ExtendedLayout {
		r.Table, r.ForceMBR = MBR, false
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	slots, err := r.slots()
	if err != nil {
		return nil, err
	}
	if len(slots) == 0 {
		return nil, badRequest("no partitions")
	}
	p := &planner{Request: r, slots: slots, align: MiB / int64(r.SectorSize), next: r.StartSector}
	p.layout = Layout{Table: r.Table, SectorSize: r.SectorSize, DiskID: r.diskID(),
		Hybrid: r.HybridMBR && r.Table == GPT && !r.ForceMBR}
	if r.Table == GPT {
		p.layout.DiskGUID = GUID(r.Seed.UUID("disk"))
	}
	return p, nil
}

func (r *Request) check() error {
	switch {
	case r.Table != GPT && r.Table != MBR && r.Table != DASD:
		return badRequest("unknown table %q", r.Table)
	case r.SectorSize != 512 && r.SectorSize != 4096:
		return badRequest("sector size %d is neither 512 nor 4096", r.SectorSize)
	case r.Size < 0 || r.Unpartitioned < 0 || r.Size > maxDisk || r.Unpartitioned > maxDisk:
		return badRequest("size of the disk out of range")
	case r.StartSector < gptReserve(r.SectorSize) && r.Table == GPT, r.StartSector < 1, r.StartSector > math.MaxUint32:
		return badRequest("first partition cannot begin at sector %d", r.StartSector)
	case r.ForceMBR && r.Table != GPT:
		return badRequest("force_mbr converts a GPT, the table is %s", r.Table)
	case r.HybridMBR && r.Table != GPT:
		return badRequest("gpt_hybrid_mbr needs a GPT, the table is %s", r.Table)
	}
	return nil
}

// diskID makes the disk signature as kiwi does: no byte is 0, 254 or 255.
func (r *Request) diskID() uint32 {
	if r.DiskID != 0 {
		return r.DiskID
	}
	raw, id := r.Seed.Sub("disk signature"), uint32(0)
	for _, b := range raw[:4] {
		id = id<<8 | uint32(b%253+1)
	}
	return id
}

// sizeDisk decides the size of the disk and of the partitions that share its rest.
func (p *planner) sizeDisk() error {
	need, resting := p.least()
	size := need
	switch {
	case p.Additive:
		size = need - p.Unpartitioned + p.Size
	case p.Size != 0:
		size = roundDown(p.Size, int64(p.SectorSize))
	}
	if size < need {
		return &TooSmallError{What: "disk", Needed: need, Have: size}
	}
	p.layout.Size = roundUp(size, int64(p.SectorSize))
	if resting == 0 {
		return nil
	}
	spare := size - need
	for i := range p.slots {
		if p.slots[i].rest {
			p.slots[i].bytes += roundDown(spare/int64(resting), MiB)
		}
	}
	return nil
}

// least returns the smallest disk that holds every partition, and how many of
// these are to share what a larger one has.
func (p *planner) least() (bytes int64, resting int) {
	trial := *p
	for i, s := range p.slots {
		trial.next = trial.begin(i) + s.bytes/int64(p.SectorSize)
		resting += btoi(s.rest)
	}
	end := roundUp(trial.next, p.align) * int64(p.SectorSize)
	if p.Table == GPT {
		end += MiB
	}
	return end + p.Unpartitioned, resting
}

// begin returns the first sector of slot i: where the description says for the
// first, aligned for others, behind a boot record for logical ones.
func (p *planner) begin(i int) int64 {
	switch {
	case i == 0:
		return p.next
	case p.logical(i):
		return roundUp(p.next, p.align) + p.align
	}
	return roundUp(p.next, p.align)
}

// logical tells whether slot i lies in an extended partition, as do the fourth and
// all further ones of an MBR where that was asked for.
func (p *planner) logical(i int) bool {
	return p.Table == MBR && p.ExtendedLayout && i >= 3
}

// lastUsable is the last sector a partition may cover.
func (p *planner) lastUsable() int64 {
	sectors := (p.layout.Size - p.Unpartitioned) / int64(p.SectorSize)
	if p.Table == GPT {
		return sectors - gptReserve(p.SectorSize)
	}
	return sectors - 1
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
