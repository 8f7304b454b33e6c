package xfs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/treetest"
	"github.com/fimg/fimg/tree"
)

func opened(t testing.TB, img string) *FS {
	t.Helper()
	return treetest.Opened(t, img, Open)
}

// TestRead reads back what was written with every option.
func TestRead(t *testing.T) {
	for name, words := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(700 << 20)
			if err := ParseArgs(strings.Fields(words), &o); err != nil {
				t.Fatal(err)
			}
			src := odd(2500)
			fs := opened(t, image(t, src, o))
			if i := fs.Info(); i.Label != o.Label || i.Type != "xfs" || i.Free <= 0 || i.Free >= i.Size || i.Size > o.Size {
				t.Errorf("info %+v", i)
			}
			treetest.Same(t, src, fs)
		})
	}
}

// TestFullBlocks reads directories that fill their block to the last bytes.
func TestFullBlocks(t *testing.T) {
	m := tree.NewMem()
	for extra := range 120 {
		dir := fmt.Sprintf("d%d", extra)
		m.MkdirAll(dir)
		for i := range 120 {
			m.Add(tree.Node{Path: fmt.Sprintf("%s/name %05d", dir, i), Mode: tree.TypeFile}, nil)
		}
		m.Add(tree.Node{Path: dir + "/" + strings.Repeat("x", 1+extra), Mode: tree.TypeFile}, nil)
	}
	o := options(minSize)
	img := image(t, m, o)
	check(t, img)
	treetest.Same(t, m, opened(t, img))
}

// TestReadKernel reads what the kernel has written: directories and attributes of
// all forms, among them those that only it makes.
func TestReadKernel(t *testing.T) {
	testtool.Need(t, "mkfs.xfs", "mount", "umount", "cp", "setfattr")
	testtool.NeedRoot(t)
	img := t.TempDir() + "/fs.img"
	if err := os.WriteFile(img, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(img, 400<<20); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "mkfs.xfs", "-q", "-L", "theirs", img)
	dir := testtool.Mount(t, img, "rw")
	testtool.Run(t, "cp", "-a", "/etc", "/usr/share/perl", dir)
	testtool.Run(t, "sh", "-c", `cd "$1"; mkdir many; cd many; for i in $(seq 3000); do : > "name $i"; done; rm name\ 1*
		touch x; for i in $(seq 200); do setfattr -n user.a$i -v "$(head -c $((i*10)) /dev/zero | tr '\0' v)" x; done`, "sh", dir)
	testtool.Run(t, "umount", dir)
	dir = testtool.Mount(t, img, "ro")
	treetest.Same(t, mounted{tree.Dir(dir, tree.DirOptions{})}, opened(t, img))
}

// metadata is a small part of a file system that holds all of its metadata.
func metadata(t testing.TB) []byte {
	o := options(minSize)
	m := tree.NewMem()
	m.Add(tree.Node{Path: "file", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "security.selinux", Value: []byte("a:b:c")}}}, make([]byte, 3000))
	m.Add(tree.Node{Path: "long", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "user.x", Value: make([]byte, 9000)}}}, nil)
	m.Add(tree.Node{Path: "link", Mode: tree.TypeLink, Target: strings.Repeat("x", 500)}, nil)
	m.MkdirAll("dir")
	for i := range 40 {
		m.Add(tree.Node{Path: "dir/" + strings.Repeat("n", i+1), Mode: tree.TypeFile}, nil)
	}
	var holes []tree.Range
	for i := range int64(60) {
		holes = append(holes, tree.Range{Offset: i * 8192, Length: 10})
	}
	m.AddFile(tree.Node{Path: "sparse", Mode: tree.TypeFile, Size: 60 * 8192}, &treetest.Pattern{Text: "x", Size: 60 * 8192, Ranges: holes})
	raw, err := os.ReadFile(image(t, m, o))
	if err != nil {
		t.Fatal(err)
	}
	return raw[:2<<20]
}

// device is memory that claims to be larger.
type device struct {
	raw  []byte
	size int64
}

func (d device) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(d.raw)) {
		copy(p, d.raw[at:])
	}
	if at+int64(len(p)) > d.size {
		return 0, io.ErrUnexpectedEOF
	}
	return len(p), nil
}

// walkAll reads everything and opens the files.
func walkAll(fs *FS) error {
	return fs.Walk(context.Background(), func(n *tree.Node) error {
		if !n.IsFile() {
			return nil
		}
		f, err := fs.Open(n)
		if err != nil {
			return err
		}
		if _, err := f.Data(); err != nil {
			return err
		}
		_, err = f.ReadAt(make([]byte, 100), n.Size/2)
		if err == io.EOF {
			err = nil
		}
		return err
	})
}

// TestFlipped finds any flipped bit of the metadata that is read.
func TestFlipped(t *testing.T) {
	raw := metadata(t)
	fs, err := Open(device{raw, minSize}, minSize)
	if err != nil {
		t.Fatal(err)
	}
	if err := walkAll(fs); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	first := int(fs.super.RootInode) * 512
	for range 300 {
		changed := bytes.Clone(raw)
		at := r.IntN(512)
		if r.IntN(3) > 0 {
			at = first + 3*512 + r.IntN(5*512) // of inodes in use but the root's own two
		}
		changed[at] ^= 1 << r.IntN(8)
		fs, err := Open(device{changed, minSize}, minSize)
		if err == nil {
			err = walkAll(fs)
		}
		if !errors.Is(err, ErrFormat) {
			t.Errorf("byte %d changed: %v", at, err)
		}
	}
}

// FuzzRead changes metadata without regard to checksums.
func FuzzRead(f *testing.F) {
	raw := metadata(f)
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, changes []byte) {
		changed := bytes.Clone(raw)
		for ; len(changes) >= 4; changes = changes[4:] {
			at := int(changes[0])<<16 | int(changes[1])<<8 | int(changes[2])
			changed[at%len(changed)] = changes[3]
		}
		if fs, err := open(device{changed, minSize}, minSize, true); err == nil {
			_ = walkAll(fs)
		}
	})
}
