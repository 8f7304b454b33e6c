package assembler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
)

// sources are the repositories a build installs from, in the description's order.
// Where a repository does not say whether its packages are to be signed,
// rpm-check-signatures does.
func sources(img *description.Image) []*repo.Source {
	var list []*repo.Source
	for _, r := range img.Repositories {
		if !r.UseForBuild {
			continue
		}
		s := &repo.Source{ID: system.RepositoryID(r), Priority: int(r.Priority.Or(0)), Keys: img.SigningKeys,
			RepoGPGCheck: r.RepoGPGCheck.IsTrue(), PackageGPGCheck: r.PackageGPGCheck.Or(img.Preferences.CheckSignatures),
			Username: r.Username, Password: r.Password, SkipIfUnavailable: r.Local}
		switch r.SourceType {
		case "metalink":
			s.Metalink = r.URL
		case "mirrorlist":
			s.Mirrorlist = r.URL
		default:
			s.BaseURLs = []string{r.URL}
		}
		list = append(list, s)
	}
	return list
}

// client makes the repository client of a plan or build.
func client(img *description.Image, opts Options) (*repo.Client, error) {
	return repo.New(repo.Options{CacheDir: opts.CacheDir, Offline: opts.Offline, Releasever: img.Preferences.ReleaseVersion,
		Arch: img.Arch, Proxy: opts.Proxy, Events: opts.Events, Log: opts.Log})
}

// ErrNoRepository says that an image has nothing to install from.
var ErrNoRepository = errors.New("the description has no repository to install from")

var errEmpty = errors.New("no repository has any package")

func total(repos []*repo.Repository) int {
	n := 0
	for _, one := range repos {
		n += one.Index.Len()
	}
	return n
}

// resolve fills in the lock, unless the caller gave one.
func (p *Plan) resolve(ctx context.Context, opts Options) error {
	base, err := p.findBases(ctx, reach{opts.Offline, opts.InsecureRegistries, opts.Proxy})
	if err != nil {
		return err
	}
	if p.Lock != nil {
		if p.Lock.Arch != p.Image.Arch {
			return &manifest.LockError{Text: "it is for " + p.Lock.Arch + ", the image for " + p.Image.Arch}
		}
		if err := p.Lock.CheckAsked(asked(p.Image), p.lockedBases()); err != nil {
			return err
		}
		p.setEpoch()
		return nil
	}
	list := sources(p.Image)
	if len(list) == 0 {
		return fault.New(fault.Description, fmt.Errorf("resolve packages: %w", ErrNoRepository))
	}
	c, err := client(p.Image, opts)
	if err != nil {
		return err
	}
	defer c.Close()
	repos, err := c.LoadAll(ctx, list)
	if err != nil {
		return err
	}
	if total(repos) == 0 {
		return fault.New(fault.Repository, fmt.Errorf("resolve packages: %w", errEmpty))
	}
	r := &resolution{plan: p, repos: repos}
	if r.base, err = installedBase(p.Image, base); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return err
	}
	p.setEpoch()
	return nil
}

// setEpoch takes the newest build time of the packages when nobody gave a time.
func (p *Plan) setEpoch() {
	if !p.Epoch.IsZero() {
		return
	}
	newest := int64(0)
	for _, pkg := range p.Lock.Packages {
		newest = max(newest, pkg.BuildTime)
	}
	p.Epoch = time.Unix(newest, 0).UTC()
}

// resolution is the work of finding a plan's packages.
type resolution struct {
	plan  *Plan
	repos []*repo.Repository
	comps *comps.Comps
	base  []picked // what the container holds that this one builds on

	modules manifest.Modules
}

func (r *resolution) run(ctx context.Context) error {
	img := r.plan.Image
	r.comps = &comps.Comps{}
	for _, one := range r.repos {
		r.comps.Merge(one.Comps)
	}
	lock := &manifest.Lock{Version: manifest.LockVersion, Image: img.Name, Arch: img.Arch, Releasever: img.Preferences.ReleaseVersion,
		Asked: asked(img), Bases: r.plan.lockedBases()}
	for _, one := range r.repos {
		lock.Repositories = append(lock.Repositories, lockedRepo(one))
	}
	boot, rest, err := r.phases(ctx)
	if err != nil {
		return err
	}
	for phase, list := range [][]picked{boot, rest} {
		for _, p := range list {
			locked, err := r.locked(p, []string{"bootstrap", "image"}[phase])
			if err != nil {
				return err
			}
			lock.Packages = append(lock.Packages, locked)
		}
	}
	slices.SortStableFunc(lock.Packages, func(a, b manifest.LockedPackage) int { return strings.Compare(a.NEVRA, b.NEVRA) })
	if err = r.lockGroups(lock); err != nil {
		return fmt.Errorf("expand collections: %w", err)
	}
	if lock.Remove, err = r.removal(ctx, slices.Concat(rest, boot, r.base), lock.Groups); err != nil {
		return fmt.Errorf("resolve removals: %w", err)
	}
	lock.Modules = r.modules
	if lock.Again, err = r.again(); err != nil {
		return fmt.Errorf("find packages of the base: %w", err)
	}
	r.plan.Lock = lock
	return nil
}

// phases resolves kiwi's two transactions, the second on what the first leaves.
func (r *resolution) phases(ctx context.Context) (boot, rest []picked, err error) {
	p := &r.plan.Image.Packages
	boot, kept, err := r.phase(ctx, &p.Bootstrap, r.base)
	if err == nil {
		err = r.keepsBase(kept)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("resolve bootstrap packages: %w", err)
	}
	rest, kept, err = r.phase(ctx, &p.Image, append(kept, boot...))
	if err == nil {
		err = r.keepsBase(kept)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("resolve image packages: %w", err)
	}
	return slices.DeleteFunc(kept, func(p picked) bool { return p.base }), rest, nil
}

// keepsBase refuses to replace or remove packages of a base container.
func (r *resolution) keepsBase(kept []picked) error {
	for _, p := range r.base {
		if !slices.ContainsFunc(kept, func(k picked) bool { return k.base && k.ID == p.ID }) {
			return &UnsupportedError{What: "replacing " + p.nevra() + " of the base container", Source: r.plan.Image.Source.String()}
		}
	}
	return nil
}

func lockedRepo(one *repo.Repository) manifest.LockedRepo {
	l := manifest.LockedRepo{ID: one.Source.ID, Revision: one.Revision, Metadata: map[string]string{}}
	for _, url := range [][]string{one.Source.BaseURLs, {one.Source.Metalink}, {one.Source.Mirrorlist}} {
		if len(url) > 0 && url[0] != "" {
			l.URL = url[0]
		}
	}
	for _, m := range one.Metadata {
		l.Metadata[m.Type] = m.Checksum.String()
	}
	return l
}
