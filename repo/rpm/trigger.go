package rpm

// TriggerKind tells what a trigger watches.
type TriggerKind int

// The kinds: another package, or path prefixes of packages one by one, or of
// the whole transaction.
const (
	PackageTrigger TriggerKind = iota
	FileTrigger
	TransFileTrigger
)

// DefaultTriggerPriority is the priority of a file trigger without one.
const DefaultTriggerPriority = 1000000

// Trigger is a trigger scriptlet with everything that sets it off.
type Trigger struct {
	Script
	Kind TriggerKind
	// Index is the position of the script among those of its kind, the number
	// the database stores.
	Index int
	// Conditions are what sets it off. For package triggers Name is a package
	// name, for file triggers a path prefix. Flags has the moments (TriggerMoments)
	// and the comparison. Position is the place in the header's list.
	Conditions []TriggerCondition
	// Priority of a file trigger; higher ones run first.
	Priority uint32
}

// TriggerCondition is one condition of a trigger.
type TriggerCondition struct {
	Dependency
	Position int
}

// TriggerMoments masks the bits that say when a trigger runs: SenseTriggerPreIn,
// SenseTriggerIn, SenseTriggerUn and SenseTriggerPostUn.
const TriggerMoments = SenseTriggerPreIn | SenseTriggerIn | SenseTriggerUn | SenseTriggerPostUn

// triggerTags are the tags one kind of trigger is stored in.
type triggerTags struct {
	scripts, prog, scriptFlags            Tag
	name, version, flags, index, priority Tag
}

func (k TriggerKind) tags() triggerTags {
	switch k {
	case FileTrigger:
		return triggerTags{TagFileTrigScripts, TagFileTrigProg, TagFileTrigScriptFlags,
			TagFileTrigName, TagFileTrigVersion, TagFileTrigFlags, TagFileTrigIndex, TagFileTrigPriorities}
	case TransFileTrigger:
		return triggerTags{TagTransTrigScripts, TagTransTrigProg, TagTransTrigScriptFlags,
			TagTransTrigName, TagTransTrigVersion, TagTransTrigFlags, TagTransTrigIndex, TagTransTrigPriorities}
	}
	return triggerTags{TagTriggerScripts, TagTriggerScriptProg, TagTriggerScriptFlags,
		TagTriggerName, TagTriggerVersion, TagTriggerFlags, TagTriggerIndex, 0}
}

// Triggers returns the triggers of one kind in the header's order. Conditions
// that point to no script are dropped.
func (h *Header) Triggers(kind TriggerKind) []Trigger {
	tags := kind.tags()
	bodies := h.Strings(tags.scripts)
	if len(bodies) == 0 {
		return nil
	}
	progs := h.Strings(tags.prog)
	flags, priorities := h.Numbers(tags.scriptFlags), h.Numbers(tags.priority)
	triggers := make([]Trigger, len(bodies))
	for i := range triggers {
		t := &triggers[i]
		t.Kind, t.Index, t.Body, t.Flags = kind, i, bodies[i], ScriptFlags(flags.At(i))
		t.Priority = DefaultTriggerPriority
		if i < len(progs) {
			t.Prog = progs[i : i+1 : i+1]
		}
		if i < priorities.Len() {
			t.Priority = uint32(priorities.At(i))
		}
	}
	h.addConditions(triggers, tags)
	return triggers
}

// addConditions distributes the conditions and marks what may fail a package:
// package triggers before an installation or an erasure.
func (h *Header) addConditions(triggers []Trigger, tags triggerTags) {
	index := h.Numbers(tags.index)
	for i, d := range h.dependencies(tags.name, tags.flags, tags.version) {
		at := index.At(i)
		if i >= index.Len() || at >= uint64(len(triggers)) {
			continue
		}
		t := &triggers[at]
		t.Conditions = append(t.Conditions, TriggerCondition{d, i})
		if t.Kind == PackageTrigger && d.Flags&(SenseTriggerPreIn|SenseTriggerUn) != 0 {
			t.Flags |= ScriptCritical
		}
	}
}
