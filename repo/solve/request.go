package solve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo/pool"
)

// GroupPackage is a package a group asks for.
type GroupPackage struct {
	Name string
	// Requires, where not empty, limits the wish to systems with that package.
	Requires string
	// BaseArch restricts it to packages of the universe's own architecture.
	BaseArch bool
	Group    string // the group, for reasons
}

// Request is what a user asks for, in the words of dnf's command line.
type Request struct {
	// Install are names, NEVRAs and their shorter forms, provides, absolute file
	// paths, and globs of these; not groups.
	Install []string
	// Profile are the packages of module profiles, by name. An obsoleting package is
	// no substitute. They come before everything else.
	Profile []GroupPackage
	// Group are the packages of the groups asked for. Those that do not exist or
	// are excluded are left out silently.
	Group []GroupPackage
	// NoBest accepts something else than the best candidate of an argument.
	NoBest bool
	// KeepInstalled is content with any version that is installed, as dnf5 is; dnf4
	// installs a newer one.
	KeepInstalled bool
}

// NoMatch says that arguments match no package.
type NoMatch struct {
	Arguments []string
	// Near are names of the universe that resemble the arguments, by argument.
	Near map[string][]string
	// Elsewhere are the architectures that have the argument, where the machine's is
	// none of them, by argument.
	Elsewhere map[string][]string
	Arch      string // of the machine
}

func (e *NoMatch) Error() string {
	return "resolve packages: nothing matches " + strings.Join(e.Arguments, ", ")
}

// FaultClass is fault.Unsolvable.
func (e *NoMatch) FaultClass() fault.Class { return fault.Unsolvable }

// Hint tells where an argument can be had, or names packages that may have been meant.
func (e *NoMatch) Hint() string {
	for _, a := range e.Arguments {
		if there := e.Elsewhere[a]; len(there) > 0 {
			return fmt.Sprintf("the repositories have %s for %s, not for %s", a, strings.Join(there, ", "), e.Arch)
		}
		if n := e.Near[a]; len(n) > 0 {
			return "packages with a similar name: " + strings.Join(n, ", ")
		}
	}
	return ""
}

// Jobs turns a request into jobs as dnf does: an argument is tried as NEVRA,
// name.arch, name, name-version-release, name-version, glob of a NEVRA, glob of
// provides and glob of files; a bare name means also the packages that obsolete
// those of that name; a glob means every name it matches. The error is *NoMatch
// when an argument fits nothing.
func Jobs(u *pool.Universe, r Request) ([]Job, error) {
	m := &matcher{u: u}
	jobs := m.profileJobs(r.Profile)
	missing := &NoMatch{Near: map[string][]string{}, Elsewhere: map[string][]string{}, Arch: u.Arch()}
	for _, arg := range r.Install {
		found := m.jobsFor(arg)
		if len(found) == 0 {
			missing.Arguments = append(missing.Arguments, arg)
			missing.Near[arg], missing.Elsewhere[arg] = m.near(arg), m.elsewhere(arg)
		}
		jobs = append(jobs, found...)
	}
	if err := u.Err(); err != nil {
		return nil, err
	}
	if len(missing.Arguments) > 0 {
		return nil, missing
	}
	for _, g := range r.Group {
		j, err := m.groupJob(g)
		if err != nil {
			return nil, err
		}
		if j != nil {
			jobs = append(jobs, *j)
		}
	}
	for i := range jobs {
		jobs[i].Best = !r.NoBest
		if r.KeepInstalled {
			m.keepInstalled(&jobs[i])
		}
	}
	return jobs, nil
}

// keepInstalled makes a job be content with what is installed of its candidates.
func (m *matcher) keepInstalled(j *Job) {
	var here []pool.ID
	for _, id := range j.Any {
		if m.u.IsInstalled(id) {
			here = append(here, id)
		}
	}
	if len(here) > 0 {
		j.Any, j.Best = here, false
	}
}

