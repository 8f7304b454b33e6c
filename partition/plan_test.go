package partition

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fimg/fimg/seed"
)

// cloud is the request of an ordinary virtual machine image.
func cloud() Request {
	return Request{
		Arch: "x86_64", Table: GPT, Seed: seed.New("cloud"), Size: 5 << 30,
		BIOSBoot: &Want{}, ESP: &Want{Size: 100 * MiB}, Boot: &Want{Size: 1000 * MiB},
		Root: &Want{Needed: 900 * MiB},
	}
}

func summary(l *Layout) string {
	var lines []string
	for _, p := range l.Partitions {
		lines = append(lines, fmt.Sprintf("%d %s %d+%d %s %02x", p.Number, p.Name, p.First, p.Sectors, p.Type.Code, p.Type.MBR))
	}
	return strings.Join(lines, "\n")
}

func TestPlan(t *testing.T) {
	everything := Request{
		Arch: "aarch64", Table: GPT, Size: 10 << 30, StartSector: 34816,
		ESP: &Want{}, PReP: &Want{}, Boot: &Want{Clones: 1}, Swap: &Want{}, Spare: &Want{Size: 64 * MiB},
		Custom:   []Want{{Name: "data", Size: 10 * MiB, Clones: 2}, {Name: "h", PartName: "home", Size: 5*MiB + 1}},
		ReadOnly: &Want{Needed: 77 * MiB, Clones: 1}, Root: &Want{Clones: 1},
	}
	spareLast := cloud()
	spareLast.Spare, spareLast.SpareLast, spareLast.Unpartitioned = &Want{Size: 500 * MiB}, true, 1<<30
	ids := cloud()
	ids.Root.Number, ids.ESP.Number = 1, 15
	ids.BIOSBoot.Number, ids.Boot.Number = 14, 16
	numbered := cloud()
	numbered.Root.Number, numbered.Root.Clones = 7, 2
	numbered.Custom = []Want{{Name: "c", Size: MiB, Number: 20, Clones: 1}, {Name: "v", PartName: "usr-verity-sig", Type: "linux", Size: MiB, Number: 30}}
	exact := cloud()
	exact.Size = 0
	additive := cloud()
	additive.Size, additive.Additive, additive.Unpartitioned = 100*MiB, true, 40*MiB
	big := cloud()
	big.SectorSize, big.Root = 4096, &Want{Type: "lvm"}
	logical := Request{Arch: "x86_64", Table: MBR, Size: 2 << 30, ExtendedLayout: true, Active: true,
		Boot: &Want{}, Swap: &Want{}, Root: &Want{Needed: 1},
		Custom: []Want{{Name: "a", Size: MiB}, {Name: "b", Size: MiB}}}
	scattered := logical
	scattered.Boot, scattered.Custom = &Want{Number: 4}, []Want{{Name: "a", Size: MiB, Number: 1}, {Name: "b", Size: MiB, Number: 5}}
	scattered.Swap = &Want{Number: 3}
	force := cloud()
	force.ForceMBR = true
	force.Root.Number, force.ESP.Number = 9, 7
	for _, c := range []struct {
		name string
		r    Request
		size int64
		want string
	}{
		{"cloud", cloud(), 5 << 30, `1 p.legacy 2048+4096 ef02 ef
2 p.UEFI 6144+204800 ef00 ef
3 p.lxboot 210944+2048000 ea00 ea
4 p.lxroot 2258944+8226783 8304 83`},
		{"everything", everything, 10 << 30, `1 p.UEFI 34816+40960 ef00 ef
2 p.prep 75776+16384 4100 41
3 p.lxbootclone1 92160+614400 8300 83
4 p.lxboot 706560+614400 ea00 ea
5 p.swap 1320960+262144 8200 82
6 p.lxdataclone1 1583104+20480 8300 83
7 p.lxdataclone2 1603584+20480 8300 83
8 p.lxdata 1624064+20480 8300 83
9 home 1644544+12288 8302 83
10 p.spare 1656832+131072 8300 83
11 p.lxrootclone1 1787904+157696 8300 83
12 p.lxreadonly 1945600+157696 8305 83
13 p.lxrootclone1 2103296+9433088 8300 83
14 p.lxroot 11536384+9435103 8305 83`},
		{"spare last, unpartitioned", spareLast, 5 << 30, `1 p.legacy 2048+4096 ef02 ef
2 p.UEFI 6144+204800 ef00 ef
3 p.lxboot 210944+2048000 ea00 ea
4 p.lxroot 2258944+5103616 8304 83
5 p.spare 7362560+1026015 8300 83`},
		{"forced ids", ids, 5 << 30, `14 p.legacy 2048+4096 ef02 ef
15 p.UEFI 6144+204800 ef00 ef
16 p.lxboot 210944+2048000 ea00 ea
1 p.lxroot 2258944+8226783 8304 83`},
		{"forced ids of clones", numbered, 5 << 30, `1 p.legacy 2048+4096 ef02 ef
2 p.UEFI 6144+204800 ef00 ef
3 p.lxboot 210944+2048000 ea00 ea
21 p.lxcclone21 2258944+2048 8300 83
20 p.lxc 2260992+2048 8300 83
30 usr-verity-sig 2263040+2048 8300 83
8 p.lxrootclone8 2265088+2738176 8300 83
9 p.lxrootclone9 5003264+2738176 8300 83
7 p.lxroot 7741440+2744287 8304 83`},
		{"exact", exact, 2004 * MiB, `1 p.legacy 2048+4096 ef02 ef
2 p.UEFI 6144+204800 ef00 ef
3 p.lxboot 210944+2048000 ea00 ea
4 p.lxroot 2258944+1845215 8304 83`},
		{"additive", additive, 2104 * MiB, `1 p.legacy 2048+4096 ef02 ef
2 p.UEFI 6144+204800 ef00 ef
3 p.lxboot 210944+2048000 ea00 ea
4 p.lxroot 2258944+1968095 8304 83`},
		{"4096, lvm", big, 5 << 30, `1 p.legacy 2048+512 ef02 ef
2 p.UEFI 2560+25600 ef00 ef
3 p.lxboot 28160+256000 ea00 ea
4 p.lxlvm 284160+1026555 8e00 8e`},
		{"logical", logical, 2 << 30, `1  2048+614400 8300 83
2  616448+262144 8200 82
3  878592+2048 8300 83
4  880640+3313664  05
5  882688+2048 8300 83
6  886784+3307520 8304 83`},
		{"logical, forced ids", scattered, 2 << 30, `4  2048+614400 8300 83
3  616448+262144 8200 82
1  878592+2048 8300 83
2  880640+3313664  05
5  882688+2048 8300 83
6  886784+3307520 8304 83`},
		{"force_mbr", force, 5 << 30, `1  2048+4096 ef02 ef
2  6144+204800 8300 83
3  210944+2048000 ea00 ea
4  2258944+8226783 8304 83`},
	} {
		l, err := Plan(c.r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := summary(l); got != c.want || l.Size != c.size {
			t.Errorf("%s: size %d\n%s\nwant %d\n%s", c.name, l.Size, got, c.size, c.want)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	change := func(f func(*Request)) Request { r := cloud(); f(&r); return r }
	for name, r := range map[string]Request{
		"twice":      change(func(r *Request) { r.Root.Number = 2 }),
		"number":     change(func(r *Request) { r.Root.Number = 129 }),
		"start":      change(func(r *Request) { r.StartSector = 33 }),
		"sector":     change(func(r *Request) { r.SectorSize = 1024 }),
		"table":      change(func(r *Request) { r.Table = "" }),
		"type":       change(func(r *Request) { r.Root.Type = "zfs" }),
		"no size":    change(func(r *Request) { r.Custom = []Want{{Name: "x"}} }),
		"five":       change(func(r *Request) { r.Table, r.Swap = MBR, &Want{} }),
		"force five": change(func(r *Request) { r.ForceMBR, r.Swap = true, &Want{} }),
		"2 TiB":      change(func(r *Request) { r.Table, r.Size = MBR, 3<<40 }),
		"hybrid MBR": change(func(r *Request) { r.Table, r.HybridMBR, r.BIOSBoot = MBR, true, nil }),
		"negative":   change(func(r *Request) { r.Root.Clones = -1 }),
	} {
		var bad *RequestError
		if l, err := Plan(r); !errors.As(err, &bad) {
			t.Errorf("%s: got %v, %v", name, l, err)
		}
	}
}

func TestTooSmall(t *testing.T) {
	r := cloud()
	r.Size = 2000 * MiB
	var small *TooSmallError
	if _, err := Plan(r); !errors.As(err, &small) || small.Needed != 2004*MiB || small.Have != 2000*MiB {
		t.Errorf("disk: %v", err)
	}
	r.Size = small.Needed
	if _, err := Plan(r); err != nil {
		t.Errorf("the size asked for does not do: %v", err)
	}
	r.Boot.Needed = 1001 * MiB
	if _, err := Plan(r); !errors.As(err, &small) || small.What != "partition p.lxboot" {
		t.Errorf("boot: %v", err)
	}
}

// The error tells what is needed and what there is, never the same twice.
func TestTooSmallText(t *testing.T) {
	for want, e := range map[string]TooSmallError{
		"disk is too small: needs 378 MiB, has 4 MiB":            {What: "disk", Needed: 378 * MiB, Have: 4*MiB + 1},
		"disk is too small: needs 101 MiB, has 100 MiB":          {What: "disk", Needed: 100*MiB + 7, Have: 100*MiB + 6},
		"disk is too small: needs 5000 bytes, has 4000 bytes":    {What: "disk", Needed: 5000, Have: 4000},
		"disk is too small: needs 50000000 inodes, has 7 inodes": {What: "disk", Needed: 50000000, Have: 7, Unit: "inodes"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	small := TooSmallError{Needed: 100*MiB + 7, Have: 100*MiB + 6}
	if got := small.Hint(); got != "make it at least 1 MiB larger" {
		t.Error(got)
	}
}

func TestLayoutJSON(t *testing.T) {
	l, _ := Plan(cloud())
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var back Layout
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); string(again) != string(raw) {
		t.Errorf("JSON changes on the way:\n%s\n%s", raw, again)
	}
}

func TestKiwiIDs(t *testing.T) {
	r := cloud()
	r.Boot, r.ReadOnly = nil, &Want{Size: MiB}
	r.Custom = []Want{{Name: "my_data2x", Size: MiB, Clones: 1}}
	l, err := Plan(r)
	if err != nil {
		t.Fatal(err)
	}
	want := "map[kiwi_BiosGrub:1 kiwi_BootPart:6 kiwi_EfiPart:2 kiwi_My_Data2XPart:4 kiwi_ROPart:5 kiwi_RWPart:6 kiwi_RootPart:6 kiwi_my_data2xPartClone1:3]"
	if got := fmt.Sprint(l.KiwiIDs()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text, unit string
		want       int64
	}{{"5", "", 5 * MiB}, {"5", "G", 5 << 30}, {"7M", "G", 7 * MiB}, {"1g", "", 1 << 30},
		{"", "", -1}, {"-1", "", -1}, {"9999999999999999", "G", -1}, {"1", "T", -1}, {"1.5", "", -1}} {
		got, err := ParseSize(c.text, c.unit)
		if (err != nil) != (c.want < 0) || err == nil && got != c.want {
			t.Errorf("ParseSize(%q, %q) = %d, %v", c.text, c.unit, got, err)
		}
	}
}
