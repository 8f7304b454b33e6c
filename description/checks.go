package description

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Check is one of kiwi's checks before a build that fails. Only those are made that
// look at the description alone, not at the tools of the machine.
type Check struct {
	Name   string `json:"name"` // kiwi's name, as in its runtime configuration
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Checks returns kiwi's failing checks. A build should stop unless the user has
// disabled a check by its name.
func (img *Image) Checks() []Check {
	var out []Check
	fail := func(name string, bad bool, from Source, format string, args ...any) {
		if bad {
			out = append(out, Check{"check_" + name, fmt.Sprintf(format, args...), from})
		}
	}
	t := &img.Type
	here := img.Source
	fail("repositories_configured", len(img.Repositories) == 0, here, "no repository is configured")
	fail("image_version_provided", img.Version == "", here, "no version is given")
	for _, r := range img.Repositories {
		fail("image_include_repos_publicly_resolvable", r.KeepInImage && !r.ImageOnly && (r.Local || r.Problem != ""), r.Source,
			"repository %s is to stay in the image but is not public", r.Path)
	}
	for _, inc := range img.state.unresolved() {
		text := "an <include> inside an included file is not followed"
		if inc.File == img.File {
			text = "no address of a file that kiwi follows: only letters, digits and some signs, no blanks"
		}
		fail("include_references_unresolvable", true, inc, "%s", text)
	}
	for _, name := range img.twice() {
		fail("image_type_unique", true, here, "several build types of image %q are active", name)
	}
	img.checkVolumes(fail)
	fail("partuuid_persistency_type_used_with_mbr", t.Attr.DevicePersistency == "by-partuuid" && (t.Firmware.Table != "gpt" || t.Firmware.Unsupported != ""), here,
		"devicepersistency by-partuuid needs a gpt table, the firmware %s gives %s", t.Firmware.Name, t.Firmware.Table)
	fail("initrd_selection_required", t.InitrdSystem != "kiwi" && t.Attr.Boot != "", here, "attribute boot needs initrd_system kiwi")
	fail("boot_description_exists", t.InitrdSystem == "kiwi" && t.Attr.Boot == "" && (t.Attr.Image == "oem" || t.Attr.Image == "pxe"), here,
		"initrd_system kiwi needs the attribute boot")
	fail("efi_fat_image_has_correct_size", t.Attr.EFIFatImageSize.Or(20) > 31, here, "efifatimagesize is at most 31")
	fail("bootloader_env_compatible_with_loader", len(t.Bootloader.Environment) > 0 && t.Bootloader.Name != "custom" &&
		!strings.HasPrefix(t.Bootloader.Name, "grub2"), t.Bootloader.Source, "boot loader %s has no environment", t.Bootloader.Name)
	xenGuest := img.Arch == "x86_64" && (t.Attr.Firmware == "ec2" || t.Machine != nil && t.Machine.XenLoader != "")
	fail("xen_uniquely_setup_as_server_or_guest", t.Attr.XenServer.IsTrue() && xenGuest, here, "the image is Xen server and guest at once")
	img.checkAppx(fail)
	img.checkDracut(fail)
	return out
}

var (
	appxLauncher = regexp.MustCompile(`^[^\\]+\.[Ee][Xx][Ee]$`)
	appxID       = regexp.MustCompile(`^[a-zA-Z0-9]+$`)
)

func (img *Image) checkAppx(fail failFunc) {
	c := img.Type.Container
	if img.Type.Attr.Image != "appx" || c == nil {
		return
	}
	h := c.History
	fail("appx_naming_conventions_valid", h.Launcher != "" && !appxLauncher.MatchString(h.Launcher) ||
		h.ApplicationID != "" && !appxID.MatchString(h.ApplicationID), c.Source, "launcher wants a name.exe, application_id letters and digits")
}

type failFunc func(name string, bad bool, from Source, format string, args ...any)

// twice lists the image values that several active types have.
func (img *Image) twice() []string {
	count := map[string]int{}
	var out []string
	for _, k := range img.Types {
		if count[k.Image]++; count[k.Image] == 2 {
			out = append(out, k.Image)
		}
	}
	return out
}

// unresolved returns the places of includes that were left in the document.
func (s *state) unresolved() []Source {
	if s == nil {
		return nil
	}
	var out []Source
	for k := range s.doc.root.every("include") {
		out = append(out, s.source(k, ""))
	}
	return out
}

func (img *Image) checkVolumes(fail failFunc) {
	t := &img.Type
	reserved := []string{"ROOT", "SWAP", "SPARE"}
	if t.Attr.RootFSLabel != "" {
		reserved[0] = t.Attr.RootFSLabel
	}
	for _, v := range t.Volumes {
		fail("volume_label_used_with_lvm", t.Root.Manager != "lvm" && v.Label != "" && v.Label != "SWAP", v.Source,
			"volume %s: labels are for LVM only", v.Name)
		fail("volume_setup_defines_reserved_labels", t.Root.Manager == "lvm" && v.Path != "swap" && v.Label != "" && slices.Contains(reserved, v.Label),
			v.Source, "volume %s: label %s is reserved", v.Name, v.Label)
		fail("volume_setup_has_no_root_definition", v.Mountpoint == "/", v.Source, "a volume for / is named @root, not /")
	}
	fail("volume_setup_defines_multiple_fullsize_volumes", img.fullVolumes() > 1, img.Source, "only one volume may have all the space")
	named := slices.ContainsFunc(t.OEM.Settings, func(o Option) bool { return o.Name == "swapname" })
	fail("swap_name_used_with_lvm", t.Root.Manager != "lvm" && named, img.Source, "oem-swapname is for LVM only")
}

// fullVolumes counts the volumes written with all the space; as in kiwi those of
// other architectures count too, as far as the document is at hand.
func (img *Image) fullVolumes() int {
	count := 0
	if img.state == nil {
		for _, v := range img.Type.Volumes {
			if v.FullSize && v.Source.Line > 0 {
				count++
			}
		}
		return count
	}
	for k := range img.state.typ.first("systemdisk").every("volume") {
		if collapse(cmp.Or(k.get("size"), k.get("freespace"))) == "all" {
			count++
		}
	}
	return count
}

// checkDracut wants the dracut modules that kiwi packages for some features among
// the named packages; collections do not count.
func (img *Image) checkDracut(fail failFunc) {
	t := &img.Type
	names := append(Names(img.Packages.Bootstrap.Packages), Names(img.Packages.Image.Packages)...)
	missing := func(name string) bool {
		return !slices.Contains(names, "dracut-kiwi-"+name) && !slices.Contains(names, "kiwi-dracut-"+name)
	}
	dracut := t.InitrdSystem == "dracut"
	oem := t.Attr.Image == "oem" && dracut
	install := t.Attr.InstallISO.IsTrue() || t.Attr.InstallStick.IsTrue() || t.Attr.InstallPXE.IsTrue()
	text := "package dracut-kiwi-%s is not among the packages"
	fail("dracut_module_for_oem_install_in_package_list", oem && install && missing("oem-dump"), img.Source, text, "oem-dump")
	fail("dracut_module_for_disk_oem_in_package_list", oem && t.OEM.Resize && missing("oem-repart"), img.Source, text, "oem-repart")
	fail("dracut_module_for_live_iso_in_package_list", t.Attr.Image == "iso" && t.Attr.Flags != "dmsquash" && missing("live"), img.Source, text, "live")
	fail("dracut_module_for_disk_overlay_in_package_list", dracut && t.Attr.OverlayRoot.IsTrue() && missing("overlay"), img.Source, text, "overlay")
}
