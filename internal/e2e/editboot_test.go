package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
)

// TestEditBootConfig builds a disk whose boot loader is what a script puts there, as
// images with a unified kernel image do.
func TestEditBootConfig(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "blkid", "mcopy")
	opt := withType(t, `<type image="oem" firmware="uefi" efipartsize="100" bootpartition="false" filesystem="btrfs" initrd_system="none"
 editbootconfig="uki-editbootconfig.sh"><bootloader name="custom"/></type>`, "#!/bin/bash\necho before > /boot/order\n")
	files := opt.FS.(fstest.MapFS)
	if _, err := assembler.MakePlan(t.Context(), load(t, opt), assembler.Options{CacheDir: cache(), Offline: true}); fault.Of(err) != fault.Description || !strings.Contains(err.Error(), "config.xml:") ||
		!strings.Contains(err.Error(), "script uki-editbootconfig.sh does not exist") {
		t.Errorf("plan without the script: %v", err)
	}
	files["uki-editbootconfig.sh"] = &fstest.MapFile{Mode: 0o755, Data: []byte(`#!/bin/bash
set -e
mkdir -p boot/efi/EFI/BOOT
echo "$(cat boot/order) $kiwi_iname $PWD $*" > boot/efi/EFI/BOOT/BOOTX64.EFI
`)}
	files["pre_disk_sync.sh"] = &fstest.MapFile{Mode: 0o755, Data: []byte("#!/bin/bash\necho and after >> /boot/efi/EFI/BOOT/BOOTX64.EFI\n")}
	p := plan(t, load(t, opt))
	disk := build(t, p, buildOptions(t.TempDir())).Products[0].Path
	esp, _ := p.Layout.Find(partition.ESP)
	root, _ := p.Layout.Find(partition.Root)
	got, err := os.ReadFile(filepath.Join(unpacked(t, cut(t, disk, p.Layout, esp)), "EFI/BOOT/BOOTX64.EFI"))
	if want := fmt.Sprintf("before %s / btrfs %d\nand after\n", p.Image.Name, root.Number); err != nil || string(got) != want {
		t.Errorf("the ESP has %q, %v, want %q", got, err, want)
	}
}
