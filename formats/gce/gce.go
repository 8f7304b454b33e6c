// Package gce writes the image archive of Google Compute Engine: a gzip tar
// whose member disk.raw is a sparse file in the old GNU format, as "tar
// --format=oldgnu -S" makes it, before it a manifest.json with the licences if
// there are any. The size is rounded up to whole GiB, as the service demands.
package gce

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
	"io"
)

// Options shape an archive.
type Options struct {
	Licenses []string // for manifest.json; none, no manifest
	Epoch    int64    // time of the members, in seconds since 1970
}

const (
	gib  = 1 << 30
	unit = 4096 // granularity of the sparse map
)

// Writer returns the writer of an archive.
func Writer(out io.Writer, pool *ordered.Pool, opts Options) disk.Writer {
	return func(ctx context.Context, s *disk.Stream) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		packer, err := compress.NewWriter(ctx, out, compress.Gzip, compress.Options{Pool: pool})
		if err != nil {
			return fmt.Errorf("write gce archive: %w", err)
		}
		err = write(packer, s, opts)
		if err != nil {
			cancel()
		}
		if done := packer.Close(); err == nil {
			err = done
		}
		if err != nil {
			return fmt.Errorf("write gce archive: %w", err)
		}
		return nil
	}
}

func write(w compress.Writer, s *disk.Stream, opts Options) error {
	if len(opts.Licenses) > 0 {
		if err := writeManifest(w, opts); err != nil {
			return err
		}
	}
	size := (s.Size() + gib - 1) / gib * gib
	s = s.Grow(size)
	data := s.Data(unit)
	if err := writeHeader(w, "disk.raw", size, opts.Epoch, data); err != nil {
		return err
	}
	if err := writeData(w, s, data); err != nil {
		return err
	}
	return w.Zeros(2 * blockSize)
}

func writeManifest(w compress.Writer, opts Options) error {
	text, err := json.Marshal(map[string][]string{"licenses": opts.Licenses})
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	h := newHeader("manifest.json", typeRegular, opts.Epoch)
	h.setSize(int64(len(text)))
	if err := h.write(w); err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Zeros(int64(-len(text) & (blockSize - 1)))
}

// writeData writes the ranges one after the other, from chunks that cover them.
func writeData(w compress.Writer, s *disk.Stream, data []disk.Range) error {
	for c, err := range s.Chunks() {
		if err != nil {
			return err
		}
		for len(data) > 0 && data[0].Offset < c.Offset+disk.ChunkSize {
			from, to := max(data[0].Offset, c.Offset), data[0].Offset+data[0].Length
			end := min(to, c.Offset+disk.ChunkSize)
			if err = writePart(w, c, from-c.Offset, end-c.Offset); err != nil || end < to {
				break
			}
			data = data[1:]
		}
		c.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// writePart writes part of a chunk, which may reach beyond the end of the disk.
func writePart(w compress.Writer, c *disk.Chunk, from, to int64) error {
	if inside := min(to, int64(len(c.Data))); from < inside {
		if _, err := w.Write(c.Data[from:inside]); err != nil {
			return err
		}
		from = inside
	}
	return w.Zeros(to - from)
}
