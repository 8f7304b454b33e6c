package golden

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/resolve"
	"github.com/fimg/fimg/repo/solve"
)

// World is loaded repositories to run jobs against.
type World struct {
	Arch     string
	Platform string // of modules, such as "el9"; empty: what the release package says
	repos    []*repo.Repository
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
	return &World{Arch: arch, repos: loaded}, nil
}

// Run gives the resolver's answer to a job.
func (w *World) Run(ctx context.Context, j *Job, variant string) Result {
	a, err := resolve.Resolve(ctx, w.repos, resolve.Request{
		Arch: w.Arch, Install: j.Args, Exclude: j.Exclude, EnableModules: j.Modules, Platform: w.Platform,
		NoBest: strings.HasSuffix(variant, "_nobest"), NoWeak: strings.HasPrefix(variant, "noweak_"),
	})
	if err != nil {
		return Result{Stage: stage(err), Error: err.Error()}
	}
	return Result{OK: true, Install: a.NEVRAs()}
}

// stage is where dnf would refuse what fimg refused with err.
func stage(err error) string {
	var unsolvable *solve.Unsolvable
	var noMatch *solve.NoMatch
	var group *comps.UnknownError
	var module *modules.Error
	switch {
	case errors.As(err, &unsolvable):
		return "solve"
	case errors.As(err, &noMatch), errors.As(err, &group), errors.As(err, &module):
		return "mark"
	}
	return "crash"
}
