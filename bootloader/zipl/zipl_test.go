package zipl

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// memory is what firmware has loaded.
type memory struct {
	parts map[uint64][]byte
	entry uint64
}

// firmware reads a disk as the machine's loader does: boot record, program table,
// component table, segment tables.
type firmware struct {
	t      *testing.T
	disk   []byte
	sector int
}

func (f firmware) block(p blockPointer) []byte {
	if int(p.Size) != f.sector {
		f.t.Fatalf("pointer with sectors of %d bytes", p.Size)
	}
	at := int(p.Block) * f.sector
	return f.disk[at : at+(int(p.Count)+1)*f.sector]
}

func decode[T any](b []byte) (v T) {
	_ = binary.Read(bytes.NewReader(b), binary.BigEndian, &v)
	return v
}

func (f firmware) load(program int) memory {
	record := decode[bootRecord](f.disk)
	table := f.block(record.Table)
	if record.Magic != magic || !bytes.HasPrefix(table, magic[:]) {
		f.t.Fatal("no boot record or program table")
	}
	components := f.block(decode[blockPointer](table[(program+1)*pointerSize:]))
	if decode[componentHeader](components).Magic != magic {
		f.t.Fatal("no component table")
	}
	m := memory{parts: map[uint64][]byte{}}
	for at := 32; ; at += 32 {
		c := decode[component](components[at:])
		switch c.Type {
		case typeLoad:
			m.parts[c.Value] = f.segment(c.Segment)
		case typeExecute:
			m.entry = c.Value
			return m
		default:
			f.t.Fatalf("component of type %d", c.Type)
		}
	}
}

func (f firmware) segment(table blockPointer) (data []byte) {
	for table.Block != 0 {
		b := f.block(table)
		last := len(b)/pointerSize - 1
		for i := range last {
			p := decode[blockPointer](b[i*pointerSize:])
			if p.Block == 0 {
				return data
			}
			data = append(data, f.block(p)...)
		}
		table = decode[blockPointer](b[last*pointerSize:])
	}
	return data
}

// disk is a device in memory.
type disk []byte

func (d disk) WriteAt(p []byte, at int64) (int, error) { return copy(d[at:], p), nil }

