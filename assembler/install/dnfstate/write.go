package dnfstate

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteDNF5 writes dnf5's state into a directory, DNF5Dir of a root. What is
// there is the past that the transactions go on from; files are replaced by
// rename. A history that cannot go on is an ErrHistory, and nothing is changed.
func (s *State) WriteDNF5(ctx context.Context, dir string) error {
	before, err := readPast(dir)
	if err != nil {
		return fmt.Errorf("read dnf5 state: %w", err)
	}
	for _, m := range s.OldModules {
		if _, ok := before.modules[m.Name]; !ok {
			before.modules[m.Name] = m
		}
	}
	s = s.after(before)
	files := s.tomlFiles()
	for _, t := range s.Transactions {
		for i := range t.Groups {
			g := &t.Groups[i]
			if !plainName(g.ID) {
				return fmt.Errorf("write dnf5 state: bad group id %q", g.ID)
			}
			if !g.Action.inbound() {
				continue
			}
			b, err := g.definition()
			if err != nil {
				return err
			}
			sub := "comps_groups/groups/"
			if g.Environment {
				sub = "comps_groups/environments/"
			}
			files[sub+g.ID+".xml"] = b
		}
	}
	if err := s.writeHistory(ctx, filepath.Join(dir, DNF5History), dnf5Schema); err != nil {
		return err // before the files say more than it
	}
	if err := writeAll(dir, files); err != nil {
		return fmt.Errorf("write dnf5 state: %w", err)
	}
	return nil
}

// WriteDNF4 writes dnf4's history into a directory, DNF4Dir of a root, and
// module streams into another, DNF4ModulesDir. A history that is there goes on;
// one that cannot is an ErrHistory.
func (s *State) WriteDNF4(ctx context.Context, dir, modulesDir string) error {
	files := make(map[string][]byte)
	for _, m := range s.modules() {
		if !plainName(m.Name) {
			return fmt.Errorf("write dnf4 state: bad module name %q", m.Name)
		}
		if m.State == ModuleAvailable {
			continue
		}
		state := strings.ToLower(string(m.State))
		files[m.Name+".module"] = fmt.Appendf(nil, "[%s]\nname=%s\nstream=%s\nprofiles=%s\nstate=%s\n",
			m.Name, m.Name, m.Stream, strings.Join(m.Profiles, ","), state)
	}
	if err := writeAll(modulesDir, files); err != nil {
		return fmt.Errorf("write dnf4 modules: %w", err)
	}
	return s.writeHistory(ctx, filepath.Join(dir, DNF4History), dnf4Schema)
}

// plainName reports whether a name from outside can be a file name.
func plainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00\n]")
}

// writeAll writes files below dir in order of their names.
func writeAll(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path+".new", files[name], 0o644); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}
