package assembler

import (
	"errors"
	"fmt"

	"github.com/fimg/fimg/internal/fault"
)

var errNoProgram = errors.New("not in the image")

// UnsupportedError names something a description may say and fimg does not
// build.
type UnsupportedError struct {
	What   string // "type kis", "attribute luks"
	Source string // file:line, empty when not known
}

func (e *UnsupportedError) Error() string {
	if e.Source == "" {
		return e.What + " is not built by fimg"
	}
	return fmt.Sprintf("%s: %s is not built by fimg", e.Source, e.What)
}

// FaultClass implements fault.Classed.
func (e *UnsupportedError) FaultClass() fault.Class { return fault.Description }

// SpaceError says that a directory's file system is too full for the work.
type SpaceError struct {
	Dir          string
	Needed, Have int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("check space in %s: %d MiB are needed and %d MiB free", e.Dir, e.Needed>>20, e.Have>>20)
}

// FaultClass implements fault.Classed.
func (e *SpaceError) FaultClass() fault.Class { return fault.Space }

// Hint implements fault.Hinted.
func (e *SpaceError) Hint() string {
	return "choose other directories with --target-dir and --cache-dir"
}

// usage makes an error of the caller's options.
func usage(format string, args ...any) error {
	return fault.New(fault.Usage, fmt.Errorf(format, args...))
}
