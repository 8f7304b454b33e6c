// Package contents does what every writer of a file system with fixed blocks does
// with the contents of files: it finds out which blocks hold data, and copies them
// to the places they were given, several files at once.
package contents

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/tree"
)

// Interval is a row of blocks.
type Interval struct{ At, Count int64 }

// End is the block behind the last one.
func (i Interval) End() int64 { return i.At + i.Count }

// Run places blocks of a file: those from Logical on lie at Physical.
type Run struct{ Logical, Physical, Count int64 }

// Append adds r to the runs of a file, joined with the last one where they touch.
func Append(runs []Run, r Run) []Run {
	if n := len(runs); n > 0 {
		last := &runs[n-1]
		if last.Logical+last.Count == r.Logical && last.Physical+last.Count == r.Physical {
			last.Count += r.Count
			return runs
		}
	}
	return append(runs, r)
}

// Probe returns for each node the blocks that hold data, nil for what is no
// regular file. Files larger than a block are asked for their holes, unless they
// are known to have none. Workers zero is one for each processor.
func Probe(ctx context.Context, t tree.Tree, nodes []*tree.Node, block int64, workers int) ([][]Interval, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workersFor(workers))
	found := make([][]Interval, len(nodes))
	const batch = 256
	for at := 0; at < len(nodes); at += batch {
		group.Go(func() error {
			for i := at; i < min(len(nodes), at+batch); i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				var err error
				if found[i], err = probe(t, nodes[i], block); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return found, group.Wait()
}

func workersFor(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

func probe(t tree.Tree, n *tree.Node, block int64) ([]Interval, error) {
	switch {
	case !n.IsFile() || n.Size == 0:
		return nil, nil
	case n.Size <= block || n.Dense:
		return []Interval{{0, ceil(n.Size, block)}}, nil
	}
	f, err := t.Open(n)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ranges, err := f.Data()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", n.Path, err)
	}
	var list []Interval
	for _, r := range ranges {
		if r.Offset < 0 || r.Length < 0 || r.Offset > n.Size-r.Length {
			return nil, fmt.Errorf("read %s: content is not %d bytes long", n.Path, n.Size)
		}
		list = add(list, r.Offset/block, ceil(r.Offset+r.Length, block))
	}
	return list, nil
}

// add notes blocks from…to, merging what touches.
func add(list []Interval, from, to int64) []Interval {
	if n := len(list); n > 0 {
		last := &list[n-1]
		if from = max(from, last.End()); from == last.End() {
			last.Count += max(0, to-from)
			return list
		}
	}
	if to > from {
		list = append(list, Interval{from, to - from})
	}
	return list
}

func ceil(n, unit int64) int64 { return (n + unit - 1) / unit }
