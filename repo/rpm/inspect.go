package rpm

import "io"

// Description is everything there is to say about a package file, shaped for
// JSON: the object "fimg inspect PACKAGE.rpm --json" prints.
type Description struct {
	NEVRA   string `json:"nevra"`
	Name    string `json:"name"`
	Epoch   uint32 `json:"epoch"`
	Version string `json:"version"`
	Release string `json:"release"`
	Arch    string `json:"arch"`
	Source  bool   `json:"source"`
	Format  int    `json:"format"` // 3, 4 or 6

	// Tags has every tag of the main header and those of the signature header
	// under the names rpm gives them: a string, a list of strings, a number, a
	// list of numbers, or base64 of what is binary.
	Tags map[string]any `json:"tags"`

	Provides    []string `json:"provides,omitempty"`
	Requires    []string `json:"requires,omitempty"`
	Conflicts   []string `json:"conflicts,omitempty"`
	Obsoletes   []string `json:"obsoletes,omitempty"`
	Recommends  []string `json:"recommends,omitempty"`
	Suggests    []string `json:"suggests,omitempty"`
	Supplements []string `json:"supplements,omitempty"`
	Enhances    []string `json:"enhances,omitempty"`

	Scriptlets []ScriptDescription  `json:"scriptlets,omitempty"`
	Triggers   []TriggerDescription `json:"triggers,omitempty"`
	Files      []FileDescription    `json:"files"`
	Verdict    *Verdict             `json:"verdict"`
	// Summary is the line of "rpm -K", Summary6 that of rpm 6 where it differs;
	// Intact tells whether not even a byte that no digest covers looks changed.
	Summary  string `json:"summary"`
	Summary6 string `json:"summary6,omitempty"`
	Intact   bool   `json:"intact"`
}

// ScriptDescription is a scriptlet.
type ScriptDescription struct {
	Phase Phase       `json:"phase"`
	Prog  []string    `json:"prog"`
	Body  string      `json:"body,omitempty"`
	Flags ScriptFlags `json:"flags,omitempty"`
}

// TriggerDescription is a trigger.
type TriggerDescription struct {
	Kind       string   `json:"kind"` // "trigger", "filetrigger", "transfiletrigger"
	Prog       []string `json:"prog"`
	Body       string   `json:"body,omitempty"`
	Conditions []string `json:"conditions"`
	Priority   uint32   `json:"priority,omitempty"`
}

// FileDescription is a file of the package.
type FileDescription struct {
	Path   string      `json:"path"`
	Mode   uint32      `json:"mode"`
	User   string      `json:"user"`
	Group  string      `json:"group"`
	Size   int64       `json:"size"`
	MTime  int64       `json:"mtime"`
	Digest string      `json:"digest,omitempty"`
	LinkTo string      `json:"link,omitempty"`
	Rdev   uint32      `json:"rdev,omitempty"`
	Flags  FileFlags   `json:"flags,omitempty"`
	Verify VerifyFlags `json:"verify"`
	Lang   string      `json:"lang,omitempty"`
	Caps   string      `json:"caps,omitempty"`
	Color  uint32      `json:"color,omitempty"`
	Links  []int       `json:"links,omitempty"`
}

// Inspect reads a whole package file and describes it. As with CheckFile, a bad
// digest or signature is told in the verdict and is no error.
func Inspect(r io.Reader, keys *Keyring) (*Description, error) {
	p, v, err := CheckFile(r, keys, ReaderOptions{})
	if err != nil {
		return nil, err
	}
	d, err := Describe(p)
	if err != nil {
		return nil, err
	}
	d.Judged(v)
	return d, nil
}

// Judged adds a verdict.
func (d *Description) Judged(v *Verdict) {
	d.Verdict, d.Summary, d.Intact = v, v.Summary(), v.Intact()
	if s := v.Summary6(); s != d.Summary {
		d.Summary6 = s
	}
}

// Describe describes a package without a verdict.
func Describe(p *Package) (*Description, error) {
	h, err := p.Merged()
	if err != nil {
		return nil, err
	}
	files, err := h.Files()
	if err != nil {
		return nil, err
	}
	id := h.Identity()
	d := &Description{NEVRA: id.NEVRA(), Name: id.Name, Epoch: id.Epoch, Version: id.Version, Release: id.Release,
		Arch: id.Arch, Source: h.Source(), Format: h.Format(), Tags: make(map[string]any), Files: []FileDescription{}}
	for _, e := range h.entries {
		d.Tags[e.tag.String()] = h.value(e)
	}
	for kind, list := range map[DependencyKind]*[]string{
		Provides: &d.Provides, Requires: &d.Requires, Conflicts: &d.Conflicts, Obsoletes: &d.Obsoletes,
		Recommends: &d.Recommends, Suggests: &d.Suggests, Supplements: &d.Supplements, Enhances: &d.Enhances,
	} {
		for _, dep := range h.Dependencies(kind) {
			*list = append(*list, dep.String())
		}
	}
	d.addScripts(h)
	for i := range files {
		f := &files[i]
		d.Files = append(d.Files, FileDescription{f.Path(), f.Mode, f.User, f.Group, f.Size, f.MTime, f.Digest,
			f.LinkTo, f.Rdev, f.Flags, f.Verify, f.Lang, f.Caps, f.Color, f.Links})
	}
	return d, nil
}

// addScripts describes scriptlets and triggers.
func (d *Description) addScripts(h *Header) {
	for _, phase := range h.Phases() {
		s := h.Script(phase)
		d.Scriptlets = append(d.Scriptlets, ScriptDescription{phase, s.Prog, s.Body, s.Flags})
	}
	for kind, name := range [...]string{"trigger", "filetrigger", "transfiletrigger"} {
		for _, t := range h.Triggers(TriggerKind(kind)) {
			out := TriggerDescription{Kind: name, Prog: t.Prog, Body: t.Body, Conditions: []string{}}
			if kind != int(PackageTrigger) {
				out.Priority = t.Priority
			}
			for _, c := range t.Conditions {
				out.Conditions = append(out.Conditions, c.String())
			}
			d.Triggers = append(d.Triggers, out)
		}
	}
}

// value returns the data of an entry as JSON should have it: one value or, for
// array tags, a list.
func (h *Header) value(e entry) any {
	switch {
	case e.typ == TypeBin:
		return h.data(e)
	case e.typ.text() && (e.tag.Array() || e.count > 1):
		return h.Strings(e.tag)
	case e.typ.text():
		return h.String(e.tag)
	}
	n := h.Numbers(e.tag)
	if !e.tag.Array() && n.Len() == 1 {
		return n.At(0)
	}
	out := make([]uint64, n.Len())
	for i := range out {
		out[i] = n.At(i)
	}
	return out
}
