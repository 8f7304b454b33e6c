package system

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree/inroot"
)

// Mount is one line of fstab(5).
type Mount struct {
	Spec    string // UUID=…, LABEL=…, PARTUUID=… or a device
	Point   string // mount point, or "swap"
	Type    string
	Options string // empty is "defaults"
	Dump    int
	Pass    int
}

// fstabEdits are what an overlay leaves to change fstab.
var fstabEdits = []string{"etc/fstab.append", "etc/fstab.patch", "etc/fstab.script"}

// WriteFstab writes /etc/fstab: an earlier entry for a mount point wins, lines
// are in the order of the depth and then the name of their mount points. What
// the overlay left as fstab.append, fstab.patch and fstab.script is applied and
// removed.
func (s *System) WriteFstab(ctx context.Context, mounts []Mount) error {
	if err := s.Root.MkdirAll("etc", 0o755); err != nil {
		return fmt.Errorf("write fstab: %w", err)
	}
	text := s.fstab(mounts)
	more, err := s.Root.ReadFile("etc/fstab.append")
	switch {
	case err == nil:
		text += string(more)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("append to fstab: %w", err)
	}
	if err := s.Root.WriteFile("etc/fstab", []byte(text), 0o644); err != nil {
		return fmt.Errorf("write fstab: %w", err)
	}
	if err := s.editFstab(ctx); err != nil {
		return err
	}
	if s.Again {
		return nil
	}
	for _, name := range fstabEdits {
		if err := s.Root.Remove(name); err != nil {
			return fmt.Errorf("write fstab: %w", err)
		}
	}
	return nil
}

func (s *System) fstab(mounts []Mount) string {
	var kept []Mount
	for _, m := range mounts {
		if slices.ContainsFunc(kept, func(k Mount) bool { return k.Point == m.Point && m.Point != "swap" }) {
			s.Events.Warn("configure", m.Point, "a second file system for this mount point is left out of fstab")
			continue
		}
		kept = append(kept, m)
	}
	slices.SortStableFunc(kept, func(a, b Mount) int {
		return cmp.Or(cmp.Compare(depth(a.Point), depth(b.Point)), cmp.Compare(a.Point, b.Point))
	})
	var b strings.Builder
	for _, m := range kept {
		options := m.Options
		if options == "" {
			options = "defaults"
		}
		fmt.Fprintf(&b, "%s %s %s %s %d %d\n", m.Spec, m.Point, m.Type, options, m.Dump, m.Pass)
	}
	return b.String()
}

// depth counts path components; swap and the root come before everything.
func depth(point string) int {
	switch point {
	case "swap":
		return -1
	case "/":
		return 0
	}
	return strings.Count(point, "/")
}

func (s *System) editFstab(ctx context.Context) error {
	if s.Root.Exists("etc/fstab.patch") {
		if err := s.run(ctx, "patch", "/etc/fstab", "/etc/fstab.patch"); err != nil {
			return fmt.Errorf("patch fstab: %w", err)
		}
	}
	if !s.Root.Exists("etc/fstab.script") {
		return nil
	}
	cmd := inroot.Command{Args: []string{"/bin/bash", "/etc/fstab.script"}, Env: s.scriptEnvironment(), Subject: "fstab.script"}
	if err := s.Run(ctx, cmd); err != nil {
		return fmt.Errorf("run fstab.script: %w", err)
	}
	return nil
}
