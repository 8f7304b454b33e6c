package solve

import (
	"context"
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// Removal is a request to take installed packages away.
type Removal struct {
	// Arguments are in the forms of Request.Install, applied to the installed
	// packages only. What matches nothing is no error.
	Arguments []string
	// Alone removes just these, whatever needs them, as "rpm --erase --nodeps"
	// does. Otherwise the packages that cannot do without them go as well.
	Alone bool
	// Clean also removes what the arguments' packages led to, nothing else needs
	// and was not installed for its own sake, as dnf does. What only those led to
	// that go with them stays.
	Clean bool
	// Wanted are the installed packages that were asked for, which Clean keeps.
	Wanted map[pool.ID]bool
}

// Cause is why a package goes.
type Cause uint8

// The causes.
const (
	Named    Cause = iota // an argument means it
	InNeed                // it needs another one that goes
	Unneeded              // what it was needed for goes
)

// Gone is a package that Remove takes away.
type Gone struct {
	ID    pool.ID
	Cause Cause
}

// Remove returns the installed packages that go, dependents before what they
// depend on. The error is the context's, or *Unsolvable where installed packages
// contradict each other.
func Remove(ctx context.Context, u *pool.Universe, r Removal) ([]Gone, error) {
	jobs, err := r.jobs(u)
	if err != nil {
		return nil, err
	}
	s := newSolver(ctx, u, jobs, Options{AllowErasing: true})
	if r.Alone {
		for i := range jobs {
			s.level[jobs[i].Any[0]] = -1
		}
		return s.gone(nil), nil
	}
	if r.Clean {
		s.clean = &cleaning{wanted: r.Wanted, mistakes: map[pool.ID]bool{}}
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	causes := map[pool.ID]Cause{}
	for i, l := range s.trail {
		switch {
		case l > 0 || s.why[i] > 0 && s.job.has(s.why[i]):
		case s.why[i] > 0 && !s.needless(-l):
			causes[-l] = InNeed
		default:
			causes[-l] = Unneeded
		}
	}
	return s.gone(causes), u.Err()
}

// jobs are one for each package that an argument means.
func (r *Removal) jobs(u *pool.Universe) (jobs []Job, err error) {
	for _, id := range Installed(u, r.Arguments) {
		jobs = append(jobs, Job{Action: Erase, Any: []pool.ID{id}})
	}
	return jobs, u.Err()
}

// Installed returns the installed packages that arguments mean, each once. What
// matches nothing is no error.
func Installed(u *pool.Universe, args []string) (out []pool.ID) {
	m := &matcher{u: u}
	seen := map[pool.ID]bool{}
	for _, arg := range args {
		ids, _ := m.byNEVRA(arg)
		if len(ids) == 0 {
			ids = m.byProvide(arg)
		}
		if len(ids) == 0 && isFilePattern(arg) {
			ids = m.byFile(arg)
		}
		for _, id := range ids {
			if u.IsInstalled(id) && !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// gone lists what is decided to go, each package before those it requires.
func (s *solver) gone(causes map[pool.ID]Cause) (out []Gone) {
	var items []Item
	for p := s.instFirst; p < s.instEnd; p++ {
		if s.level[p] < 0 {
			items = append(items, Item{ID: p})
		}
	}
	for _, it := range s.ordered(items) {
		out = append(out, Gone{it.ID, causes[it.ID]})
	}
	slices.Reverse(out)
	return out
}
