package golden

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
	"go.yaml.in/yaml/v3"

	"github.com/fimg/fimg/repo/pool"
)

// module is one modulemd or modulemd-defaults document, as far as needed here.
type module struct {
	Document string
	Data     struct {
		Module    string // of defaults
		Name      string
		Stream    string
		Version   uint64
		Profiles  map[string]yaml.Node
		Artifacts struct{ RPMs []string }
	}
}

// readModules reads the module metadata of a repository directory, if any.
func readModules(dir string) (out []module, err error) {
	found, _ := filepath.Glob(filepath.Join(dir, "repodata", "*modules.yaml.xz"))
	for _, path := range found {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		x, err := xz.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		for d := yaml.NewDecoder(x); ; {
			var m module
			if err := d.Decode(&m); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// active tells whether a module document is that of an enabled stream in its
// newest version.
func (w *World) active(m *module, enabled map[string]string) bool {
	if m.Document != "modulemd" || enabled[m.Data.Name] != m.Data.Stream {
		return false
	}
	for i := range w.modules {
		o := &w.modules[i]
		if o.Document == m.Document && o.Data.Name == m.Data.Name && o.Data.Stream == m.Data.Stream && o.Data.Version > m.Data.Version {
			return false
		}
	}
	return true
}

// hide excludes the packages of streams that are not active, and those outside
// of modules whose name an active stream has, or that provide it.
func (w *World) hide(u *pool.Universe, enabled map[string]string) {
	modular, active, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range w.modules {
		m := &w.modules[i]
		on := w.active(m, enabled)
		for _, nevra := range m.Data.Artifacts.RPMs {
			modular[nevra] = true
			if on {
				active[nevra] = true
				names[nameOf(nevra)] = !strings.HasSuffix(nevra, ".src") || names[nameOf(nevra)]
			}
		}
	}
	for id := range u.All() {
		p := u.Package(id)
		nevra := p.NEVRA()
		if !active[nevra] && (modular[nevra] || names[p.Name]) {
			u.Exclude(id)
		}
	}
	for n, on := range names {
		for _, id := range u.ProvidersOf(n, 0, "") {
			if on && !active[u.Package(id).NEVRA()] {
				u.Exclude(id)
			}
		}
	}
}

func nameOf(nevra string) string {
	for range 2 {
		if i := strings.LastIndexByte(nevra, '-'); i > 0 {
			nevra = nevra[:i]
		}
	}
	return nevra
}

// profile returns the packages of "name:stream/profile", of the default profile
// when none is given.
func (w *World) profile(spec string) ([]string, error) {
	name, rest, _ := strings.Cut(spec, ":")
	stream, profile, _ := strings.Cut(rest, "/")
	enabled := map[string]string{name: stream}
	profiles := []string{profile}
	if profile == "" {
		profiles = w.defaultProfiles(name, stream)
	}
	var rpms []string
	for i := range w.modules {
		m := &w.modules[i]
		if !w.active(m, enabled) {
			continue
		}
		for _, p := range profiles {
			var body struct{ RPMs []string }
			node := m.Data.Profiles[p]
			if err := node.Decode(&body); err != nil {
				return nil, err
			}
			rpms = append(rpms, body.RPMs...)
		}
	}
	if len(rpms) == 0 {
		return nil, fmt.Errorf("no profile %s", spec)
	}
	slices.Sort(rpms)
	return slices.Compact(rpms), nil
}

func (w *World) defaultProfiles(name, stream string) (out []string) {
	for i := range w.modules {
		m := &w.modules[i]
		if m.Document != "modulemd-defaults" || m.Data.Module != name {
			continue
		}
		node := m.Data.Profiles[stream]
		if node.Decode(&out) == nil {
			return out
		}
	}
	return nil
}
