package solve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/repo/repodata"
)

// applicable are the directories of libsolv's own cases that concern what this
// package does.
var applicable = []string{
	"alternative", "choicerules", "choose", "cplxdeps", "evrcmp", "excludefromweak", "focus", "forcebest", "lockstep",
	"multiversion", "recommendations", "sat", "weakdeps", "whatprovideswithdisabled", "yumobs",
}

// testcase is one libsolv testcase file being run.
type testcase struct {
	repos              []*caseRepo
	arch               string
	flags              []string
	jobs               []caseJob
	disabled           []string
	want               []string // result lines
	check              bool     // a transaction or the rules are expected
	rules, transaction bool
	again              bool // with libsolv's solver of the part before
	dir                string
	compared           []string // results of evrcmp
	line               string
	left               error // what a part wants that is not done here
}

type caseRepo struct {
	name      string
	priority  int
	installed bool
	packages  []*repodata.Package
}

type caseJob struct{ action, kind, what, flags string }

// errNotOurs marks what a testcase wants and this package does not do.
type errNotOurs string

func (e errNotOurs) Error() string { return "not supported here: " + string(e) }

// TestTestcases runs the project's own cases in the format of libsolv.
func TestTestcases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.t")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range files {
		if err := runCase(f); err != nil {
			t.Errorf("%s: %v", filepath.Base(f), err)
		}
	}
}

// TestLibsolvTestcases runs those of libsolv, where FIMG_LIBSOLV_TESTCASES names
// its directory test/testcases: they are not part of this project.
func TestLibsolvTestcases(t *testing.T) {
	passed, left := 0, 0
	for _, f := range libsolvCases(t) {
		var notOurs errNotOurs
		switch err := runCase(f); {
		case err == nil:
			passed++
		case errors.As(err, &notOurs):
			left++
			t.Logf("%s: %v", f, err)
		default:
			t.Errorf("%s: %v", f, err)
		}
	}
	t.Logf("%d cases pass, %d do not apply", passed, left)
}

// libsolvCases are the files to run, none where the directory is not named.
func libsolvCases(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("FIMG_LIBSOLV_TESTCASES")
	if dir == "" {
		return nil
	}
	var list []string
	for _, sub := range applicable {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*.t"))
		if err != nil || len(files) == 0 {
			t.Errorf("no cases in %s: %v", filepath.Join(dir, sub), err)
		}
		list = append(list, files...)
	}
	return list
}

func runCase(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c := &testcase{dir: filepath.Dir(path)}
	n := 0
	for scan := bufio.NewScanner(f); scan.Scan(); {
		c.line = scan.Text()
		if err := c.read(&n); err != nil {
			return err
		}
	}
	for i := range c.want {
		c.want[i] = strings.TrimPrefix(c.want[i], "job noop provides ")
	}
	if len(c.compared) > 0 && len(c.want) > 0 && !slices.Equal(c.compared, c.want) {
		return fmt.Errorf("got %q, want %q", c.compared, c.want)
	}
	if n, err = c.part(n); err == nil && n == 0 {
		if err = c.left; err == nil {
			err = errNotOurs("no transaction in it")
		}
	}
	return err
}

// part finishes what stands between two lines "nextjob". A part that does not
// apply takes none of the others with it.
func (c *testcase) part(n int) (int, error) {
	n, err := c.finish(n)
	var left errNotOurs
	if errors.As(err, &left) {
		c.left, err = left, nil
	}
	return n, err
}

// read takes one line; n counts the transactions compared.
func (c *testcase) read(n *int) (err error) {
	if rest, ok := strings.CutPrefix(c.line, "#>"); ok {
		if strings.HasPrefix(rest, "=") {
			return c.packageLine(rest[1:])
		}
		c.want = append(c.want, rest)
		return nil
	}
	f := strings.Fields(c.line)
	if len(f) == 0 || strings.HasPrefix(f[0], "#") {
		return nil
	}
	switch f[0] {
	case "feature":
	case "repo":
		r := &caseRepo{name: f[1]}
		fmt.Sscan(f[2], &r.priority)
		c.repos = append(c.repos, r)
		if len(f) > 4 && f[4] != "<inline>" {
			return c.packageFile(f[4])
		}
	case "system":
		if c.arch = f[1]; c.arch == "unset" {
			c.arch = ""
		}
		for _, r := range c.repos {
			r.installed = len(f) > 3 && r.name == f[3]
		}
		if len(f) > 2 && f[2] != "rpm" && f[2] != "*" {
			return errNotOurs(c.line)
		}
	case "poolflags", "solverflags":
		c.flags = append(c.flags, f[1:]...)
	case "job":
		return c.jobLine(f[1:])
	case "disable":
		c.disabled = append(c.disabled, f[2])
	case "result":
		c.check = c.check || strings.Contains(f[1], "transaction") || strings.Contains(f[1], "rules")
		c.rules = strings.Contains(f[1], "rules")
		c.transaction = strings.Contains(f[1], "transaction")
		c.want = nil
	case "evrcmp":
		got := fmt.Sprint(f[1], map[int]string{-1: " < ", 0: " = ", 1: " > "}[evr.Compare(f[1], f[2])], f[2])
		c.compared = append(c.compared, got)
		*n++
	case "nextjob":
		if *n, err = c.part(*n); err != nil {
			return err
		}
		c.jobs, c.want, c.check = nil, nil, false
		c.again = c.again || strings.Contains(c.line, "reusesolver")
	default:
		return errNotOurs(c.line)
	}
	return nil
}