// scatter lays a file on the disk in pieces of one to eight blocks, in no order,
// with holes where content is nil.
func scatter(d disk, r *rand.Rand, free *[]int, content []byte, holes bool) File {
	const block = 4096
	f := File{Size: int64(len(content))}
	for at := 0; at < len(content); at += block {
		piece := content[at:min(at+block, len(content))]
		if holes && bytes.Count(piece, []byte{0}) == len(piece) {
			continue
		}
		n := r.IntN(len(*free))
		where := (*free)[n] * block
		*free = append((*free)[:n], (*free)[n+1:]...)
		copy(d[where:], piece)
		f.Extents = append(f.Extents, Extent{File: int64(at), Disk: int64(where), Length: block})
	}
	return f
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestFirmwareLoads(t *testing.T) {
	for _, sector := range []int{512, 4096} {
		r := rand.New(rand.NewPCG(1, uint64(sector)))
		d := make(disk, 16<<20)
		free := make([]int, 0, 4096)
		for i := 1; i < len(d)/4096; i++ {
			free = append(free, i)
		}
		kernel, initrd, stage3 := random(r, 300_001), random(r, 1_234_567), random(r, 12_000)
		clear(kernel[8192:40960]) // a hole
		opts := Options{Stage3: stage3, SectorSize: sector, Bootmap: scatter(d, r, &free, bytes.Repeat([]byte{0xff}, int(Size(2))), false)}
		opts.Programs = []Program{{Kernel: scatter(d, r, &free, kernel, true), Parameters: "root=LABEL=x quiet"},
			{Kernel: scatter(d, r, &free, kernel, false), Parameters: "second"}}
		ram := scatter(d, r, &free, initrd, false)
		opts.Programs[0].Initrd = &ram
		copy(d[446:], "partition table")
		if err := Install(d, opts); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(d[446:], []byte("partition table")) || !Installed(bytes.NewReader(d)) {
			t.Error("the partition table is gone or the boot record is not recognized")
		}
		for n, p := range []int{0, 1, 2} { // the default is the first program
			m := firmware{t, d, sector}.load(p)
			checkProgram(t, m, stage3, kernel, opts.Programs[max(0, n-1)].Parameters)
			params := decode[stage3Params](m.parts[paramsAddress])
			if got := m.parts[params.InitrdAddress]; n < 2 && (params.InitrdSize != uint64(len(initrd)) || !bytes.HasPrefix(got, initrd)) {
				t.Errorf("program %d: initial RAM disk of %d bytes at %#x", p, params.InitrdSize, params.InitrdAddress)
			}
			if n == 2 && params.InitrdSize != 0 {
				t.Error("an initial RAM disk where there is none")
			}
		}
	}
}

func checkProgram(t *testing.T, m memory, stage3, kernel []byte, parameters string) {
	t.Helper()
	params := decode[stage3Params](m.parts[paramsAddress])
	if m.entry != loadPSW|stage3Address || params.PSW != loadPSW|kernelAddress || params.KernelSize != uint64(len(kernel)) {
		t.Errorf("starts at %#x, kernel of %d bytes at %#x", m.entry, params.KernelSize, params.PSW)
	}
	if !bytes.HasPrefix(m.parts[stage3Address], stage3) || !bytes.HasPrefix(m.parts[kernelAddress], kernel) {
		t.Error("loader or kernel are others")
	}
	if !bytes.HasPrefix(m.parts[params.Parameters], append([]byte(parameters), 0)) {
		t.Errorf("parameters %.20q", m.parts[params.Parameters])
	}
	if !bytes.HasPrefix(m.parts[params.Environment], []byte(environmentText)) || len(m.parts[params.Environment]) != environmentMax {
		t.Error("no environment block")
	}
	if len(m.parts[heapAddress]) != heapSize || len(m.parts[stackAddress]) < stackSize {
		t.Error("heap and stack of the loader are not kept free")
	}
}

func TestRefuses(t *testing.T) {
	place := File{Size: Size(1), Extents: []Extent{{Disk: 4096, Length: Size(1)}}}
	kernel := File{Size: 1 << 20, Extents: []Extent{{Disk: 1 << 20, Length: 1 << 20}}}
	huge := File{Size: 3 << 30, Extents: []Extent{{Disk: 1 << 20, Length: 3 << 30}}}
	holes := File{Size: 1 << 30}
	cases := map[string]Options{
		"no programs":   {Bootmap: place},
		"no kernel":     {Bootmap: place, Programs: []Program{{}}},
		"huge initrd":   {Bootmap: place, Programs: []Program{{Kernel: kernel, Initrd: &huge}}},
		"many holes":    {Bootmap: place, Programs: []Program{{Kernel: kernel, Initrd: &holes}}},
		"small map":     {Bootmap: File{Size: 4096, Extents: place.Extents}, Programs: []Program{{Kernel: kernel}}},
		"within sector": {Bootmap: place, Programs: []Program{{Kernel: File{Size: 1 << 20, Extents: []Extent{{Disk: 100, Length: 1 << 20}}}}}},
		"large loader":  {Bootmap: place, Stage3: make([]byte, stage3Max+1), Programs: []Program{{Kernel: kernel}}},
	}
	for name, opts := range cases {
		if err := Install(make(disk, 8<<20), opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Install(failing{}, Options{Bootmap: place, Programs: []Program{{Kernel: kernel}}}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("failing disk: %v", err)
	}
}

type failing struct{}

func (failing) WriteAt([]byte, int64) (int, error) { return 0, io.ErrShortWrite }

func TestUnsigned(t *testing.T) {
	signed := []byte("loader" + "signature")
	signed = append(signed, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9)
	signed = append(signed, signatureMagic...)
	for want, raw := range map[string][]byte{"loader": signed, "plain": []byte("plain"), signatureMagic: []byte(signatureMagic)} {
		if got := unsigned(raw); string(got) != want {
			t.Errorf("%q: %q", want, got)
		}
	}
	signed[len(signed)-len(signatureMagic)-3] = 0xff
	if got := unsigned(signed); len(got) != len(signed) {
		t.Error("a signature longer than the file was cut off")
	}
}
