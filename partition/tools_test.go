package partition

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// TestAsWithTools makes tables with the tools and the arguments that kiwi uses,
// leaving starts and the last end to them, and compares what they decide.
func TestAsWithTools(t *testing.T) {
	testtool.Need(t, "sgdisk", "sfdisk", "fdisk")
	gpt := Request{Arch: "x86_64", Table: GPT, Size: 10 << 30, BIOSBoot: &Want{}, ESP: &Want{Size: 33 * MiB},
		Boot: &Want{Clones: 1}, Swap: &Want{}, Spare: &Want{Size: 64 * MiB}, ReadOnly: &Want{Size: 70 * MiB},
		Custom: []Want{{Name: "data", Size: 10 * MiB, Clones: 2}, {Name: "h", PartName: "home", Size: 5 * MiB}}, Root: &Want{}}
	late, odd := gpt, gpt
	late.StartSector, odd.Size = 34816, 10<<30+12345*512
	spare := gpt
	spare.SpareLast, spare.Root = true, &Want{Size: 1 << 30}
	mbr := Request{Arch: "x86_64", Table: MBR, Size: 3 << 30, Boot: &Want{}, Swap: &Want{}, Root: &Want{}}
	logical := mbr
	logical.ExtendedLayout, logical.Custom = true, []Want{{Name: "a", Size: 3 * MiB}, {Name: "b", Size: 40 * MiB, Clones: 3}}
	four := mbr
	four.Custom, four.Size = []Want{{Name: "a", Size: 77 * MiB}}, 3<<30+5*4096
	for name, r := range map[string]Request{"gpt": gpt, "late": late, "odd": odd, "spare last": spare, "mbr": mbr, "logical": logical, "four": four} {
		path, l := disk(t, r)
		other := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(other, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(other, l.Size); err != nil {
			t.Fatal(err)
		}
		if l.Table == GPT {
			sgdisk(t, other, l)
		} else {
			fdisk(t, other, l)
		}
		if got, want := starts(t, path), starts(t, other); got != want {
			t.Errorf("%s:\n%s\nthe tools make\n%s", name, got, want)
		}
	}
}

// sgdisk makes the partitions: the first where it was asked for, others where there
// is room, the last to the end.
func sgdisk(t *testing.T, disk string, l *Layout) {
	t.Helper()
	var args []string
	for i, p := range l.Partitions {
		from, size := int64(0), fmt.Sprintf("+%dM", l.Bytes(p)/MiB)
		if i == 0 {
			from = p.First
		}
		if i == len(l.Partitions)-1 {
			size = "0"
		}
		args = append(args, "-n", fmt.Sprintf("%d:%d:%s", p.Number, from, size), "-c", fmt.Sprintf("%d:%s", p.Number, p.Name),
			"-t", fmt.Sprintf("%d:%s", p.Number, p.Type.GUID))
	}
	testtool.Run(t, "sgdisk", append(args, disk)...)
}

// fdisk answers the questions of fdisk.
func fdisk(t *testing.T, disk string, l *Layout) {
	t.Helper()
	var answers strings.Builder
	for i, p := range l.Partitions {
		size := fmt.Sprintf("+%dM", l.Bytes(p)/MiB)
		if i == len(l.Partitions)-1 {
			size = ""
		}
		switch {
		case p.Role == Extended: // the only number left is not asked for
			answers.WriteString("n\ne\n\n\n")
		case p.Logical:
			fmt.Fprintf(&answers, "n\n\n%s\n", size)
		case p.Number == 4:
			fmt.Fprintf(&answers, "n\np\n\n%s\n", size)
		default:
			fmt.Fprintf(&answers, "n\np\n%d\n\n%s\n", p.Number, size)
		}
	}
	for _, p := range l.Partitions {
		if p.Role != Extended {
			fmt.Fprintf(&answers, "t\n%d\n%x\n", p.Number, p.Type.MBR)
		}
	}
	cmd := exec.Command(testtool.Need(t, "fdisk")[0], disk)
	cmd.Stdin = strings.NewReader(answers.String() + "w\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("fdisk: %v\n%s", err, out)
	}
}

// starts is what sfdisk tells of the partitions, without identifiers.
func starts(t *testing.T, disk string) string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(testtool.Run(t, "sfdisk", "--dump", disk)) {
		if _, values, ok := strings.Cut(line, " : start="); ok {
			before, _, _ := strings.Cut(line, " : ")
			kept := strings.TrimPrefix(before, disk)
			for _, v := range strings.Split(values, ",") {
				if !strings.HasPrefix(strings.TrimSpace(v), "uuid=") {
					kept += " " + strings.TrimSpace(v)
				}
			}
			lines = append(lines, kept)
		}
	}
	return strings.Join(lines, "\n")
}
