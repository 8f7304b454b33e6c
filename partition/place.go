package partition

import (
	"fmt"
	"math"
	"slices"
)

// place gives slot i its number, sectors and identifiers.
func (p *planner) place(i int) error {
	s := p.slots[i]
	if p.logical(i) && i == 3 {
		p.extend()
	}
	number, err := p.take(i)
	if err != nil {
		return err
	}
	first := p.begin(i)
	part := Partition{Role: s.role, Of: s.Want.Name, Number: number, Clone: s.clone,
		Name: s.PartName, KiwiID: s.id, First: first, Sectors: s.bytes / int64(p.SectorSize),
		Type: s.kind, Logical: p.logical(i)}
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

// take decides the number of slot i.
func (p *planner) take(i int) (int, error) {
	s, next := p.slots[i], p.number+1
	lowest, highest := 1, map[Table]int{GPT: gptEntries, MBR: 4, DASD: 3}[p.Table]
	if p.logical(i) {
		next = i + 2
		lowest, highest = next, next
	}
	number := next
	if s.Number != 0 {
		number = s.Number
	}
	switch {
	case number > 4 && highest == 4:
		return 0, badRequest("partition %s cannot have number %d: a table of type msdos has four unless it has an extended layout",
			s.PartName, number)
	case number < lowest || number > highest:
		return 0, badRequest("partition %s cannot have number %d in this table of type %s", s.PartName, number, p.Table)
	case p.taken(number):
		return 0, badRequest("partition number %d is used twice", number)
	}
	p.number = number
	return number, nil
}

func (p *planner) taken(number int) bool {
	return slices.ContainsFunc(p.layout.Partitions, func(q Partition) bool { return q.Number == number })
}

// extend adds the extended partition over the rest of the disk, with the number
// that the three before it leave.
func (p *planner) extend() {
	number := 1
	for p.taken(number) {
		number++
	}
	p.next = roundUp(p.next, p.align)
	p.layout.Partitions = append(p.layout.Partitions, Partition{Role: Extended, Number: number,
		First: p.next, Sectors: p.lastUsable() + 1 - p.next, Type: Type{MBR: 0x05}})
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
// kiwi has given the ESP the type of Linux data: with new numbers, in the order in
// which the partitions were made.
func (p *planner) convert() {
	p.layout.Table, p.layout.Converted, p.layout.DiskGUID = MBR, true, GUID{}
	for i := range p.layout.Partitions {
		q := &p.layout.Partitions[i]
		q.GUID, q.Name, q.Number = GUID{}, "", i+1
		if q.Role == ESP {
			q.Type = types()["linux"]
		}
	}
}
