package description

import (
	"fmt"
	"strings"
)

// onlyFor is kiwi's Schematron rule that an attribute is only allowed where another
// attribute of the same element, or of its parent, has one of some values. The
// comparison is by substring of the whole list, as kiwi has it.
type onlyFor struct {
	element, attr string
	parent        bool   // the other attribute is the parent's
	other         string // name of the other attribute
	values        string
}

// typeImages: attributes of <type> and the image types that may have them.
var typeImages = map[string]string{
	"oem": `xen_server btrfs_quota_groups btrfs_set_default_volume btrfs_root_is_subvolume
		btrfs_root_is_snapper_snapshot btrfs_root_is_readonly_snapshot target_removable spare_part
		spare_part_mountpoint spare_part_fs spare_part_fs_attributes spare_part_is_last bootpartsize
		efipartsize dosparttable_extended_layout editbootinstall embed_verity_metadata
		standalone_integrity embed_integrity_metadata integrity_legacy_hmac integrity_keyfile
		integrity_metadata_key_description overlayroot overlayroot_readonly_filesystem
		overlayroot_write_partition overlayroot_readonly_partsize bootpartition bootfilesystem format
		formatoptions force_mbr installboot install_continue_on_timeout installprovidefailsafe
		installiso installstick installpxe mdraid ramonly gcelicense vhdfixedtag wwid_wait_timeout
		disk_start_sector root_clone boot_clone eficsmpart_id efipart_id rootpart_id bootpart_id`,
	"oem pxe":                  "boot",
	"oem kis":                  "target_blocksize",
	"oem iso":                  "eficsm efifatimagesize efiparttable editbootconfig verity_blocks gpt_hybrid_mbr",
	"oem iso pxe cpio":         "bootprofile",
	"pxe kis":                  "compressed",
	"oem pxe kis iso":          "filesystem",
	"oem pxe kis iso erofs":    "erofscompression",
	"oem pxe kis iso squashfs": "squashfscompression",
	"oem pxe iso":              "firmware",
	"iso":                      "flags mediacheck publisher",
	"enclave":                  "enclave_format",
	"iso pxe":                  "hybridpersistent hybridpersistent_filesystem",
	"oem pxe kis":              "initrd_system",
	"appx":                     "metadata_path",
	"oem iso pxe kis enclave":  "kernelcmdline",
	"oem iso pxe kis":          "luks luksOS luks_pbkdf",
	"oem pxe kis docker":       "rootfs_label",
	"iso oem":                  "volid application_id",
	"docker oci oem":           "derived_from",
	"docker oci":               "provide_system_files require_system_files delta_root ensure_empty_tmpdirs",
	"kis":                      "archive",
}

// others are the rules of the other elements.
var others = []onlyFor{
	{"repository", "architectures", false, "type", "apt-deb"},
	{"bootloader", "name", true, "image", "oem iso"},
	{"bootloader", "grub_template", true, "image", "oem iso"},
	{"bootloader", "bls", false, "name", "grub2"},
	{"bootloader", "output_console", false, "name", "grub2 grub2_s390x_emu"},
	{"bootloader", "input_console", false, "name", "grub2 grub2_s390x_emu"},
	{"bootloader", "serial_line", false, "name", "grub2 grub2_s390x_emu"},
	{"bootloader", "video_mode", false, "name", "grub2 grub2_s390x_emu"},
	{"bootloader", "timeout", false, "name", "grub2 grub2_s390x_emu systemd_boot zipl"},
	{"bootloader", "timeout_style", false, "name", "grub2 grub2_s390x_emu"},
	{"bootloader", "targettype", false, "name", "grub2_s390x_emu zipl"},
	{"containerconfig", "name", true, "image", "oem docker oci appx"},
	{"containerconfig", "tag", true, "image", "oem docker oci"},
	{"containerconfig", "additionalnames", true, "image", "oem docker oci"},
	{"containerconfig", "maintainer", true, "image", "oem docker oci"},
	{"containerconfig", "user", true, "image", "oem docker oci"},
	{"containerconfig", "workingdir", true, "image", "oem docker oci"},
	{"vagrantconfig", "virtualbox_guest_additions_present", false, "provider", "virtualbox"},
	{"packages", "bootstrap_package", false, "type", "bootstrap"},
}

