package minidistro

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

// grubTools are the programs whose names begin with grub2- in Fedora.
var grubTools = strings.Fields(`editenv file fstest glue-efi kbdcomp menulst2cfg mkfont mkimage mklayout
	mkpasswd-pbkdf2 mkrelpath mkrescue mkstandalone mount ntldr-img render-label script-check syslinux2cfg
	bios-setup install macbless mkconfig mkdevicemap probe reboot set-default sparc64-setup ofpathname`)

func fixGrubTools(m *maker, p *pkg) {
	for _, tool := range grubTools {
		for _, dir := range []string{"usr/bin", "usr/sbin"} {
			if p.has(dir + "/grub-" + tool) {
				p.rename(dir+"/grub-"+tool, dir+"/grub2-"+tool)
			}
		}
	}
	for _, pattern := range []string{"usr/sbin/update-grub*", "usr/share/man/man*/grub-*", "usr/share/man/man*/update-grub*", "usr/lib/grub-legacy*"} {
		p.remove(pattern)
	}
	renameInScripts(p)
	for _, pattern := range []string{"etc/grub.d/05_debian_theme", "etc/grub.d/10_linux*", "etc/grub.d/20_linux_xen",
		"etc/grub.d/30_*", "usr/lib/systemd/system/grub-*", "usr/lib/systemd/system/*/grub-*", "etc/default/grub.d*", "usr/share/grub/default/*"} {
		p.remove(pattern)
	}
	p.write("etc/grub.d/10_linux", m.file("10_linux"), 0o755)
	p.write("usr/lib/kernel/install.d/20-grub.install", m.file("20-grub.install"), 0o755)
	p.write("etc/default/grub", "GRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR=\"Fedora Linux\"\nGRUB_DISABLE_SUBMENU=true\n"+
		"GRUB_TERMINAL_OUTPUT=\"console\"\nGRUB_DISABLE_RECOVERY=\"true\"\nGRUB_ENABLE_BLSCFG=true\n", 0o644)
	p.mkdir("boot/grub2", 0o700)
	p.mkdir("boot/loader/entries", 0o700)
	p.mkdir("boot/loader", 0o755)
	p.symlink("boot/grub", "grub2") // the binaries were built for it
	p.ghost("%config(noreplace) %attr(0600,root,root)", "boot/grub2/grub.cfg")
	p.ghost("%config(noreplace) %attr(0600,root,root)", "boot/grub2/grubenv")
	for _, n := range []string{"grub2-common", "grub2-tools-minimal", "grub2-tools-extra"} {
		p.provides = append(p.provides, n+" = "+p.full())
	}
	p.requires = append(p.requires, "which", "coreutils")
	p.script("%posttrans", "set -eu\nif [ ! -e /boot/grub2/grubenv ]; then\n    grub2-editenv /boot/grub2/grubenv create || :\nfi\n")
}

// renameInScripts makes grub's shell scripts call the renamed tools.
func renameInScripts(p *pkg) {
	expr := `\bgrub-(` + strings.Join(grubTools, "|") + `)\b`
	scripts := []string{"usr/sbin/grub2-mkconfig", "usr/share/grub/grub-mkconfig_lib", "usr/sbin/grub2-set-default", "usr/sbin/grub2-reboot"}
	for _, name := range p.paths() {
		if !strings.HasPrefix(name, "etc/grub.d/") && !slices.Contains(scripts, name) {
			continue
		}
		p.edit(name, expr, "grub2-$1", `/boot/grub\b`, "/boot/grub2", "grub2-mkconfig_lib", "grub-mkconfig_lib")
	}
	p.edit("usr/sbin/grub2-mkconfig", `(?m)^export GRUB_DEFAULT`, "export GRUB_ENABLE_BLSCFG\nexport GRUB_DEFAULT")
}

