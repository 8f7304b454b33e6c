package repo

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/fetch"
)

// wanted is a file of a repository that is known by its checksum.
type wanted struct {
	kind     cache.Kind
	location string
	base     string // replaces the repository's, usually empty
	sum      digest.Checksum
	size     int64 // negative when unknown
	progress func(int64)
}

// obtain makes a file available on this machine and verifies it. What a local
// repository has is used in place; the rest comes from the cache or, unless the
// client is offline, from the mirrors.
func (c *Client) obtain(ctx context.Context, o *origin, w *wanted) (file string, cached bool, err error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	local, mirrors, err := o.at(w.location, w.base)
	if err != nil {
		return "", false, metadataError(o.id, w.location, err)
	}
	var failed error
	for _, b := range local {
		file := b.file(w.location)
		err := verifyFile(ctx, o.id, file, w)
		if err == nil {
			w.moved(w.size)
			return file, false, nil
		}
		failed = errors.Join(failed, err)
	}
	if file, ok := c.store.Lookup(w.kind, w.sum, w.size, path.Base(w.location)); ok {
		w.moved(w.size)
		return file, true, nil
	}
	switch {
	case len(mirrors) == 0:
		return "", false, failed
	case c.opts.Offline:
		return "", false, errors.Join(&fetch.OfflineError{Repository: o.id, File: w.location}, failed)
	}
	file, err = c.download(ctx, o, w, mirrors)
	return file, true, err
}

func (w *wanted) moved(n int64) {
	if w.progress != nil && n > 0 {
		w.progress(n)
	}
}

// download brings a file into the cache.
func (c *Client) download(ctx context.Context, o *origin, w *wanted, mirrors []fetch.Mirror) (string, error) {
	name := path.Base(w.location)
	part, err := c.store.Begin(ctx, w.kind, w.sum, w.size, name)
	if errors.Is(err, cache.ErrPresent) {
		w.moved(w.size)
		return c.store.Path(w.kind, w.sum, name), nil
	}
	if err != nil {
		return "", err
	}
	err = c.http.Get(ctx, &fetch.Job{
		Repository: o.id, File: w.location, Mirrors: mirrors,
		Checksum: w.sum, Size: w.size, Progress: w.progress,
	}, part.File)
	if err != nil {
		part.Leave()
		return "", err
	}
	return part.Commit()
}

// verifyFile compares a local file with its checksum.
func verifyFile(ctx context.Context, repository, file string, w *wanted) error {
	f, err := os.Open(file)
	if err != nil {
		return &SourceError{repository, err}
	}
	defer f.Close()
	return verifyOpen(ctx, repository, f, w)
}

func verifyOpen(ctx context.Context, repository string, f *os.File, w *wanted) error {
	info, err := f.Stat()
	if err != nil {
		return &SourceError{repository, err}
	}
	if !info.Mode().IsRegular() {
		return &SourceError{repository, &fs.PathError{Op: "read", Path: f.Name(), Err: errors.New("no regular file")}}
	}
	e := &fetch.ChecksumError{Repository: repository, File: w.location, Want: w.sum, WantSize: w.size, GotSize: info.Size()}
	if w.size >= 0 && info.Size() != w.size {
		return e
	}
	e.Got, _, err = w.sum.Of(&cancelReader{ctx, f})
	switch {
	case err != nil:
		return &SourceError{repository, err}
	case e.Got != e.Want:
		return e
	}
	return nil
}

// cancelReader ends with the context.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
