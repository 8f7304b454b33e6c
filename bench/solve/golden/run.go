package golden

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// World is loaded repositories to run jobs against.
type World struct {
	Arch    string
	sources []pool.Source
	repos   []*repo.Repository
	comps   *comps.Comps
	modules modules.Set
	hidden  map[string][]pool.ID // by enabled streams
}

// Load loads repositories from directories, with its cache in cacheDir.
func Load(ctx context.Context, arch, cacheDir string, dirs []string) (*World, error) {
	client, err := repo.New(repo.Options{CacheDir: cacheDir, Arch: arch, Releasever: "9"})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var sources []*repo.Source
	for i, d := range dirs {
		sources = append(sources, &repo.Source{ID: fmt.Sprintf("r%d", i), BaseURLs: []string{d}})
	}
	loaded, err := client.LoadAll(ctx, sources)
	if err != nil {
		return nil, err
	}
	w := &World{Arch: arch, repos: loaded, comps: repo.Groups(loaded), hidden: map[string][]pool.ID{}}
	for _, r := range loaded {
		w.sources = append(w.sources, r.PoolSource(ctx))
		if r.Modules != nil {
			w.modules.Merge(r.Modules)
		}
	}
	return w, nil
}

// Run gives the resolver's answer to a job.
func (w *World) Run(ctx context.Context, j *Job, variant string) Result {
	u, err := pool.NewUniverse(w.Arch, w.sources...)
	if err != nil {
		return Result{Stage: "universe", Error: err.Error()}
	}
	req, err := w.request(u, j)
	if err != nil {
		return Result{Stage: "mark", Error: err.Error()}
	}
	req.NoBest = strings.HasSuffix(variant, "_nobest")
	jobs, err := solve.Jobs(u, req)
	if err != nil {
		return Result{Stage: "mark", Error: err.Error()}
	}
	t, err := solve.Solve(ctx, u, jobs, solve.Options{NoWeak: strings.HasPrefix(variant, "noweak_")})
	var unsolvable *solve.Unsolvable
	if errors.As(err, &unsolvable) {
		return Result{Stage: "solve", Error: err.Error()}
	} else if err != nil {
		return Result{Stage: "crash", Error: err.Error()}
	}
	r := Result{OK: true}
	for _, it := range t.Install {
		r.Install = append(r.Install, u.Package(it.ID).NEVRA())
	}
	slices.Sort(r.Install)
	return r
}

// request sorts the arguments of a job into packages, groups and module
// profiles, and takes out what its excludes and the modules hide.
func (w *World) request(u *pool.Universe, j *Job) (solve.Request, error) {
	var req solve.Request
	enable := slices.Clone(j.Modules)
	var groups, profiles []string
	for _, a := range j.Args {
		spec, isGroup := strings.CutPrefix(a, "@")
		switch {
		case !isGroup:
			req.Install = append(req.Install, a)
		case w.modules.Has(spec):
			stream, _, _ := strings.Cut(spec, "/")
			enable, profiles = append(enable, stream), append(profiles, spec)
		default:
			groups = append(groups, a)
		}
	}
	solve.Exclude(u, j.Exclude)
	if err := w.modular(u, &req, enable, profiles); err != nil {
		return req, err
	}
	wanted, err := w.comps.Expand(groups, comps.Request{})
	for _, g := range wanted {
		req.Group = append(req.Group, solve.GroupPackage{Name: g.Name, Requires: g.Requires, BaseArch: g.BaseArchOnly, Group: g.Group})
	}
	return req, err
}

// modular hides what the enabled streams do not offer, and adds the packages of
// profiles to the request. What is hidden is found once for a set of streams.
func (w *World) modular(u *pool.Universe, req *solve.Request, enable, profiles []string) error {
	key := strings.Join(enable, " ")
	if hidden, ok := w.hidden[key]; ok && len(profiles) == 0 {
		u.Exclude(hidden...)
		return nil
	}
	fresh, err := pool.NewUniverse(w.Arch, w.sources...)
	if err != nil {
		return err
	}
	selection, err := repo.FilterModules(fresh, w.repos, modules.Request{Arch: w.Arch, Enable: enable})
	if err != nil {
		return err
	}
	var hidden []pool.ID
	for id := range fresh.All() {
		if fresh.Excluded(id) {
			hidden = append(hidden, id)
		}
	}
	w.hidden[key] = hidden
	u.Exclude(hidden...)
	for _, p := range profiles {
		names, err := w.modules.Profile(selection, p)
		if err != nil {
			return err
		}
		req.Install = append(req.Install, names...)
	}
	return nil
}
