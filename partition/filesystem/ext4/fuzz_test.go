package ext4

import (
	"context"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

// padded is a device with zeros after its bytes.
type padded []byte

func (p padded) ReadAt(b []byte, at int64) (int, error) {
	clear(b)
	if at >= 0 && at < int64(len(p)) {
		copy(b, p[at:])
	}
	return len(b), nil
}

// FuzzOpen changes bytes of small file systems without checksums, and of the
// superblock of those that have them.
func FuzzOpen(f *testing.F) {
	for _, features := range [][]string{{"^metadata_csum", "^has_journal", "^resize_inode"}, {"^has_journal", "^resize_inode"},
		{"^extent", "^64bit", "^metadata_csum", "^has_journal", "^resize_inode"}} {
		o := options("ext4", 1<<20, features...)
		o.BlockSize, o.Inodes = 1024, 64
		m := tree.NewMem()
		m.Add(tree.Node{Path: "file", Mode: tree.TypeFile, Xattrs: treetest.Label("a:b:c")}, make([]byte, 3000))
		m.Add(tree.Node{Path: "dir", Mode: tree.TypeDir}, nil)
		m.Add(tree.Node{Path: "link", Mode: tree.TypeLink, Target: strings.Repeat("x", 100)}, nil)
		m.AddFile(tree.Node{Path: "sparse", Mode: tree.TypeFile, Size: 50000}, &treetest.Pattern{Text: "x", Size: 50000, Ranges: []tree.Range{
			{Offset: 0, Length: 1}, {Offset: 5000, Length: 1}, {Offset: 10000, Length: 1}, {Offset: 15000, Length: 1}, {Offset: 40000, Length: 10}}})
		raw, err := os.ReadFile(image(f, m, o))
		if err != nil {
			f.Fatal(err)
		}
		raw = raw[:min(len(raw), 160<<10)]
		end := len(raw)
		for end > 0 && raw[end-1] == 0 {
			end--
		}
		f.Add(raw[:end], uint32(0), uint32(0))
		f.Add(raw[:end], uint32(1100), uint32(5))
	}
	f.Fuzz(func(t *testing.T, raw []byte, at, value uint32) {
		raw = append([]byte{}, raw...)
		if int(at) < len(raw)-4 {
			binary.LittleEndian.PutUint32(raw[at:], value)
		}
		fs, err := Open(padded(raw), 1<<20)
		if err != nil {
			return
		}
		fs.Info()
		_ = fs.Walk(context.Background(), func(n *tree.Node) error {
			if n.IsFile() {
				if file, err := fs.Open(n); err == nil {
					_, _ = file.Data()
					_, _ = file.ReadAt(make([]byte, 5000), 0)
				}
			}
			return nil
		})
	})
}

func FuzzParseArgs(f *testing.F) {
	f.Add("-O ^has_journal,extent -m 1 -E stride=4 -b 4k")
	f.Fuzz(func(t *testing.T, line string) {
		o := Options{Size: 1 << 30}
		if ParseArgs(strings.Fields(line), &o) == nil {
			if f, err := o.check(); err == nil {
				_, _ = newGeometry(o, f, 20)
			}
		}
	})
}
