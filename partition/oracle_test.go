package partition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// disk writes the table of a request into a new sparse file.
func disk(t *testing.T, r Request) (string, *Layout) {
	t.Helper()
	l, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "disk.raw")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(l.Size); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(f); err != nil {
		t.Fatal(err)
	}
	return path, l
}

func requests() map[string]Request {
	list := map[string]Request{}
	add := func(name string, change func(*Request)) {
		r := cloud()
		change(&r)
		list[name] = r
	}
	add("cloud", func(*Request) {})
	add("exact", func(r *Request) { r.Size = 0 })
	add("clones", func(r *Request) { r.Root.Clones, r.Boot.Clones = 2, 1 })
	add("hybrid", func(r *Request) { r.HybridMBR = true })
	add("unpartitioned", func(r *Request) { r.Unpartitioned = 1 << 30 })
	add("forced", func(r *Request) { r.Root.Number, r.ESP.Number = 1, 15; r.BIOSBoot.Number, r.Boot.Number = 14, 16 })
	add("large", func(r *Request) { r.Size = 3 << 40 })
	add("sector 34", func(r *Request) { r.StartSector = 34816 })
	add("mbr", func(r *Request) { r.Table, r.BIOSBoot, r.Active = MBR, nil, true })
	add("force", func(r *Request) { r.ForceMBR = true })
	add("logical", func(r *Request) {
		r.Table, r.ExtendedLayout, r.Active = MBR, true, true
		r.Custom = []Want{{Name: "a", Size: 3 * MiB}, {Name: "b", Size: 40 * MiB, Clones: 3}}
	})
	return list
}

func TestOracles(t *testing.T) {
	testtool.Need(t, "sgdisk", "sfdisk", "parted")
	for name, r := range requests() {
		t.Run(name, func(t *testing.T) {
			path, l := disk(t, r)
			// sfdisk does not know hybrid tables and says so.
			if out := testtool.Run(t, "sfdisk", "-V", path); !strings.Contains(out, "No errors detected") {
				t.Errorf("sfdisk: %s", out)
			}
			if out := testtool.Run(t, "parted", "-s", path, "unit", "s", "print"); strings.Contains(out, "Warning") || strings.Contains(out, "Error") {
				t.Errorf("parted: %s", out)
			}
			if l.Table == GPT {
				judge(t, testtool.Run(t, "sgdisk", "-v", path))
			}
			compareJSON(t, path, l)
			readBack(t, path, l)
		})
	}
}

// judge accepts one remark of sgdisk: kiwi's last partition ends at the last
// usable sector, which is no multiple of 2048.
func judge(t *testing.T, out string) {
	t.Helper()
	if !strings.Contains(out, "No problems found") || strings.Contains(out, "Warning") || strings.Count(out, "Caution") > 1 ||
		strings.Contains(out, "Caution") && !strings.Contains(out, "doesn't end on a ") {
		t.Errorf("sgdisk: %s", out)
	}
}

// compareJSON compares what sfdisk sees with the layout.
func compareJSON(t *testing.T, path string, l *Layout) {
	t.Helper()
	var seen struct {
		PartitionTable struct {
			ID         string
			Partitions []struct {
				Node, Type, UUID, Name string
				Start, Size            int64
				Bootable               bool
			}
		}
	}
	if err := json.Unmarshal([]byte(testtool.Run(t, "sfdisk", "--json", path)), &seen); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range seen.PartitionTable.Partitions {
		got[strings.TrimPrefix(p.Node, path)] = fmt.Sprintf("%d %d %s %s %s %v", p.Start, p.Size, strings.ToLower(p.Type), strings.ToLower(p.UUID), p.Name, p.Bootable)
	}
	want := map[string]string{}
	for _, p := range l.Partitions {
		kind, id := p.Type.GUID.String(), p.GUID.String()
		if l.Table == MBR {
			kind, id = fmt.Sprintf("%x", p.Type.MBR), ""
		}
		want[fmt.Sprint(p.Number)] = fmt.Sprintf("%d %d %s %s %s %v", p.First, p.Sectors, kind, id, p.Name, p.Active)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("sfdisk sees\n%v\nwant\n%v", got, want)
	}
	id := l.DiskGUID.String()
	if l.Table == MBR {
		id = fmt.Sprintf("0x%08x", l.DiskID)
	}
	if strings.ToLower(seen.PartitionTable.ID) != id {
		t.Errorf("disk id %s, want %s", seen.PartitionTable.ID, id)
	}
}

