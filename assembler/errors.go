package assembler

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"

	"github.com/fimg/fimg/fault"
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

// fullError says that a file system ran full in the middle of the work.
type fullError struct{ error }

func (e fullError) Unwrap() error { return e.error }

// FaultClass implements fault.Classed.
func (e fullError) FaultClass() fault.Class { return fault.Space }

// Hint implements fault.Hinted.
func (e fullError) Hint() string {
	return "choose other directories with --target-dir, --work-dir and --cache-dir"
}

// classify gives an error that means too little space its class: one of the kernel,
// or SQLite's, which hides that.
func classify(err error) error {
	var database *sqlite.Error
	switch {
	case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
		return fullError{err}
	case errors.As(err, &database) && database.Code()&0xff == sqliteFull:
		return fullError{fmt.Errorf("%w: %w", err, unix.ENOSPC)}
	}
	return err
}

// sqliteFull is SQLITE_FULL (https://sqlite.org/rescode.html#full), in the low byte
// of an extended code.
const sqliteFull = 13

// usage makes an error of the caller's options.
func usage(format string, args ...any) error {
	return fault.New(fault.Usage, fmt.Errorf(format, args...))
}
