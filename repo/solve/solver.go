package solve

import (
	"context"

	"github.com/fimg/fimg/repo/pool"
)

// solver is the state of one call of Solve.
type solver struct {
	ctx  context.Context
	u    *pool.Universe
	jobs []Job
	opt  Options

	instFirst, instEnd pool.ID // the installed packages

	raw      []rule // of the packages added since they were last sorted
	sorted   []rule // of the packages before them, as they were made
	rules    []rule
	pkg      class // from dependencies
	feature  class // an installed package stays or is replaced by whatever
	update   class // the same without downgrade and change of architecture
	job      class
	infarch  class
	best     class
	yumobs   class
	choice   class
	learnt   int32   // the first learnt rule
	jobOf    []int   // job of each job rule
	bestOf   []int32 // job rule of each best rule
	choiceOf []int32 // package rule of each choice rule
	weakRule map[int32]bool
	asserts  []int32 // assertions among the rules, in order
	watches  []int32 // by literal plus offset

	added    []bool  // packages that have rules: those in play
	whole    bool    // everything that could be in play is
	level    []int32 // by package: 0 undecided, positive installed, negative not
	trail    []lit   // decisions in order
	why      []int32 // rule of each decision; zero or less for a free one
	head     int     // next decision to propagate
	branches []branch
	learnWhy [][]int32 // what each learnt rule was derived from
	problems []problem

	multi    map[pool.ID]bool   // may be installed in several versions
	notWeak  map[pool.ID]bool   // never installed for a weak dependency
	clean    *cleaning          // nil where erase jobs leave what they led to
	noUpdate []bool             // installed packages a job wants replaced or gone
	obsOf    map[pool.ID][]lit  // packages that obsolete an installed one under another name
	wished   wishes             // what is recommended and suggested
	weakBy   map[pool.ID]weakBy // why a weak dependency was installed
	reorder  bool               // installed packages are not yet decided
	instPos  pool.ID

	names []nameInfo // by package, filled on demand
}

// branch is a choice that may be taken back when the solution is minimised.
type branch struct {
	level int32
	cands []lit // negative once tried
	rule  int32
	weak  weakBy
}

// weakBy says which package recommended another, or that it supplements.
type weakBy struct {
	by  pool.ID
	dep pool.Ref
}

func newSolver(ctx context.Context, u *pool.Universe, jobs []Job, opt Options) *solver {
	s := &solver{ctx: ctx, u: u, jobs: jobs, opt: opt,
		rules: make([]rule, 1, 4096), weakRule: map[int32]bool{}, weakBy: map[pool.ID]weakBy{},
		added: make([]bool, u.End()), level: make([]int32, u.End()), names: make([]nameInfo, u.End())}
	s.instFirst, s.instEnd = u.Installed()
	s.noUpdate = make([]bool, s.instEnd)
	s.wished.init(u.End())
	return s
}

func (s *solver) installed(p pool.ID) bool { return p >= s.instFirst && p < s.instEnd }

func (s *solver) hasInstalled() bool { return s.instEnd > s.instFirst }

// nameInfo keeps what is asked of packages all the time.
type nameInfo struct {
	name, arch, evr pool.Str
	score           int32
	known           bool
}

func (s *solver) info(p pool.ID) *nameInfo {
	n := &s.names[p]
	if !n.known {
		*n = nameInfo{s.u.Name0(p), s.u.Arch0(p), s.u.EVR0(p), s.u.ArchScore(p), true}
	}
	return n
}

func (s *solver) name(p pool.ID) pool.Str { return s.info(p).name }

// color tells 64-bit from 32-bit architectures: packages of one name may be
// installed together when they share no color.
func (s *solver) sameColor(a, b pool.ID) bool {
	x, y := s.info(a), s.info(b)
	return x.arch == y.arch || color(s.u.String(x.arch))&color(s.u.String(y.arch)) != 0
}

// prepare makes all rules.
func (s *solver) prepare() error {
	s.findMulti()
	s.excludeFromWeak()
	return s.prepareRules()
}

func (s *solver) prepareRules() error {
	s.addFirst()
	s.rebuild()
	return s.ctx.Err()
}
