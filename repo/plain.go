package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
	"github.com/fimg/fimg/repo/rpm"
)

// loadPlain reads the local directories of a repository that have no metadata:
// every package file below them, links to directories not followed. Each file is
// hashed once here, so that later uses can be compared with what was read now.
func (c *Client) loadPlain(ctx context.Context, r *Repository, cause error) (*Repository, error) {
	var paths []string
	var root base
	for _, b := range r.origin.local {
		found, err := packageFiles(b.dir)
		if err != nil {
			return nil, &SourceError{r.Source.ID, err}
		}
		if len(found) > 0 {
			root, paths = b, found
			break
		}
	}
	if len(paths) == 0 {
		return c.unavailable(r, cause)
	}
	packages := make([]*repodata.Package, len(paths))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(c.opts.Jobs)
	for i, path := range paths {
		group.Go(func() (err error) {
			packages[i], err = readPlain(groupCtx, root, path)
			if err != nil {
				err = metadataError(r.Source.ID, path, err)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return r, r.indexPlain(packages)
}

// indexPlain makes the index of packages that were read from files. It is not
// kept: nothing tells whether the directory has changed but reading it.
func (r *Repository) indexPlain(packages []*repodata.Package) error {
	builder := pool.NewBuilder("")
	for _, p := range packages {
		if p == nil {
			continue
		}
		if err := builder.Add(p); err != nil {
			return metadataError(r.Source.ID, string(p.Location), err)
		}
	}
	r.Index = builder.Index()
	return nil
}

// unavailable is the end of a source that has nothing, or an empty repository
// where the source allows it.
func (c *Client) unavailable(r *Repository, cause error) (*Repository, error) {
	if !r.Source.SkipIfUnavailable {
		return nil, cause
	}
	c.opts.Events.Warn("metadata", r.Source.ID, fmt.Sprintf("repository is skipped: %v", cause))
	return r, r.indexPlain(nil)
}

const maxPlain = 200_000

// packageFiles lists the package files below dir in the order of their paths.
func packageFiles(dir string) ([]string, error) {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == dir:
			return filepath.SkipAll
		case err != nil:
			return err
		case entry.IsDir() || !strings.HasSuffix(path, ".rpm") || strings.HasSuffix(path, ".src.rpm"):
			return nil
		case len(paths) >= maxPlain:
			return fmt.Errorf("more than %d packages", maxPlain)
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// readPlain reads the header of a package file and hashes the whole; it returns
// nil for a source package.
func readPlain(ctx context.Context, root base, path string) (*repodata.Package, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := digest.Checksum{Type: "sha256"}
	h := sum.Hash()
	in := bufio.NewReaderSize(&cancelReader{ctx, f}, 256<<10)
	file, err := rpm.ReadPackage(io.TeeReader(in, h))
	if err != nil {
		return nil, err
	}
	if file.Header.Source() {
		return nil, nil
	}
	rest, err := io.Copy(h, in)
	if err != nil {
		return nil, err
	}
	location, err := filepath.Rel(root.dir, path)
	if err != nil {
		return nil, err
	}
	p, err := fromHeader(file.Header)
	if err != nil {
		return nil, err
	}
	p.ChecksumType, p.Checksum = []byte(sum.Type), []byte(sum.With(h).Hex)
	p.Location = []byte(filepath.ToSlash(location))
	p.PackageSize = uint64(file.PayloadOffset + rest)
	p.HeaderStart, p.HeaderEnd = uint64(file.HeaderOffset), uint64(file.PayloadOffset)
	return p, p.Check()
}
