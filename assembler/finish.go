package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
)

// unfinished is where results lie until all of them are whole.
func (b *builder) unfinished(name string) string { return filepath.Join(b.work, "out", name) }

// formats converts the raw disk into every output, side by side.
func (b *builder) formats(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, b.closeRaw()) }()
	if err := os.MkdirAll(b.unfinished(""), 0o755); err != nil {
		return fmt.Errorf("make outputs: %w", err)
	}
	var list []formats.Output
	for _, o := range b.plan.Outputs {
		if o.Format == "raw" {
			if err := os.Rename(b.raw.Name(), b.unfinished(o.File)); err != nil {
				return fmt.Errorf("make outputs: %w", err)
			}
			continue
		}
		f, err := formats.Lookup(o.Format)
		if err != nil {
			return err
		}
		settings, err := settings(b.plan.Image, o)
		if err != nil {
			return err
		}
		list = append(list, formats.Output{Format: f, Path: b.unfinished(o.File), Settings: settings})
	}
	source, err := disk.File(b.raw)
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = formats.Write(ctx, source, list, formats.Options{Workers: b.opts.Jobs, Epoch: b.plan.Epoch.Unix(),
		Seed: b.seedOf("formats"), Events: b.opts.Events})
	return err
}

// settings are what the description says about an output. Format options belong
// to the description's own format only.
func settings(img *description.Image, o Output) (formats.Settings, error) {
	t := &img.Type
	s := formats.Settings{VHDTag: t.Attr.VHDFixedTag, GCELicense: t.Attr.GCELicense, Name: img.Name,
		Description: img.About.Specification}
	var err error
	if !o.Extra {
		s.Qemu, err = formats.ParseOptions(t.Attr.FormatOptions)
	}
	if t.Machine != nil {
		s.Machine = machine(t.Machine)
		if o.Format == "vmdk" && s.Qemu != nil {
			diskOptions(s.Qemu, t.Machine.Disk)
		}
	}
	for _, v := range t.Vagrant {
		if "vagrant-"+v.Provider == o.Format {
			s.Vagrant.VirtualSize, s.Vagrant.GuestAdditions = v.VirtualSize, v.GuestAdditions
			if v.Vagrantfile != "" {
				s.Vagrant.Vagrantfile, err = fs.ReadFile(img.Files, v.Vagrantfile)
			}
		}
	}
	if err != nil {
		return s, fmt.Errorf("prepare %s: %w", o.Format, err)
	}
	return s, nil
}

// diskOptions adds what the machine's disk says of a VMDK, unless the format
// options do: its mode is the subformat, its controller the adapter.
func diskOptions(opts formats.QemuOptions, d *description.VMDisk) {
	if d == nil {
		return
	}
	adapter := d.Controller
	switch adapter {
	case "pvscsi", "lsisas1068", "scsi":
		adapter = "lsilogic"
	case "ide", "buslogic", "lsilogic", "legacyESX":
	default: // the format has no word for it
		adapter = ""
	}
	for key, value := range map[string]string{"subformat": d.DiskMode, "adapter_type": adapter} {
		if _, given := opts[key]; !given && value != "" {
			opts[key] = value
		}
	}
}

// manifests writes what accompanies the image and lists all results.
func (b *builder) manifests(ctx context.Context) error {
	img := b.plan.Image
	r := b.result.Results
	r.Format = img.Type.Attr.BundleFormat
	r.Tags = manifest.Tags{Name: img.Name, Profiles: img.Profiles, Arch: img.Arch, Type: img.Type.Attr.Image, Version: img.Version}
	for _, o := range b.plan.Outputs {
		r.Add(manifest.File{Role: roleOf(img, o), Filename: filepath.Join(b.opts.TargetDir, o.File), Bundle: o.Bundle, Compress: o.Compress, Checksum: true})
		if o.Format == "vmdk" {
			vmx := strings.TrimSuffix(o.File, filepath.Ext(o.File)) + ".vmx"
			r.Add(manifest.File{Role: manifest.MachineSettings, Filename: filepath.Join(b.opts.TargetDir, vmx), Bundle: true})
		}
	}
	base := baseName(img)
	for _, m := range []struct {
		role     manifest.Role
		suffix   string
		compress bool
		write    func(io.Writer) error
	}{
		{manifest.ImagePackages, "packages", false, func(w io.Writer) error { return manifest.WritePackages(w, b.installed) }},
		{manifest.ImageChanges, "changes", true, func(w io.Writer) error { return manifest.WriteChanges(w, b.installed) }},
		{manifest.ImageVerified, "verified", false, func(w io.Writer) error { _, err := w.Write(b.verified); return err }},
		{manifest.ImageSBOM, "spdx.json", false, b.writeSBOM},
	} {
		name := base + "." + m.suffix
		if err := writeFile(b.unfinished(name), m.write); err != nil {
			return err
		}
		r.Add(manifest.File{Role: m.role, Filename: filepath.Join(b.opts.TargetDir, name), Bundle: true, Compress: m.compress})
	}
	if err := writeFile(b.unfinished(tagsFile), r.WriteTags); err != nil {
		return err
	}
	return writeFile(b.unfinished(ResultFile), r.WriteJSON)
}

func (b *builder) writeSBOM(w io.Writer) error {
	img := b.plan.Image
	doc := manifest.Document{Name: img.Name, Version: img.Version, Created: b.plan.Epoch, Seed: b.plan.seed(), Tool: "fimg"}
	return manifest.WriteSPDX(w, doc, b.installed)
}

func roleOf(img *description.Image, o Output) manifest.Role {
	switch {
	case !IsDisk(img) && o.Format == "tbz":
		return manifest.RootArchive
	case !IsDisk(img):
		return manifest.Container
	case o.Format == "raw":
		return manifest.DiskImage
	}
	return manifest.DiskFormat
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write result %s: %w", filepath.Base(name), err)
	}
	return nil
}
