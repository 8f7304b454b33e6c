// Package vagrant writes Vagrant boxes (Vagrant documentation, "Box File
// Format") for the providers libvirt and VirtualBox: a gzip tar of
// metadata.json, a Vagrantfile and the disk, as compressed qcow2 (box.img) or as
// streamOptimized VMDK with an OVF envelope (box.vmdk, box.ovf).
package vagrant

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/ordered"
	"github.com/fimg/fimg/formats/qcow2"
	"github.com/fimg/fimg/formats/vmdk"
	"github.com/fimg/fimg/seed"
)

// The providers.
const (
	Libvirt    = "libvirt"
	VirtualBox = "virtualbox"
)

// Options shape a box.
type Options struct {
	Provider string
	// VirtualSize is kiwi's virtualsize: GB of the disk that the provider
	// creates; zero means 42, or the size of the disk if that is larger.
	VirtualSize int64
	// Name and Description describe the machine of the OVF.
	Name, Description string
	// GuestAdditions says that the image has VirtualBox's guest additions, so
	// that shared folders work without rsync.
	GuestAdditions bool
	// Vagrantfile replaces the one made here when it is not nil.
	Vagrantfile []byte
	// Seed gives the identifiers of machine and disk and the MAC address.
	Seed  seed.Seed
	Epoch int64 // time of the members, in seconds since 1970
	// TempDir holds the disk image until it is whole; empty means os.TempDir.
	TempDir string
	Qemu    map[string]string // options of the disk's format
}

// Writer returns the writer of a box.
func Writer(out io.Writer, pool *ordered.Pool, opts Options) (disk.Writer, error) {
	if opts.Provider != Libvirt && opts.Provider != VirtualBox {
		return nil, fmt.Errorf("write vagrant box: provider %q: want libvirt or virtualbox", opts.Provider)
	}
	if opts.VirtualSize < 0 {
		return nil, fmt.Errorf("write vagrant box: virtual size %d is negative", opts.VirtualSize)
	}
	return func(ctx context.Context, s *disk.Stream) error {
		b := &box{Options: opts, pool: pool, size: s.Size()}
		if err := b.write(ctx, s, out); err != nil {
			return fmt.Errorf("write vagrant box: %w", err)
		}
		return nil
	}, nil
}

// box is one box being made.
type box struct {
	Options
	pool *ordered.Pool
	size int64 // of the disk
	file *os.File
}

func (b *box) write(ctx context.Context, s *disk.Stream, out io.Writer) error {
	var err error
	if b.file, err = os.CreateTemp(b.TempDir, ".fimg-box-*"); err != nil {
		return err
	}
	defer b.file.Close()
	if err := os.Remove(b.file.Name()); err != nil {
		return err
	}
	image, err := b.image()
	if err != nil {
		return err
	}
	if err := image(ctx, s); err != nil {
		return err
	}
	return b.pack(ctx, out)
}

// image chooses the writer of the disk inside the box.
func (b *box) image() (disk.Writer, error) {
	if b.Provider == Libvirt {
		opts, err := qcow2.FromQemu(b.Qemu)
		if err != nil {
			return nil, err
		}
		return qcow2.Writer(b.file, b.pool, opts)
	}
	return vmdk.Writer(b.file, b.pool, vmdk.Options{
		Subformat: vmdk.StreamOptimized, Name: "box.vmdk", Size: b.capacity(), CID: b.Seed.Uint32("vmdk")})
}

func (b *box) pack(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	packer, err := compress.NewWriter(ctx, out, compress.Gzip, compress.Options{Pool: b.pool, Packed: true})
	if err != nil {
		return err
	}
	if err = b.members(packer); err != nil {
		cancel()
	}
	if done := packer.Close(); err == nil {
		err = done
	}
	return err
}

func (b *box) members(w io.Writer) error {
	archive := tar.NewWriter(w)
	metadata, err := b.metadata()
	if err != nil {
		return err
	}
	if err := b.member(archive, "metadata.json", metadata); err != nil {
		return err
	}
	if err := b.member(archive, "Vagrantfile", b.vagrantfile()); err != nil {
		return err
	}
	image := "box.img"
	if b.Provider == VirtualBox {
		image = "box.vmdk"
		ovf, err := b.ovf()
		if err != nil {
			return err
		}
		if err := b.member(archive, "box.ovf", ovf); err != nil {
			return err
		}
	}
	if err := b.disk(archive, image); err != nil {
		return err
	}
	return archive.Close()
}

func (b *box) header(name string, size int64) *tar.Header {
	return &tar.Header{Format: tar.FormatGNU, Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Size: size,
		Mode: 0o644, Uname: "root", Gname: "root", ModTime: time.Unix(b.Epoch, 0).UTC()}
}

func (b *box) member(archive *tar.Writer, name string, content []byte) error {
	if err := archive.WriteHeader(b.header(name, int64(len(content)))); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

func (b *box) disk(archive *tar.Writer, name string) error {
	size, err := b.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(b.header(name, size)); err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{archive}, io.NewSectionReader(b.file, 0, size), make([]byte, 1<<20))
	return err
}

// metadata is metadata.json: sorted, two blanks of indentation, no newline at
// the end.
func (b *box) metadata() ([]byte, error) {
	m := map[string]any{"provider": b.Provider}
	if b.Provider == Libvirt {
		m["format"] = "qcow2"
		m["virtual_size"] = b.virtualSize()
	}
	return json.MarshalIndent(m, "", "  ")
}

// virtualSize is in GB, as Vagrant has it.
func (b *box) virtualSize() int64 {
	if b.VirtualSize > 0 {
		return b.VirtualSize
	}
	return max(42, (b.size+1<<30-1)>>30)
}

func (b *box) vagrantfile() []byte {
	if b.Vagrantfile != nil {
		return b.Vagrantfile
	}
	lines := []string{"Vagrant.configure('2') do |config|"}
	synced := `  config.vm.synced_folder ".", "/vagrant", type: "rsync"`
	if b.Provider == Libvirt {
		lines = append(lines, synced, "  config.vm.provider :libvirt do |libvirt|", `    libvirt.driver = "kvm"`, "  end")
	} else {
		lines = append(lines, fmt.Sprintf(`  config.vm.base_mac = "%s"`, b.mac()))
		if !b.GuestAdditions {
			lines = append(lines, synced)
		}
	}
	return []byte(strings.Join(append(lines, "end"), "\n") + "\n")
}

// mac is the address of the machine's network interface, in the range that Xen
// once had, as kiwi's boxes have it.
func (b *box) mac() string { return fmt.Sprintf("00163E%06X", b.Seed.Uint32("mac")&0xffffff) }
