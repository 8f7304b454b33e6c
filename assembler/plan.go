package assembler

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/seed"
)

// PlanVersion is the version of a plan's JSON form.
const PlanVersion = 1

// Plan is everything a build needs to know: the selected description, the exact
// packages, the disk and the files that come out. It is a value; equal inputs give
// byte-equal JSON.
type Plan struct {
	Version int                `json:"version"`
	Image   *description.Image `json:"image"`
	Lock    *manifest.Lock     `json:"lock"`
	Bases   []Base             `json:"bases,omitempty"` // the containers it builds on, each over those before it
	Epoch   time.Time          `json:"epoch"`           // newest time in the image
	Seed    string             `json:"seed,omitempty"`  // the user's own word
	Layout  *partition.Layout  `json:"layout"`          // of a disk, with an estimated root size; nil otherwise
	Outputs []Output           `json:"outputs"`
	Space   Space              `json:"space"`
	Notes   []string           `json:"notes,omitempty"` // what a person should know before building
}

// Space is what a build needs on disk, in bytes, estimated from above.
type Space struct {
	Download  int64 `json:"download"`  // of packages, in the cache
	Installed int64 `json:"installed"` // of the root tree, in the work directory
	Disk      int64 `json:"disk"`      // of the disk's data
	Outputs   int64 `json:"outputs"`   // of all outputs, in the target directory
}

// MakePlan resolves an image into a plan. It changes nothing but the cache.
func MakePlan(ctx context.Context, img *description.Image, opts Options) (*Plan, error) {
	if err := checkSupported(img); err != nil {
		return nil, err
	}
	if opts.Lock == nil { // else the tree may be there already, and they are in it
		if err := checkSources(img); err != nil {
			return nil, err
		}
	}
	out, err := outputs(img, opts.Formats)
	if err != nil {
		return nil, err
	}
	p := &Plan{Version: PlanVersion, Image: img, Seed: opts.Seed, Outputs: out, Lock: opts.Lock, Epoch: opts.Epoch.UTC()}
	if err := p.resolve(ctx, opts); err != nil {
		return nil, err
	}
	if err := p.estimate(ctx); err != nil {
		return nil, err
	}
	p.Notes = notes(img)
	return p, nil
}

// notes are what a person should know before building: oddities, what kiwi would not
// build, and what has no effect.
func notes(img *description.Image) []string {
	var list []string
	for _, n := range img.Notes {
		list = append(list, n.Source.String()+": "+n.Text)
	}
	for _, c := range img.Checks() {
		list = append(list, c.Source.String()+": kiwi would not build this ("+c.Name+"): "+c.Text)
	}
	if img.Type.Attr.BtrfsRootIsReadonly.IsTrue() {
		list = append(list, img.Source.String()+": btrfs_root_is_readonly_snapshot has no effect without btrfs_root_is_snapper_snapshot; the root is writable")
	}
	return list
}

// seed is the root of the image's identifiers.
func (p *Plan) seed() seed.Seed {
	img := p.Image
	return seed.New(img.Name, img.Version, strings.Join(img.Profiles, ","), img.Arch, img.Type.Attr.Image, p.Seed)
}

// estimate fills in sizes from what the packages say of themselves.
func (p *Plan) estimate(ctx context.Context) error {
	for _, pkg := range p.Lock.Packages {
		p.Space.Download += pkg.Size
		p.Space.Installed += pkg.Installed
	}
	// The initrd, caches made by scriptlets and byte code are on top.
	p.Space.Installed += p.Space.Installed/10 + 64*mib
	p.Space.Disk = p.Space.Installed
	p.Space.Outputs = p.Space.Installed * int64(len(p.Outputs))
	if !IsDisk(p.Image) {
		return nil
	}
	request, err := diskRequest(p.Image, p.seed())
	if err != nil {
		return err
	}
	if request.Root.Size == 0 && (request.Size == 0 || request.Additive) {
		request.Root.Needed = partition.WithOverhead(p.Image.Type.Attr.Filesystem, p.Space.Installed, 0)
	}
	p.Layout, err = partition.Plan(request)
	if err != nil {
		return fmt.Errorf("plan disk: %w", err)
	}
	return p.checkFits(ctx)
}

// Write writes the plan as indented JSON.
func (p *Plan) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(p); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// fileName is the name of a package file as its location gives it.
func fileName(location string) string { return path.Base(location) }
