package install

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// packageDigests hashes the whole files of the packages to be installed, where the
// rpm of the tree notes that down: rpm 6 does, by its macro _pkgverify_digests,
// whose default this is.
func (t *transaction) packageDigests(ctx context.Context, version string, list []*element) error {
	if !rpmdb.Modern(version) {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(t.opts.jobs())
	for _, e := range list {
		if !e.added || e.digests != nil {
			continue
		}
		g.Go(func() (err error) {
			e.digests, err = fileDigests(ctx, e.item.Path, rpm.SHA256, rpm.SHA512)
			return err
		})
	}
	return g.Wait()
}

// fileDigests hashes a file with several algorithms in one reading.
func fileDigests(ctx context.Context, path string, algos ...rpm.HashAlgo) ([]rpmdb.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("hash package: %w", err)
	}
	defer f.Close()
	out := make([]rpmdb.Digest, len(algos))
	writers := make([]io.Writer, len(algos))
	sums := make([]func([]byte) []byte, len(algos))
	for i, a := range algos {
		h := a.New()
		writers[i], sums[i] = h, h.Sum
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	if _, err := io.CopyBuffer(io.MultiWriter(writers...), reader{ctx, f}, *buf); err != nil {
		return nil, fmt.Errorf("hash package: %w", err)
	}
	for i, a := range algos {
		out[i] = rpmdb.Digest{Algo: a, Hex: hex.EncodeToString(sums[i](nil))}
	}
	return out, nil
}

// reader is a file that ends with an error when the work is given up.
type reader struct {
	ctx context.Context
	f   *os.File
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.f.Read(p)
}
