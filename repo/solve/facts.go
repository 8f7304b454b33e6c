package solve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/pool"
)

// label names a package in a sentence: its NEVRA and where it is from.
func (s *solver) label(p pool.ID) string {
	if s.installed(p) {
		return "installed " + nevra(s.u, p)
	}
	return nevra(s.u, p) + " from " + s.u.Source(p).Name
}

// nevra leaves out an epoch of zero.
func nevra(u *pool.Universe, p pool.ID) string {
	return strings.Replace(u.Package(p).NEVRA(), "-0:", "-", 1)
}

// maxListed bounds the packages that a sentence lists.
const maxListed = 4

func (s *solver) labels(list []lit) string {
	var out []string
	for i, p := range list {
		if i == maxListed && len(list) > maxListed+1 {
			out = append(out, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		out = append(out, s.label(p))
	}
	if len(out) < 2 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:len(out)-1], ", ") + " or " + out[len(out)-1]
}

// positive are the packages a rule would have installed.
func (r *rule) positive() (out []lit) {
	r.literals(func(l lit) bool {
		if l > 0 {
			out = append(out, l)
		}
		return true
	})
	return out
}

// fact is a rule in words.
func (s *solver) fact(i int32) string {
	r := &s.rules[i]
	switch {
	case s.job.has(i):
		return s.jobFact(&s.jobs[s.jobOf[i-s.job.start]], r)
	case s.best.has(i):
		j := &s.jobs[s.jobOf[s.bestOf[i-s.best.start]-s.job.start]]
		return fmt.Sprintf("of %s only the best candidate is accepted: %s", s.requested(j), s.labels(r.positive()))
	case s.update.has(i), s.feature.has(i):
		if list := rest(r); len(list) > 0 {
			return fmt.Sprintf("%s has to stay or be replaced by %s", s.label(r.p), s.labels(list))
		}
		return s.label(r.p) + " has to stay"
	case s.infarch.has(i):
		if list := rest(r); len(list) > 0 {
			return fmt.Sprintf("%s needs the same version in the better architecture: %s", s.label(-r.p), s.labels(list))
		}
		return s.label(-r.p) + " is of an inferior architecture"
	case s.yumobs.has(i):
		return fmt.Sprintf("%s comes together with %s", s.label(-r.p), s.labels(rest(r)))
	}
	return s.packageFact(r)
}

func (s *solver) jobFact(j *Job, r *rule) string {
	switch {
	case j.Action == Erase:
		return fmt.Sprintf("%s is to be removed: %s", j.Request, s.label(-r.p))
	case r.p == -pool.System:
		return fmt.Sprintf("%s is asked for and nothing provides it", s.requested(j))
	}
	return fmt.Sprintf("%s is asked for: %s", s.requested(j), s.labels(r.positive()))
}

// requested is what a job asks for as its user knows it.
func (s *solver) requested(j *Job) string {
	list := s.candidates(j)
	if !j.Group || len(list) == 0 {
		return j.Request
	}
	return fmt.Sprintf("%s of group %s", s.u.String(s.name(list[0])), j.Request)
}

// packageFact says which dependency a rule was made of.
func (s *solver) packageFact(r *rule) string {
	if r.assertion() {
		return s.uninstallable(-r.p)
	}
	if list := r.positive(); len(list) > 0 {
		return s.requirementFact(r, list)
	}
	if q := -r.w2; r.more == nil {
		return s.conflictFact(-r.p, q)
	}
	return s.richFact(r)
}

// uninstallable says why a package cannot be installed at all.
func (s *solver) uninstallable(p pool.ID) string {
	if s.u.Excluded(p) {
		return s.label(p) + " is excluded"
	}
	for d := range s.u.List(p, pool.Requires).All() {
		if len(s.u.Providers(d)) == 0 {
			return fmt.Sprintf("%s requires %s, which nothing provides%s", s.label(p), s.u.Text(d), s.instead(d))
		}
	}
	for d := range s.u.List(p, pool.Requires).All() {
		if s.complex(d) {
			return fmt.Sprintf("%s requires %s, which cannot be satisfied", s.label(p), s.u.Text(d))
		}
	}
	return s.label(p) + " cannot be installed on " + s.u.Arch()
}

// instead tells which versions of a missing dependency there are.
func (s *solver) instead(d pool.Ref) string {
	op, name, _, _, _ := s.u.Rel(d)
	if op == 0 || !op.Compares() {
		return ""
	}
	list := slices.Clone(s.u.ProvidersOf(name, 0, ""))
	if len(list) == 0 {
		return ""
	}
	slices.SortFunc(list, func(a, b pool.ID) int { return s.u.CompareEVR(b, a) })
	return "; there is " + s.labels(list[:min(len(list), 2)])
}

// requirementFact names the requirement of one of the packages in the rule that
// the listed packages satisfy.
func (s *solver) requirementFact(r *rule, list []lit) string {
	by := pool.ID(0)
	text := ""
	r.literals(func(l lit) bool {
		if l < 0 && text == "" {
			by = -l
			text = s.requirementOf(by, list[0])
		}
		return true
	})
	if text == "" {
		return s.richFact(r)
	}
	return fmt.Sprintf("%s requires %s, provided by %s", s.label(by), text, s.labels(list))
}

// conflictFact says why two packages exclude each other.
func (s *solver) conflictFact(p, q pool.ID) string {
	for _, pair := range [][2]pool.ID{{p, q}, {q, p}} {
		for d := range s.u.List(pair[0], pool.Conflicts).All() {
			if contains(s.u.Providers(d), pair[1]) {
				return fmt.Sprintf("%s conflicts with %s, provided by %s", s.label(pair[0]), s.u.Text(d), s.label(pair[1]))
			}
		}
		for d := range s.u.List(pair[0], pool.Obsoletes).All() {
			if contains(s.u.Providers(d), pair[1]) && s.u.MatchesNEVR(pair[1], d) {
				return fmt.Sprintf("%s obsoletes %s, that is %s", s.label(pair[0]), s.u.Text(d), s.label(pair[1]))
			}
		}
	}
	return fmt.Sprintf("%s and %s cannot be installed together", s.label(p), s.label(q))
}

// richFact writes out a rule that came from a rich dependency.
func (s *solver) richFact(r *rule) string {
	var with []string
	r.literals(func(l lit) bool {
		if l < 0 {
			with = append(with, s.label(-l))
		}
		return true
	})
	text := strings.Join(with, " together with ")
	if list := r.positive(); len(list) > 0 {
		return text + " requires " + s.labels(list)
	}
	return text + " is not possible"
}
