package golden

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/solve"
)

// World is loaded repositories to run jobs against.
type World struct {
	Arch    string
	sources []pool.Source
	comps   comps.Comps
	modules []module
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
	w := &World{Arch: arch}
	for i, r := range loaded {
		w.sources = append(w.sources, r.PoolSource(ctx))
		w.comps.Merge(r.Comps)
		m, err := readModules(dirs[i])
		if err != nil {
			return nil, err
		}
		w.modules = append(w.modules, m...)
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
	enabled := map[string]string{}
	for _, m := range j.Modules {
		name, stream, _ := strings.Cut(m, ":")
		enabled[name] = stream
	}
	var groups []string
	var profiles []string
	for _, a := range j.Args {
		spec, isGroup := strings.CutPrefix(a, "@")
		name, stream, isModule := strings.Cut(spec, ":")
		switch {
		case !isGroup:
			req.Install = append(req.Install, a)
		case isModule:
			stream, profile, _ := strings.Cut(stream, "/")
			enabled[name] = stream
			profiles = append(profiles, name+":"+stream+"/"+profile)
		default:
			groups = append(groups, a)
		}
	}
	solve.Exclude(u, j.Exclude)
	w.hide(u, enabled)
	for _, p := range profiles {
		rpms, err := w.profile(p)
		if err != nil {
			return req, err
		}
		req.Install = append(req.Install, rpms...)
	}
	wanted, err := w.comps.Expand(groups, comps.Request{})
	for _, g := range wanted {
		req.Group = append(req.Group, solve.GroupPackage{Name: g.Name, Requires: g.Requires, BaseArch: g.BaseArchOnly, Group: g.Group})
	}
	return req, err
}
