package system

import (
	"fmt"
	"slices"
	"strings"
)

// hostUnits are what a container must leave to its host.
var hostUnits = []string{"device-mapper.service", "kbd.service", "swap.service", "udev.service", "proc-sys-fs-binfmt_misc.automount"}

// SetUpContainer changes a root that becomes a container, as kiwi does: root may
// log in at the console, units that belong to the host are masked, and settings
// of a boot loader and of the root's device say that there are none.
func (s *System) SetUpContainer() error {
	steps := []func() error{
		s.allowConsole, s.maskHostUnits,
		func() error { return s.set("etc/sysconfig/bootloader", "LOADER_LOCATION", "none") },
		func() error { return s.set("etc/sysconfig/bootloader", "LOADER_TYPE", "none") },
		func() error { return s.set("etc/sysconfig/boot", "ROOTFS_BLKDEV", "/dev/null") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("set up container: %w", err)
		}
	}
	return nil
}

// allowConsole adds the console to securetty; a new file begins with an empty
// line.
func (s *System) allowConsole() error {
	text := ""
	if s.Root.Exists("etc/securetty") {
		old, err := s.Root.ReadFile("etc/securetty")
		if err != nil {
			return err
		}
		text = string(old)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if slices.Contains(lines, "console") {
		return nil
	}
	return s.Root.WriteFile("etc/securetty", []byte(strings.Join(append(lines, "console"), "\n")+"\n"), 0o644)
}

func (s *System) maskHostUnits() error {
	for _, unit := range hostUnits {
		name := "usr/lib/systemd/system/" + unit
		if !s.Root.Exists(name) {
			continue
		}
		if err := s.Root.Remove(name); err != nil {
			return err
		}
		if err := s.Root.Symlink("/dev/null", name); err != nil {
			return err
		}
	}
	return nil
}

// set gives a variable of a sysconfig file a value, if the file is there.
func (s *System) set(name, key, value string) error {
	if !s.Root.IsFile(name) {
		return nil
	}
	text, err := s.Root.ReadFile(name)
	if err != nil {
		return err
	}
	line := key + `="` + value + `"`
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, key+"=") })
	if at < 0 {
		lines = append(lines, line)
	} else {
		lines[at] = line
	}
	return s.Root.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

// KeepsTemporary tells whether the image keeps what is in /run and /tmp
// (ensure_empty_tmpdirs="false" of a container).
func (s *System) KeepsTemporary() bool {
	t := &s.Image.Type.Attr
	return (t.Image == "oci" || t.Image == "docker") && t.EnsureEmptyTmpdirs.IsFalse()
}
