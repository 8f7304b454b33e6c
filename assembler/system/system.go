// Package system does to a root tree what kiwi does between the packages and the
// disk: description files and scripts, overlays, users, locale, repositories kept
// in the image, fstab, machine id and initrd. It follows kiwi-ng 10's order and
// rules; where it differs, docs/differences-from-kiwi.md says so.
//
// It knows nothing of disks but the lines fstab needs, and runs programs only
// through the callback it is given.
package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/tree/inroot"
	"github.com/fimg/fimg/tree/rootfs"
)

// System is a root tree being made into the image's system.
type System struct {
	Root   *rootfs.Root
	Image  *description.Image
	Run    inroot.Run
	Events event.Func
	Epoch  time.Time // the newest time that may reach the image
	// MachineID is the machine's identity while the image is built, 32
	// hexadecimal digits. It names files (loader entries), so it must not be
	// random; it never stays in the image.
	MachineID string
	// Environment is added to that of every script.
	Environment []string
	// Again says that more images will be made of the tree: Clean leaves what
	// OnlyAgain names, which no image may contain.
	Again bool
}

// Skeleton makes what kiwi puts into an empty root before the first package.
func (s *System) Skeleton() error {
	for _, dir := range []string{"var/cache/kiwi", "dev/pts", "proc", "etc/sysconfig", "run", "sys", "var", "tmp"} {
		if err := s.Root.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("prepare root: %w", err)
		}
	}
	links := [][2]string{{"/proc/self/fd", "dev/fd"}, {"fd/0", "dev/stdin"}, {"fd/1", "dev/stdout"}, {"fd/2", "dev/stderr"}}
	for _, l := range links {
		if err := s.Root.Symlink(l[0], l[1]); err != nil {
			return fmt.Errorf("prepare root: %w", err)
		}
	}
	if s.MachineID != "" {
		if err := s.Root.WriteFile("etc/machine-id", []byte(s.MachineID+"\n"), 0o444); err != nil {
			return fmt.Errorf("prepare root: %w", err)
		}
	}
	return s.Root.Chmod("tmp", 0o1777)
}

// forgetMachineID empties a machine id that is still that of the build.
func (s *System) forgetMachineID() error {
	text, err := s.Root.ReadFile("etc/machine-id")
	if err != nil || s.MachineID == "" || strings.TrimSpace(string(text)) != s.MachineID {
		return nil
	}
	return s.Root.WriteFile("etc/machine-id", nil, 0o444)
}

// Configure carries out everything between the package transaction and the
// removal of packages: the description's files, overlays, users, locale,
// repositories and config.sh.
func (s *System) Configure(ctx context.Context) error {
	steps := []func(context.Context) error{
		s.writeProfile, s.applyOverlays, s.writeImageID, s.addUsers, s.setLocale,
		s.placeFiles, s.keepRepositories,
		func(ctx context.Context) error { return s.RunScript(ctx, "config.sh") },
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// writeProfile writes the variables the scripts and the initrd read.
func (s *System) writeProfile(context.Context) error { return s.profile() }

func (s *System) profile(further ...description.Variable) error {
	if err := s.Root.WriteFile(".profile", []byte(s.Image.ProfileText(further...)), 0o644); err != nil {
		return fmt.Errorf("write /.profile: %w", err)
	}
	return nil
}

func (s *System) writeImageID(context.Context) error {
	if s.Image.ID == "" || !s.Root.IsDir("etc") {
		return nil
	}
	if err := s.Root.WriteFile("etc/ImageID", []byte(s.Image.ID+"\n"), 0o644); err != nil {
		return fmt.Errorf("write /etc/ImageID: %w", err)
	}
	return nil
}

// buildOnly are files of the build that a disk image does not keep.
var buildOnly = []string{".kconfig", ".profile", "config.bootoptions", partitionIDs, "image", ".buildenv",
	"etc/resolv.conf.kiwi", "etc/hosts.kiwi", "etc/sysconfig/proxy.kiwi", "var/cache/kiwi"}

// OnlyAgain tells whether a path is of use only to make another image of the tree:
// the description, what scripts read, and what changes fstab.
func OnlyAgain(path string) bool {
	return path == "image" || path == ".kconfig" || path == ".profile" || slices.Contains(fstabEdits, path)
}

// Clean removes what only the build needed. A disk image loses everything on the
// list; other kinds keep /.profile, as kiwi leaves it there.
func (s *System) Clean(disk bool) error {
	for _, name := range buildOnly {
		if name == ".profile" && !disk || s.Again && OnlyAgain(name) {
			continue
		}
		if err := s.Root.RemoveAll(name); err != nil {
			return fmt.Errorf("clean root: %w", err)
		}
	}
	if err := s.forgetMachineID(); err != nil {
		return fmt.Errorf("clean root: %w", err)
	}
	return s.emptyDirs()
}

// volatileCaches record host inode numbers or times and are rebuilt at need.
var volatileCaches = []string{"var/cache/ldconfig/aux-cache", "var/lib/systemd/random-seed",
	"var/lib/rpm-state/kernel", "var/log/dnf.log", "var/log/hawkey.log"}

func (s *System) emptyDirs() error {
	list := []string{"dev", "proc", "sys"}
	if !s.KeepsTemporary() {
		list = append(list, "run", "tmp")
	}
	for _, dir := range list {
		names, err := s.Root.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clean root: %w", err)
		}
		for _, n := range names {
			if err := s.Root.RemoveAll(path.Join(dir, n)); err != nil {
				return fmt.Errorf("clean root: %w", err)
			}
		}
	}
	for _, name := range volatileCaches {
		if err := s.Root.RemoveAll(name); err != nil {
			return fmt.Errorf("clean root: %w", err)
		}
	}
	return nil
}

// ResetMachineID empties a machine id that is already there, so that each copy of
// the image gets its own at the first boot.
func (s *System) ResetMachineID() error {
	text, err := s.Root.ReadFile("etc/machine-id")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reset machine id: %w", err)
	}
	if slices.Contains([]string{"uninitialized\n", "uninitialized", ""}, string(text)) {
		return nil
	}
	return s.Root.WriteFile("etc/machine-id", nil, 0o444)
}