const reservedPartitions = "root readonly boot prep spare swap efi_csm efi"

var btrfsOnly = []string{"btrfs_quota_groups", "btrfs_set_default_volume", "btrfs_root_is_subvolume",
	"btrfs_root_is_snapper_snapshot", "btrfs_root_is_readonly_snapshot"}

// constraints applies kiwi's Schematron rules to the whole document.
func (v *validator) constraints(root *node) {
	images := map[string]string{}
	for list, attrs := range typeImages {
		for _, a := range strings.Fields(attrs) {
			images[a] = list
		}
	}
	var visit func(n *node, above []*node)
	visit = func(n *node, above []*node) {
		v.constrain(n, above, images)
		counts := map[string]int{}
		for k := range n.kids() {
			counts[k.name()]++
			v.path = append(v.path, step1(k.name(), counts[k.name()]))
			visit(k, append(above, n))
			v.path = v.path[:len(v.path)-1]
		}
	}
	visit(root, nil)
}

// up returns the ancestor so many levels above, or an empty node.
func up(above []*node, levels int) *node {
	if len(above) < levels {
		return &node{}
	}
	return above[len(above)-levels]
}

func (v *validator) constrain(n *node, above []*node, images map[string]string) {
	switch n.name() {
	case "type":
		v.constrainType(n, images)
	case "systemdisk":
		v.constrainLVM(n, up(above, 1))
	case "size":
		v.constrainSize(n, up(above, 1))
	case "packages":
		v.constrainBootstrap(n, up(above, 1))
	case "volume":
		if _, ok := n.attr("quota"); ok && up(above, 2).get("filesystem") != "btrfs" {
			v.report(v.at(n), Schema, "attribute quota needs filesystem=\"btrfs\" in <type>", "", nil)
		}
	case "partition":
		if name, ok := n.attr("name"); ok && strings.Contains(reservedPartitions, name) {
			v.report(v.at(n), Schema, fmt.Sprintf("partition name %q is reserved or part of a reserved name (%s)", name, reservedPartitions), "", nil)
		}
	case "containerconfig":
		v.constrainFormat(n, up(above, 1))
	case "securelinux":
		if name := up(above, 1).get("name"); name != "zipl" && name != "grub2-s390x-emu" {
			v.report(v.at(n), Schema, "<securelinux> is only available with the boot loader zipl", "", nil)
		}
	}
	v.constrainParent(n, up(above, 1))
	for _, c := range others {
		if c.element == n.name() {
			v.onlyFor(n, up(above, 1), c)
		}
	}
}

// constrainParent applies the rules that want something of the element around.
func (v *validator) constrainParent(n, parent *node) {
	need := func(good bool, text string) {
		if !good {
			v.report(v.at(n), Schema, text, "", nil)
		}
	}
	switch n.name() {
	case "collectionModule":
		need(parent.get("type") == "bootstrap", "<collectionModule> is only available in <packages type=\"bootstrap\">")
		_, stream := n.attr("stream")
		need(n.get("enable") == "true" || !stream, "attribute stream is only available with enable=\"true\": a module is disabled as a whole")
	case "luksformat":
		_, luks := parent.attr("luks")
		need(luks, "<luksformat> needs the attribute luks of <type>")
	case "installmedia":
		need(parent.get("installiso") == "true" || parent.get("installpxe") == "true",
			"<installmedia> needs installiso=\"true\" or installpxe=\"true\" in <type>")
	}
}

// constrainSize: what stays unpartitioned is part of the size.
func (v *validator) constrainSize(n, parent *node) {
	free, ok := n.attr("unpartitioned")
	if ok && parent.is("type") && !(xpathNumber(free) <= xpathNumber(n.all())) {
		v.report(v.origins.attr(n, "unpartitioned"), Schema,
			fmt.Sprintf("attribute unpartitioned is %q, more than the size, or with a sign", free), "", nil)
	}
}

