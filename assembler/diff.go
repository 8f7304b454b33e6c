package assembler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/tree"
)

// Difference is what differs between two locks, plans or images.
type Difference struct {
	Packages []manifest.PackageChange `json:"packages"`
	// Files are changes between two images: paths with the number of their
	// partition in front.
	Files []FileChange `json:"files,omitempty"`
	// Other are differences outside of packages and files, in words.
	Other []string `json:"other,omitempty"`
}

// FileChange is one path that differs.
type FileChange struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // added, removed, content or attributes
}

// Empty tells that nothing differs.
func (d *Difference) Empty() bool { return len(d.Packages)+len(d.Files)+len(d.Other) == 0 }

// Diff compares two files of the same kind: locks or plans in JSON, or images of
// any disk format.
func Diff(ctx context.Context, old, new string) (*Difference, error) {
	a, err := readLockOrPlan(old)
	if err != nil {
		return nil, err
	}
	b, err := readLockOrPlan(new)
	if err != nil {
		return nil, err
	}
	switch {
	case a != nil && b != nil:
		return &Difference{Packages: manifest.Compare(a.checksums(), b.checksums(), evr.Compare)}, nil
	case a != nil || b != nil:
		return nil, usage("compare %s and %s: one is an image and the other is not", old, new)
	}
	return diffImages(ctx, old, new)
}

// lockOrPlan is the part of both that is compared.
type lockOrPlan struct {
	Lock     *manifest.Lock           `json:"lock"`
	Packages []manifest.LockedPackage `json:"packages"`
}

func (l *lockOrPlan) checksums() map[string]string {
	list := l.Packages
	if l.Lock != nil {
		list = l.Lock.Packages
	}
	set := map[string]string{}
	for _, p := range list {
		set[p.NEVRA] = p.Checksum
	}
	return set
}

// readLockOrPlan reads a JSON file; nil for anything else.
func readLockOrPlan(name string) (*lockOrPlan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usage("compare: %w", err)
	}
	defer f.Close()
	head := make([]byte, 1)
	if _, err := f.ReadAt(head, 0); err != nil || head[0] != '{' {
		return nil, nil
	}
	const limit = 256 << 20
	var v lockOrPlan
	if err := json.NewDecoder(io.LimitReader(f, limit)).Decode(&v); err != nil {
		return nil, usage("compare: %s is neither a lock nor a plan: %w", name, err)
	}
	return &v, nil
}

func diffImages(ctx context.Context, old, new string) (*Difference, error) {
	a, err := Inspect(ctx, old)
	if err != nil {
		return nil, err
	}
	b, err := Inspect(ctx, new)
	if err != nil {
		return nil, err
	}
	d := &Difference{Packages: manifest.Compare(nameSet(a.Packages), nameSet(b.Packages), evr.Compare)}
	x, errX := json.Marshal(a.Layout)
	y, errY := json.Marshal(b.Layout)
	if err := errors.Join(errX, errY); err != nil {
		return nil, err
	}
	if !bytes.Equal(x, y) {
		d.Other = append(d.Other, "the partition tables differ")
	}
	d.Files, err = diffTrees(ctx, old, new)
	return d, err
}

func nameSet(names []string) map[string]string {
	set := map[string]string{}
	for _, n := range names {
		set[n] = ""
	}
	return set
}

// diffTrees compares every path of every file system.
func diffTrees(ctx context.Context, old, new string) ([]FileChange, error) {
	a, closeA, err := openTrees(ctx, old)
	if err != nil {
		return nil, err
	}
	defer closeA()
	b, closeB, err := openTrees(ctx, new)
	if err != nil {
		return nil, err
	}
	defer closeB()
	var changes []FileChange
	for path, n := range b {
		was, ok := a[path]
		kind := "added"
		if ok {
			if kind, err = compareNodes(was, n); err != nil {
				return nil, fmt.Errorf("compare %s: %w", path, err)
			}
		}
		if kind != "" {
			changes = append(changes, FileChange{path, kind})
		}
	}
	for path := range a {
		if _, ok := b[path]; !ok {
			changes = append(changes, FileChange{path, "removed"})
		}
	}
	slices.SortFunc(changes, func(x, y FileChange) int { return tree.Compare(x.Path, y.Path) })
	return changes, nil
}

// located is a node with the file system it is in.
type located struct {
	in   tree.Tree
	node *tree.Node
}

func openTrees(ctx context.Context, name string) (map[string]located, func() error, error) {
	img, err := formats.Open(ctx, name, formats.OpenOptions{})
	if err != nil {
		return nil, nil, err
	}
	found, err := partition.Read(img, img.Size(), 512)
	if err != nil {
		return nil, nil, errors.Join(err, img.Close())
	}
	nodes := map[string]located{}
	for _, p := range found.Layout.Partitions {
		fs := openFS(io.NewSectionReader(img, found.Layout.Offset(p), found.Layout.Bytes(p)))
		if fs == nil {
			continue
		}
		err := fs.Walk(ctx, func(n *tree.Node) error {
			nodes[fmt.Sprintf("%d/%s", p.Number, n.Path)] = located{fs, n}
			return nil
		})
		if err != nil {
			return nil, nil, errors.Join(err, img.Close())
		}
	}
	return nodes, img.Close, nil
}

// compareNodes says what differs between two nodes of one path.
func compareNodes(a, b located) (string, error) {
	x, y := *a.node, *b.node
	if x.Size != y.Size || x.Type() != y.Type() || x.Target != y.Target {
		return "content", nil
	}
	if x.IsFile() {
		same, err := sameContent(a, b)
		if err != nil || !same {
			return "content", err
		}
	}
	x.Link, y.Link = 0, 0
	attrA, errA := json.Marshal(x)
	attrB, errB := json.Marshal(y)
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(attrA, attrB) {
		return "attributes", err
	}
	return "", nil
}

func sameContent(a, b located) (bool, error) {
	x, err := a.in.Open(a.node)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := b.in.Open(b.node)
	if err != nil {
		return false, err
	}
	defer y.Close()
	bufX, bufY := make([]byte, 1<<17), make([]byte, 1<<17)
	for at := int64(0); at < a.node.Size; at += int64(len(bufX)) {
		n := min(int64(len(bufX)), a.node.Size-at)
		_, errX := x.ReadAt(bufX[:n], at)
		_, errY := y.ReadAt(bufY[:n], at)
		if err := errors.Join(ignoreEOF(errX), ignoreEOF(errY)); err != nil {
			return false, err
		}
		if !bytes.Equal(bufX[:n], bufY[:n]) {
			return false, nil
		}
	}
	return true, nil
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
