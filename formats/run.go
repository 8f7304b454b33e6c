package formats

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
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
	file      *os.File
	temporary string // its name beside Path; empty while it has none
	writer    disk.Writer
	key       string // in kiwi's results
	renamed   bool
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
		if err := w.open(&begun{Output: o, key: "disk_format_image"}); err != nil {
			return err
		}
	}
	return nil
}

func (w *write) open(b *begun) error {
	err := free(b.Path)
	if err == nil {
		err = b.create()
	}
	if err != nil {
		return cannotBegin(b.Path, err)
	}
	w.begun = append(w.begun, b)
	if err := b.file.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", b.Path, err)
	}
	b.writer, err = w.writer(b)
	if err != nil {
		return fmt.Errorf("write %s: %w", b.Path, err)
	}
	return w.beside(b)
}

// free tells whether a file can have a name: there is none, or another file that it
// replaces.
func free(name string) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return unix.EISDIR
	}
	return nil
}

// cannotBegin tells of a place nothing can be written to, without the temporary
// name.
func cannotBegin(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fault.Place(fmt.Errorf("write %s: %w", name, err))
}

// beside writes the machine description that goes with a VMDK.
func (w *write) beside(b *begun) error {
	if b.Format.Name != "vmdk" || b.key == machineKey {
		return nil
	}
	m := b.Settings.Machine
	m.Name, m.Disk = b.Settings.Name, filepath.Base(b.Path)
	side := *b
	side.Path = strings.TrimSuffix(b.Path, filepath.Ext(b.Path)) + ".vmx"
	side.key, side.file, side.temporary = machineKey, nil, ""
	if err := w.open(&side); err != nil {
		return err
	}
	if _, err := side.file.WriteString(m.Text()); err != nil {
		return fmt.Errorf("write %s: %w", side.Path, err)
	}
	return nil
}

// machineKey is the key of a .vmx in kiwi's results.
const machineKey = "disk_format_machine_settings"

func (w *write) run(ctx context.Context) error {
	defer w.opts.Events.Begin(phase)()
	var writers []disk.Writer
	for _, b := range w.begun {
		if b.key == machineKey {
			continue
		}
		writers = append(writers, func(ctx context.Context, s *disk.Stream) error {
			if err := b.writer(ctx, s); err != nil {
				return fmt.Errorf("make %s: %w", filepath.Base(b.Path), err)
			}
			return nil
		})
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
			err = b.link()
		}
		if err == nil {
			err = b.file.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("finish %s: %w", b.Path, err)
		}
		files = append(files, File{Key: b.key, Path: b.Path, Size: info.Size()})
	}
	for _, b := range w.begun {
		if err := os.Rename(b.temporary, b.Path); err != nil {
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
		if b.temporary == "" {
			continue
		}
		if err := os.Remove(b.temporary); err != nil {
			w.opts.Events.Warn(phase, b.Path, err.Error())
		}
	}
}
