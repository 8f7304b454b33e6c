package install

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/repo/rpm"
)

// triggerBound divides file triggers: those of this priority and above run before
// %post and after %preun, the others after and before (rpmtriggers.h).
const triggerBound = 10000

// priorityClass says which file triggers of a package are meant.
type priorityClass int

const (
	anyPriority priorityClass = iota
	highPriority
	lowPriority
)

func (c priorityClass) has(priority uint32) bool {
	switch c {
	case highPriority:
		return priority >= triggerBound
	case lowPriority:
		return priority < triggerBound
	}
	return true
}

// momentName is the end of a trigger's name.
func momentName(sense rpm.Sense) string {
	switch sense {
	case rpm.SenseTriggerPreIn:
		return "triggerprein"
	case rpm.SenseTriggerIn:
		return "triggerin"
	case rpm.SenseTriggerUn:
		return "triggerun"
	}
	return "triggerpostun"
}

// count is the number of installed packages of a name.
func (t *transaction) count(name string) int {
	n := 0
	for _, e := range t.byName[name] {
		if e.present {
			n++
		}
	}
	return n
}

// database returns the installed packages by their numbers.
func (t *transaction) database() []*element {
	return slices.DeleteFunc(slices.Clone(t.installed), func(e *element) bool { return !e.present })
}

// packageTriggers runs the triggers of installed packages that e sets off, or
// those of e itself that installed packages set off.
func (t *transaction) packageTriggers(ctx context.Context, e *element, sense rpm.Sense, correction int) error {
	count := t.count(e.name) + correction
	var failure error
	for _, owner := range t.database() {
		if owner.triggers == nil {
			continue
		}
		if err := t.oneTrigger(ctx, sense, e, owner, 0, count, nil); err != nil {
			failure = err
		}
	}
	return failure
}

func (t *transaction) ownTriggers(ctx context.Context, e *element, sense rpm.Sense, correction int) error {
	if e.triggers == nil {
		return nil
	}
	done := map[int]bool{}
	var failure error
	for _, c := range e.conditions() {
		if done[c.trigger.Index] {
			continue
		}
		for _, source := range t.byName[c.cond.Name] {
			if !source.present {
				continue
			}
			if err := t.oneTrigger(ctx, sense, source, e, correction, t.count(source.name), done); err != nil {
				failure = err
			}
		}
	}
	return failure
}

// condition is one condition with its trigger.
type condition struct {
	cond    rpm.TriggerCondition
	trigger *rpm.Trigger
}

// conditions returns the conditions of all package triggers in the header's order.
func (e *element) conditions() []condition {
	var list []condition
	for i := range e.triggers {
		for _, c := range e.triggers[i].Conditions {
			list = append(list, condition{c, &e.triggers[i]})
		}
	}
	slices.SortFunc(list, func(a, b condition) int { return cmp.Compare(a.cond.Position, b.cond.Position) })
	return list
}

// oneTrigger runs the first trigger of owner that source sets off, unless done
// has it.
func (t *transaction) oneTrigger(ctx context.Context, sense rpm.Sense, source, owner *element, correction, arg2 int, done map[int]bool) error {
	for _, c := range owner.conditions() {
		if c.cond.Flags&sense == 0 || c.cond.Name != source.name || !matches(source, c.cond.Dependency) {
			continue
		}
		if done[c.trigger.Index] {
			return nil
		}
		if done != nil {
			done[c.trigger.Index] = true
		}
		return t.run(ctx, call{e: owner, script: &c.trigger.Script, phase: momentName(sense),
			arg1: t.count(owner.name) + correction, arg2: arg2})
	}
	return nil
}

// matches tells whether a package provides what a trigger's condition names.
func matches(e *element, d rpm.Dependency) bool {
	if d.Version == "" || d.Flags&rpm.SenseCompare == 0 {
		return true
	}
	for _, p := range e.header.Dependencies(rpm.Provides) {
		if p.Name == d.Name && overlaps(p, d) {
			return true
		}
	}
	return false
}