func (c *testcase) jobLine(f []string) error {
	j := caseJob{action: f[0], kind: f[1]}
	if last := f[len(f)-1]; strings.HasPrefix(last, "[") {
		j.flags, f = strings.Trim(last, "[]"), f[:len(f)-1]
	}
	j.what = strings.Join(f[2:], " ")
	c.jobs = append(c.jobs, j)
	return nil
}

func (c *testcase) universe() (*pool.Universe, error) {
	slices.SortStableFunc(c.repos, func(a, b *caseRepo) int {
		if a.installed == b.installed {
			return 0
		} else if a.installed {
			return -1
		}
		return 1
	})
	var sources []pool.Source
	for _, r := range c.repos {
		b := pool.NewBuilder("")
		for _, p := range r.packages {
			if err := b.Add(p); err != nil {
				return nil, err
			}
		}
		x := b.Index()
		prio, _, _ := strings.Cut(r.name, ".")
		sources = append(sources, pool.Source{Index: x, Name: prio, Priority: -r.priority, Installed: r.installed})
	}
	u, err := pool.NewUniverse(c.arch, sources...)
	if err != nil {
		return nil, err
	}
	for id := range u.All() {
		if slices.Contains(c.disabled, caseName(u, id)) {
			u.Exclude(id)
		}
	}
	return u, nil
}

// caseName is name-version-release.arch@repository.
func caseName(u *pool.Universe, id pool.ID) string {
	return shortName(u, id) + "@" + u.Source(id).Name
}

func shortName(u *pool.Universe, id pool.ID) string {
	p := u.Package(id)
	v := p.Version
	if p.Epoch != "0" {
		v = p.Epoch + ":" + v
	}
	return p.Name + "-" + v + "-" + p.Release + "." + p.Arch
}

// finish solves what has been read and compares.
func (c *testcase) finish(n int) (int, error) {
	if !c.check {
		return n, nil
	}
	u, err := c.universe()
	if err != nil {
		return n, err
	}
	s := newSolver(context.Background(), u, nil, Options{})
	s.multi, s.notWeak = map[pool.ID]bool{}, map[pool.ID]bool{}
	if err := c.configure(s); err != nil {
		return n, err
	}
	if err = s.prepareRules(); err == nil {
		err = s.run()
	}
	refused := slices.ContainsFunc(c.want, func(l string) bool { return strings.HasPrefix(l, "problem ") })
	if refused || err != nil {
		if refused != (err != nil) {
			return n, fmt.Errorf("refused %v, want %q", err, c.want)
		}
		return n + 1, nil
	}
	if c.rules && !c.again { // here every solver is new and knows no rules from before
		if err := c.compareRules(s); err != nil {
			return n, err
		}
	}
	if c.transaction {
		err = c.compare(s)
	}
	return n + 1, err
}

// configure applies flags and jobs.
func (c *testcase) configure(s *solver) error {
	for _, f := range c.flags {
		switch f {
		case "ignorerecommended":
			s.opt.NoWeak = true
		case "allowuninstall":
			s.opt.AllowErasing = true
		case "whatprovideswithdisabled", "allowvendorchange", "bestobeypolicy", "yumobsoletes", "implicitobsoleteusescolors",
			"noobsoletesmultiversion", "keepexplicitobsoletes", "keeporphans", "noautotarget":
		default:
			return errNotOurs(f)
		}
	}
	for _, j := range c.jobs {
		if err := c.apply(s, j); err != nil {
			return err
		}
	}
	return nil
}

func (c *testcase) apply(s *solver, j caseJob) error {
	ids, dep, err := c.selected(s.u, j)
	if err != nil {
		return err
	}
	switch j.action {
	case "install", "erase":
		job := Job{Any: ids, Dep: dep}
		if j.action == "erase" {
			job.Action = Erase
		}
		for _, f := range strings.Split(j.flags, ",") {
			switch f {
			case "":
			case "forcebest":
				job.Best = true
			case "weak":
				job.Weak = true
			case "setarch":
				job.SetArch = true
			case "setevr", "targeted":
			default:
				return errNotOurs(f)
			}
		}
		s.jobs = append(s.jobs, job)
	case "multiversion":
		for _, id := range ids {
			s.multi[id] = true
		}
	case "excludefromweak":
		for _, id := range ids {
			s.notWeak[id] = true
		}
	default:
		return errNotOurs("job " + j.action)
	}
	return nil
}

// selected finds the packages a job means.
func (c *testcase) selected(u *pool.Universe, j caseJob) (ids []pool.ID, dep pool.Ref, err error) {
	switch j.kind {
	case "pkg", "oneof":
		for id := range u.All() {
			if slices.Contains(strings.Fields(j.what), caseName(u, id)) {
				ids = append(ids, id)
			}
		}
		return ids, dep, nil
	case "name", "provides":
	default:
		return nil, dep, errNotOurs("selection " + j.kind)
	}
	d := caseDep(j.what)
	if string(d.Name[0]) == "(" {
		dep, err = u.Parse(string(d.Name))
		return nil, dep, err
	}
	text := string(d.Name)
	if f := strings.Fields(j.what); len(f) == 3 {
		text = "(" + j.what + ")"
	}
	if dep, err = u.Parse(text); err != nil {
		return nil, dep, err
	}
	if j.kind == "provides" {
		return slices.Clone(u.Providers(dep)), pool.Ref{}, nil
	}
	name, arch := string(d.Name), ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && u.Providers(dep) == nil {
		name, arch = name[:i], name[i+1:]
	}
	for id := range u.All() {
		if p := u.Package(id); p.Name == name && (arch == "" || p.Arch == arch) && u.MatchesNEVR(id, dep) && u.ArchScore(id) != 0 {
			ids = append(ids, id)
		}
	}
	return ids, pool.Ref{}, nil
}
