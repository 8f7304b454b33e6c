package partition

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// sink is a disk in memory.
type sink []byte

func (s sink) WriteAt(p []byte, at int64) (int, error) { return copy(s[at:], p), nil }

func written(t testing.TB, change func(*Request)) []byte {
	t.Helper()
	r := Request{Arch: "x86_64", Table: GPT, Custom: []Want{{Name: "a", Size: MiB}, {Name: "b", Size: MiB}}, Root: &Want{}}
	change(&r)
	l, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	raw := make(sink, l.Size)
	if err := l.Write(raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestReadDamaged(t *testing.T) {
	read := func(raw []byte) *Found {
		t.Helper()
		f, err := Read(bytes.NewReader(raw), int64(len(raw)), 0)
		if err != nil || len(f.Layout.Partitions) != 3 || len(f.Warnings) != 1 {
			t.Fatalf("got %+v, %v", f, err)
		}
		return f
	}
	for _, sector := range []int{512, 4096} {
		raw := written(t, func(r *Request) { r.SectorSize = sector })
		raw[2*sector+60]++
		if f := read(raw); !strings.HasPrefix(f.Warnings[0], "the primary GPT is damaged") {
			t.Errorf("%q", f.Warnings)
		}
		raw[2*sector+60]--
		raw[len(raw)-sector+30]++
		if f := read(raw); !strings.HasPrefix(f.Warnings[0], "the backup GPT is damaged") {
			t.Errorf("%q", f.Warnings)
		}
	}
	if _, err := Read(bytes.NewReader(make([]byte, 4096)), 4096, 0); err == nil {
		t.Error("an empty disk has a table")
	}
}

// Test4K shows the kernel's and sgdisk's view of a disk with 4096-byte sectors.
func Test4K(t *testing.T) {
	testtool.Need(t, "losetup", "sgdisk", "sfdisk")
	testtool.NeedRoot(t)
	for _, table := range []Table{GPT, MBR} {
		r := cloud()
		r.SectorSize, r.Table = 4096, table
		if table == MBR {
			r.BIOSBoot = nil
		}
		path, l := disk(t, r)
		dev := strings.TrimSpace(testtool.Run(t, "losetup", "-b", "4096", "-f", "--show", path))
		t.Cleanup(func() { testtool.Run(t, "losetup", "-d", dev) })
		if table == GPT {
			judge(t, testtool.Run(t, "sgdisk", "-v", dev))
		}
		if out := testtool.Run(t, "sfdisk", "-V", dev); !strings.Contains(out, "No errors detected") {
			t.Errorf("sfdisk: %s", out)
		}
		readBack(t, path, l)
	}
}

// padded is the disk that has these bytes from 440 on and zeros elsewhere.
type padded []byte

func (p padded) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	if at -= 440; at < 0 {
		copy(b[min(-at, int64(len(b))):], p)
	} else if at < int64(len(p)) {
		copy(b, p[at:])
	}
	return len(b), nil
}

func FuzzRead(f *testing.F) {
	for _, change := range []func(*Request){
		func(*Request) {}, func(r *Request) { r.SectorSize = 4096 }, func(r *Request) { r.HybridMBR = true },
		func(r *Request) { r.Table, r.ExtendedLayout, r.Swap = MBR, true, &Want{Size: MiB} },
	} {
		raw := written(f, change)
		f.Add(raw[440:1536], int64(len(raw)))
	}
	f.Fuzz(func(t *testing.T, raw []byte, size int64) {
		found, err := Read(padded(raw), size, 0)
		if err != nil {
			return
		}
		for _, p := range found.Layout.Partitions {
			if end := found.Layout.Offset(p) + found.Layout.Bytes(p); p.First < 0 || p.Sectors < 0 || end > size {
				t.Errorf("partition %+v beyond %d bytes", p, size)
			}
		}
	})
}

func FuzzParseSize(f *testing.F) {
	f.Add("20", "M")
	f.Add("3G", "")
	f.Fuzz(func(t *testing.T, text, unit string) {
		if n, err := ParseSize(text, unit); err == nil && n < 0 {
			t.Errorf("ParseSize(%q, %q) = %d", text, unit, n)
		}
	})
}

// runtimeMachine is what uname says on the machine of the test.
func runtimeMachine() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64", "386": "i686"}[runtime.GOARCH]
}

func TestTypeNames(t *testing.T) {
	for _, k := range knownTypes() {
		if got, err := LookupType(k.GUID.String(), ""); err != nil || got != k {
			t.Errorf("%+v: %+v, %v", k, got, err)
		}
	}
	if _, err := os.Stat("/usr/bin/systemd-id128"); err != nil {
		return
	}
	seen := testtool.Run(t, "systemd-id128", "show", "-u")
	for line := range strings.Lines(seen) {
		f := strings.Fields(line)
		words := strings.Split(f[0], "-")
		if k, ok := discoverable(f[0], runtimeMachine()); ok && k.GUID.String() != f[1] {
			t.Errorf("%s: %s, systemd says %s", f[0], k.GUID, f[1])
		} else if !ok && !slices.ContainsFunc(strings.Fields("NAME alpha arc ia64 mips mips64 parisc ppc riscv32 s390 tilegx secondary"), func(w string) bool {
			return slices.Contains(words, w)
		}) {
			t.Errorf("%s is not known", f[0])
		}
	}
	for _, name := range []string{"root-x86-64", "root-arm64", "root-ppc64-le", "root-s390x", "root-riscv64",
		"usr-x86-64", "usr-arm64", "usr-ppc64-le", "usr-s390x", "esp", "xbootldr", "home", "srv", "var", "tmp", "user-home", "swap"} {
		arch := map[string]string{"x86-64": "x86_64", "arm64": "aarch64", "ppc64-le": "ppc64le"}
		kind, machine, found := strings.Cut(name, "-")
		if !found || name == "user-home" {
			kind = name
		} else if m, ok := arch[machine]; ok {
			machine = m
		}
		k, err := LookupType(kind, machine)
		if err != nil || !strings.Contains(seen, k.GUID.String()) {
			t.Errorf("%s: %v %s", name, err, k.GUID)
		}
	}
}
