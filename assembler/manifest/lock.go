package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/fimg/fimg/fault"
)

// LockVersion is the version of the lock's form.
const LockVersion = 1

// Lock names every package of an image so that a build uses exactly these or
// fails. It is part of a plan.
type Lock struct {
	Version      int             `json:"version"`
	Image        string          `json:"image,omitempty"` // name of the image, for people
	Arch         string          `json:"arch"`
	Releasever   string          `json:"releasever"`
	Asked        []string        `json:"asked,omitempty"`  // for by the description, sorted
	Bases        []LockedBase    `json:"bases,omitempty"`  // the containers it builds on, in order
	Repositories []LockedRepo    `json:"repositories"`     // in the order of the description
	Packages     []LockedPackage `json:"packages"`         // sorted by name, version and architecture
	Groups       []LockedGroup   `json:"groups,omitempty"` // asked for, for dnf's records
	Remove       Removal         `json:"remove,omitzero"`
	Modules      Modules         `json:"modules,omitzero"` // for dnf's records
	Again        []string        `json:"again,omitempty"`  // packages of the base that are asked for, as NEVRAs
}

// Modules are the module streams that the description decides about. All is only
// there if it does.
type Modules struct {
	Disabled []string        `json:"disabled,omitempty"`
	Enabled  []EnabledModule `json:"enabled,omitempty"`
	All      []string        `json:"all,omitempty"` // the names of what repositories offer
}

// EnabledModule is a stream, with those of other modules that it requires, as
// "name:stream".
type EnabledModule struct {
	Name   string   `json:"name"`
	Stream string   `json:"stream"`
	With   []string `json:"with,omitempty"`
}

// LockedGroup is a group or environment the description asks for.
type LockedGroup struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Environment bool           `json:"environment,omitempty"`
	Part        bool           `json:"part,omitempty"`  // came with an environment
	Kinds       []string       `json:"kinds,omitempty"` // of packages that were asked for
	Description string         `json:"description,omitempty"`
	Default     bool           `json:"default,omitempty"` // preselected
	Visible     bool           `json:"visible,omitempty"`
	Order       string         `json:"order,omitempty"`      // display_order as in comps
	LangOnly    string         `json:"langonly,omitempty"`   // as in comps
	Repository  string         `json:"repository,omitempty"` // the first by name that has it
	Members     []LockedMember `json:"members,omitempty"`
}

// LockedMember is a package of a group or a group of an environment.
type LockedMember struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`               // as in comps: mandatory, default, …
	Wanted   bool   `json:"wanted,omitempty"`   // of the kinds that were asked for
	Requires string `json:"requires,omitempty"` // of a conditional package
}

// Removal lists what the description takes away again, as NEVRAs.
type Removal struct {
	Uninstall []string `json:"uninstall,omitempty"` // with what was only needed by them
	Dependent []string `json:"dependent,omitempty"` // of Uninstall: in need of others that leave
	Unneeded  []string `json:"unneeded,omitempty"`  // of Uninstall: nothing needs them any more
	Delete    []string `json:"delete,omitempty"`    // by force and without scriptlets
}

// LockedRepo is a repository as it was when the lock was made.
type LockedRepo struct {
	ID       string            `json:"id"`
	URL      string            `json:"url"`
	Revision string            `json:"revision,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"` // "primary": "sha256:…"
}

// LockedPackage is one package file.
type LockedPackage struct {
	NEVRA     string `json:"nevra"`    // name-epoch:version-release.arch
	Checksum  string `json:"checksum"` // "sha256:…" of the whole file
	Size      int64  `json:"size"`     // bytes of the file
	Installed int64  `json:"installed_size,omitempty"`
	Repo      string `json:"repo"`             // id of its repository
	Base      string `json:"base,omitempty"`   // address that replaces the repository's
	Location  string `json:"location"`         // relative to the repository
	Phase     string `json:"phase"`            // bootstrap or image
	BuildTime int64  `json:"build_time"`       // seconds since 1970
	Reason    string `json:"reason,omitempty"` // why it is there, for people
}

// LockError says why a lock cannot be used.
type LockError struct {
	File string // empty when not known
	Text string
}

func (e *LockError) Error() string {
	if e.File == "" {
		return "use lock: " + e.Text
	}
	return "use lock " + e.File + ": " + e.Text
}

// FaultClass implements fault.Classed.
func (e *LockError) FaultClass() fault.Class { return fault.Repository }

// Hint implements fault.Hinted.
func (e *LockError) Hint() string { return "make a new lock with fimg resolve --lock FILE" }

// Write writes the lock as indented JSON.
func (l *Lock) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("write lock: %w", err)
	}
	return nil
}

// ReadLock reads a lock and refuses one that does not name every package by
// checksum.
func ReadLock(r io.Reader) (*Lock, error) {
	const limit = 256 << 20
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var l Lock
	if err := dec.Decode(&l); err != nil {
		return nil, &LockError{Text: "it is no lock: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	if l.Version != LockVersion {
		return nil, &LockError{Text: fmt.Sprintf("form %d of the lock is not known here, want %d", l.Version, LockVersion)}
	}
	return &l, l.Check()
}

// Check refuses a lock that contradicts itself, with a LockError.
func (l *Lock) Check() error {
	known := map[string]bool{}
	for _, r := range l.Repositories {
		known[r.ID] = true
	}
	for _, p := range l.Packages {
		algo, digest, ok := strings.Cut(p.Checksum, ":")
		switch {
		case !ok || len(digest) < 64 || (algo != "sha256" && algo != "sha384" && algo != "sha512"):
			return &LockError{Text: fmt.Sprintf("%s has no strong checksum", p.NEVRA)}
		case !known[p.Repo]:
			return &LockError{Text: fmt.Sprintf("%s is from repository %s, which the lock does not list", p.NEVRA, p.Repo)}
		case p.Size <= 0:
			return &LockError{Text: fmt.Sprintf("%s has no size", p.NEVRA)}
		}
	}
	if len(l.Packages) == 0 {
		return &LockError{Text: "it names no package"}
	}
	return nil
}
