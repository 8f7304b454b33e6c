// Package formats turns one finished disk into the image files that clouds and
// hypervisors want: raw (plain or compressed), qcow2, VHD, VMDK, the tar of
// Google Compute Engine and Vagrant boxes. All outputs of a build are made side
// by side from one sequential read of the disk; holes and zeros are never read,
// compressed or stored; the same disk gives the same bits whatever the number of
// workers.
//
// Each format lives in a package of its own below this one. The formats made
// from a root tree (tar, container images) are the packages archive and oci.
package formats

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// Format describes an image format.
type Format struct {
	// Name is the format as kiwi's format attribute has it ("qcow2",
	// "vhd-fixed", "gce"); the two providers of Vagrant have their own names
	// ("vagrant-libvirt", "vagrant-virtualbox").
	Name string
	// Suffix follows "NAME.ARCH-VERSION." in the file name.
	Suffix string
	// BundleCompress tells whether a result bundle compresses the file.
	BundleCompress bool
}

// The formats a disk can be written in. Suffixes and flags are kiwi's.
var all = []Format{
	{Name: "raw", Suffix: "raw", BundleCompress: true},
	{Name: "raw.gz", Suffix: "raw.gz"},
	{Name: "raw.xz", Suffix: "raw.xz"},
	{Name: "raw.zst", Suffix: "raw.zst"},
	{Name: "qcow2", Suffix: "qcow2"},
	{Name: "vhd", Suffix: "vhd", BundleCompress: true},
	{Name: "vhd-fixed", Suffix: "vhdfixed", BundleCompress: true},
	{Name: "vmdk", Suffix: "vmdk"},
	{Name: "gce", Suffix: "tar.gz"},
	{Name: "vagrant-libvirt", Suffix: "vagrant.libvirt.box"},
	{Name: "vagrant-virtualbox", Suffix: "vagrant.virtualbox.box"},
}

// The formats a root tree can be written in, by the packages archive and oci.
// Their archives are packed already, so a bundle leaves them as they are.
var trees = []Format{
	{Name: "tbz", Suffix: "tar.xz"}, // xz, whatever kiwi's name says
	{Name: "oci", Suffix: "oci.tar.xz"},
	{Name: "docker", Suffix: "docker.tar.xz"},
	{Name: "wsl", Suffix: "wsl"},
}

// LookupTree finds a format of root trees by the image attribute of kiwi's type;
// the error is an UnknownError.
func LookupTree(name string) (Format, error) {
	for _, f := range trees {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, &UnknownError{Name: name}
}

// All returns every disk format, in the order of the documentation.
func All() []Format { return slices.Clone(all) }

// Lookup finds a format by name. Kiwi's "vagrant" needs a provider and is
// refused here: use the names "vagrant-libvirt" and "vagrant-virtualbox". The
// error is an UnknownError.
func Lookup(name string) (Format, error) {
	if name == "" {
		name = "raw"
	}
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, &UnknownError{Name: name}
}

// UnknownError says that there is no such disk format.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("find disk format %q: not supported", e.Name)
}

// FaultClass implements fault.Classed.
func (e *UnknownError) FaultClass() fault.Class { return fault.Usage }

// Hint implements fault.Hinted.
func (e *UnknownError) Hint() string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	return "the formats are " + strings.Join(names, ", ")
}
