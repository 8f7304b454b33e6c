package assembler

import (
	"path"
	"strconv"
	"strings"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/repo/rpm"
)

// moduleRecords are the commands about modules that kiwi gives before it installs
// anything: those disabled, and those enabled after a reset.
func (b *builder) moduleRecords() (list []dnfstate.Transaction) {
	before := b.dnf[0].Before
	add := func(verb, spec string, sets ...dnfstate.Module) {
		t := b.transactionRecord(install.Result{Before: before, After: before}, "module "+verb+" "+spec)
		t.Modules = sets
		list = append(list, t)
	}
	m := &b.plan.Lock.Modules
	for _, spec := range m.Disabled {
		name, _, _ := strings.Cut(spec, ":")
		add("disable", spec, dnfstate.Module{Name: name, State: dnfstate.ModuleDisabled})
	}
	for i, e := range m.Enabled {
		sets := []dnfstate.Module{{Name: e.Name, Stream: e.Stream, State: dnfstate.ModuleEnabled}}
		for _, other := range e.With {
			name, stream, _ := strings.Cut(other, ":")
			sets = append(sets, dnfstate.Module{Name: name, Stream: stream, State: dnfstate.ModuleEnabled})
		}
		spec := e.Name + ":" + e.Stream
		if asked := b.plan.Image.Packages.EnableModules; i < len(asked) {
			spec = asked[i]
		}
		add("reset", e.Name, dnfstate.Module{Name: e.Name, State: dnfstate.ModuleAvailable})
		add("enable", spec, sets...)
	}
	return list
}

// dnf4Modules are the modules that a base's dnf 4 has decided about, where dnf5 has
// no file of its own: it goes on from these.
func (b *builder) dnf4Modules() (list []dnfstate.Module, err error) {
	if b.root.IsFile(path.Join(dnfstate.DNF5Dir, "modules.toml")) {
		return nil, nil
	}
	for _, name := range b.root.Glob(dnfstate.DNF4ModulesDir + "/*.module") {
		if !b.root.IsFile(name) {
			continue
		}
		raw, err := b.root.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, dnfstate.ParseModule(strings.TrimSuffix(path.Base(name), ".module"), raw))
	}
	return list, nil
}

// identityOf reads a NEVRA of the lock.
func identityOf(nevra string) (id rpm.Identity) {
	cut := func(sep byte) (last string) {
		i := max(strings.LastIndexByte(nevra, sep), 0)
		last, nevra = strings.TrimPrefix(nevra[i:], string(sep)), nevra[:i]
		return last
	}
	id.Arch, id.Release, id.Version = cut('.'), cut('-'), cut('-')
	id.Name = nevra
	if epoch, version, ok := strings.Cut(id.Version, ":"); ok {
		if n, err := strconv.ParseUint(epoch, 10, 32); err == nil {
			id.Epoch, id.HasEpoch, id.Version = uint32(n), true, version
		}
	}
	return id
}
