package e2e

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
)

// policyScript leaves the file contexts of a policy as a package would. Those of a
// second one must not matter.
func policyScript(policy string) string {
	return `#!/bin/bash
set -e
mkdir -p /etc/selinux/` + policy + `/contexts/files /etc/selinux/other/contexts/files
echo '/.* u:r:wrong:s0' > /etc/selinux/other/contexts/files/file_contexts
cat > /etc/selinux/` + policy + `/contexts/files/file_contexts <<'END'
/.*	system_u:object_r:default_t:s0
/	-d	system_u:object_r:root_t:s0
/boot(/.*)?	system_u:object_r:boot_t:s0
/home	-d	system_u:object_r:home_root_t:s0
/usr/bin(/.*)?	system_u:object_r:bin_t:s0
/usr/bin/bash	--	system_u:object_r:shell_exec_t:s0
/lost\+found	-d	system_u:object_r:lost_found_t:s0
END
touch /boot/marker
`
}

// The files of a disk carry the labels of the image's own policy, in every file
// system of it.
func TestLabels(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "blkid", "losetup")
	const before, after = `<type image="oem" firmware="bios" bootpartition="true" bootpartsize="60" initrd_system="none" filesystem=`, `><bootloader name="custom"/></type>`
	for kind, policy := range map[string]string{before + `"ext4"` + after: "targeted", before + `"btrfs" selinux_policy="mls"` + after: "mls"} {
		p := plan(t, load(t, withType(t, kind, policyScript(policy))))
		disk := build(t, p, buildOptions(t.TempDir())).Products[0].Path
		for role, want := range map[partition.Role]map[string]string{
			partition.Root: {"": "root_t", "usr/bin/bash": "shell_exec_t", "usr/bin/ls": "bin_t", "home": "home_root_t", "etc": "default_t", "boot": "boot_t"},
			partition.Boot: {"": "boot_t", "marker": "boot_t"},
		} {
			part, _ := p.Layout.Find(role)
			top := unpacked(t, cut(t, disk, p.Layout, part))
			if role == partition.Root && p.Image.Type.Attr.Filesystem == "ext4" {
				want["lost+found"] = "lost_found_t"
			}
			checkLabels(t, top, want)
		}
	}
}

func checkLabels(t *testing.T, top string, want map[string]string) {
	t.Helper()
	for name, kind := range want {
		value := make([]byte, 200)
		n, err := unix.Lgetxattr(filepath.Join(top, name), "security.selinux", value)
		if got := string(value[:max(n, 0)]); err != nil || got != "system_u:object_r:"+kind+":s0\x00" {
			t.Errorf("/%s: label %q, %v, want %s", name, got, err, kind)
		}
	}
}
