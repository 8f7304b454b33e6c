package fat

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

// wanted is what a random tree holds: contents and times by path, nil for
// directories.
type wanted struct {
	content map[string][]byte
	time    map[string]time.Time
}

// randomName is one that FAT allows: short or long, of many scripts, often like
// another in its first letters.
func randomName(r *rand.Rand, i int) string {
	switch r.IntN(7) {
	case 0:
		return fmt.Sprintf("F%d.TXT", i) // is a short name already
	case 1:
		return fmt.Sprintf("Mixed%d.Case", i)
	case 2:
		return fmt.Sprintf("the same beginning %d.conf", i)
	case 3:
		return strings.Repeat("long ", r.IntN(48)) + fmt.Sprint(i)
	case 4:
		return fmt.Sprintf(".dots..and.%d.more", i)
	case 5:
		return fmt.Sprintf("%s+[%d],;=.x", string([]rune("äöüéñ日本語кир")[r.IntN(11):]), i)
	default:
		return fmt.Sprintf("~%d~1", i)
	}
}

// randomTree makes files of sizes about those of clusters and directories, some of
// them of many clusters.
func randomTree(seed uint64) (*tree.Mem, wanted) {
	r := rand.New(rand.NewPCG(seed, 2))
	m, w := tree.NewMem(), wanted{map[string][]byte{}, map[string]time.Time{}}
	dirs := []string{"."}
	for i := range 20 + r.IntN(400) {
		name := path.Join(dirs[r.IntN(min(len(dirs), 1+r.IntN(8)))], randomName(r, i))
		at := time.Date(1980+r.IntN(120), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 2*r.IntN(30), 0, time.UTC)
		w.time[name] = at
		if r.IntN(8) == 0 {
			m.Add(tree.Node{Path: name, Mode: tree.TypeDir | 0o755, MTime: at}, nil)
			dirs = append(dirs, name)
			w.content[name] = nil
			continue
		}
		size := max(0, []int{0, 1, 512, 2048, 4096, 32768, 65536, 200000}[r.IntN(8)]+r.IntN(3)-1)
		w.content[name] = append([]byte{}, treetest.Content(r, size)...)
		m.Add(tree.Node{Path: name, Mode: tree.TypeFile | 0o644, MTime: at}, w.content[name])
	}
	return m, w
}

// randomOptions fit a tree of at most 40 MB.
func randomOptions(r *rand.Rand) Options {
	o := Options{Size: int64(80+r.IntN(400))<<20 + 512*int64(r.IntN(9)), Serial: r.Uint32(), Label: []string{"", "EFI", "A B"}[r.IntN(3)],
		SectorSize: []int{0, 512, 1024, 4096}[r.IntN(4)], Bits: []int{0, 16, 32}[r.IntN(3)]}
	if o.SectorSize > 512 {
		o.Size = o.Size >> 20 << 20
	}
	if o.SectorSize == 4096 && o.Bits == 32 {
		o.Size += 256 << 20 // so many clusters a FAT32 has at least
	}
	return o
}

// TestRandom puts random trees to fsck.vfat, to mtools and to our own reader.
func TestRandom(t *testing.T) {
	testtool.Need(t, "fsck.vfat", "mcopy")
	for seed := range testtool.Sets(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m, want := randomTree(seed)
			o := randomOptions(rand.New(rand.NewPCG(seed, 3)))
			img := image(t, m, o)
			quiet := strings.Split(strings.TrimSpace(testtool.Run(t, "fsck.vfat", "-n", img)), "\n")
			if len(quiet) != 2 || !strings.Contains(quiet[1], "files,") {
				t.Errorf("%+v: fsck.vfat: %q", o, quiet)
			}
			want.compare(t, "mtools", copiedOut(t, img))
			want.compare(t, "our reader", readBack(t, img))
		})
	}
}

func (w wanted) compare(t *testing.T, who string, got wanted) {
	t.Helper()
	for name, content := range w.content {
		have, ok := got.content[name]
		if !ok || (have == nil) != (content == nil) || string(have) != string(content) {
			t.Errorf("%s: %q has %d bytes (there: %v), want %d", who, name, len(have), ok, len(content))
		}
		if at := got.time[name]; !at.IsZero() && !at.Equal(w.time[name]) {
			t.Errorf("%s: %q is of %v, want %v", who, name, at, w.time[name])
		}
	}
	if len(got.content) != len(w.content) {
		t.Errorf("%s: %d names, want %d", who, len(got.content), len(w.content))
	}
}

// copiedOut is what mcopy takes out; it does not keep the times of directories.
func copiedOut(t *testing.T, img string) wanted {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("mcopy", "-s", "-m", "-n", "-i", img, "::", out)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mcopy: %v\n%s", err, text)
	}
	w := wanted{map[string][]byte{}, map[string]time.Time{}}
	err := filepath.WalkDir(out, func(p string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(out, p)
		if err != nil || name == "." {
			return err
		}
		w.content[name] = nil
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		w.time[name] = info.ModTime()
		data, err := os.ReadFile(p)
		w.content[name] = append([]byte{}, data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// readBack is what Open finds.
func readBack(t *testing.T, img string) wanted {
	t.Helper()
	fs := treetest.Opened(t, img, Open)
	w := wanted{map[string][]byte{}, map[string]time.Time{}}
	err := fs.Walk(context.Background(), func(n *tree.Node) error {
		if n.Path == "." {
			return nil
		}
		w.content[n.Path], w.time[n.Path] = nil, n.MTime
		if !n.IsFile() {
			return nil
		}
		file, err := fs.Open(n)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(io.NewSectionReader(file, 0, n.Size))
		w.content[n.Path] = append([]byte{}, data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}
