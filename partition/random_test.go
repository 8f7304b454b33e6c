package partition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/seed"
)

// randomRequest asks for any mixture of what a request can ask for.
func randomRequest(r *rand.Rand, sector int) Request {
	want := func(most int64) *Want { return &Want{Size: (1 + r.Int64N(most)) * MiB} }
	maybe := func(w *Want) *Want {
		if r.IntN(2) == 0 {
			return nil
		}
		return w
	}
	arches := []string{"x86_64", "aarch64", "ppc64le", "s390x", "riscv64"}
	q := Request{Arch: arches[r.IntN(len(arches))], Table: []Table{GPT, MBR}[r.IntN(2)], SectorSize: sector,
		Seed: seed.New(fmt.Sprint(r.Uint64())), BIOSBoot: maybe(&Want{}), ESP: maybe(want(100)), PReP: maybe(&Want{}),
		Boot: maybe(want(300)), Swap: maybe(want(50)), Spare: maybe(want(50)), ReadOnly: maybe(want(50)),
		Root: &Want{Needed: r.Int64N(200 * MiB), Clones: r.IntN(3)}, SpareLast: r.IntN(2) == 0, Active: r.IntN(2) == 0}
	for i := range r.IntN(4) {
		q.Custom = append(q.Custom, Want{Name: fmt.Sprintf("c%d", i), Size: (1 + r.Int64N(20)) * MiB, Clones: r.IntN(2)})
	}
	q.StartSector = []int64{0, 34816, 4096}[r.IntN(3)]
	q.Unpartitioned = []int64{0, 7 * MiB}[r.IntN(2)]
	if q.Table == MBR {
		q.ExtendedLayout = r.IntN(3) > 0
	} else {
		q.ForceMBR, q.HybridMBR = r.IntN(6) == 0, r.IntN(6) == 0
	}
	if r.IntN(4) == 0 {
		q.Root.Number, q.StartSector = 1+r.IntN(6), 5000
		if q.Boot != nil {
			q.Boot.Number, q.Boot.Clones = 1+r.IntN(9), r.IntN(2)
		}
	}
	if r.IntN(2) == 0 {
		q.Size, q.Additive = 300*MiB+r.Int64N(100)*4096, true
	}
	return q
}

// TestRandomLayouts puts random layouts to the oracles.
func TestRandomLayouts(t *testing.T) {
	testtool.Need(t, "sgdisk", "sfdisk", "parted")
	planned := 0
	for n := range uint64(90) {
		q := randomRequest(rand.New(rand.NewPCG(n, 7)), 512)
		var bad *RequestError
		if _, err := Plan(q); errors.As(err, &bad) { // more than four in an MBR, a number twice
			continue
		}
		planned++
		path, l := disk(t, q)
		ask(t, path, l)
		compareJSON(t, path, l)
		readBack(t, path, l)
		if t.Failed() {
			t.Fatalf("request %d: %+v", n, q)
		}
	}
	if planned < 30 {
		t.Errorf("only %d layouts", planned)
	}
}

// ask puts a disk, a file or a device, to all the tools.
func ask(t *testing.T, path string, l *Layout) {
	t.Helper()
	if out := testtool.Run(t, "sfdisk", "-V", path); !strings.Contains(out, "No errors detected") {
		t.Errorf("sfdisk: %s", out)
	}
	if out := testtool.Run(t, "parted", "-s", path, "unit", "s", "print"); strings.Contains(out, "Warning") || strings.Contains(out, "Error") {
		t.Errorf("parted: %s", out)
	}
	if l.Table == GPT {
		judge(t, testtool.Run(t, "sgdisk", "-v", path))
	}
}

// TestLargeSectors needs a device, as the tools take a file's sectors for 512 bytes.
func TestLargeSectors(t *testing.T) {
	testtool.Need(t, "sgdisk", "sfdisk", "parted", "losetup")
	testtool.NeedRoot(t)
	for n := range uint64(12) {
		q := randomRequest(rand.New(rand.NewPCG(n, 8)), 4096)
		q.StartSector = max(q.StartSector/8, 256)
		var bad *RequestError
		if _, err := Plan(q); errors.As(err, &bad) {
			continue
		}
		path, l := disk(t, q)
		device := strings.TrimSpace(testtool.Run(t, "losetup", "-b", "4096", "-f", "--show", path))
		ask(t, device, l)
		if err := exec.Command("losetup", "-d", device).Run(); err != nil {
			t.Error(err)
		}
		readBack(t, path, l)
		if err := os.Remove(path); err != nil || t.Failed() {
			t.Fatalf("request %d: %+v, %v", n, q, err)
		}
	}
}