// readBack compares what Read sees with the layout.
func readBack(t *testing.T, path string, l *Layout) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found, err := Read(f, l.Size, l.SectorSize)
	if err != nil || len(found.Warnings) > 0 {
		t.Fatalf("read: %v %q", err, found.Warnings)
	}
	got := found.Layout
	if got.DiskGUID != l.DiskGUID || got.DiskID != l.DiskID || got.Hybrid != l.Hybrid || len(got.Partitions) != len(l.Partitions) {
		t.Errorf("read %+v\nwant %+v", got, l)
	}
	for _, p := range got.Partitions {
		for _, q := range l.Partitions {
			if p.Number == q.Number && (p.First != q.First || p.Sectors != q.Sectors || p.GUID != q.GUID ||
				p.Name != q.Name || p.Active != q.Active || p.Logical != q.Logical || p.Type.MBR != q.Type.MBR) {
				t.Errorf("read %+v\nwant %+v", p, q)
			}
		}
	}
}

// TestSgdiskBits writes the same table with sgdisk and compares every byte.
func TestSgdiskBits(t *testing.T) {
	testtool.Need(t, "sgdisk")
	for _, change := range []func(*Request){
		func(*Request) {}, func(r *Request) { r.HybridMBR = true },
		func(r *Request) { r.HybridMBR, r.ESP.Number, r.Boot.Number, r.Root.Number = true, 5, 3, 9 },
		func(r *Request) { r.HybridMBR, r.Boot.Clones = true, 1 },
	} {
		r := cloud()
		change(&r)
		path, l := disk(t, r)
		other := filepath.Join(t.TempDir(), "sgdisk.raw")
		if err := os.WriteFile(other, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(other, l.Size); err != nil {
			t.Fatal(err)
		}
		args := []string{"-U", l.DiskGUID.String()}
		for _, p := range l.Partitions {
			n := fmt.Sprint(p.Number)
			args = append(args, "-n", fmt.Sprintf("%s:%d:%d", n, p.First, p.First+p.Sectors-1),
				"-c", n+":"+p.Name, "-t", n+":"+p.Type.GUID.String(), "-u", n+":"+p.GUID.String())
		}
		testtool.Run(t, "sgdisk", append(args, other)...)
		if r.HybridMBR {
			first := make([]string, 3)
			for i, p := range l.Partitions[:3] {
				first[i] = fmt.Sprint(p.Number)
			}
			testtool.Run(t, "sgdisk", "-h", strings.Join(first, ":"), other)
		}
		for _, at := range []int64{446, l.Size - 34*512} {
			if !bytes.Equal(piece(t, path, at), piece(t, other, at)) {
				t.Errorf("%+v: bytes at %d differ from sgdisk's:\n% x\n% x", r, at, piece(t, path, at)[:80], piece(t, other, at)[:80])
			}
		}
	}
}

// TestForceMBRBits converts the same GPT with sgdisk as kiwi does.
func TestForceMBRBits(t *testing.T) {
	testtool.Need(t, "sgdisk")
	r := cloud()
	r.ESP.Number, r.Root.Number = 7, 5
	other, plain := disk(t, r)
	var numbers []string
	for _, p := range plain.Partitions {
		numbers = append(numbers, fmt.Sprint(p.Number))
	}
	testtool.Run(t, "sgdisk", "-t", "7:8300", other)
	testtool.Run(t, "sgdisk", "-m", strings.Join(numbers, ":"), other)
	r.ForceMBR = true
	path, _ := disk(t, r)
	if got, want := piece(t, path, 446)[:66], piece(t, other, 446)[:66]; !bytes.Equal(got, want) {
		t.Errorf("differs from sgdisk's:\n% x\n% x", got, want)
	}
}

func piece(t *testing.T, path string, at int64) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw := make([]byte, 34*512-446)
	if _, err := f.ReadAt(raw, at); err != nil {
		t.Fatal(err)
	}
	return raw
}