// bootPackages are what makes a disk start: GRUB's modules, its EFI program and
// shim, or the tools with zipl.
func (m *maker) bootPackages() error {
	if zipl, ok := m.pkgs["s390utils-core"]; ok {
		zipl.write("usr/lib/kernel/install.d/20-zipl-kernel.install", m.file("20-grub.install"), 0o755)
		base := m.newPkg("s390utils-base", zipl.version, zipl.release, zipl.epoch, m.arch.name, "s390utils")
		base.summary = "S/390 base tools"
		base.requires = []string{"s390utils-core = " + zipl.full()}
	}
	tools, ok := m.pkgs["grub2-tools"]
	if !ok {
		return nil
	}
	for _, name := range sortedKeys(m.arch.grubModules) {
		if err := m.grubModules(name, m.arch.grubModules[name]); err != nil {
			return err
		}
	}
	if m.arch.grub != "" {
		m.grubFirmware(tools)
	}
	if m.arch.efi == "" {
		return nil
	}
	m.shim()
	return m.grubEFI(tools)
}

// grubFirmware is the package that stands for GRUB on firmware without EFI.
func (m *maker) grubFirmware(tools *pkg) {
	modules := m.arch.grub + "-modules"
	p := m.newPkg(m.arch.grub, tools.version, tools.release, tools.epoch, m.arch.name, "grub2")
	p.summary = "Bootloader with support for Linux and the machine's own firmware"
	p.requires = []string{modules + " = " + m.pkgs[modules].full(), "grub2-tools = " + tools.full()}
	p.provides = []string{"grub2 = " + tools.full(), "bootloader"}
	p.symlink("etc/grub2.cfg", "../boot/grub2/grub.cfg")
}

// grubModules replaces the payload of a modules package by those of the newer
// GRUB.
func (m *maker) grubModules(name, platform string) error {
	p, ok := m.pkgs[name]
	if !ok {
		return fmt.Errorf("no package %s: its Debian packages are not in the closure", name)
	}
	unpacked := m.path("grub-" + m.arch.deb + "/unpacked")
	debs, _ := filepath.Glob(m.path("grub-" + m.arch.deb + "/*.deb"))
	slices.Sort(debs)
	for _, d := range debs {
		if _, err := m.run("", nil, "dpkg-deb", "-x", d, unpacked); err != nil {
			return err
		}
	}
	clear(p.nodes)
	if err := os.RemoveAll(p.stage); err != nil {
		return err
	}
	from := filepath.Join(unpacked, "usr/lib/grub", platform)
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	p.mkdir("usr/lib/grub/"+platform, 0o755)
	for _, e := range entries {
		if e.Type().IsRegular() {
			data, err := os.ReadFile(filepath.Join(from, e.Name()))
			if err != nil {
				return err
			}
			p.write("usr/lib/grub/"+platform+"/"+e.Name(), string(data), 0o644)
		}
	}
	p.requires, p.recommends, p.conflicts, p.arch = []string{"grub2-tools"}, nil, nil, "noarch"
	return nil
}

// shim moves Debian's signed shim to the places Fedora's has on the ESP.
func (m *maker) shim() {
	p, ok := m.pkgs["shim-"+m.arch.efi]
	if !ok {
		return
	}
	pick := func(name string) string {
		for _, n := range []string{name + ".signed", name} {
			if text := p.read("usr/lib/shim/" + n); text != "" {
				return text
			}
		}
		return ""
	}
	suffix := m.arch.efi
	shim, mok, fallback := pick("shim"+suffix+".efi"), pick("mm"+suffix+".efi"), pick("fb"+suffix+".efi")
	clear(p.nodes)
	for _, dir := range []string{"boot/efi/EFI", "boot/efi/EFI/BOOT", "boot/efi/EFI/fedora"} {
		p.mkdir(dir, 0o700)
	}
	upper := strings.ToUpper(suffix)
	p.write("boot/efi/EFI/fedora/shim"+suffix+".efi", shim, 0o700)
	p.write("boot/efi/EFI/fedora/shim.efi", shim, 0o700)
	p.write("boot/efi/EFI/fedora/mm"+suffix+".efi", mok, 0o700)
	p.write("boot/efi/EFI/BOOT/BOOT"+upper+".EFI", shim, 0o700)
	p.write("boot/efi/EFI/BOOT/fb"+suffix+".efi", fallback, 0o700)
	p.write("boot/efi/EFI/fedora/BOOT"+upper+".CSV", utf16LE("\ufeffshim"+suffix+".efi,Fedora,,This is the boot entry for Fedora\n"), 0o700)
	p.requires, p.recommends, p.conflicts, p.arch = nil, nil, nil, m.arch.name
	p.provides = append(p.provides, "shim-signed-"+suffix+" = "+p.full(), "shim = "+p.full())
}

