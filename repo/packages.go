package repo

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/pool"
)

// Ref returns the reference of the package called name that d speaks of.
func (r *Repository) Ref(name string, d pool.Details) (PackageRef, error) {
	sum, err := digest.New(d.ChecksumType, d.Checksum)
	if err != nil {
		return PackageRef{}, &MetadataError{r.Source.ID, "primary.xml", -1, fmt.Errorf("package %s: %w", name, err)}
	}
	return PackageRef{
		Source: r.Source, Name: name, Location: d.Location, Base: d.Base,
		Checksum: sum, Size: int64(d.PackageSize),
	}, nil
}

// Packages brings package files here and yields each as soon as it is verified,
// in whatever order they come. The first error is yielded last and ends the
// sequence; leaving the loop early ends the transfers. Transfers that were under
// way are resumed by the next call.
func (c *Client) Packages(ctx context.Context, refs []PackageRef) iter.Seq2[Local, error] {
	return func(yield func(Local, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		arrived := make(chan Local)
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(c.opts.Jobs)
		done := make(chan error, 1)
		go func() {
			defer close(arrived)
			progress := c.progress(refs)
			for _, ref := range refs {
				if ctx.Err() != nil {
					break
				}
				group.Go(func() error { return c.deliver(ctx, ref, progress, arrived) })
			}
			done <- group.Wait()
		}()
		open := true
		for local := range arrived {
			if open && !yield(local, nil) {
				open = false
				cancel()
			}
		}
		if err := <-done; open && err != nil {
			yield(Local{}, err)
		}
	}
}

// deliver brings one package here.
func (c *Client) deliver(ctx context.Context, ref PackageRef, progress func(int64), arrived chan<- Local) error {
	local, err := c.Package(ctx, ref, progress)
	if err != nil {
		return err
	}
	select {
	case arrived <- local:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Package brings one package file here. progress, which may be nil, is told of
// bytes as they come.
func (c *Client) Package(ctx context.Context, ref PackageRef, progress func(int64)) (Local, error) {
	o, err := c.resolve(ctx, ref.Source)
	if err != nil {
		return Local{}, err
	}
	if err := ref.check(); err != nil {
		return Local{}, err
	}
	path, cached, err := c.obtain(ctx, o, &wanted{
		kind: cache.Packages, location: ref.Location, base: ref.Base,
		sum: ref.Checksum, size: ref.Size, progress: progress,
	})
	return Local{ref, path, cached}, err
}

// progress returns a function that adds up bytes and emits them as events, one
// for every megabyte.
func (c *Client) progress(refs []PackageRef) func(int64) {
	if c.opts.Events == nil {
		return nil
	}
	var total, told int64
	for _, r := range refs {
		total += max(r.Size, 0)
	}
	var sum, next atomic.Int64
	next.Store(told)
	return func(n int64) {
		done := sum.Add(n)
		if mark := next.Load(); done >= mark && next.CompareAndSwap(mark, done+1<<20) || done == total {
			c.opts.Events.Emit(event.Event{Kind: event.Progress, Phase: "download", Done: done, Total: total, Unit: "bytes"})
		}
	}
}
