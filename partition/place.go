package partition

import (
	"fmt"
	"math"
	"slices"
)

// place gives slot i its number, sectors and identifiers.
func (p *planner) place(i int) error {
	s := p.slots[i]
	number, err := p.take(s)
	if err != nil {
		return err
	}
	first := p.position(number)
	part := Partition{Role: s.role, Of: s.Want.Name, Number: number, Clone: s.clone,
		Name: s.PartName, KiwiID: s.id, First: first, Sectors: s.bytes / int64(p.SectorSize),
		Type: s.kind, Logical: p.ebrFrom != 0}
	if p.stretches(i) {
		part.Sectors = p.lastUsable() + 1 - first
	}
	if part.First+part.Sectors-1 > p.lastUsable() {
		return &TooSmallError{What: "disk", Have: p.layout.Size,
			Needed: p.layout.Size + (part.First+part.Sectors-1-p.lastUsable())*int64(p.SectorSize)}
	}
	p.next = part.First + part.Sectors
	if p.Table == GPT {
		part.GUID = GUID(p.Seed.UUID(fmt.Sprintf("partition %d", number)))
	} else {
		part.Name = ""
	}
	p.layout.Partitions = append(p.layout.Partitions, part)
	return nil
}

// take decides a partition's number, putting an extended partition before the
// fourth of an MBR where that was asked for.
func (p *planner) take(s slot) (int, error) {
	number := p.number + 1
	if s.Number != 0 {
		number = s.Number
	}
	if p.Table == MBR && p.ExtendedLayout && number == 4 {
		p.extend()
		number = 5
	}
	highest := map[Table]int{GPT: gptEntries, MBR: 4, DASD: 3}[p.Table]
	if p.ebrFrom != 0 {
		highest = 5 + p.logicals()
	}
	switch {
	case number < 1 || number > highest:
		return 0, badRequest("partition %s cannot have number %d in a table of type %s",
			s.PartName, number, p.Table)
	case slices.ContainsFunc(p.layout.Partitions, func(q Partition) bool { return q.Number == number }):
		return 0, badRequest("partition number %d is used twice", number)
	}
	p.number = number
	return number, nil
}

// extend adds the extended partition over the rest of the disk.
func (p *planner) extend() {
	p.ebrFrom = roundUp(p.next, p.align)
	if p.number == 0 {
		p.ebrFrom = p.next
	}
	p.next = p.ebrFrom
	p.layout.Partitions = append(p.layout.Partitions, Partition{Role: Extended, Number: 4,
		First: p.ebrFrom, Sectors: p.lastUsable() + 1 - p.ebrFrom, Type: Type{MBR: 0x0f}})
}

func (p *planner) logicals() int {
	n := 0
	for _, q := range p.layout.Partitions {
		n += btoi(q.Logical)
	}
	return n
}

// position returns the first sector of the next partition: where the description
// says for the first, aligned for others, behind a boot record for logical ones.
func (p *planner) position(number int) int64 {
	switch {
	case p.ebrFrom != 0:
		return roundUp(p.next, p.align) + p.align
	case len(p.layout.Partitions) == 0:
		return p.next
	}
	return roundUp(p.next, p.align)
}

// stretches tells whether slot i ends at the end of the disk: the last one, when
// it is a root without a size or the spare partition.
func (p *planner) stretches(i int) bool {
	s := p.slots[i]
	return i == len(p.slots)-1 && (s.rest || s.role == Spare && p.SpareLast)
}

// finish sets the boot flag, converts and checks the whole.
func (p *planner) finish() error {
	if p.Active && p.Table == MBR {
		p.activate()
	}
	if p.ForceMBR {
		p.convert()
	}
	if p.layout.Table == GPT {
		return nil
	}
	for _, q := range p.layout.Partitions {
		if q.First+q.Sectors > math.MaxUint32 {
			return badRequest("an MBR cannot hold a disk of %d bytes", p.layout.Size)
		}
		if !q.Logical && q.Number > 4 {
			return badRequest("an MBR has four partitions, number %d does not fit", q.Number)
		}
	}
	return nil
}

func (p *planner) activate() {
	for _, role := range []Role{PReP, Boot, Root} {
		for i := range p.layout.Partitions {
			if q := &p.layout.Partitions[i]; q.Role == role && q.Clone == 0 {
				q.Active = !q.Logical
				return
			}
		}
	}
}

// convert turns the layout of a GPT into that of an MBR as `sgdisk -m` does after
// kiwi has given the ESP the type of Linux data.
func (p *planner) convert() {
	p.layout.Table, p.layout.Converted, p.layout.DiskGUID = MBR, true, GUID{}
	for i := range p.layout.Partitions {
		q := &p.layout.Partitions[i]
		q.GUID, q.Name = GUID{}, ""
		if q.Role == ESP {
			q.Type = types()["linux"]
		}
	}
}
