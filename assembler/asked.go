package assembler

import (
	"slices"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
)

// asked is what a description wants of its repositories, in words for people, sorted.
// With other words the packages of an image may be others.
func asked(img *description.Image) []string {
	p := &img.Packages
	words := []string{"release version " + img.Preferences.ReleaseVersion, "package manager " + img.Preferences.PackageManager}
	add := func(what string, names []string) {
		for _, n := range names {
			words = append(words, what+" "+n)
		}
	}
	for name, phase := range map[string]*description.Phase{"bootstrap": &p.Bootstrap, "image": &p.Image} {
		add(name+" package", description.Names(phase.Packages))
		add(name+" collection", description.Names(phase.Collections))
		add(name+" exclude", description.Names(phase.Ignore))
		if phase.Recommended {
			words = append(words, name+" weak dependencies")
		}
	}
	add("module", p.EnableModules)
	add("no module", p.DisableModules)
	add("uninstalled package", description.Names(p.Uninstall))
	add("deleted package", description.Names(p.Delete))
	add("removed package", description.Names(p.Remove))
	slices.Sort(words)
	return slices.Compact(words)
}

// lockedBases are the plan's base containers as a lock has them.
func (p *Plan) lockedBases() []manifest.LockedBase {
	var list []manifest.LockedBase
	for _, b := range p.Bases {
		list = append(list, manifest.LockedBase(b))
	}
	return list
}
