package install

import (
	"fmt"
	"strings"

	"github.com/fimg/fimg/fault"
)

// ScriptletError is a scriptlet whose failure ends the transaction.
type ScriptletError struct {
	Package string   // NEVRA
	Phase   string   // "pre", "triggerprein", …
	Cause   string   // "exit status 1", …
	Output  []string // last lines
	Err     error
}

func (e *ScriptletError) Error() string {
	text := fmt.Sprintf("run %%%s of %s: %s", e.Phase, e.Package, e.Cause)
	if len(e.Output) > 0 {
		text += ": " + strings.Join(e.Output, "\n")
	}
	return text
}

func (e *ScriptletError) Unwrap() error { return e.Err }

// FaultClass implements fault.Classed.
func (e *ScriptletError) FaultClass() fault.Class { return fault.Script }

// ConflictError lists files that two packages bring with different content.
type ConflictError struct {
	Conflicts []Conflict
}

// Conflict is one such file.
type Conflict struct {
	Path    string
	Package string // NEVRA of the one that cannot be installed
	Other   string // NEVRA of the one that has the file
}

func (e *ConflictError) Error() string {
	var lines []string
	for _, c := range e.Conflicts {
		lines = append(lines, fmt.Sprintf("file %s of %s conflicts with that of %s", c.Path, c.Package, c.Other))
	}
	return "check files: " + strings.Join(lines, "\n")
}

// FaultClass implements fault.Classed.
func (e *ConflictError) FaultClass() fault.Class { return fault.Unsolvable }

// UnpackError is a file that could not be put into place.
type UnpackError struct {
	Package string // NEVRA
	Path    string
	Err     error
}

func (e *UnpackError) Error() string {
	return fmt.Sprintf("unpack %s of %s: %v", e.Path, e.Package, e.Err)
}

func (e *UnpackError) Unwrap() error { return e.Err }
