package install

import (
	"context"
	"errors"
	"slices"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/rpm"
)

// script runs a package's scriptlet of one phase.
func (t *transaction) script(ctx context.Context, e *element, phase rpm.Phase, arg int) error {
	return t.run(ctx, call{e: e, script: e.header.Script(phase), phase: string(phase), arg1: arg, arg2: noArg})
}

// steps runs steps until one fails.
func steps(list ...func() error) error {
	for _, step := range list {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// installOne installs a package (rpmPackageInstall in rpm's psm.c).
func (t *transaction) installOne(ctx context.Context, e *element) error {
	arg := t.count(e.name) + 1
	return steps(
		func() error { return t.sysusers(e) },
		func() error { return t.packageTriggers(ctx, e, rpm.SenseTriggerPreIn, 0) },
		func() error { return t.ownTriggers(ctx, e, rpm.SenseTriggerPreIn, 0) },
		func() error { return t.script(ctx, e, rpm.PreIn, arg) },
		func() error { return t.unpack(ctx, e) },
		func() error { return t.bothFileTriggers(ctx, e, rpm.SenseTriggerIn, highPriority, arg) },
		func() error { return t.script(ctx, e, rpm.PostIn, arg) },
		func() error { return t.packageTriggers(ctx, e, rpm.SenseTriggerIn, 0) },
		func() error { return t.ownTriggers(ctx, e, rpm.SenseTriggerIn, 0) },
		func() error { return t.bothFileTriggers(ctx, e, rpm.SenseTriggerIn, lowPriority, arg) },
		func() error { t.markReplaced(e); return nil },
	)
}

// bothFileTriggers runs the file triggers of others for this package's files and
// this package's for those of others; on erasure in the opposite order.
func (t *transaction) bothFileTriggers(ctx context.Context, e *element, sense rpm.Sense, class priorityClass, arg int) error {
	others := func() error { return t.fileTriggers(ctx, e, sense, class, arg) }
	own := func() error { return t.ownFileTriggers(ctx, e, rpm.FileTrigger, sense, class, arg) }
	if sense == rpm.SenseTriggerUn {
		return steps(own, others)
	}
	return steps(others, own)
}

// unpack puts packages into place as soon as their contents are there. None of
// them but the last may have anything to run before or after.
func (t *transaction) unpack(ctx context.Context, list ...*element) error {
	for i, e := range list {
		select {
		case <-e.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		if e.err != nil {
			if i > 0 {
				return errors.Join(t.unpack(ctx, list[:i]...), e.err)
			}
			return e.err
		}
		for _, o := range e.staged.oddities {
			t.warn(e, o)
		}
	}
	if err := t.place(ctx, list); err != nil {
		return err
	}
	t.unsettled = append(t.unsettled, list...)
	for _, e := range list {
		if e.staged.reused {
			t.result.FromStore++
		}
		e.staged.release()
		e.staged = nil
		<-t.ahead
		t.add(e)
	}
	return nil
}

// add makes a package known as installed. One of the same version that it
// replaces is no longer.
func (t *transaction) add(e *element) {
	t.lastNum++
	e.num, e.present = t.lastNum, true
	t.installed = append(t.installed, e)
	t.byName[e.name] = append(t.byName[e.name], e)
	t.done++
	t.opts.Events.Emit(event.Event{Kind: event.Progress, Phase: "install", Subject: e.nevra,
		Done: int64(t.done), Total: int64(len(t.order)), Unit: "packages"})
}

// markReplaced notes in the database that files of others were replaced.
func (t *transaction) markReplaced(e *element) {
	for _, r := range e.replace {
		r.e.states[r.i] = r.state
		r.e.rewritten = true
	}
}

// eraseOne removes a package (rpmPackageErase).
func (t *transaction) eraseOne(ctx context.Context, e *element) error {
	arg := t.count(e.name) - 1
	return steps(
		func() error { return t.bothFileTriggers(ctx, e, rpm.SenseTriggerUn, highPriority, arg) },
		func() error { return t.ownTriggers(ctx, e, rpm.SenseTriggerUn, -1) },
		func() error { return t.packageTriggers(ctx, e, rpm.SenseTriggerUn, -1) },
		func() error { return t.script(ctx, e, rpm.PreUn, arg) },
		func() error { return t.bothFileTriggers(ctx, e, rpm.SenseTriggerUn, lowPriority, arg) },
		func() error { return t.removeFiles(ctx, e) },
		func() error { return t.fileTriggers(ctx, e, rpm.SenseTriggerPostUn, highPriority, arg) },
		func() error { return t.script(ctx, e, rpm.PostUn, arg) },
		func() error { return t.packageTriggers(ctx, e, rpm.SenseTriggerPostUn, -1) },
		func() error { return t.fileTriggers(ctx, e, rpm.SenseTriggerPostUn, lowPriority, arg) },
		func() error { t.remember(e); return nil },
	)
}

// remember collects the transaction file triggers that run after everything
// because files of an erased package match, and forgets the package.
func (t *transaction) remember(e *element) {
	e.present = false
	t.done++
	for _, owner := range t.database() {
		for i := range owner.transTriggers {
			trig := &owner.transTriggers[i]
			if watches(trig, rpm.SenseTriggerPostUn) && e.hadFile(trig) {
				t.postUn[fileTrigger{owner, trig}] = true
			}
		}
	}
	t.result.Erased = append(t.result.Erased, e.nevra)
	t.result.Removed = append(t.result.Removed, e.header.Identity())
}

func (e *element) hadFile(trig *rpm.Trigger) bool {
	found := false
	matchFiles(trig, []*element{e}, func(string) bool { found = true; return false }, inDatabase)
	return found
}

// process installs and erases in order. A package whose critical scriptlet fails
// is not installed, and the transaction ends there: what rpm would go on with is
// of no use in an image.
func (t *transaction) process(ctx context.Context) error {
	for i := 0; i < len(t.order); {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, n := t.order[i], t.quietRun(i)
		var err error
		switch {
		case n > 0:
			err = t.installTogether(ctx, t.order[i:i+n])
		case e.added:
			err = t.installOne(ctx, e)
		default:
			err = t.eraseOne(ctx, e)
		}
		if err != nil {
			return err
		}
		i += max(n, 1)
	}
	return nil
}

// maxTogether bounds how many packages are put into place at once.
const maxTogether = 64

// quietRun counts the packages from position i on that are only files: no
// scriptlet and no trigger runs before, between or after them. So they may go
// into place together, as far as their contents are ready.
func (t *transaction) quietRun(i int) int {
	owners := t.triggerOwners()
	n := 0
	for _, e := range t.order[i:min(len(t.order), i+maxTogether)] {
		if !e.added || !t.quiet(e, owners) || n > 0 && !e.isReady() {
			break
		}
		n++
	}
	return n
}

func (e *element) isReady() bool {
	select {
	case <-e.ready:
		return true
	default:
		return false
	}
}

// installTogether installs packages that are quiet.
func (t *transaction) installTogether(ctx context.Context, list []*element) error {
	if err := t.unpack(ctx, list...); err != nil {
		return err
	}
	for _, e := range list {
		t.markReplaced(e)
	}
	return nil
}

// triggerOwners are the installed packages that watch others.
func (t *transaction) triggerOwners() []*element {
	var list []*element
	for _, e := range t.installed {
		if e.present && (len(e.triggers) > 0 || len(e.fileTriggers) > 0) {
			list = append(list, e)
		}
	}
	return list
}

// bringsAccounts tells whether a package has one of the files owners are looked
// up in.
func (e *element) bringsAccounts() bool {
	return slices.ContainsFunc(e.files, func(f rpm.File) bool {
		return f.Dir == "/etc/" && (f.Base == "passwd" || f.Base == "group")
	})
}

// quiet tells whether installing a package runs nothing.
func (t *transaction) quiet(e *element, owners []*element) bool {
	switch {
	case e.bringsAccounts():
		return false // the packages after it need its users and groups
	case t.opts.ReplaceFiles:
		return false // the last of several files of one name is to stay
	case t.opts.NoScripts:
		return true
	case len(e.triggers) > 0 || len(e.fileTriggers) > 0 || e.announcesUsers():
		return false
	case e.header.Script(rpm.PreIn) != nil || e.header.Script(rpm.PostIn) != nil:
		return false
	}
	for _, owner := range owners {
		for _, c := range owner.conditions() {
			if c.cond.Name == e.name {
				return false
			}
		}
		for i := range owner.fileTriggers {
			if e.hasPrefix(&owner.fileTriggers[i]) {
				return false
			}
		}
	}
	return true
}

var errNotInstalled = errors.New("is not installed")
