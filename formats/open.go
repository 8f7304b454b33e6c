package formats

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/qcow2"
	"github.com/fimg/fimg/formats/vhd"
	"github.com/fimg/fimg/formats/vmdk"
	"github.com/fimg/fimg/internal/xzread"
)

// Image is an image file opened for reading.
type Image struct {
	Source
	// Format is the name of the format: "raw", "qcow2", "vhd", "vhd-fixed",
	// "vmdk", "gce", or "raw.gz", "raw.xz", "raw.zst".
	Format string
	close  []func() error
}

// Close closes the file.
func (i *Image) Close() error {
	var errs []error
	for _, c := range i.close {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// OpenOptions shape the reading of an image.
type OpenOptions struct {
	// Format is the name of the format; empty means to look at the content.
	// An image from a stranger should be opened by name, so that a raw disk
	// cannot pass itself off as something else.
	Format string
	// TempDir holds what must be unpacked first; empty means os.TempDir.
	TempDir string
}

// Open opens an image. Images are taken to be hostile: one that breaks the rules
// of its format is a disk.CorruptError, one that refers to other files a
// disk.ReferenceError. The caller closes it.
func Open(ctx context.Context, name string, opts OpenOptions) (*Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.Usage, fmt.Errorf("read image: %w", err))
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(fault.New(fault.Usage, fmt.Errorf("read image: %s is a directory", name)), f.Close())
	}
	i, err := open(ctx, f, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open image %s: %w", filepath.Base(name), err), f.Close())
	}
	i.close = append(i.close, f.Close)
	return i, nil
}

func open(ctx context.Context, f *os.File, opts OpenOptions) (*Image, error) {
	plain, err := disk.File(f)
	if err != nil {
		return nil, err
	}
	if opts.Format == "" {
		if opts.Format, err = detect(plain); err != nil {
			return nil, err
		}
	}
	i := &Image{Format: opts.Format}
	switch opts.Format {
	case "raw":
		i.Source = plain
	case "qcow2":
		i.Source, err = qcow2.Open(plain, plain.Size())
	case "vhd", "vhd-fixed":
		i.Source, err = vhd.Open(plain, plain.Size())
	case "vmdk":
		i.Source, err = vmdk.Open(plain, plain.Size())
	case "gce", "raw.gz", "raw.xz", "raw.zst":
		err = i.unpack(ctx, f, opts)
	default:
		err = &UnknownError{Name: opts.Format}
	}
	return i, err
}

// The first bytes of formats; those without a name are known not to be raw.
var magics = []struct {
	at     int64
	magic  string
	format string
}{
	{0, "QFI\xfb", "qcow2"}, {0, "KDMV", "vmdk"}, {0, "conectix", "vhd"},
	{0, "\x1f\x8b", "raw.gz"}, {0, "\xfd7zXZ\x00", "raw.xz"}, {0, "\x28\xb5\x2f\xfd", "raw.zst"},
	{0, "# Disk DescriptorFile", ""}, {0, "vhdxfile", ""}, {0, "COWD", ""}, {0, "QED\x00", ""}, {64, "\x7f\x10\xda\xbe", ""},
}

// detect looks at the content; what nothing claims is raw.
func detect(src Source) (string, error) {
	head := make([]byte, 128)
	n, err := src.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("look at image: %w", err)
	}
	head = head[:n]
	for _, m := range magics {
		if int64(len(head)) < m.at || !bytes.HasPrefix(head[m.at:], []byte(m.magic)) {
			continue
		}
		if m.format == "" {
			return "", fault.New(fault.Usage, fmt.Errorf("look at image: its format is not supported"))
		}
		if m.format == "vhd" && fixedVHD(src) {
			return "vhd-fixed", nil
		}
		return m.format, nil
	}
	if fixedVHD(src) {
		return "vhd-fixed", nil
	}
	return "raw", nil
}

// fixedVHD looks for the only mark of a fixed VHD, its footer.
func fixedVHD(src Source) bool {
	foot, err := vhd.ReadFooter(src, src.Size())
	return err == nil && foot.Fixed()
}

// unpack writes the disk in a packed image to a temporary file.
func (i *Image) unpack(ctx context.Context, f *os.File, opts OpenOptions) error {
	plain, err := unpacker(io.NewSectionReader(f, 0, 1<<62), i.Format)
	if err != nil {
		return disk.Corrupt(i.Format, "%v", err)
	}
	b := bufio.NewReaderSize(plain, 1<<20)
	var in io.Reader = b
	if head, _ := b.Peek(512); i.Format == "gce" || len(head) == 512 && string(head[257:262]) == "ustar" {
		i.Format = "gce"
		if in, err = diskRaw(b); err != nil {
			return disk.Corrupt(i.Format, "%v", err)
		}
	}
	out, err := os.CreateTemp(opts.TempDir, ".fimg-disk-*")
	if err != nil {
		return err
	}
	i.close = append(i.close, out.Close)
	err = os.Remove(out.Name())
	if err == nil {
		err = i.fill(ctx, out, in)
	}
	if err == nil {
		i.Source, err = disk.File(out)
	}
	if err != nil {
		return errors.Join(err, i.Close())
	}
	return nil
}

func unpacker(f io.Reader, format string) (io.Reader, error) {
	switch format {
	case "raw.xz":
		return xzread.NewReader(f)
	case "raw.zst":
		d, err := zstd.NewReader(f, zstd.WithDecoderMaxMemory(512<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return gzip.NewReader(f)
}

// diskRaw finds the disk in an archive for Google Compute Engine.
func diskRaw(r io.Reader) (io.Reader, error) {
	for t, n := tar.NewReader(r), 0; ; n++ {
		h, err := t.Next()
		if err != nil || n > 16 {
			return nil, fmt.Errorf("no disk.raw in the archive (%v)", err)
		}
		if filepath.Base(h.Name) != "disk.raw" {
			continue
		}
		if h.Size > disk.MaxSize {
			return nil, fmt.Errorf("a disk of %d bytes", h.Size)
		}
		return t, nil
	}
}

// fill copies a disk to a file, leaving holes for zeros.
func (i *Image) fill(ctx context.Context, out *os.File, in io.Reader) error {
	j := disk.NewJoiner(out)
	buf := make([]byte, 1<<20)
	at := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := io.ReadFull(in, buf)
		if at+int64(n) > disk.MaxSize {
			return disk.Corrupt(i.Format, "a disk of more than %d bytes", int64(disk.MaxSize))
		}
		put := disk.NonZero(buf[:n], 4096, func(from int, run []byte) error {
			_, err := j.WriteAt(run, at+int64(from))
			return err
		})
		if put != nil {
			return put
		}
		at += int64(n)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n < len(buf) && ended(in) {
			break
		}
		if err != nil {
			return disk.Corrupt(i.Format, "%v", err)
		}
	}
	if err := j.Flush(); err != nil {
		return err
	}
	return out.Truncate(at)
}

// ended tells whether a reader that gave less than asked is at its end, and not
// cut off.
func ended(in io.Reader) bool {
	_, err := in.Read(make([]byte, 1))
	return errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}