// overlaps tells whether two version ranges have something in common
// (rpmdsCompare).
func overlaps(a, b rpm.Dependency) bool {
	if a.Flags&rpm.SenseCompare == 0 || b.Flags&rpm.SenseCompare == 0 {
		return true
	}
	c := compareEVR(a.Version, b.Version)
	less, greater := func(s rpm.Sense) bool { return s&rpm.SenseLess != 0 }, func(s rpm.Sense) bool { return s&rpm.SenseGreater != 0 }
	equal := func(s rpm.Sense) bool { return s&rpm.SenseEqual != 0 }
	switch {
	case c < 0:
		return greater(a.Flags) || less(b.Flags)
	case c > 0:
		return less(a.Flags) || greater(b.Flags)
	}
	return equal(a.Flags) && equal(b.Flags) || less(a.Flags) && less(b.Flags) || greater(a.Flags) && greater(b.Flags)
}

// compareEVR compares versions; a side without release matches any.
func compareEVR(a, b string) int {
	ea, va, ra := evr.Split(a)
	eb, vb, rb := evr.Split(b)
	if ra == "" || rb == "" {
		ra, rb = "", ""
	}
	return evr.Compare(evr.Join(ea, va, ra), evr.Join(eb, vb, rb))
}

// fileTrigger is a file trigger that was set off.
type fileTrigger struct {
	owner   *element
	trigger *rpm.Trigger
}

// byPriority sorts as rpm runs them.
func byPriority(a, b fileTrigger) int {
	return cmp.Or(cmp.Compare(b.trigger.Priority, a.trigger.Priority),
		cmp.Compare(a.owner.num, b.owner.num), cmp.Compare(a.trigger.Index, b.trigger.Index))
}

// fileTriggers runs the file triggers of installed packages that the files of e
// set off.
func (t *transaction) fileTriggers(ctx context.Context, e *element, sense rpm.Sense, class priorityClass, arg2 int) error {
	var list []fileTrigger
	for _, owner := range t.database() {
		if len(owner.fileTriggers) == 0 || owner.skipsFileTrigger(sense) {
			continue
		}
		for i := range owner.fileTriggers {
			trig := &owner.fileTriggers[i]
			if class.has(trig.Priority) && watches(trig, sense) && e.hasPrefix(trig) {
				list = append(list, fileTrigger{owner, trig})
			}
		}
	}
	slices.SortFunc(list, byPriority)
	for _, ft := range list {
		lines := func(yield func(string) bool) { matchFiles(ft.trigger, []*element{e}, yield, e.willBeThere) }
		if err := t.runFileTrigger(ctx, ft, "file", sense, t.count(ft.owner.name), arg2, lines); err != nil {
			return err
		}
	}
	return nil
}

// skipsFileTrigger avoids that the old and the new package both run a trigger.
func (e *element) skipsFileTrigger(sense rpm.Sense) bool {
	if sense == rpm.SenseTriggerUn {
		return e.added
	}
	return e.erased
}

// willBeThere is the file as far as this transaction knows.
func (e *element) willBeThere(_ *element, i int) bool { return !e.actions[i].skipping() }

// inDatabase is the file as the database records it.
func inDatabase(e *element, i int) bool {
	return e.states[i] == StateNormal || e.states[i] == StateNetShared
}

// watches looks, as rpm does, at the first condition only.
func watches(trig *rpm.Trigger, sense rpm.Sense) bool {
	return len(trig.Conditions) > 0 && trig.Conditions[0].Flags&sense != 0
}

// hasPrefix tells whether a file of the package lies below what a trigger watches.
func (e *element) hasPrefix(trig *rpm.Trigger) bool {
	for _, c := range trig.Conditions {
		for i := range e.files {
			if pathHasPrefix(&e.files[i], c.Name) {
				return true
			}
		}
	}
	return false
}

// hasDir tells whether a directory of the package starts with a prefix: what the
// database's index of directories answers.
func (e *element) hasDir(prefix string) bool {
	for i := range e.files {
		if strings.HasPrefix(e.files[i].Dir, prefix) {
			return true
		}
	}
	return false
}

func pathHasPrefix(f *rpm.File, prefix string) bool {
	if strings.HasPrefix(f.Dir, prefix) {
		return true
	}
	return strings.HasPrefix(prefix, f.Dir) && strings.HasPrefix(f.Base, prefix[len(f.Dir):])
}

