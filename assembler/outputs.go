package assembler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats"
)

// Output is one image file of a plan.
type Output struct {
	Format   string `json:"format"`          // of package formats, or the container type
	File     string `json:"file"`            // name in the target directory
	Bundle   bool   `json:"bundle"`          // part of a result bundle
	Compress bool   `json:"compress"`        // by xz when bundled
	Extra    bool   `json:"extra,omitempty"` // asked for beside the description's own
}

// kinds of images by what their build type writes.
var (
	diskTypes      = []string{"oem", "vmx"}
	containerTypes = []string{"oci", "docker", "wsl", "appx"}
	archiveTypes   = []string{"tbz", "tar", "cpio"}
)

// IsDisk tells whether the image is a partitioned disk.
func IsDisk(img *description.Image) bool { return slices.Contains(diskTypes, img.Type.Attr.Image) }

// baseName is the common part of all result names.
func baseName(img *description.Image) string {
	version := img.Version
	if version == "" {
		version = "unspecified"
	}
	return img.Name + "." + fileArch(img.Arch) + "-" + version
}

// fileArch is the spelling of an architecture in file names.
func fileArch(arch string) string {
	if arch == "i586" || arch == "i686" {
		return "ix86"
	}
	return arch
}

// outputs lists the files a build makes: the description's format and then the
// extra ones.
func outputs(img *description.Image, extra []string) ([]Output, error) {
	if !IsDisk(img) {
		return treeOutputs(img, extra)
	}
	wanted := diskFormats(img)
	var list []Output
	for i, name := range append(wanted, extra...) {
		f, err := formats.Lookup(name)
		if err != nil && i < len(wanted) {
			err = fault.New(fault.Description, fmt.Errorf("%s: attribute format: %w", img.Source, err))
		}
		if err != nil {
			return nil, err
		}
		o := Output{Format: f.Name, File: baseName(img) + "." + f.Suffix, Bundle: true, Compress: f.BundleCompress, Extra: i >= len(wanted)}
		if !slices.ContainsFunc(list, func(have Output) bool { return have.File == o.File }) {
			list = append(list, o)
		}
	}
	return list, checkOptions(img, list)
}

// checkOptions refuses options that a format does not have before work begins.
func checkOptions(img *description.Image, list []Output) error {
	for _, o := range list {
		f, err := formats.Lookup(o.Format)
		if err != nil {
			return err
		}
		s, err := settings(img, o)
		if err != nil {
			return err
		}
		if err := formats.Check(formats.Output{Format: f, Path: o.File, Settings: s}); err != nil {
			return fmt.Errorf("%s: %w", img.Source, err)
		}
	}
	return nil
}

// diskFormats are the formats of the description: a Vagrant description gives
// one for each of its providers.
func diskFormats(img *description.Image) []string {
	switch f := img.Type.Attr.Format; f {
	case "":
		return []string{"raw"}
	case "vagrant":
		var list []string
		for _, v := range img.Type.Vagrant {
			list = append(list, "vagrant-"+v.Provider)
		}
		return list
	default:
		return []string{f}
	}
}

func treeOutputs(img *description.Image, extra []string) ([]Output, error) {
	t := img.Type.Attr.Image
	if len(extra) > 0 {
		return nil, usage("format %s: an image of type %s has no disk to convert", strings.Join(extra, ", "), t)
	}
	suffix := map[string]string{"oci": "oci.tar.xz", "docker": "docker.tar.xz", "wsl": "wsl", "tbz": "tar.xz"}[t]
	if suffix == "" {
		return nil, &UnsupportedError{What: "type " + t, Source: img.Source.String()}
	}
	return []Output{{Format: t, File: baseName(img) + "." + suffix, Bundle: true}}, nil
}
