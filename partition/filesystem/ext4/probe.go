package ext4

import (
	"context"
	"fmt"
	"runtime"

	"github.com/fimg/fimg/tree"
	"golang.org/x/sync/errgroup"
)

// probe asks every file larger than a block for its holes, but for those that are
// known to have none.
func probe(ctx context.Context, t tree.Tree, inodes []*inode, block int64, workers int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workersFor(workers))
	const batch = 256
	for at := 0; at < len(inodes); at += batch {
		part := inodes[at:min(len(inodes), at+batch)]
		group.Go(func() error {
			for _, i := range part {
				if err := ctx.Err(); err != nil {
					return err
				}
				if i.node.IsFile() && i.size > block && !i.node.Dense {
					if err := i.probe(t, block); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func workersFor(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// probe sets the blocks that have data.
func (i *inode) probe(t tree.Tree, block int64) error {
	f, err := t.Open(i.node)
	if err != nil {
		return err
	}
	defer f.Close()
	ranges, err := f.Data()
	if err != nil {
		return fmt.Errorf("write ext4: %s: %w", i.node.Path, err)
	}
	i.data = nil
	for _, r := range ranges {
		if r.Offset < 0 || r.Length < 0 || r.Offset > i.size-r.Length {
			return fmt.Errorf("write ext4: %s: content is not %d bytes long", i.node.Path, i.size)
		}
		i.addData(r.Offset/block, ceil(r.Offset+r.Length, block))
	}
	return nil
}

// addData notes blocks from…to, merging what touches.
func (i *inode) addData(from, to int64) {
	if n := len(i.data); n > 0 {
		last := &i.data[n-1]
		if from = max(from, last.end()); from == last.end() {
			last.count += max(0, to-from)
			return
		}
	}
	if to > from {
		i.data = append(i.data, interval{from, to - from})
	}
}
