package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/assembler/system"
	"github.com/fimg/fimg/internal/event"
	"github.com/fimg/fimg/internal/rootfs"
	"github.com/fimg/fimg/internal/tree"
	"github.com/fimg/fimg/repo/rpm"
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
	plan   *Plan
	opts   BuildOptions
	work   string // holds everything unfinished; removed at the end
	root   *rootfs.Root
	ledger *tree.Ledger
	run    *runner
	sys    *system.System
	label  func(*tree.Node) string
	result *Result
	files  []packageFile
	cache  string // directory of the cache
	keys   *rpm.Keyring
	level  rpm.Level
	signed map[string]bool // repositories whose packages must be signed
	code   bootCode
	raw    *os.File
	start  time.Time

	installed []manifest.Package
	verified  []byte // what rpm -Va says of the finished tree
}

// Build carries out a plan. Results appear in the target directory only when all
// of them are whole; after a failure it is as it was.
func Build(ctx context.Context, plan *Plan, opts BuildOptions) (*Result, error) {
	b := &builder{plan: plan, opts: opts, ledger: &tree.Ledger{}, result: &Result{Results: &manifest.Results{}}, start: time.Now()}
	release, err := b.prepare()
	if err != nil {
		return nil, err
	}
	err = b.steps(ctx)
	if b.run != nil {
		err = errors.Join(err, b.run.close())
	}
	if b.root != nil {
		err = errors.Join(err, b.root.Close())
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

// steps are the phases of a build in order.
func (b *builder) steps(ctx context.Context) error {
	type step struct {
		phase string
		do    func(context.Context) error
	}
	list := []step{{"download", b.fetch}, {"install", b.install}, {"configure", b.configure}}
	if IsDisk(b.plan.Image) {
		list = append(list, step{"initrd", b.initrd}, step{"bootloader", b.bootloader}, step{"finish", b.finishTree},
			step{"disk", b.disk}, step{"formats", b.formats})
	} else {
		list = append(list, step{"finish", b.finishTree}, step{"formats", b.containers})
	}
	list = append(list, step{"manifests", b.manifests}, step{"publish", b.publish})
	for _, s := range list {
		if err := b.timed(ctx, s.phase, s.do); err != nil {
			return err
		}
	}
	return nil
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

// prepare makes the work directory and the empty root. The returned function
// takes both away.
func (b *builder) prepare() (func() error, error) {
	if b.opts.TargetDir == "" {
		return nil, usage("build: no target directory")
	}
	target, err := filepath.Abs(b.opts.TargetDir)
	if err != nil {
		return nil, fmt.Errorf("prepare target: %w", err)
	}
	b.opts.TargetDir = target
	made, err := makeDirs(target)
	if err != nil {
		return nil, fmt.Errorf("prepare target: %w", err)
	}
	lock, err := lockDir(target)
	if err != nil {
		return nil, err
	}
	workLock, err := b.lockWork(target)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	b.work = filepath.Join(workDir(b.opts), workName)
	release := func() error {
		err := errors.Join(b.removeWork(), workLock.Close())
		lock.Close()
		removeEmpty(made)
		return err
	}
	if err := b.makeRoot(); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// lockWork keeps two builds with different targets out of one work directory:
// each begins by removing what an earlier one left there.
func (b *builder) lockWork(target string) (io.Closer, error) {
	work, err := filepath.Abs(workDir(b.opts))
	if err != nil || work == target {
		return io.NopCloser(nil), err
	}
	b.opts.WorkDir = work
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, fmt.Errorf("prepare work directory: %w", err)
	}
	return lockDir(work)
}

const workName = ".fimg-build"

func workDir(opts BuildOptions) string {
	if opts.WorkDir != "" {
		return opts.WorkDir
	}
	return opts.TargetDir
}

func (b *builder) makeRoot() error {
	if err := removeTree(b.work); err != nil {
		return fmt.Errorf("remove the rest of an earlier build: %w", err)
	}
	dir := filepath.Join(b.work, "root")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("prepare root: %w", err)
	}
	if err := b.checkSpace(); err != nil {
		return err
	}
	root, err := rootfs.Open(dir)
	if err != nil {
		return err
	}
	b.root = root
	b.run = &runner{root: root, events: b.opts.Events, phase: "install",
		env:     []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.plan.Epoch.Unix())},
		options: chroot.Options{Arch: b.plan.Image.Arch, Tmp: true, Run: true, Network: !b.opts.Offline, Log: b.opts.Log}}
	b.sys = &system.System{Root: root, Image: b.plan.Image, Run: b.run.run, Events: b.opts.Events, Epoch: b.plan.Epoch,
		MachineID: strings.ReplaceAll(b.plan.seed().UUID("machine").String(), "-", "")}
	return b.sys.Skeleton()
}

// removeWork takes the work directory away, or leaves the root tree in it when
// that was asked for.
func (b *builder) removeWork() error {
	if !b.opts.KeepRoot {
		return removeTree(b.work)
	}
	kept := filepath.Join(workDir(b.opts), "build", "image-root")
	if err := errors.Join(removeTree(kept), os.MkdirAll(filepath.Dir(kept), 0o755)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(b.work, "root"), kept); err != nil {
		return fmt.Errorf("keep root: %w", err)
	}
	b.result.Root = kept
	return removeTree(b.work)
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
