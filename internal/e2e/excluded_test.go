package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/partition"
)

const excludeScript = `#!/bin/bash
set -e
mkdir -p /srv/out/deep /srv/in /etc
touch /srv/out/deep/file /srv/in/file
printf '[boot]\n' > /etc/wsl.conf
printf 'exclude:\n- srv/out\n- /srv/*/gone\n' > /image/exclude_files.yaml
touch /srv/in/gone
`

// What image/exclude_files.yaml of the tree names is in no kind of image.
func TestExcluded(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	testtool.Need(t, "blkid", "losetup")
	p := plan(t, load(t, withType(t, `<type image="oem" firmware="bios" filesystem="ext4" initrd_system="none"><bootloader name="custom"/></type>`, excludeScript)))
	disk := build(t, p, buildOptions(t.TempDir())).Products[0].Path
	part, _ := p.Layout.Find(partition.Root)
	top := unpacked(t, cut(t, disk, p.Layout, part))
	for name, stays := range map[string]bool{"srv/in/file": true, "srv/in/gone": false, "srv/out": false, "image": false} {
		if _, err := os.Lstat(filepath.Join(top, name)); (err == nil) != stays {
			t.Errorf("disk: /%s: %v", name, err)
		}
	}
	for _, kind := range []string{"tbz", "wsl"} {
		_, archive := buildContainer(t, withType(t, `<type image="`+kind+`"/>`, excludeScript+"touch /etc/wsl-distribution.conf\n"))
		list := testtool.Run(t, "tar", "-tf", archive)
		if !strings.Contains(list, "srv/in/file\n") || strings.Contains(list, "srv/in/gone\n") || strings.Contains(list, "srv/out") {
			t.Errorf("%s:\n%s", kind, list)
		}
	}
}