// Exclude takes out the packages that dnf's --exclude with these patterns would:
// NEVRA forms and globs of them, never provides. A pattern that fits nothing is
// no error.
func Exclude(u *pool.Universe, patterns []string) {
	m := &matcher{u: u}
	var out []pool.ID
	for _, p := range patterns {
		ids, _ := m.byNEVRA(p)
		for _, id := range ids {
			if !u.IsInstalled(id) {
				out = append(out, id)
			}
		}
	}
	u.Exclude(out...)
}

// profileJobs makes a job of each package that exists.
func (m *matcher) profileJobs(packages []GroupPackage) (jobs []Job) {
	for _, p := range packages {
		if ids := m.named(p); len(ids) > 0 {
			jobs = append(jobs, Job{Any: ids, Group: true, Request: p.Group, SetArch: true})
		}
	}
	return jobs
}

// named finds the packages that a group or profile means by a name.
func (m *matcher) named(g GroupPackage) (ids []pool.ID) {
	name, ok := m.u.Lookup(g.Name)
	if !ok {
		return nil
	}
	for _, id := range m.u.Named(name) {
		if m.visible(id) && (!g.BaseArch || m.u.String(m.u.Arch0(id)) == m.u.Arch()) {
			ids = append(ids, id)
		}
	}
	return ids
}

// groupJob is nil when no package of the name can be installed.
func (m *matcher) groupJob(g GroupPackage) (*Job, error) {
	ids := m.named(g)
	if len(ids) == 0 {
		return nil, nil
	}
	j := &Job{Group: true, Request: g.Group, SetArch: true}
	if g.Requires == "" {
		j.Any = m.withObsoleters(ids)
		return j, nil
	}
	dep, err := m.u.Parse(fmt.Sprintf("(%s if %s)", g.Name, g.Requires))
	if err != nil {
		return nil, fmt.Errorf("resolve group %s: %w", g.Group, err)
	}
	j.Dep, j.SetArch = dep, false
	return j, nil
}

// jobsFor makes the jobs of one argument, none when it matches nothing.
func (m *matcher) jobsFor(arg string) (jobs []Job) {
	ids, is := m.byNEVRA(arg)
	if len(ids) == 0 {
		ids = m.byProvide(arg)
	}
	if len(ids) == 0 && isFilePattern(arg) {
		ids = m.byFile(arg)
	}
	if len(ids) == 0 {
		return nil
	}
	groups := [][]pool.ID{ids}
	switch {
	case is.allArchs:
		groups = m.byNameArch(ids)
	case isGlob(arg) && !isFilePattern(arg):
		groups = m.byName(ids)
	}
	for _, g := range groups {
		if is.justName || is.allArchs {
			g = m.withObsoleters(g)
		}
		jobs = append(jobs, Job{Any: g, Request: arg, SetArch: true})
	}
	return jobs
}

// byName splits packages into groups of one name, in the order of the names.
func (m *matcher) byName(ids []pool.ID) (groups [][]pool.ID) {
	by := map[string][]pool.ID{}
	var names []string
	for _, id := range ids {
		n := m.u.String(m.u.Name0(id))
		if by[n] == nil {
			names = append(names, n)
		}
		by[n] = append(by[n], id)
	}
	slices.Sort(names)
	for _, n := range names {
		groups = append(groups, by[n])
	}
	return groups
}

// byNameArch splits packages into groups of one name and architecture, in their
// order: where the architecture is a glob, dnf wants every one that it matches,
// unless it is installed already.
func (m *matcher) byNameArch(ids []pool.ID) (groups [][]pool.ID) {
	type nameArch struct{ name, arch pool.Str }
	at := map[nameArch]int{}
	for _, id := range ids {
		k := nameArch{m.u.Name0(id), m.u.Arch0(id)}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], id)
	}
	return slices.DeleteFunc(groups, func(g []pool.ID) bool {
		return len(groups) > 1 && slices.ContainsFunc(g, m.u.IsInstalled)
	})
}

// withObsoleters adds the packages that obsolete one of ids.
func (m *matcher) withObsoleters(ids []pool.ID) []pool.ID {
	out := slices.Clone(ids)
	for _, id := range ids {
		for o, d := range m.u.Obsoleters(m.u.Name0(id)) {
			if m.visible(o) && m.u.MatchesNEVR(id, d) {
				out = append(out, o)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
