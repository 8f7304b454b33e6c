package assembler

import (
	"fmt"
	"testing"

	"github.com/fimg/fimg/fault"
)

// Sizes beyond all bounds are refused, not wrapped around.
func TestHostileSizes(t *testing.T) {
	for _, n := range []int64{1 << 40, 1 << 43, 1 << 44, 1<<44 + 1, 1 << 53, 1 << 54, 1<<54 + 3000, 1<<63 - 1} {
		for _, kind := range []string{
			`><bootloader name="grub2"/><size>%d</size></type>`, `><bootloader name="grub2"/><size unit="G">%d</size></type>`,
			`><bootloader name="grub2"/><size unit="G" additive="true">%d</size></type>`,
			`><bootloader name="grub2"/><size unit="G" unpartitioned="%[1]d">%[1]d</size></type>`,
			` bootpartition="true" bootpartsize="%d"><bootloader name="grub2"/></type>`, ` efipartsize="%d"><bootloader name="grub2"/></type>`,
			` spare_part="%dG"><bootloader name="grub2"/></type>`, ` spare_part="%dM"><bootloader name="grub2"/></type>`,
			`><bootloader name="grub2"/><partitions><partition name="data" size="%dG"/></partitions></type>`,
			`><bootloader name="grub2"/><partitions><partition name="data" size="%d"/></partitions></type>`,
			`><bootloader name="grub2"/><oemconfig><oem-swap>true</oem-swap><oem-swapsize>%d</oem-swapsize></oemconfig></type>`,
			`><bootloader name="grub2"/><oemconfig><oem-resize>false</oem-resize><oem-systemsize>%d</oem-systemsize></oemconfig></type>`,
			` root_clone="%d"><bootloader name="grub2"/></type>`, ` rootpart_id="%d"><bootloader name="grub2"/></type>`,
			` disk_start_sector="%d"><bootloader name="grub2"/></type>`, ` target_blocksize="%d"><bootloader name="grub2"/></type>`,
			`><bootloader name="grub2"/><partitions><partition name="data" size="5" part_id="%d"/></partitions></type>`,
			`><bootloader name="grub2"/><partitions><partition name="data" size="5" clone="%d"/></partitions></type>`,
		} {
			text := fmt.Sprintf(`<type image="oem" filesystem="ext4" firmware="efi"`+kind, n)
			img := described(t, text)
			err := checkSupported(img)
			p := &Plan{Image: img}
			if err == nil {
				p, err = planned(t, text, 400)
			}
			if class := fault.Of(err); err == nil || class != fault.Description && class != fault.Space {
				t.Errorf("%s: class %d: %v, %+v", text, class, err, p.Layout)
			}
		}
	}
}
