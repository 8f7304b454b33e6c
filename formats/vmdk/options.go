package vmdk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The subformats.
const (
	MonolithicSparse = "monolithicSparse"
	StreamOptimized  = "streamOptimized"
)

// Options shape an image. The zero value is what qemu-img makes.
type Options struct {
	Subformat string // empty means monolithicSparse
	Adapter   string // ide, buslogic, lsilogic or legacyESX; empty means ide
	HWVersion string // virtual hardware version; empty means 4
	// ToolsVersion is that of the guest tools; empty means any.
	ToolsVersion string
	// Name is the file name that the descriptor gives for its extent.
	Name string
	CID  uint32 // content id
	// Size makes the virtual disk larger than the source, in bytes.
	Size int64
}

// FromQemu reads options under the names that qemu-img gives them: subformat,
// adapter_type, hwversion, toolsversion, compat6 and zeroed_grain (which nothing
// here needs). Those that concern only the host's file system are ignored.
func FromQemu(list map[string]string) (o Options, err error) {
	for key, value := range list {
		switch key {
		case "subformat":
			o.Subformat = value
		case "adapter_type":
			o.Adapter = value
		case "hwversion":
			o.HWVersion = value
		case "compat6":
			if value == "on" {
				o.HWVersion = "6"
			}
		case "toolsversion":
			o.ToolsVersion = value
		case "zeroed_grain", "nocow", "extent_size_hint":
		default:
			err = errors.Join(err, fmt.Errorf("%s=%s: not supported", key, value))
		}
	}
	if err != nil {
		return o, err
	}
	_, err = o.normal()
	return o, err
}

func (o Options) normal() (Options, error) {
	if o.Subformat == "" {
		o.Subformat = MonolithicSparse
	}
	if o.Adapter == "" {
		o.Adapter = "ide"
	}
	if o.HWVersion == "" || o.HWVersion == "undefined" {
		o.HWVersion = "4"
	}
	if o.Subformat != MonolithicSparse && o.Subformat != StreamOptimized {
		return o, fmt.Errorf("subformat=%s: want monolithicSparse or streamOptimized", o.Subformat)
	}
	if !slices.Contains([]string{"ide", "buslogic", "lsilogic", "legacyESX"}, o.Adapter) {
		return o, fmt.Errorf("adapter_type=%s: want ide, buslogic, lsilogic or legacyESX", o.Adapter)
	}
	if o.ToolsVersion == "" {
		o.ToolsVersion = "2147483647"
	}
	for _, n := range [][2]string{{"hwversion", o.HWVersion}, {"toolsversion", o.ToolsVersion}} {
		if strings.Trim(n[1], "0123456789") != "" {
			return o, fmt.Errorf("%s=%s: want a number", n[0], n[1])
		}
	}
	return o, nil
}

// descriptor is the text that describes the disk and its one extent.
func (o Options) descriptor(capacity int64) ([]byte, error) {
	heads := int64(255)
	if o.Adapter == "ide" {
		heads = 16
	}
	text := fmt.Sprintf(`# Disk DescriptorFile
version=1
CID=%08x
parentCID=ffffffff
createType="%s"

# Extent description
RW %d SPARSE "%s"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "%s"
ddb.geometry.cylinders = "%d"
ddb.geometry.heads = "%d"
ddb.geometry.sectors = "63"
ddb.adapterType = "%s"
ddb.toolsVersion = "%s"
`, o.CID, o.Subformat, capacity, strings.ReplaceAll(o.Name, `"`, "_"), o.HWVersion, capacity/heads/63, heads, o.Adapter, o.ToolsVersion)
	if len(text) > descriptorSectors*sector {
		return nil, fmt.Errorf("name of the extent is too long")
	}
	return append([]byte(text), make([]byte, descriptorSectors*sector-len(text))...), nil
}
