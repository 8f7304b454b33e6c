package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
)

func indexKey(primary digest.Checksum) string { return "primary-" + primary.Hex + ".pool" }

// index returns the package index of primary.xml: the one in the cache, or a new
// one where there is none or it is damaged or of another version.
func (r *Repository) index(ctx context.Context, d repodata.Data) (*pool.Index, error) {
	c, key := r.client, indexKey(d.Checksum)
	x, err := c.openIndex(key)
	if err == nil && x.Key() == d.Checksum.String() {
		return x, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.opts.Log.Info("package index is made anew", "repository", r.Source.ID, "reason", err)
	}
	builder, err := r.buildIndex(ctx, d)
	if err != nil {
		return nil, err
	}
	return r.keep(key, builder), nil
}

// openIndex opens an index of the cache, and reads it whole only where somebody may
// have changed it.
func (c *Client) openIndex(key string) (*pool.Index, error) {
	if c.store.IndexSealed(key) {
		return pool.OpenSealed(c.store.IndexPath(key))
	}
	return pool.Open(c.store.IndexPath(key))
}

// keep returns the index that was built and writes it to the cache meanwhile. An
// index that cannot be written is built again next time.
func (r *Repository) keep(key string, builder *pool.Builder) *pool.Index {
	c, x := r.client, builder.Index()
	r.writing.Add(1)
	c.writing.Go(func() {
		defer r.writing.Done()
		if err := c.store.WriteIndex(key, func(f *os.File) error { return x.Write(f) }); err != nil {
			c.opts.Log.Warn("package index is not kept", "repository", r.Source.ID, "reason", err)
		}
	})
	return x
}

func (r *Repository) buildIndex(ctx context.Context, d repodata.Data) (*pool.Builder, error) {
	in, err := r.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	builder := pool.NewBuilder(d.Checksum.String())
	limits := repodata.Limits{Announced: builder.Expect}
	if d.OpenSize > 0 {
		limits.Size = d.OpenSize
	}
	if err := repodata.Primary(ctx, in, limits, builder.Add); err != nil {
		return nil, r.scanError(ctx, "primary.xml", err)
	}
	return builder, nil
}
