package system

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// setLocale applies keyboard, locale, splash theme and time zone, each only when
// the description speaks of it.
func (s *System) setLocale(ctx context.Context) error {
	p := s.Image.Preferences
	if p.Keytable != "" {
		if err := s.setKeytable(ctx, p.Keytable); err != nil {
			return fmt.Errorf("set keyboard %s: %w", p.Keytable, err)
		}
	}
	if p.Locale != "" {
		if err := s.setLang(ctx, p.Locale); err != nil {
			return fmt.Errorf("set locale %s: %w", p.Locale, err)
		}
	}
	for _, theme := range p.BootsplashThemes {
		if _, ok := s.Root.Program("plymouth-set-default-theme"); !ok {
			break
		}
		if err := s.run(ctx, "plymouth-set-default-theme", theme); err != nil {
			return fmt.Errorf("set splash theme %s: %w", theme, err)
		}
	}
	if p.Timezone != "" {
		if err := s.setTimezone(p.Timezone); err != nil {
			return fmt.Errorf("set time zone %s: %w", p.Timezone, err)
		}
	}
	return nil
}

func (s *System) setKeytable(ctx context.Context, keymap string) error {
	if _, ok := s.Root.Program("systemd-firstboot"); ok {
		if err := s.Root.Remove("etc/vconsole.conf"); err != nil {
			return err
		}
		return s.run(ctx, "systemd-firstboot", "--keymap="+keymap)
	}
	if !s.Root.Exists("etc/sysconfig/keyboard") {
		s.Events.Warn("configure", "keytable", "the image has no systemd-firstboot and no /etc/sysconfig/keyboard; the keyboard is not set")
		return nil
	}
	return s.Root.WriteFile("etc/sysconfig/keyboard", []byte("KEYTABLE=\""+keymap+"\"\n"), 0o644)
}

func (s *System) setLang(ctx context.Context, list string) error {
	if _, ok := s.Root.Program("systemd-firstboot"); !ok {
		return nil
	}
	if err := s.Root.Remove("etc/locale.conf"); err != nil {
		return err
	}
	return s.run(ctx, "systemd-firstboot", "--locale="+langOf(list))
}

// langOf picks the system locale from the description's list.
func langOf(list string) string {
	names := strings.Split(list, ",")
	if slices.Contains(names, "POSIX") {
		return "POSIX"
	}
	return strings.TrimSuffix(names[0], ".UTF-8") + ".UTF-8"
}

// setTimezone makes /etc/localtime the link that systemd-firstboot would make.
func (s *System) setTimezone(zone string) error {
	if strings.Contains(zone, "..") {
		return errNoTarget
	}
	if !s.Root.Exists(path.Join("usr/share/zoneinfo", zone)) {
		return fmt.Errorf("the image has no time zone of that name")
	}
	return s.Root.Symlink("../usr/share/zoneinfo/"+zone, "etc/localtime")
}
