package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/resolve"
)

// image resolves the image that the description means.
func (f *resolveFlags) image(ctx context.Context, a *app) error {
	images, err := f.images(ctx)
	if err != nil {
		return err
	}
	if len(images) != 1 {
		return usageError{errors.New("resolve takes one image at a time: name one --profile")}
	}
	quiet := *a
	quiet.quiet = true
	w := work{cacheDir: f.cacheDir, offline: f.offline, jobs: f.jobs, proxy: f.proxy}
	plan, err := a.plan(ctx, &w, images[0], quiet.newPrinter())
	if err != nil {
		return err
	}
	if f.lock != "" {
		if err := replaceFile(f.lock, plan.Lock); err != nil {
			return err
		}
	}
	if f.why != "" {
		return a.printLockedWhy(plan.Lock, f.why)
	}
	install := make([]string, len(plan.Lock.Packages))
	for i, p := range plan.Lock.Packages {
		install[i] = p.NEVRA
	}
	slices.Sort(install)
	return a.printInstall(install)
}

// printLockedWhy follows the reasons that a lock gives, which name the package
// that needs another at their end.
func (a *app) printLockedWhy(lock *manifest.Lock, name string) error {
	byName := map[string]manifest.LockedPackage{}
	for _, p := range lock.Packages {
		byName[nameOf(p.NEVRA)] = p
	}
	var chain []string
	for seen := map[string]bool{}; !seen[name]; {
		p, ok := byName[name]
		if !ok {
			break
		}
		seen[name] = true
		chain = append(chain, fmt.Sprintf("%s (%s): %s", p.NEVRA, p.Repo, p.Reason))
		if i := strings.LastIndex(p.Reason, " of "); i >= 0 {
			name = p.Reason[i+len(" of "):]
		}
	}
	if len(chain) == 0 {
		return noPackage{name}
	}
	slices.Reverse(chain)
	for i, line := range chain {
		fmt.Fprintf(a.out, "%s%s\n", strings.Repeat("  ", i), line)
	}
	return nil
}

// nameOf returns the name of name-epoch:version-release.arch.
func nameOf(nevra string) string {
	for range 2 {
		if i := strings.LastIndexByte(nevra, '-'); i > 0 {
			nevra = nevra[:i]
		}
	}
	return nevra
}

// writeLock writes the lock of an answer without a description.
func (f *resolveFlags) writeLock(answer *resolve.Answer) error {
	lock := &manifest.Lock{Version: manifest.LockVersion, Arch: f.arch, Releasever: f.releasever}
	for _, r := range answer.Repos {
		one := manifest.LockedRepo{ID: r.Source.ID, URL: r.Source.BaseURLs[0], Revision: r.Revision, Metadata: map[string]string{}}
		for _, m := range r.Metadata {
			one.Metadata[m.Type] = m.Checksum.String()
		}
		lock.Repositories = append(lock.Repositories, one)
	}
	for _, item := range answer.Transaction.Install {
		p, err := lockedPackage(answer, item.ID)
		if err != nil {
			return err
		}
		p.Reason = fmt.Sprintf("%s: %s", item.Reason, item.Because)
		if item.By > pool.System {
			p.Reason += " of " + answer.Universe.Package(item.By).Name
		}
		lock.Packages = append(lock.Packages, p)
	}
	slices.SortFunc(lock.Packages, func(a, b manifest.LockedPackage) int { return cmp.Compare(a.NEVRA, b.NEVRA) })
	return replaceFile(f.lock, lock)
}

func lockedPackage(answer *resolve.Answer, id pool.ID) (manifest.LockedPackage, error) {
	r := answer.Repos[answer.Universe.SourceOf(id)]
	d := answer.Universe.Details(id)
	nevra := answer.Universe.Package(id).NEVRA()
	ref, err := r.Ref(nevra, d)
	return manifest.LockedPackage{
		NEVRA: nevra, Checksum: ref.Checksum.String(), Size: ref.Size, Installed: int64(d.InstalledSize),
		Repo: r.Source.ID, Base: ref.Base, Location: ref.Location, Phase: "image", BuildTime: int64(d.BuildTime),
	}, err
}

// replaceFile writes a lock beside its place and renames it when it is whole.
func replaceFile(name string, lock *manifest.Lock) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".lock-*")
	if err != nil {
		return usageError{fmt.Errorf("write lock %s: %w", name, errors.Unwrap(err))} // not the temporary name
	}
	defer os.Remove(f.Name()) // fails once it is renamed
	if err := errors.Join(lock.Write(f), f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write lock: %w", err)
	}
	return os.Rename(f.Name(), name)
}