// constrainBootstrap: a bootstrap package is for apt, wherever that is chosen.
func (v *validator) constrainBootstrap(n, root *node) {
	if _, ok := n.attr("bootstrap_package"); !ok {
		return
	}
	for p := range root.every("preferences") {
		for m := range p.every("packagemanager") {
			if m.text() == "apt" {
				return
			}
		}
	}
	v.report(v.origins.attr(n, "bootstrap_package"), Schema, "attribute bootstrap_package is only available with the package manager apt", "", nil)
}

func (v *validator) onlyFor(n, parent *node, c onlyFor) {
	if _, ok := n.attr(c.attr); !ok {
		return
	}
	from, element := n, n.name()
	if c.parent {
		from, element = parent, parent.name()
	}
	if value := from.get(c.other); !strings.Contains(c.values, value) {
		v.report(v.origins.attr(n, c.attr), Schema, fmt.Sprintf("attribute %s of <%s> is only available when %s of <%s> is %s, here it is %s",
			c.attr, n.name(), c.other, element, strings.ReplaceAll(c.values, " ", " or "), value), "", nil)
	}
}

func (v *validator) constrainType(n *node, images map[string]string) {
	image := n.get("image")
	for _, a := range n.Attr {
		if list, ok := images[a.FullKey()]; ok && !strings.Contains(list, image) {
			v.report(v.origins.attr(n, a.FullKey()), Schema, fmt.Sprintf("attribute %s is only available for the image types %s, not for %s",
				a.FullKey(), strings.ReplaceAll(list, " ", ", "), image), "", nil)
		}
	}
	has := func(name string) bool { _, ok := n.attr(name); return ok }
	need := func(when bool, text string) {
		if when {
			v.report(v.at(n), Schema, text, "", nil)
		}
	}
	need(strings.Contains("oem", image) && !has("filesystem"), "image type oem needs the attribute filesystem")
	need(strings.Contains("appx", image) && !has("metadata_path"), "image type appx needs the attribute metadata_path")
	need(has("embed_verity_metadata") && !has("verity_blocks"), "embed_verity_metadata needs verity_blocks")
	need(has("embed_integrity_metadata") && !has("standalone_integrity"), "embed_integrity_metadata needs standalone_integrity")
	need(n.get("format") == "vagrant" && !hasProvider(n), "format vagrant needs a <vagrantconfig> with a provider")
	need(image == "oem" && has("derived_from") && !containerFormat(n),
		"derived_from in an oem image needs a format that begins with oci: or docker:")
	if fs, ok := n.attr("filesystem"); ok && fs != "btrfs" {
		for _, name := range btrfsOnly {
			need(has(name), "attribute "+name+" needs filesystem=\"btrfs\"")
		}
	}
}

func hasProvider(n *node) bool {
	for k := range n.every("vagrantconfig") {
		if _, ok := k.attr("provider"); ok {
			return true
		}
	}
	return false
}

// containerFormat reports a disk format wrapped into a container.
func containerFormat(n *node) bool {
	format := n.get("format")
	return strings.HasPrefix(format, "oci:") || strings.HasPrefix(format, "docker:")
}

func (v *validator) constrainLVM(n, typ *node) {
	if n.get("preferlvm") != "true" {
		return
	}
	for _, name := range btrfsOnly {
		if _, ok := typ.attr(name); ok {
			v.report(v.at(n), Schema, "attribute "+name+" of <type> does not go with preferlvm", "", nil)
		}
	}
}

// constrainFormat: a container configuration needs no disk format, or one wrapped
// into a container.
func (v *validator) constrainFormat(n, typ *node) {
	_, named := n.attr("name")
	if _, ok := typ.attr("format"); ok && named && !containerFormat(typ) {
		v.report(v.at(n), Schema, "<containerconfig> beside a disk format needs one that begins with oci: or docker:", "", nil)
	}
}
