package formats

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/disk"
	"github.com/fimg/fimg/formats/gce"
	"github.com/fimg/fimg/formats/qcow2"
	"github.com/fimg/fimg/formats/raw"
	"github.com/fimg/fimg/formats/vagrant"
	"github.com/fimg/fimg/formats/vhd"
	"github.com/fimg/fimg/formats/vmdk"
	"github.com/fimg/fimg/seed"
)

// writer chooses the package that makes a format.
func (w *write) writer(b *begun) (disk.Writer, error) {
	qemu := b.Settings.Qemu
	switch b.Format.Name {
	case "raw":
		return raw.Writer(b.file), w.noOptions(b)
	case "raw.gz":
		return raw.Packed(b.file, w.pool, compress.Gzip), w.noOptions(b)
	case "raw.xz":
		return raw.Packed(b.file, w.pool, compress.XZ), w.noOptions(b)
	case "raw.zst":
		return raw.Packed(b.file, w.pool, compress.Zstd), w.noOptions(b)
	case "qcow2":
		opts, err := qcow2.FromQemu(qemu)
		if err != nil {
			return nil, badOption(b, err)
		}
		return qcow2.Writer(b.file, w.pool, opts)
	case "vhd", "vhd-fixed":
		return w.vhd(b)
	case "vmdk":
		return w.vmdk(b)
	case "gce":
		opts := gce.Options{Epoch: w.opts.Epoch}
		if b.Settings.GCELicense != "" {
			opts.Licenses = []string{b.Settings.GCELicense}
		}
		return gce.Writer(b.file, w.pool, opts), w.noOptions(b)
	case "vagrant-libvirt":
		return w.vagrant(b, vagrant.Libvirt)
	case "vagrant-virtualbox":
		return w.vagrant(b, vagrant.VirtualBox)
	}
	return nil, &UnknownError{Name: b.Format.Name}
}

func badOption(b *begun, err error) error {
	return &OptionError{Format: b.Format.Name, Option: b.Settings.Qemu.String(), Reason: err.Error()}
}

// noOptions refuses qemu-img's options where the format has none.
func (w *write) noOptions(b *begun) error {
	if len(b.Settings.Qemu) > 0 {
		return badOption(b, errors.New("the format takes no options"))
	}
	return nil
}

func (w *write) vhd(b *begun) (disk.Writer, error) {
	opts, err := vhd.FromQemu(b.Settings.Qemu)
	if err != nil {
		return nil, badOption(b, err)
	}
	opts.Fixed = opts.Fixed || b.Format.Name == "vhd-fixed"
	opts.UUID, opts.Epoch = w.opts.Seed.UUID("vhd"), w.opts.Epoch
	if b.Settings.VHDTag != "" {
		if !opts.Fixed {
			return nil, badOption(b, errors.New("only vhd-fixed takes a tag"))
		}
		tag, err := seed.Parse(b.Settings.VHDTag)
		if err != nil {
			return nil, badOption(b, fmt.Errorf("vhdfixedtag: %w", err))
		}
		opts.Tag = &tag
	}
	if size, _, _, _, err := opts.Size(w.src.Size()); err == nil && opts.ForceSize && size != w.src.Size() {
		w.opts.Events.Warn(phase, b.Path, fmt.Sprintf("disk of %d bytes grows to %d, whole MiB, as Azure demands", w.src.Size(), size))
	}
	return vhd.Writer(b.file, opts), nil
}

func (w *write) vmdk(b *begun) (disk.Writer, error) {
	opts, err := vmdk.FromQemu(b.Settings.Qemu)
	if err != nil {
		return nil, badOption(b, err)
	}
	opts.Name, opts.CID = filepath.Base(b.Path), w.opts.Seed.Uint32("vmdk")
	return vmdk.Writer(b.file, w.pool, opts)
}

func (w *write) vagrant(b *begun, provider string) (disk.Writer, error) {
	v := b.Settings.Vagrant
	if v.VirtualSize < 0 || v.VirtualSize > 1<<20 {
		return nil, badOption(b, fmt.Errorf("virtualsize %d GB: out of range", v.VirtualSize))
	}
	return vagrant.Writer(b.file, w.pool, vagrant.Options{
		Provider: provider, VirtualSize: v.VirtualSize, GuestAdditions: v.GuestAdditions,
		Vagrantfile: v.Vagrantfile, Name: b.Settings.Name, Description: b.Settings.Description,
		Seed: w.opts.Seed, Epoch: w.opts.Epoch, TempDir: filepath.Dir(b.Path), Qemu: b.Settings.Qemu,
	})
}
