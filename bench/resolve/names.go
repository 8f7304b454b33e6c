package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/bench/resolve/debrepo"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/pool"
)

// shared returns the real metadata that may lie beside the project.
func shared() string {
	dir := os.Getenv("FIMG_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "shared")
	}
	var found []string
	for _, name := range []string{"baseos", "appstream", "bridge"} {
		path, err := filepath.Abs(filepath.Join(dir, "repodata", name))
		if _, statErr := os.Stat(path); err != nil || statErr != nil {
			return ""
		}
		found = append(found, path)
	}
	return strings.Join(found, ",")
}

// generate makes a repository of n packages in dir.
func generate(dir string, n int) error {
	list, err := debrepo.Available()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return debrepo.Write(dir, list, n)
}

// printNames prints 200 names from all over the repositories in dirs.
func printNames(ctx context.Context, work string, dirs []string) error {
	client, err := repo.New(repo.Options{CacheDir: filepath.Join(work, "cache-pick"), Arch: arch})
	if err != nil {
		return err
	}
	defer client.Close()
	var names []string
	for _, d := range dirs {
		r, err := client.Load(ctx, &repo.Source{ID: d, BaseURLs: []string{d}})
		if err != nil {
			return err
		}
		u, err := pool.NewUniverse(arch, r.PoolSource(ctx))
		if err != nil {
			return err
		}
		for id := range u.All() {
			names = append(names, u.Package(id).Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	step := max(1, len(names)/200)
	for i := 0; i < len(names); i += step {
		fmt.Println(names[i])
	}
	return nil
}

// pick adds up to n of the names to a request, as long as it can be fulfilled.
func (b *bench) pick(dirs, request, names []string, n int) []string {
	for _, name := range names {
		more := append(slices.Clone(request), name)
		if _, err := measure(b.fimgCmd("cache-pick", dirs, more)); err == nil {
			request = more
			n--
		}
		if n == 0 {
			break
		}
	}
	return request
}

// self runs this program again. What needs much memory is done there: a process
// that is large would pass its size on to those it measures.
func self(args ...string) (string, error) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}
