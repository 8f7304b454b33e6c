package rpm

// ScriptFlags modify how a scriptlet is run (rpmscript.h).
type ScriptFlags uint32

// Scriptlet flags.
const (
	ScriptExpand   ScriptFlags = 1 << 0 // expand macros in the body
	ScriptQFormat  ScriptFlags = 1 << 1 // expand the body as a query format of the header
	ScriptCritical ScriptFlags = 1 << 2 // a failure fails the package
)

// Phase is the moment a scriptlet runs at, named as in spec files.
type Phase string

// The phases of package scriptlets.
const (
	PreTrans   Phase = "pretrans"
	PreIn      Phase = "pre"
	PostIn     Phase = "post"
	PostTrans  Phase = "posttrans"
	PreUntrans Phase = "preuntrans"
	PreUn      Phase = "preun"
	PostUn     Phase = "postun"
	PostUntr   Phase = "postuntrans"
	VerifyPkg  Phase = "verify"
)

// Script is a scriptlet as data.
type Script struct {
	// Prog is the interpreter and its arguments; "<lua>" stands for the built-in
	// one. It is empty for very old packages, which mean /bin/sh.
	Prog  []string
	Body  string // empty when the interpreter runs without a script (-p /sbin/ldconfig)
	Flags ScriptFlags
}

// Lua reports whether the built-in Lua interpreter runs the script.
func (s *Script) Lua() bool { return len(s.Prog) > 0 && s.Prog[0] == "<lua>" }

// phaseTags are the tags of one phase and whether rpm calls it critical.
type phaseTags struct {
	phase             Phase
	body, prog, flags Tag
	critical          bool
}

var phaseTable = [...]phaseTags{
	{PreIn, TagPreIn, TagPreInProg, TagPreInFlags, true},
	{PreUn, TagPreUn, TagPreUnProg, TagPreUnFlags, true},
	{PostIn, TagPostIn, TagPostInProg, TagPostInFlags, false},
	{PostUn, TagPostUn, TagPostUnProg, TagPostUnFlags, false},
	{PreTrans, TagPreTrans, TagPreTransProg, TagPreTransFlags, true},
	{PostTrans, TagPostTrans, TagPostTransProg, TagPostTransFlags, false},
	{PreUntrans, TagPreUntrans, TagPreUntransProg, TagPreUntransFlags, true},
	{PostUntr, TagPostUntrans, TagPostUntransProg, TagPostUntransFlags, false},
	{VerifyPkg, TagVerifyScript, TagVerifyScriptProg, TagVerifyScriptFlags, true},
}

// Script returns the scriptlet of a phase, nil when the package has none.
// Flags has ScriptCritical where rpm lets a failure fail the package.
func (h *Header) Script(phase Phase) *Script {
	for _, p := range phaseTable {
		if p.phase != phase {
			continue
		}
		if !h.Has(p.body) && !h.Has(p.prog) {
			return nil
		}
		flags, _ := h.Number(p.flags)
		s := &Script{Prog: h.Strings(p.prog), Body: h.String(p.body), Flags: ScriptFlags(flags)}
		if p.critical {
			s.Flags |= ScriptCritical
		}
		return s
	}
	return nil
}

// Phases returns the phases the package has a scriptlet for.
func (h *Header) Phases() []Phase {
	var out []Phase
	for _, p := range phaseTable {
		if h.Has(p.body) || h.Has(p.prog) {
			out = append(out, p.phase)
		}
	}
	return out
}
