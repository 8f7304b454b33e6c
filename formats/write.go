package formats

import (
	"context"
	"fmt"
	"io"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/formats/vmdk"
	"github.com/fimg/fimg/seed"
)

// Source is a sparse disk; disk.File makes one from a raw file.
type Source = disk.Source

// Output is one image file to make.
type Output struct {
	Format Format
	// Path is where the file appears when it is whole. Files that belong to
	// it (a VMDK's .vmx) appear beside it.
	Path string
	// Settings are the choices of the description for this output.
	Settings Settings
}

// Settings are what a description can say about an output. Fields that do not
// concern the format are ignored; zero values are kiwi's defaults.
type Settings struct {
	// Qemu is kiwi's formatoptions, read by ParseOptions.
	Qemu QemuOptions
	// VHDTag is kiwi's vhdfixedtag, 8-4-4-4-12 hexadecimal digits.
	VHDTag string
	// GCELicense is kiwi's gcelicense.
	GCELicense string
	// Vagrant is kiwi's vagrantconfig, for the two formats of boxes.
	Vagrant Vagrant
	// Machine is kiwi's machine section; a VMDK comes with a .vmx made of it.
	Machine vmdk.Machine
	// Name and Description are those of the image, for formats that tell.
	Name, Description string
}

// Vagrant is kiwi's vagrantconfig.
type Vagrant struct {
	VirtualSize    int64  // in GB; zero means 42, or the disk's if that is larger
	GuestAdditions bool   // virtualbox_guest_additions_present
	Vagrantfile    []byte // content of embedded_vagrantfile, nil for none
}

// Options concern all outputs of one call.
type Options struct {
	// Workers is how many compressors run at once; zero means one for each
	// processor. It never changes a bit of the output.
	Workers int
	// Epoch is the time put into headers that want one, in seconds since 1970
	// (SOURCE_DATE_EPOCH).
	Epoch int64
	// Seed gives the identifiers that some formats need.
	Seed seed.Seed
	// Events hears of progress (phase "formats", unit bytes) and of each
	// finished file.
	Events event.Func
}

// File is one finished file.
type File struct {
	// Key is the file's key in kiwi's results: "disk_format_image" or, for a
	// VMDK's .vmx, "disk_format_machine_settings".
	Key  string
	Path string
	Size int64 // in bytes, holes counted
}

// Check says what is wrong with an output's settings, so far as that does not
// depend on the disk.
func Check(o Output) error {
	w := &write{src: nothing{}, pool: ordered.NewPool(1)}
	if _, err := w.writer(&begun{Output: o}); err != nil {
		return fmt.Errorf("write %s: %w", o.Path, err)
	}
	return nil
}

// nothing is a disk of no bytes.
type nothing struct{}

func (nothing) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }
func (nothing) Size() int64                       { return 0 }
func (nothing) Data() ([]disk.Range, error)       { return nil, nil }

// Write makes all outputs side by side from one read of the disk. They appear
// under their paths only when all of them are whole; on an error or when ctx is
// cancelled nothing remains of what was begun.
func Write(ctx context.Context, src Source, outputs []Output, opts Options) ([]File, error) {
	w := &write{src: src, opts: opts}
	defer w.cleanup()
	if err := w.begin(outputs); err != nil {
		return nil, err
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return w.publish()
}
