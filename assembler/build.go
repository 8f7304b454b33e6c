package assembler

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// Result is what a build made.
type Result struct {
	Results  *manifest.Results
	Products []Product     // every file with its checksum, in the order made
	Times    []Timing      // where the time went
	Root     string        // the root tree, when it was kept
	Total    time.Duration // wall time
}

// Product is one finished file.
type Product struct {
	Path   string `json:"path"`
	Format string `json:"format"`
	Size   int64  `json:"size"`   // bytes
	Stored int64  `json:"stored"` // bytes allocated on disk
	SHA256 string `json:"sha256"`
}

// Timing is the wall time of one phase.
type Timing struct {
	Phase string        `json:"phase"`
	Time  time.Duration `json:"time"`
}

// builder is one build under way.
type builder struct {
	plan    *Plan
	opts    BuildOptions
	work    string // holds everything unfinished; removed at the end
	root    *rootfs.Root
	rootDir string       // of root, in work unless prepared
	keep    string       // where the root tree goes at the end; empty takes it away
	ready   *Prepared    // the root tree is one that Prepare made, and stays
	memory  func() error // takes the root tree out of memory; nil when it is on disk
	gone    chan error   // the end of the root tree's removal; nil while it is needed
	ledger  *tree.Ledger
	// handover moves what the root tree brought into the store when it goes.
	handover install.Handover
	run      *runner
	sys      *system.System
	label    func(*tree.Node) string
	excluded func(path string) bool // what the description keeps out of the image; nil for nothing
	result   *Result
	files    []packageFile
	cache    string // directory of the cache
	keys     *rpm.Keyring
	level    rpm.Level
	signed   map[string]bool // repositories whose packages must be signed
	code     bootCode
	raw      *os.File
	base     *oci.Image // the container this one builds on
	start    time.Time

	installed []manifest.Package
	dnf       []dnfstate.Transaction // what its records shall say
	verified  []byte                 // what rpm -Va says of the finished tree
}

// Build carries out a plan. Results appear in the target directory only when all
// of them are whole; after a failure it is as it was.
func Build(ctx context.Context, plan *Plan, opts BuildOptions) (*Result, error) {
	b := newBuilder(plan, opts)
	return b.carryOut(ctx, b.treeSteps, b.imageSteps, b.resultSteps)
}

func newBuilder(plan *Plan, opts BuildOptions) *builder {
	return &builder{plan: plan, opts: opts, ledger: &tree.Ledger{}, result: &Result{Results: &manifest.Results{}}, start: time.Now()}
}

// carryOut makes the work directory, carries out the parts of a build and takes the
// work directory away.
func (b *builder) carryOut(ctx context.Context, parts ...func() []step) (*Result, error) {
	release, err := b.prepare(ctx)
	if err != nil {
		return nil, err
	}
	err = classify(errors.Join(b.steps(ctx, parts), b.closeRaw(), b.closeRoot(), b.closeBase()))
	if err != nil && !b.opts.KeepRoot {
		b.keep = ""
	}
	if cleanup := release(); err == nil {
		err = cleanup
	}
	if err != nil {
		return nil, err
	}
	b.result.Total = time.Since(b.start)
	return b.result, nil
}

// step is one phase of a build.
type step struct {
	phase string
	do    func(context.Context) error
}

// steps carries out the phases of the parts in order. Those of a part may depend on
// what the parts before it did.
func (b *builder) steps(ctx context.Context, parts []func() []step) error {
	for _, part := range parts {
		for _, s := range part() {
			if err := b.timed(ctx, s.phase, s.do); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) treeSteps() []step {
	return []step{{"download", b.fetch}, {"install", b.install}, {"configure", b.configure}}
}

// imageSteps depend on what is in the tree by now.
func (b *builder) imageSteps() []step {
	switch {
	case !IsDisk(b.plan.Image):
		return []step{{"finish", b.finishTree}, {"formats", b.containers}}
	case b.settledBeforeInitrd():
		return []step{{"bootloader", b.bootloader}, {"initrd", b.initrdBesideVerify}, {"finish", b.clean}, {"disk", b.disk}, {"formats", b.formats}}
	}
	return []step{{"initrd", b.initrd}, {"bootloader", b.bootloader}, {"finish", b.finishTree}, {"disk", b.disk}, {"formats", b.formats}}
}

func (b *builder) resultSteps() []step {
	return []step{{"manifests", b.manifests}, {"publish", b.publish}}
}

// timed runs one phase and records how long it took.
func (b *builder) timed(ctx context.Context, phase string, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.run != nil {
		b.run.phase = phase
	}
	begin := time.Now()
	end := b.opts.Events.Begin(phase)
	err := do(ctx)
	end()
	b.result.Times = append(b.result.Times, Timing{phase, time.Since(begin)})
	return err
}

// warn emits a warning of the current phase.
func (b *builder) warn(subject, text string) {
	b.opts.Events.Emit(event.Event{Kind: event.Warning, Phase: b.run.phase, Subject: subject, Text: text})
}

// workers is the number of things done at once.
func (b *builder) workers() int {
	if b.opts.Jobs > 0 {
		return b.opts.Jobs
	}
	return runtime.NumCPU()
}