func utf16LE(text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

var efiModules = strings.Fields(`all_video boot btrfs cat chain configfile echo efifwsetup efinet ext2 fat font
	gettext gfxmenu gfxterm gzio halt hfsplus http iso9660 jpeg linux loadenv loopback lvm lsefi lsefimmap mdraid09
	mdraid1x minicmd net normal part_apple part_msdos part_gpt password_pbkdf2 png reboot regexp search
	search_fs_uuid search_fs_file search_label serial sleep squash4 syslinuxcfg terminal test tftp video xfs zstd
	blsuki`)

// grubEFI makes the EFI program for /EFI/fedora. It is unsigned: Debian's signed
// one expects another directory.
func (m *maker) grubEFI(tools *pkg) error {
	suffix := m.arch.efi
	platform := m.arch.grubModules["grub2-efi-"+suffix+"-modules"]
	modules := m.pkgs["grub2-efi-"+suffix+"-modules"].path("usr/lib/grub/" + platform)
	out := m.path("grub.efi")
	mkimage := tools.path("usr/bin/grub2-mkimage")
	if !m.native() {
		mkimage = "grub-mkimage"
	}
	args := []string{mkimage, "-d", modules, "-O", platform, "-p", "/EFI/fedora", "-o", out}
	for _, mod := range efiModules {
		if _, err := os.Stat(filepath.Join(modules, mod+".mod")); err == nil {
			args = append(args, mod)
		}
	}
	if _, err := m.run("", nil, args...); err != nil {
		return err
	}
	program, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	e := m.newPkg("grub2-efi-"+suffix, tools.version, tools.release, tools.epoch, m.arch.name, "grub2")
	e.summary = "GRUB for EFI systems"
	e.requires = []string{"grub2-tools = " + tools.full(), "efi-filesystem"}
	e.recommends = []string{"shim-" + suffix}
	e.provides = []string{"grub2-efi = " + tools.full(), "bootloader"}
	e.symlink("etc/grub2-efi.cfg", "../boot/grub2/grub.cfg")
	e.write("boot/efi/EFI/fedora/grub"+suffix+".efi", string(program), 0o700)
	return errors.Join(os.Remove(out))
}

var kernelImage = regexp.MustCompile(`^boot/vmlinu[xz]-(.*)$`)

// coreModules are the kernel modules that kernel-modules-core carries.
var coreModules = strings.Fields(`fs/* lib/* crypto/* arch/* block/* mm/* drivers/block/* drivers/virtio/*
	drivers/net/virtio_net.ko* drivers/net/net_failover.ko* net/core/* drivers/nvme/* drivers/scsi/* drivers/char/*
	drivers/md/* drivers/crypto/* drivers/dax/* drivers/nvdimm/* drivers/xen/* drivers/acpi/* net/ipv6/* net/ipv4/*
	net/packet/* drivers/input/* drivers/hv/* net/vmw_vsock/* net/802/* net/llc/* drivers/net/xen* kernel/*
	drivers/ata/* drivers/usb/* drivers/cdrom/* drivers/firmware/* drivers/hid/* drivers/s390/*`)
