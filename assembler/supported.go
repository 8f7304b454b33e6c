package assembler

import "github.com/fimg/fimg/description"

// checkSupported refuses by name what a description asks for and fimg does not
// build, before any work starts.
func checkSupported(img *description.Image) error {
	t, a := &img.Type, &img.Type.Attr
	refuse := func(what string) error { return &UnsupportedError{What: what, Source: img.Source.String()} }
	unsupported := []struct {
		there bool
		what  string
	}{
		{a.Luks != "", "attribute luks"}, {a.MDRaid != "", "attribute mdraid"},
		{a.OverlayRoot.IsTrue(), "attribute overlayroot"}, {a.StandaloneIntegrity.IsTrue(), "attribute standalone_integrity"},
		{a.EmbedVerityMetadata.IsTrue() || a.VerityBlocks != "", "attribute verity_blocks"},
		{a.InstallISO.IsTrue() || a.InstallPXE.IsTrue() || a.InstallStick.IsTrue(), "installation media"},
		{a.BtrfsRootIsSnapper.IsTrue(), "attribute btrfs_root_is_snapper_snapshot"},
		{a.EditBootConfig != "", "attribute editbootconfig"}, {a.EditBootInstall != "", "attribute editbootinstall"},
		{len(t.DerivedFrom) > 0 && IsDisk(img), "a disk derived from a container"},
		{a.DeltaRoot.IsTrue(), "attribute delta_root"}, {a.XenServer.IsTrue(), "attribute xen_server"},
		{t.Root.Manager == "lvm", "LVM volume management"},
		{t.Firmware.Unsupported != "", "firmware " + t.Firmware.Unsupported + " on " + img.Arch},
		{t.Firmware.Table == "dasd", "a DASD volume table"},
	}
	for _, u := range unsupported {
		if u.there {
			return refuse(u.what)
		}
	}
	if !IsDisk(img) {
		return nil
	}
	switch a.Filesystem {
	case "btrfs", "ext2", "ext3", "ext4":
	default:
		return refuse("root file system " + a.Filesystem)
	}
	switch t.Bootloader.Name {
	case "grub2", "custom":
	case "zipl":
		if err := checkZipl(img); err != nil {
			return err
		}
	default:
		return refuse("boot loader " + t.Bootloader.Name)
	}
	return checkCreateOptions(t)
}
