package solve

import (
	"strings"

	"github.com/fimg/fimg/internal/fault"
)

// problem is a set of rules that contradict each other.
type problem struct{ rules []int32 }

// Unsolvable says that no set of packages fulfils the jobs.
type Unsolvable struct {
	// Facts contradict each other; leaving any one out would remove the
	// contradiction they are about.
	Facts []string
}

func (e *Unsolvable) Error() string {
	return "resolve packages: no solution:\n  - " + strings.Join(e.Facts, "\n  - ")
}

// FaultClass is fault.Unsolvable.
func (e *Unsolvable) FaultClass() fault.Class { return fault.Unsolvable }

// explain turns the recorded problem into an error.
func (s *solver) explain() error {
	e := &Unsolvable{}
	for _, p := range s.problems {
		for _, i := range p.rules {
			if f := s.fact(i); f != "" {
				e.Facts = append(e.Facts, f)
			}
		}
	}
	return e
}

func (s *solver) fact(i int32) string {
	var parts []string
	s.rules[i].literals(func(l lit) bool {
		t := s.u.Package(abs(l)).NEVRA()
		if l < 0 {
			t = "not " + t
		}
		parts = append(parts, t)
		return true
	})
	return strings.Join(parts, " or ")
}
