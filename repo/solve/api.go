package solve

import (
	"context"

	"github.com/fimg/fimg/repo/pool"
)

// Action is what a job wants.
type Action uint8

// The actions.
const (
	Install Action = iota // at least one of Any, or what Dep requires, is installed afterwards
	Erase                 // none of Any is installed afterwards
)

// Job is one wish. It must come true unless Weak.
type Job struct {
	Action Action
	// Any are the candidates, in any order.
	Any []pool.ID
	// Dep, where not zero, replaces Any by the packages that satisfy it; a rich
	// dependency may be satisfied without any.
	Dep pool.Ref
	// Best demands the best candidate by repository priority, architecture and
	// version, and nothing less.
	Best bool
	// Weak jobs are dropped when they cannot be fulfilled.
	Weak bool
	// SetArch says that the job itself decided on the architecture, so that the
	// rule "best architecture of a name" does not bind its candidates.
	SetArch bool
	// Request is what the user wrote, for reasons and errors.
	Request string
	// Group says that Request is a group or a member of one.
	Group bool
}

// Options are dnf's configuration. The zero value is dnf's default apart from
// Best of the jobs.
type Options struct {
	// NoWeak leaves out recommended and supplementing packages. They are still
	// preferred where there is a choice.
	NoWeak bool
	// AllowErasing lets installed packages go where the jobs need it.
	AllowErasing bool
	// InstallOnly are provides of packages of which several versions may be
	// installed side by side; nil means dnf's list, that is kernels.
	InstallOnly []string
	// AllArches switches off the preference for the best architecture of a name.
	AllArches bool
}

// Reason says why a package is in a transaction.
type Reason string

// The reasons.
const (
	User        Reason = "user"       // it fulfils a request
	GroupMember Reason = "group"      // it fulfils a request for a group
	Dependency  Reason = "dependency" // another package requires it
	Recommended Reason = "weak"       // another package recommends it or it supplements one
	Updated     Reason = "update"     // it replaces an installed package that could not stay
)

// Item is one package of a transaction.
type Item struct {
	ID     pool.ID
	Reason Reason
	// By is the package that made it necessary, zero for requests; Because is the
	// dependency or the request.
	By      pool.ID
	Because string
}

// Transaction is the answer. Install is in an order in which what a package
// requires comes before it wherever there is no cycle.
type Transaction struct {
	Install []Item
	// Remove are installed packages that go without a successor of their name,
	// Replace those that are replaced or obsoleted.
	Remove, Replace []pool.ID
}

// Solve returns the packages to install and remove so that all jobs and all
// dependencies are fulfilled. The error is *Unsolvable where none exist, and the
// context's when it ends.
func Solve(ctx context.Context, u *pool.Universe, jobs []Job, opt Options) (*Transaction, error) {
	s := newSolver(ctx, u, jobs, opt)
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	if err := u.Err(); err != nil {
		return nil, err
	}
	return s.transaction(), nil
}
