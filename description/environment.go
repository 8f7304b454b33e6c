package description

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// environment is what kiwi writes into /.profile, sorted by name.
func (s *state) environment(img *Image) []Variable {
	e := map[string]string{}
	s.envType(e, img)
	s.envPreferences(e, img)
	s.envVolumes(e, img)
	if n := s.typ.first("oemconfig"); n != nil {
		envOEM(e, n)
	}
	e["kiwi_iname"] = img.Name
	e["kiwi_displayname"] = cmp.Or(img.DisplayName, img.Name)
	if img.Type.Attr.Image == "cpio" {
		e["kiwi_cpio_name"] = img.Name
	}
	e["kiwi_profiles"] = strings.Join(s.profiles, ",")
	e["kiwi_delete"] = strings.Join(Names(img.Packages.Delete), " ")
	e["kiwi_strip_delete"] = strings.Join(img.Strip.Delete, " ")
	e["kiwi_strip_tools"] = strings.Join(img.Strip.Tools, " ")
	e["kiwi_strip_libs"] = strings.Join(img.Strip.Libs, " ")
	e["kiwi_drivers"] = strings.Join(img.Drivers, ",")
	e["kiwi_rootpartuuid"] = ""
	e["kiwi_shasum_suffix"] = ".sha256"
	e["kiwi_align"], e["kiwi_sectorsize"] = "1048576", "512"
	e["kiwi_revision"] = "fimg"
	vars := make([]Variable, 0, len(e))
	for name, value := range e {
		vars = append(vars, Variable{name, value})
	}
	slices.SortFunc(vars, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return vars
}

func flagText(f Flag) string {
	if !f.Set() {
		return ""
	}
	return strconv.FormatBool(f.IsTrue())
}

func numberText(n Number) string {
	if !n.Set() {
		return ""
	}
	return strconv.FormatInt(n.Or(0), 10)
}

func (s *state) envType(e map[string]string, img *Image) {
	a, b := img.Type.Attr, img.Type.Bootloader
	e["kiwi_type"] = a.Image
	e["kiwi_compressed"] = flagText(a.Compressed)
	e["kiwi_boot_timeout"] = numberText(b.Timeout)
	e["kiwi_wwid_wait_timeout"] = numberText(a.WWIDWaitTimeout)
	e["kiwi_hybridpersistent"] = flagText(a.HybridPersistent)
	e["kiwi_hybridpersistent_filesystem"] = a.HybridPersistentFS
	e["kiwi_initrd_system"] = img.Type.InitrdSystem
	e["kiwi_ramonly"] = flagText(a.RAMOnly)
	e["kiwi_target_blocksize"] = "512"
	if n := a.TargetBlocksize.Or(0); n != 0 {
		e["kiwi_target_blocksize"] = strconv.FormatInt(n, 10)
	}
	e["kiwi_target_removable"] = flagText(a.TargetRemovable)
	e["kiwi_cmdline"] = a.KernelCmdline
	e["kiwi_firmware"] = a.Firmware
	e["kiwi_bootloader"] = b.Name
	e["kiwi_bootloader_console"] = cmp.Or(b.OutputConsole, "default") + ":" + cmp.Or(b.InputConsole, "default")
	e["kiwi_btrfs_root_is_snapshot"] = flagText(a.BtrfsRootIsSnapper)
	e["kiwi_btrfs_root_is_snapper_snapshot"] = flagText(a.BtrfsRootIsSnapper)
	e["kiwi_gpt_hybrid_mbr"] = flagText(a.GPTHybridMBR)
	e["kiwi_devicepersistency"] = a.DevicePersistency
	e["kiwi_installboot"] = a.InstallBoot
	e["kiwi_bootkernel"] = a.BootKernel
	e["kiwi_fsmountoptions"] = a.FSMountOptions
	e["kiwi_bootprofile"] = a.BootProfile
	e["kiwi_vga"] = b.VideoMode
	e["kiwi_startsector"] = strconv.FormatInt(a.DiskStartSector.Or(2048), 10)
	luks, written := s.typ.attr("luks")
	e["kiwi_luks_empty_passphrase"] = strconv.FormatBool(written && luks == "")
	if a.XenServer.IsTrue() {
		e["kiwi_xendomain"] = "dom0"
	}
	switch a.Image {
	case "oem":
		e["kiwi_install_volid"] = cmp.Or(a.VolID, "INSTALL")
	case "iso":
		e["kiwi_live_volid"] = cmp.Or(a.VolID, "CDROM")
	}
}

// envPreferences takes the last value of each preference; the licence only from
// the very last section.
func (s *state) envPreferences(e map[string]string, img *Image) {
	for key, element := range map[string]string{"kiwi_iversion": "version", "kiwi_keytable": "keytable",
		"kiwi_timezone": "timezone", "kiwi_language": "locale", "kiwi_splash_theme": "bootsplash-theme",
		"kiwi_loader_theme": "bootloader-theme"} {
		if n, _ := s.lastPref(element); n != nil {
			e[key] = prefText(n)
		}
	}
	e["kiwi_showlicense"] = ""
	if len(img.Preferences.ShowLicense) > 0 {
		e["kiwi_showlicense"] = img.Preferences.ShowLicense[0]
	}
}

func (s *state) envVolumes(e map[string]string, img *Image) {
	if img.Type.Root.Manager == "lvm" {
		e["kiwi_lvm"], e["kiwi_lvmgroup"] = "true", img.Type.Root.Group
	}
	count := 0
	for _, v := range img.Type.Volumes {
		name := "kiwi_Volume_Root"
		if !v.Root {
			count++
			name = "kiwi_Volume_" + strconv.Itoa(count)
		}
		e[name] = v.Name + "|" + v.Size + "|" + v.Mountpoint
	}
}

// oemVariables maps elements of <oemconfig>, without "oem-", to their variables.
var oemVariables = map[string]string{
	"vmcp-parmfile": "vmcp_parmfile", "multipath-scan": "multipath_scan", "swapsize": "swapMB",
	"systemsize": "rootMB", "resize-once": "resizeonce", "partition-install": "partition_install",
	"ramdisk-size": "ramdisksize", "device-filter": "devicefilter", "boot-title": "title",
	"kiwi-initrd": "kboot", "nic-filter": "nicfilter", "reboot": "reboot",
	"reboot-interactive": "rebootinteractive", "shutdown": "shutdown",
	"shutdown-interactive": "shutdowninteractive", "silent-boot": "silentboot",
	"silent-install": "silentinstall", "silent-verify": "silentverify", "skip-verify": "skipverify",
	"bootwait": "bootwait", "unattended": "unattended", "unattended-id": "unattended_id",
	"recovery": "recovery", "recoveryID": "recoveryID", "recovery-part-size": "recoveryPartSize",
	"inplace-recovery": "recoveryInPlace",
}

func envOEM(e map[string]string, n *node) {
	for element, name := range oemVariables {
		text, ok := n.child("oem-" + element)
		typ := schema85()["oem-"+element].text
		switch v := typ.read(text).(type) {
		case bool:
			if ok {
				text = strconv.FormatBool(v)
			}
		case int64:
			if ok {
				text = strconv.FormatInt(v, 10)
			}
		}
		e["kiwi_oem"+name] = text
	}
}

// ProfileText is the file /.profile: sorted key='value' lines quoted as kiwi
// quotes them. Further variables, such as kiwi_rootpartuuid once it is known,
// replace those of the same name.
func (img *Image) ProfileText(further ...Variable) string {
	vars := slices.Clone(img.Environment)
	for _, v := range further {
		i := slices.IndexFunc(vars, func(w Variable) bool { return w.Name == v.Name })
		if i >= 0 {
			vars[i] = v
		} else {
			vars = append(vars, v)
		}
	}
	slices.SortFunc(vars, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	var b strings.Builder
	for _, v := range vars {
		for line := range strings.SplitSeq(v.Name+"="+v.Value, "\n") {
			b.WriteString(quoteLine(line))
		}
	}
	return lineBreaks.Replace(b.String())
}

// lineBreaks end a line of the quoted text for Python's splitlines, which kiwi uses.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\x1c", "\n", "\x1d", "\n",
	"\x1e", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// quoteLine does what kiwi's quoting of the file does to one line: comments and
// empty lines go, outer quotes are removed, backslash escapes undone, single
// quotes escaped, and the value put into single quotes.
func quoteLine(line string) string {
	if line == "" || strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
		return ""
	}
	name, value, pair := cutVariable(line)
	if pair && value != "" && strings.IndexByte(`"'`, value[0]) >= 0 {
		if last := strings.LastIndexAny(value, `"'`); last > 0 {
			value = value[1:last] + value[last+1:]
		}
	}
	value = escapeQuotes(unescape(value))
	if !pair {
		return value + "\n"
	}
	return name + "='" + value + "'\n"
}

// cutVariable splits NAME=value; lines of another form are values as a whole.
func cutVariable(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, "=")
	if !ok || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return "", line, false
	}
	return name, value, true
}

// unescape drops every backslash that has something behind it.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escapeQuotes makes '\” of every run of single quotes.
func escapeQuotes(s string) string {
	if !strings.Contains(s, "'") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		b.WriteString(`'\''`)
		for i+1 < len(s) && s[i+1] == '\'' {
			i++
		}
	}
	return b.String()
}
