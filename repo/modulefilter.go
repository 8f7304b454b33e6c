package repo

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/pool"
)

// Groups returns the groups and environments of all repositories as one.
func Groups(repos []*Repository) *comps.Comps {
	all := &comps.Comps{}
	for _, r := range repos {
		all.Merge(r.Comps)
	}
	return all
}

// FilterModules hides the packages that no active module stream offers. The
// sources of the universe must be those of the repositories; installed packages
// and repositories with ModuleHotfixes are left alone. Without a platform in the
// request, the one that the release package provides is used.
func FilterModules(u *pool.Universe, repos []*Repository, r modules.Request) (*modules.Selection, error) {
	all := &modules.Set{}
	exempt := map[string]bool{}
	for _, repository := range repos {
		if repository.Modules != nil {
			all.Merge(repository.Modules)
		}
		if repository.Source.ModuleHotfixes {
			exempt[repository.Source.ID] = true
		}
	}
	if r.Platform == "" {
		r.Platform = platform(u)
	}
	selection, err := all.Select(r)
	if err != nil {
		return nil, fmt.Errorf("select module streams: %w", err)
	}
	if !selection.Empty() {
		hide(u, selection, exempt)
	}
	return selection, nil
}

func hide(u *pool.Universe, s *modules.Selection, exempt map[string]bool) {
	free := func(id pool.ID) bool {
		return u.IsInstalled(id) || exempt[u.Source(id).Name]
	}
	for _, name := range s.Names() {
		number, ok := u.Lookup(name)
		if !ok {
			continue
		}
		for _, id := range u.Named(number) {
			if s.Hides(u.Package(id).NEVRA(), name) && !free(id) {
				u.Exclude(id)
			}
		}
	}
	for _, name := range s.Reserved() {
		for _, id := range u.ProvidersOf(name, 0, "") {
			if !s.Offers(u.Package(id).NEVRA()) && !free(id) {
				u.Exclude(id)
			}
		}
	}
}

const platformProvide = "base-module(platform:"

// platform finds what the newest package that provides system-release says of
// the module platform; empty when there is none.
func platform(u *pool.Universe) string {
	var best pool.ID
	for _, id := range u.ProvidersOf("system-release", 0, "") {
		if best == 0 || u.CompareEVR(id, best) > 0 {
			best = id
		}
	}
	if best == 0 {
		return ""
	}
	for _, ref := range u.Deps(best, pool.Provides) {
		text := u.Text(ref)
		if name, found := strings.CutPrefix(text, platformProvide); found {
			stream, _, _ := strings.Cut(name, ")")
			return stream
		}
	}
	return ""
}
