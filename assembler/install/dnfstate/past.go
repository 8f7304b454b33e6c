package dnfstate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/fimg/fimg/repo/rpm"
)

// past is what dnf5's state files say before the transactions.
type past struct {
	summary
	names   present
	modules map[string]Module
}

// maxState is the largest state file that is read, in bytes.
const maxState = 64 << 20

// stateFiles are dnf5's files as they are read (dnf5-system-state(7)).
type stateFiles struct {
	Packages map[string]struct {
		Reason string `toml:"reason"`
	} `toml:"packages"`
	Nevras map[string]struct {
		Repo string `toml:"from_repo"`
	} `toml:"nevras"`
	Groups map[string]struct {
		Types         []string `toml:"package_types"`
		Packages      []string `toml:"packages"`
		UserInstalled bool     `toml:"userinstalled"`
	} `toml:"groups"`
	Environments map[string]struct {
		Groups []string `toml:"groups"`
	} `toml:"environments"`
	Modules map[string]struct {
		Stream   string   `toml:"enabled_stream"`
		Profiles []string `toml:"installed_profiles"`
		State    string   `toml:"state"`
	} `toml:"modules"`
}

// readPast reads the state files of a directory; those that are not there say
// nothing.
func readPast(dir string) (*past, error) {
	var files stateFiles
	for _, name := range []string{"packages", "nevras", "groups", "environments", "modules"} {
		if err := readTOML(filepath.Join(dir, name+".toml"), &files); err != nil {
			return nil, fmt.Errorf("read %s.toml: %w", name, err)
		}
	}
	p := &past{summary: newSummary(), names: make(present), modules: make(map[string]Module)}
	for na, v := range files.Packages {
		p.reasons[na] = reasonOf(v.Reason)
	}
	for nevra, v := range files.Nevras {
		p.repos[nevra] = v.Repo
		p.names[nameOf(nevra)]++
	}
	for id, v := range files.Groups {
		g := Group{ID: id, Types: typesOf(v.Types), Reason: Dependency}
		if v.UserInstalled {
			g.Reason = User
		}
		p.groups[id] = groupState{g, v.Packages}
	}
	for id, v := range files.Environments {
		g := Group{ID: id, Environment: true}
		for _, member := range v.Groups {
			g.Members = append(g.Members, Member{Name: member, Type: Mandatory})
		}
		p.environ[id] = g
	}
	for name, v := range files.Modules {
		p.modules[name] = Module{Name: name, Stream: v.Stream, State: ModuleState(v.State), Profiles: v.Profiles}
	}
	return p, nil
}

func readTOML(name string, into *stateFiles) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Size() > maxState:
		return fmt.Errorf("%d bytes are too many", info.Size())
	}
	_, err = toml.DecodeFile(name, into)
	return err
}

func reasonOf(word string) Reason {
	for r := Dependency; r <= ExternalUser; r++ {
		if r.String() == word {
			return r
		}
	}
	return Unknown
}

func typesOf(words []string) (t Types) {
	for _, w := range words {
		for _, one := range []Types{Conditional, Default, Mandatory, Optional} {
			if one.names()[0] == w {
				t |= one
			}
		}
	}
	return t
}

// nameOf is the name of a package written with version, release and architecture.
func nameOf(nevra string) string {
	for range 2 {
		nevra = nevra[:max(0, strings.LastIndexByte(nevra, '-'))]
	}
	return nevra
}

// strength orders reasons: what replaces a package keeps the stronger one.
func (r Reason) strength() int {
	switch r {
	case User:
		return 6
	case GroupMember:
		return 5
	case ExternalUser:
		return 4
	case Dependency:
		return 3
	case WeakDependency:
		return 2
	case Clean:
		return 1
	}
	return 0
}

// inherit gives what replaces another version the reason of that one, if it is
// the stronger, and what leaves the reason it had.
func (t Transaction) inherit(reason func(id rpm.Identity) Reason) Transaction {
	items := make([]Item, len(t.Items))
	for n, i := range t.Items {
		kept := Unknown
		if i.Action != Install && i.Action != Remove {
			kept = reason(i.Package)
		}
		if kept.strength() > i.Reason.strength() {
			i.Reason = kept
		}
		items[n] = i
	}
	t.Items = items
	return t
}
