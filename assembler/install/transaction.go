package install

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install/macro"
	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/repo/rpm/order"
	"github.com/fimg/fimg/tree/rootfs"
)

// transaction is the state of one Run.
type transaction struct {
	opts   Options
	root   *rootfs.Root
	result Result
	color  uint32
	langs  []string
	tid    int64

	installed []*element // by number; includes those of this transaction
	byName    map[string][]*element
	order     []*element
	lastNum   int64
	done      int
	unsettled []*element // put into place since anything ran
	postUn    map[fileTrigger]bool
	conflicts []Conflict

	paths         *paths
	dirs          dirs
	users, groups *names
	macros        *macro.Set
	session       *chroot.Session
	ahead         chan struct{}
	first         *first
	inUserNS      bool
	warned        map[string]bool
	warning       sync.Mutex // files are written side by side
}

// Run installs packages into the tree at root, and erases what they obsolete or
// replace and what the options name. Dependencies are not checked: that is the
// solver's work. On an error the tree is left as it is, without a database.
func Run(ctx context.Context, root string, items []Item, opts Options) (Result, error) {
	t, err := newTransaction(root, opts)
	if err != nil {
		return Result{}, err
	}
	defer t.close()
	err = t.runAll(ctx, items)
	t.settle()
	return t.result, err
}

func newTransaction(dir string, opts Options) (*transaction, error) {
	root, err := rootfs.Open(dir)
	if err != nil {
		return nil, err
	}
	now := opts.Time
	if now.IsZero() {
		now = time.Now()
	}
	t := &transaction{
		opts: opts, root: root, color: transColor(chroot.Arch(opts.Arch)), tid: now.Unix(),
		byName: map[string][]*element{}, postUn: map[fileTrigger]bool{}, warned: map[string]bool{},
		paths: newPaths(root), dirs: dirs{root: root}, inUserNS: inUserNamespace(),
		users: &names{root: root, file: "etc/passwd"}, groups: &names{root: root, file: "etc/group"},
		macros: macro.New(chroot.Arch(opts.Arch), opts.Macros),
	}
	if !slices.Contains(opts.Langs, "all") {
		t.langs = opts.Langs
	}
	return t, nil
}

func (t *transaction) close() {
	t.first.stop()
	if t.session != nil {
		t.session.Close()
	}
	t.dirs.forget()
	t.root.Close()
}

// phase runs one phase and notes its time.
func (t *transaction) phase(name string, f func() error) error {
	start := time.Now()
	end := t.opts.Events.Begin(name)
	err := f()
	end()
	t.result.Times = append(t.result.Times, PhaseTime{name, time.Since(start)})
	return err
}

func (t *transaction) runAll(ctx context.Context, items []Item) error {
	if err := t.phase("read", func() error { return t.read(ctx, items) }); err != nil {
		return err
	}
	st, err := t.stageAll(ctx, t.order)
	if err != nil {
		return err
	}
	defer st.stop(t.order)
	return steps(
		func() error { return t.phase("pretrans", func() error { return t.preTrans(ctx) }) },
		func() error { return t.phase("prepare", t.prepare) },
		func() error { t.beginFirst(ctx); return nil },
		func() error { return t.phase("preuntrans", func() error { return t.preUntrans(ctx) }) },
		func() error { return t.phase("install", func() error { return t.process(ctx) }) },
		func() error { return t.phase("database", func() error { return t.writeDatabase(ctx) }) },
		func() error { return t.phase("posttrans", func() error { return t.postTrans(ctx) }) },
		func() error { t.restoreDirTimes(); return nil },
		func() error { st.pruneStore(); return nil },
	)
}

