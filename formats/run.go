package formats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/internal/ordered"
	"github.com/fimg/fimg/formats/qcow2"
	"github.com/fimg/fimg/formats/raw"
	"github.com/fimg/fimg/internal/event"
)

// phase is the name of this room's phase in events.
const phase = "formats"

// write is one call of Write.
type write struct {
	src   Source
	opts  Options
	pool  *ordered.Pool
	begun []*begun
}

// begun is an output under way.
type begun struct {
	Output
	file    *os.File // under a temporary name beside Path
	writer  disk.Writer
	beside  []side
	renamed bool
}

// side is a small file that belongs to an output.
type side struct {
	key, path string
	content   []byte
}

func (w *write) begin(outputs []Output) error {
	if w.opts.Workers <= 0 {
		w.opts.Workers = runtime.GOMAXPROCS(0)
	}
	w.pool = ordered.NewPool(w.opts.Workers)
	seen := map[string]bool{}
	for _, o := range outputs {
		if seen[filepath.Clean(o.Path)] {
			return fmt.Errorf("write %s: two outputs have this path", o.Path)
		}
		seen[filepath.Clean(o.Path)] = true
		b := &begun{Output: o}
		if err := w.open(b); err != nil {
			return err
		}
	}
	return nil
}

func (w *write) open(b *begun) error {
	file, err := os.CreateTemp(filepath.Dir(b.Path), ".fimg-*-"+filepath.Base(b.Path))
	if err != nil {
		return fmt.Errorf("write %s: %w", b.Path, err)
	}
	b.file = file
	w.begun = append(w.begun, b)
	if err := file.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", b.Path, err)
	}
	b.writer, err = w.writer(b)
	if err != nil {
		return fmt.Errorf("write %s: %w", b.Path, err)
	}
	return nil
}

// writer chooses the package that makes a format.
func (w *write) writer(b *begun) (disk.Writer, error) {
	switch b.Format.Name {
	case "raw":
		return raw.Writer(b.file), nil
	case "qcow2":
		opts, err := qcow2.FromQemu(b.Settings.Qemu)
		if err != nil {
			return nil, &OptionError{Format: "qcow2", Option: b.Settings.Qemu.String(), Reason: err.Error()}
		}
		return qcow2.Writer(b.file, w.pool, opts)
	}
	return nil, &UnknownError{Name: b.Format.Name}
}

func (w *write) run(ctx context.Context) error {
	defer w.opts.Events.Begin(phase)()
	writers := make([]disk.Writer, len(w.begun))
	for i, b := range w.begun {
		writers[i] = func(ctx context.Context, s *disk.Stream) error {
			if err := b.writer(ctx, s); err != nil {
				return fmt.Errorf("make %s: %w", filepath.Base(b.Path), err)
			}
			return nil
		}
	}
	return disk.Share(ctx, w.src, writers, disk.Options{Progress: func(done, total int64) {
		w.opts.Events.Emit(event.Event{Kind: event.Progress, Phase: phase, Done: done, Total: total, Unit: "bytes"})
	}})
}

// publish renames what is whole to its place and tells of it.
func (w *write) publish() ([]File, error) {
	var files []File
	for _, b := range w.begun {
		info, err := b.file.Stat()
		if err == nil {
			err = b.file.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("finish %s: %w", b.Path, err)
		}
		files = append(files, File{Key: "disk_format_image", Path: b.Path, Size: info.Size()})
	}
	for _, b := range w.begun {
		if err := os.Rename(b.file.Name(), b.Path); err != nil {
			return nil, fmt.Errorf("finish %s: %w", b.Path, err)
		}
		b.renamed = true
	}
	for _, f := range files {
		w.opts.Events.Emit(event.Event{Kind: event.Result, Phase: phase, Subject: f.Path, Data: f})
	}
	return files, nil
}

// cleanup removes what was begun and did not get its name.
func (w *write) cleanup() {
	for _, b := range w.begun {
		if b.renamed {
			continue
		}
		if err := b.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			w.opts.Events.Warn(phase, b.Path, err.Error())
		}
		if err := os.Remove(b.file.Name()); err != nil {
			w.opts.Events.Warn(phase, b.Path, err.Error())
		}
	}
}
