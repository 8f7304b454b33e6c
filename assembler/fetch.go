package assembler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/rpm"
)

// fetch brings every package of the plan here, verified by checksum and, where
// the description asks for it, by signature.
func (b *builder) fetch(ctx context.Context) error {
	img := b.plan.Image
	if err := checkSources(img); err != nil {
		return err
	}
	if err := checkPrograms(b.plan); err != nil {
		return err
	}
	c, err := client(img, Options{CacheDir: b.opts.CacheDir, Offline: b.opts.Offline, Proxy: b.opts.Proxy, Events: b.opts.Events, Log: b.opts.Log})
	if err != nil {
		return err
	}
	defer c.Close()
	b.cache = c.CacheDir()
	byID := map[string]*repo.Source{}
	for _, s := range sources(img) {
		byID[s.ID] = s
	}
	refs, err := b.references(byID)
	if err != nil {
		return err
	}
	if err := b.loadKeys(ctx, c, byID); err != nil {
		return err
	}
	if err := b.fetchAll(ctx, c, refs); err != nil {
		return err
	}
	slices.SortFunc(b.files, func(x, y packageFile) int { return x.locked - y.locked })
	if err := b.checkContents(ctx); err != nil {
		return err
	}
	return b.keepPackages(ctx)
}

// references are the locked packages as the client wants them.
func (b *builder) references(byID map[string]*repo.Source) ([]repo.PackageRef, error) {
	refs := make([]repo.PackageRef, len(b.plan.Lock.Packages))
	for i, p := range b.plan.Lock.Packages {
		source, ok := byID[p.Repo]
		if !ok {
			return nil, &manifest.LockError{Text: fmt.Sprintf("%s is from repository %s, which the description does not have", p.NEVRA, p.Repo)}
		}
		sum, err := digest.Parse(p.Checksum)
		if err != nil {
			return nil, &manifest.LockError{Text: p.NEVRA + ": " + err.Error()}
		}
		refs[i] = repo.PackageRef{Source: source, Name: p.NEVRA, Location: p.Location, Base: p.Base, Checksum: sum, Size: p.Size}
	}
	return refs, nil
}

func (b *builder) fetchAll(ctx context.Context, c *repo.Client, refs []repo.PackageRef) error {
	at := make(map[string]int, len(refs))
	for i, r := range refs {
		at[r.Name] = i
	}
	done := int64(0)
	for local, err := range c.Packages(ctx, refs) {
		if err != nil {
			return err
		}
		if err := b.checkSignature(local); err != nil {
			return err
		}
		b.files = append(b.files, packageFile{path: local.Path, locked: at[local.Ref.Name], cached: local.Cached})
		done++
		b.opts.Events.Emit(Event{Kind: event.Progress, Phase: "download", Done: done, Total: int64(len(refs)), Unit: "packages"})
	}
	if len(b.files) != len(refs) {
		return fmt.Errorf("fetch packages: got %d of %d", len(b.files), len(refs))
	}
	return nil
}

// loadKeys reads the signing keys of all repositories and of the description.
func (b *builder) loadKeys(ctx context.Context, c *repo.Client, byID map[string]*repo.Source) error {
	b.keys = &rpm.Keyring{}
	b.signed = map[string]bool{}
	b.level = rpm.LevelAll
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		s := byID[id]
		b.signed[id] = s.PackageGPGCheck
		if !b.signed[id] {
			b.level = rpm.LevelDigest
		}
		texts, err := c.Keys(ctx, s)
		if err != nil {
			return err
		}
		for _, text := range texts {
			if err := b.addKey(id, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// addKey takes the certificates of one file. Some may be too old or revoked; a file
// without any is not what somebody meant to trust.
func (b *builder) addKey(id string, text []byte) error {
	err := b.keys.Add(text)
	if errors.Is(err, rpm.ErrNoCert) {
		return fault.New(fault.Signature, fmt.Errorf("read signing keys of %s: %w", id, err))
	}
	if err != nil {
		b.warn(id, "a signing key cannot be used: "+err.Error())
	}
	return nil
}

// checkSignature verifies a package of a repository that demands it.
func (b *builder) checkSignature(local repo.Local) error {
	if b.level == rpm.LevelAll || !b.signed[local.Ref.Source.ID] {
		return nil // the installer looks, or nobody asked
	}
	f, err := os.Open(local.Path)
	if err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{})
	if err != nil {
		return fmt.Errorf("verify signature of %s: %w", local.Ref.Name, err)
	}
	defer r.Close()
	verdict, err := r.Verify(b.keys)
	if err != nil {
		return fmt.Errorf("verify signature of %s: %w", local.Ref.Name, err)
	}
	return verdict.Err(local.Ref.Name, rpm.LevelAll)
}

// keepPackages links the installed packages into the directory that a caller
// like Koji reads them from.
func (b *builder) keepPackages(ctx context.Context) error {
	if b.opts.KeepPackages == "" {
		return nil
	}
	if err := os.MkdirAll(b.opts.KeepPackages, 0o755); err != nil {
		return fmt.Errorf("keep packages: %w", err)
	}
	for _, f := range b.files {
		to := filepath.Join(b.opts.KeepPackages, fileName(b.plan.Lock.Packages[f.locked].Location))
		if err := keepOne(ctx, f, to); err != nil {
			return fmt.Errorf("keep package: %w", err)
		}
	}
	return nil
}

// keepOne lets a package appear under its name when all of it is there.
func keepOne(ctx context.Context, f packageFile, to string) error {
	part := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	os.Remove(part) // of a killed build
	defer os.Remove(part)
	if !f.cached || os.Link(f.path, part) != nil {
		if err := copySparse(ctx, f.path, part); err != nil {
			return err
		}
	}
	return os.Rename(part, to)
}

func splitComma(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
