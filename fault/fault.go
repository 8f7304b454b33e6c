// Package fault names the classes of failure a caller of fimg must tell apart.
//
// A room declares its own typed errors and gives each a class by a method
// FaultClass; nothing is registered anywhere. The command line maps the class of
// an error to its exit status, a library user may switch on it. An error without
// a class is Internal.
package fault

import (
	"errors"
	"syscall"
)

// Class is the kind of thing that went wrong, as a caller needs to know it.
type Class int

// The classes, in the order of the exit codes documented in docs/cli.md.
const (
	Internal    Class = iota + 1 // a defect of fimg itself
	Usage                        // the command line or the options make no sense
	Description                  // the image description is wrong
	Repository                   // a repository or a download failed
	Unsolvable                   // no package set satisfies the request
	Signature                    // a signature or checksum does not match
	Script                       // a scriptlet or a script of the description failed
	Space                        // disk layout or free space does not suffice
	Capability                   // the kernel or the machine lacks something needed
	Interrupted                  // the caller cancelled the work
)

// Classed is an error that knows its class.
type Classed interface {
	error
	FaultClass() Class
}

// Hinted is an error that can suggest one next step to the person reading it.
type Hinted interface {
	error
	// Hint is one sentence without a full stop, or empty.
	Hint() string
}

// Of returns the class of the outermost classed error in err's chain. Where there is
// none it is Space for what the kernel says of a disk that is full, and Internal
// otherwise.
func Of(err error) Class {
	var c Classed
	switch {
	case errors.As(err, &c):
		return c.FaultClass()
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Space
	}
	return Internal
}

// HintOf returns the hint of the outermost hinted error in err's chain.
func HintOf(err error) string {
	var h Hinted
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// New wraps err with a class; nil stays nil. The text of the error is unchanged.
func New(class Class, err error) error {
	if err == nil {
		return nil
	}
	return &classed{class, err}
}

type classed struct {
	class Class
	err   error
}

func (c *classed) Error() string     { return c.err.Error() }
func (c *classed) Unwrap() error     { return c.err }
func (c *classed) FaultClass() Class { return c.class }