// read loads headers and the database and finds the order.
func (t *transaction) read(ctx context.Context, items []Item) error {
	added, err := load(ctx, items, t.opts.jobs())
	if err != nil {
		return err
	}
	if err := t.readDatabase(ctx); err != nil {
		return err
	}
	erased, err := t.erasures(added)
	if err != nil {
		return err
	}
	all := append(added, erased...)
	elements := make([]order.Element, len(all))
	for i, e := range all {
		elements[i] = order.Element{Header: e.header, Erase: e.erased}
		e.triggers = e.header.Triggers(rpm.PackageTrigger)
		e.fileTriggers = e.header.Triggers(rpm.FileTrigger)
		e.transTriggers = e.header.Triggers(rpm.TransFileTrigger)
	}
	rpm6 := rpmdb.Modern(rpmVersion(added, t.byName["rpm"]))
	for _, i := range order.Order(elements, order.Options{Color: t.color, NoDocs: t.opts.NoDocs, RPM6: rpm6}) {
		t.order = append(t.order, all[i])
	}
	return nil
}

// forEach calls f for the packages to be installed, or those to be erased, in the
// order of the transaction.
func (t *transaction) forEach(added bool, f func(*element) error) error {
	for _, e := range t.order {
		if e.added == added {
			if err := f(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *transaction) preTrans(ctx context.Context) error {
	return t.forEach(true, func(e *element) error {
		return t.script(ctx, e, rpm.PreTrans, t.count(e.name)+1)
	})
}

func (t *transaction) preUntrans(ctx context.Context) error {
	if err := t.forEach(false, func(e *element) error {
		return t.script(ctx, e, rpm.PreUntrans, t.count(e.name)-e.leaves())
	}); err != nil {
		return err
	}
	if err := t.transFileTriggers(ctx, rpm.SenseTriggerUn); err != nil {
		return err
	}
	return t.forEach(false, func(e *element) error {
		return t.ownFileTriggers(ctx, e, rpm.TransFileTrigger, rpm.SenseTriggerUn, anyPriority, t.count(e.name)-e.leaves())
	})
}

// leaves is one for a package that goes without another taking its place.
func (e *element) leaves() int {
	if e.by != nil {
		return 0
	}
	return 1
}

// postTrans is everything after the last package (rpmtsRun).
func (t *transaction) postTrans(ctx context.Context) error {
	return steps(
		func() error {
			return t.forEach(true, func(e *element) error { return t.script(ctx, e, rpm.PostTrans, t.postArg(e)) })
		},
		func() error {
			return t.forEach(false, func(e *element) error { return t.script(ctx, e, rpm.PostUntr, t.count(e.name)) })
		},
		func() error { return t.transFileTriggers(ctx, rpm.SenseTriggerIn) },
		func() error { return t.runPostUn(ctx) },
		func() error {
			return t.forEach(true, func(e *element) error {
				return t.ownFileTriggers(ctx, e, rpm.TransFileTrigger, rpm.SenseTriggerIn, anyPriority, t.postArg(e))
			})
		},
	)
}

// postArg is the number of packages of the name, one more for an update.
func (t *transaction) postArg(e *element) int {
	n := t.count(e.name)
	for _, old := range t.order {
		if old.erased && old.by == e {
			return n + 1
		}
	}
	return n
}

func (t *transaction) runPostUn(ctx context.Context) error {
	for _, ft := range slices.SortedFunc(maps.Keys(t.postUn), byPriority) {
		if !ft.owner.present {
			continue
		}
		if err := t.run(ctx, call{e: ft.owner, script: &ft.trigger.Script, phase: "transfiletriggerpostun",
			arg1: t.count(ft.owner.name), arg2: noArg}); err != nil {
			return err
		}
	}
	return nil
}

// warn reports what rpm would have warned about.
func (t *transaction) warn(e *element, text string) {
	t.warning.Lock()
	defer t.warning.Unlock()
	t.result.Warnings = append(t.result.Warnings, e.nevra+": "+text)
	t.opts.Events.Emit(event.Event{Kind: event.Warning, Phase: "install", Subject: e.nevra, Text: text})
}

// warnOwner reports each unknown owner of a package once.
func (t *transaction) warnOwner(e *element, unknown []string) {
	for _, u := range unknown {
		key := e.nevra + "\x00" + u
		if !t.warned[key] {
			t.warned[key] = true
			t.warn(e, fmt.Sprintf("%s does not exist, using root", u))
		}
	}
}

// arch is the architecture of the tree.
func (t *transaction) arch() string { return chroot.Arch(t.opts.Arch) }
