package description

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/fault"
)

// Cause says at which step a description was refused.
type Cause string

// The causes, in the order of the steps.
const (
	NoFile    Cause = "no description file" // nothing to read in the directory
	Syntax    Cause = "not well-formed XML"
	NoInclude Cause = "included file missing"
	Schema    Cause = "against the schema" // wrong version, element, attribute or value
	Value     Cause = "unreadable value"   // passes kiwi's schema but not its reader
	Location  Cause = "unusable location"  // of a repository or key
)

// Mistake is one thing that is wrong in a description.
type Mistake struct {
	File    string   `json:"file"`
	Line    int      `json:"line"`              // from 1
	Column  int      `json:"column"`            // in characters, from 1
	Path    string   `json:"path,omitempty"`    // of the element: /image/preferences[2]/type
	Text    string   `json:"text"`              // what is wrong
	Found   string   `json:"found,omitempty"`   // the offending name or value
	Allowed []string `json:"allowed,omitempty"` // what may stand there
	Near    string   `json:"near,omitempty"`    // the nearest of the allowed
	cause   Cause
}

// Error is one line: place, path, what is wrong, and the nearest valid name.
func (m Mistake) Error() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", m.Line, m.Column)
	}
	b.WriteString(": ")
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Text)
	switch {
	case m.Near != "":
		fmt.Fprintf(&b, "; did you mean %q?", m.Near)
	case len(m.Allowed) > 0:
		b.WriteString("; allowed: " + summary(m.Allowed))
	}
	return b.String()
}

// summary joins a list, cutting a long one short.
func summary(list []string) string {
	const most = 24
	if len(list) > most {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
	}
	return strings.Join(list, ", ")
}

// Invalid is a description that is wrong; it lists every mistake found.
type Invalid struct {
	Cause    Cause
	Mistakes []Mistake
}

// Error has one line for each mistake.
func (e *Invalid) Error() string {
	lines := make([]string, 0, len(e.Mistakes)+1)
	if len(e.Mistakes) > 1 {
		lines = append(lines, fmt.Sprintf("read description: %d mistakes", len(e.Mistakes)))
	}
	for _, m := range e.Mistakes {
		lines = append(lines, m.Error())
	}
	return strings.Join(lines, "\n")
}

// FaultClass is Description.
func (*Invalid) FaultClass() fault.Class { return fault.Description }

// invalid makes the error for a list of mistakes, nil for none. Its cause is that of
// the earliest step.
func invalid(mistakes []Mistake) error {
	if len(mistakes) == 0 {
		return nil
	}
	order := map[Cause]int{NoFile: 1, Syntax: 2, NoInclude: 3, Schema: 4, Value: 5, Location: 6}
	cause := mistakes[0].cause
	for _, m := range mistakes {
		if order[m.cause] < order[cause] {
			cause = m.cause
		}
	}
	return &Invalid{Cause: cause, Mistakes: mistakes}
}

// ProfileError is a requested or required profile that does not exist for the
// architecture.
type ProfileError struct {
	Name       string
	RequiredBy string // the profile that requires it; empty when requested
	Arch       string
	Near       []string // close names that exist for the architecture
	OtherArch  []string // the architectures it exists for, if any
}

// Error names the profile and the architecture.
func (e *ProfileError) Error() string {
	text := fmt.Sprintf("select profile: profile %s not found for architecture %s", e.Name, e.Arch)
	if e.RequiredBy != "" {
		text += fmt.Sprintf(" (required by %s)", e.RequiredBy)
	}
	return text
}

// Hint names the architectures that have the profile, or close names.
func (e *ProfileError) Hint() string {
	if len(e.OtherArch) > 0 {
		return "the profile exists for " + strings.Join(e.OtherArch, ", ")
	}
	if len(e.Near) > 0 {
		return "close names: " + strings.Join(e.Near, ", ")
	}
	return ""
}

// FaultClass is Description.
func (*ProfileError) FaultClass() fault.Class { return fault.Description }

// TypeError tells that no build type is active, or not the wanted one.
type TypeError struct {
	Type     string   // the wanted type; empty when any would do
	Profiles []string // resolved
	Arch     string
	Have     []string // image attributes of the active types
	UsedBy   []string // image profiles that require a helper profile that was chosen
	Arches   []string // architectures for which the profiles have a type
}

// Error names the profiles and, if given, the type.
func (e *TypeError) Error() string {
	profiles := "no profile"
	if len(e.Profiles) > 0 {
		profiles = "profiles " + strings.Join(e.Profiles, ", ")
	}
	if e.Type != "" {
		return fmt.Sprintf("select type: build type %s not found for %s", e.Type, profiles)
	}
	return fmt.Sprintf("select type: no build type with %s on %s", profiles, e.Arch)
}

// Hint says what could have been meant.
func (e *TypeError) Hint() string {
	switch {
	case len(e.Have) > 0:
		return "active types: " + strings.Join(e.Have, ", ")
	case len(e.Arches) > 0:
		return "there is one for " + strings.Join(e.Arches, ", ")
	case len(e.UsedBy) > 0 && len(e.Profiles) == 0:
		return "choose an image profile: " + summary(e.UsedBy)
	case len(e.UsedBy) > 0:
		return "this is a helper profile, used by " + summary(e.UsedBy)
	}
	return ""
}

// FaultClass is Description.
func (*TypeError) FaultClass() fault.Class { return fault.Description }

// OverrideError is a command line change that cannot be applied.
type OverrideError struct {
	Option string // for example set-type-attr
	Value  string
	Text   string
	Near   string
}

// Error names option, value and reason.
func (e *OverrideError) Error() string {
	return fmt.Sprintf("apply --%s %s: %s", e.Option, e.Value, e.Text)
}

// Hint is the nearest valid name.
func (e *OverrideError) Hint() string {
	if e.Near == "" {
		return ""
	}
	return "did you mean " + e.Near
}

// FaultClass is Usage.
func (*OverrideError) FaultClass() fault.Class { return fault.Usage }
