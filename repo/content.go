package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/repodata"
)

type readCloser = io.ReadCloser

// content is an open metadata file: the decompressor and the file below it.
type content struct {
	io.ReadCloser
	file *os.File
}

func (c *content) Close() error {
	return errors.Join(c.ReadCloser.Close(), c.file.Close())
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

const maxSmallMetadata = 256 << 20 // decompressed; comps and modules have a few megabytes

// parsedVersion changes when the meaning of a parsed file does.
const parsedVersion = "1"

func parsedKey(name string, sum digest.Checksum) string {
	return fmt.Sprintf("%s-%s.%s.json", name, sum.Hex, parsedVersion)
}

// parsed returns what a small metadata file says: as the cache keeps it, or read
// anew. What cannot be kept is read again next time.
func parsed[T any](ctx context.Context, r *Repository, d repodata.Data, name string, parse func([]byte) (T, error)) (T, error) {
	key := parsedKey(name, d.Checksum)
	store := r.client.store
	var value T
	if text, err := os.ReadFile(store.IndexPath(key)); err == nil && json.Unmarshal(text, &value) == nil {
		return value, nil
	}
	value, err := readAll(ctx, r, d, name, parse)
	if err != nil {
		return value, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return value, err
	}
	err = store.WriteIndex(key, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
	if err != nil {
		r.client.opts.Log.Warn("metadata is not kept", "repository", r.Source.ID, "reason", err)
	}
	return value, nil
}

// readAll reads a small metadata file whole and parses it.
func readAll[T any](ctx context.Context, r *Repository, d repodata.Data, name string, parse func([]byte) (T, error)) (T, error) {
	var none T
	in, err := r.open(ctx, d)
	if err != nil {
		return none, err
	}
	defer in.Close()
	limit := int64(maxSmallMetadata)
	if d.OpenSize >= 0 {
		limit = min(limit, d.OpenSize)
	}
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return none, &MetadataError{r.Source.ID, name, int64(len(text)), err}
	}
	if int64(len(text)) > limit {
		return none, &MetadataError{r.Source.ID, name, limit, fmt.Errorf("file is longer than %d bytes", limit)}
	}
	parsed, err := parse(text)
	if err != nil {
		return none, metadataError(r.Source.ID, name, err)
	}
	return parsed, nil
}
