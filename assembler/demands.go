package assembler

import (
	"slices"
	"strings"

	"github.com/fimg/fimg/description"
)

// demand is something that a description may ask for and fimg does not do. What is
// accepted without an effect, as with kiwi, is listed in docs/elements.md.
type demand struct {
	there bool
	what  string
	at    description.Source
}

// typeDemands are those of <type> and what is in it.
func typeDemands(img *description.Image) []demand {
	t, a := &img.Type, &img.Type.Attr
	list := []demand{
		{there: t.Encrypted, what: "attribute luks"}, {there: a.MDRaid != "", what: "attribute mdraid"},
		{there: a.OverlayRoot.IsTrue(), what: "attribute overlayroot"},
		{there: a.StandaloneIntegrity.IsTrue(), what: "attribute standalone_integrity"},
		{there: a.EmbedVerityMetadata.IsTrue() || a.VerityBlocks != "", what: "attribute verity_blocks"},
		{there: a.InstallISO.IsTrue() || a.InstallPXE.IsTrue() || a.InstallStick.IsTrue(), what: "installation media (installiso, installpxe, installstick)"},
		{there: a.BtrfsRootIsSnapper.IsTrue(), what: "attribute btrfs_root_is_snapper_snapshot"},
		{there: a.EditBootInstall != "", what: "attribute editbootinstall"},
		{there: len(t.DerivedFrom) > 0 && IsDisk(img), what: "a disk derived from a container"},
		{there: a.DeltaRoot.IsTrue(), what: "attribute delta_root"},
		{there: a.ProvideSystemFiles.IsTrue(), what: "attribute provide_system_files"},
		{there: a.XenServer.IsTrue(), what: "attribute xen_server"},
		{there: t.Root.Manager == "lvm", what: "LVM volume management (preferlvm, or volumes without btrfs)"},
		{there: slices.ContainsFunc(t.OEM.Settings, asksForRecovery), what: "element oem-recovery"},
		{there: IsDisk(img) && t.InitrdSystem == "kiwi", what: "initrd_system kiwi"},
		{there: IsDisk(img) && t.Initrd.Setup.UEFI, what: "attribute uefi of <dracut>"},
		{there: t.Firmware.Unsupported != "", what: "firmware " + t.Firmware.Name + " on " + img.Arch},
		{there: t.Firmware.Table == "dasd", what: "a DASD volume table"},
	}
	for i := range list {
		list[i].at = img.Source
	}
	return list
}

// asksForRecovery tells whether a setting of <oemconfig> wants an archive of the
// whole root in the image.
func asksForRecovery(o description.Option) bool {
	value := strings.TrimSpace(o.Value)
	return o.Name == "recovery" && (value == "true" || value == "1")
}

// bootDemands are those of <bootloader>. Its install options are for grub-install,
// which nobody runs where no boot code lies outside of file systems.
func bootDemands(img *description.Image) []demand {
	b, f := &img.Type.Bootloader, &img.Type.Firmware
	code := IsDisk(img) && b.Name == "grub2" && (f.BIOS || f.LegacyBIOS || f.EC2 != "" || f.OFW)
	return []demand{
		{len(b.InstallOptions) > 0 && code, "element installoption", b.Source},
		{len(b.SecureLinux) > 0, "element securelinux", b.Source},
	}
}

// sectionDemands are those of the sections beside <type>.
func sectionDemands(img *description.Image) []demand {
	manager := img.Preferences.PackageManager
	list := []demand{{!slices.Contains(managers, manager), "package manager " + manager, img.Preferences.Sources["package_manager"]}}
	for _, c := range img.Containers {
		list = append(list, demand{true, "element containers", c.Source})
	}
	for _, r := range img.Repositories {
		list = append(list, demand{r.Customize != "", "attribute customize of <repository>", r.Source},
			demand{r.Local && r.KeepInImage && !r.ImageOnly, "imageinclude of " + r.URL + ", which is on this machine only,", r.Source})
	}
	return list
}

// managers are the package managers whose rules are followed; microdnf has those of
// dnf4.
var managers = []string{"dnf4", "dnf5", "microdnf"}
