package resolve

import (
	"fmt"
	"slices"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// Step is one link of the chain from a request to a package.
type Step struct {
	NEVRA      string       `json:"nevra"`
	Repository string       `json:"repository"`
	Reason     solve.Reason `json:"reason"`
	// Because is the request, or the dependency of the package one step before.
	Because string `json:"because"`
}

// String is the step as a sentence.
func (s Step) String() string {
	switch s.Reason {
	case solve.User:
		return fmt.Sprintf("%s (%s) was asked for as %s", s.NEVRA, s.Repository, s.Because)
	case solve.GroupMember:
		return fmt.Sprintf("%s (%s) is a member of the group %s", s.NEVRA, s.Repository, s.Because)
	case solve.Recommended:
		return fmt.Sprintf("it recommends, or is supplemented by, %s (%s): %s", s.NEVRA, s.Repository, s.Because)
	}
	return fmt.Sprintf("it requires %s, which %s (%s) provides", s.Because, s.NEVRA, s.Repository)
}

// Why returns the chain of reasons that leads from a request to the package
// called name (a name, name.arch or NEVRA), the request first. It is nil when the
// package is not in the transaction.
func (a *Answer) Why(name string) []Step {
	items := map[pool.ID]solve.Item{}
	var at pool.ID
	for _, item := range a.Transaction.Install {
		items[item.ID] = item
		p := a.Universe.Package(item.ID)
		if at == 0 && (p.Name == name || p.Name+"."+p.Arch == name || p.NEVRA() == name) {
			at = item.ID
		}
	}
	var chain []Step
	seen := map[pool.ID]bool{}
	for at != 0 && !seen[at] {
		seen[at] = true
		item, ok := items[at]
		if !ok {
			break
		}
		chain = append(chain, Step{
			NEVRA: a.Universe.Package(at).NEVRA(), Repository: a.Universe.Source(at).Name,
			Reason: item.Reason, Because: item.Because,
		})
		at = item.By
	}
	slices.Reverse(chain)
	return chain
}