// matchFiles yields the files of packages that a trigger watches: by prefix, by
// package, by file.
func matchFiles(trig *rpm.Trigger, from []*element, yield func(string) bool, there func(*element, int) bool) {
	for _, c := range trig.Conditions {
		for _, e := range from {
			for i := range e.files {
				if pathHasPrefix(&e.files[i], c.Name) && there(e, i) && !yield(e.files[i].Path()) {
					return
				}
			}
		}
	}
}

// dbFiles yields the files of packages of the database that a trigger watches.
func dbFiles(trig *rpm.Trigger, from []*element) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, c := range trig.Conditions {
			for _, e := range from {
				if !e.hasDir(c.Name) {
					continue
				}
				for i := range e.files {
					if pathHasPrefix(&e.files[i], c.Name) && inDatabase(e, i) && !yield(e.files[i].Path()) {
						return
					}
				}
			}
		}
	}
}

// runFileTrigger runs a file trigger if there is a file for it.
func (t *transaction) runFileTrigger(ctx context.Context, ft fileTrigger, kind string, sense rpm.Sense, arg1, arg2 int, lines func(func(string) bool)) error {
	any := false
	lines(func(string) bool { any = true; return false })
	if !any {
		return nil
	}
	return t.run(ctx, call{e: ft.owner, script: &ft.trigger.Script, phase: kind + momentName(sense),
		arg1: arg1, arg2: arg2, lines: lines})
}

// ownFileTriggers runs the file triggers of e for the files of all installed
// packages. A package that is just being installed does not count for itself:
// fileTriggers runs its triggers for its own files.
func (t *transaction) ownFileTriggers(ctx context.Context, e *element, kind rpm.TriggerKind, sense rpm.Sense, class priorityClass, arg1 int) error {
	triggers, name := e.fileTriggers, "file"
	if kind == rpm.TransFileTrigger {
		triggers, name = e.transTriggers, "transfile"
	}
	var list []fileTrigger
	for i := range triggers {
		if class.has(triggers[i].Priority) && watches(&triggers[i], sense) {
			list = append(list, fileTrigger{e, &triggers[i]})
		}
	}
	slices.SortFunc(list, byPriority)
	for _, ft := range list {
		arg2 := noArg
		lines := dbFiles(ft.trigger, t.database())
		if kind == rpm.FileTrigger {
			from := slices.DeleteFunc(t.database(), func(o *element) bool { return o == e && e.added })
			lines, arg2 = dbFiles(ft.trigger, from), t.ownArg2(ft.trigger, from)
		}
		if err := t.runFileTrigger(ctx, ft, name, sense, arg1, arg2, lines); err != nil {
			return err
		}
	}
	return nil
}

// ownArg2 is the number of packages of the name of the one that has the first file
// for the trigger.
func (t *transaction) ownArg2(trig *rpm.Trigger, from []*element) int {
	for _, c := range trig.Conditions {
		one := &rpm.Trigger{Conditions: []rpm.TriggerCondition{c}}
		for _, e := range from {
			for range dbFiles(one, []*element{e}) {
				return t.count(e.name)
			}
		}
	}
	return noArg
}

// transFileTriggers runs the transaction file triggers of packages that were
// installed before for the files this transaction brings or takes.
func (t *transaction) transFileTriggers(ctx context.Context, sense rpm.Sense) error {
	changed := t.changed(sense)
	var list []fileTrigger
	for _, owner := range t.database() {
		if owner.added || owner.erased {
			continue
		}
		for i := range owner.transTriggers {
			if trig := &owner.transTriggers[i]; watches(trig, sense) {
				list = append(list, fileTrigger{owner, trig})
			}
		}
	}
	slices.SortFunc(list, byPriority)
	for _, ft := range list {
		if err := t.runFileTrigger(ctx, ft, "transfile", sense, t.count(ft.owner.name), noArg, dbFiles(ft.trigger, changed)); err != nil {
			return err
		}
	}
	return nil
}

// changed returns the packages installed, or those erased, by this transaction.
func (t *transaction) changed(sense rpm.Sense) []*element {
	var list []*element
	for _, e := range t.installed {
		if sense == rpm.SenseTriggerIn && e.added && e.present || sense != rpm.SenseTriggerIn && e.erased {
			list = append(list, e)
		}
	}
	return list
}
