package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// installOnly is dnf's default for installonlypkgs.
var installOnly = []string{"kernel", "kernel-PAE", "installonlypkg(kernel)", "installonlypkg(kernel-module)",
	"installonlypkg(vm)", "multiversion(kernel)"}

// findMulti finds the packages that may be installed in several versions.
func (s *solver) findMulti() {
	s.multi = map[pool.ID]bool{}
	names := s.opt.InstallOnly
	if names == nil {
		names = installOnly
	}
	for _, n := range names {
		for _, p := range s.u.ProvidersOf(n, 0, "") {
			s.multi[p] = true
		}
	}
}

// excludeFromWeak finds what the installed packages have recommended, or what
// could have supplemented them, in vain: the user did without it before and is
// not to get it now because another package wishes for it too.
func (s *solver) excludeFromWeak() {
	s.notWeak = map[pool.ID]bool{}
	if !s.hasInstalled() {
		return
	}
	for p := s.instFirst; p < s.instEnd; p++ {
		for d := range s.u.List(p, pool.Recommends).All() {
			list := s.u.Providers(d)
			if s.u.Rich(d) || slices.ContainsFunc(list, s.installed) {
				continue
			}
			for _, q := range list {
				s.notWeak[q] = true
			}
		}
	}
	for _, q := range s.u.WithWeak() {
		if s.installed(q) || slices.ContainsFunc(s.u.Named(s.name(q)), s.installed) {
			continue
		}
		for d := range s.u.List(q, pool.Supplements).All() {
			if !s.u.Rich(d) && slices.ContainsFunc(s.u.Providers(d), s.installed) {
				s.notWeak[q] = true
			}
		}
	}
}
