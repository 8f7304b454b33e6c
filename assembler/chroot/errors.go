package chroot

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/fimg/fimg/fault"
)

// CapabilityError says what the kernel, the container or the machine lacks.
type CapabilityError struct {
	Need   string // what was wanted: "mount namespace"
	Err    error
	Advice string // one sentence for the user; may be empty
}

func (e *CapabilityError) Error() string { return e.Need + " is not available: " + e.Err.Error() }
func (e *CapabilityError) Unwrap() error { return e.Err }

// FaultClass implements fault.Classed.
func (e *CapabilityError) FaultClass() fault.Class { return fault.Capability }

// Hint implements fault.Hinted.
func (e *CapabilityError) Hint() string { return e.Advice }

// ExecError is a program that could not be started: it or its interpreter is
// missing or not executable.
type ExecError struct {
	Path string
	Err  error
}

func (e *ExecError) Error() string { return fmt.Sprintf("start %s: %v", e.Path, e.Err) }
func (e *ExecError) Unwrap() error { return e.Err }

// FaultClass implements fault.Classed.
func (e *ExecError) FaultClass() fault.Class { return fault.Script }

// ExitError is a program that ended otherwise than with status 0, or was ended.
type ExitError struct {
	Path    string
	Status  int            // exit status; -1 when a signal ended it
	Signal  syscall.Signal // that signal, or zero
	Timeout time.Duration  // the limit when it ran longer, or zero
	Flooded int64          // the limit in bytes when it printed more, or zero
	Excess  Excess         // limits it went beyond otherwise
	Output  []string       // the last lines it printed
}

// Excess has the limits a program was ended for; those it kept are zero.
type Excess struct {
	Memory    int64 // bytes it may use
	Processes int64 // that may run
	Space     int64 // bytes it has to leave free where the tree is
}

func (e Excess) String() string {
	switch {
	case e.Memory != 0:
		return fmt.Sprintf("more than %d bytes of memory", e.Memory)
	case e.Processes != 0:
		return fmt.Sprintf("more than %d processes", e.Processes)
	}
	return fmt.Sprintf("less than %d bytes left on the disk", e.Space)
}

// Cause says in a few words how the program ended.
func (e *ExitError) Cause() string {
	switch {
	case e.Timeout != 0:
		return fmt.Sprintf("killed after %v", e.Timeout)
	case e.Flooded != 0:
		return fmt.Sprintf("killed after %d bytes of output", e.Flooded)
	case e.Excess != (Excess{}):
		return "killed for " + e.Excess.String()
	case e.Signal != 0:
		return "killed by signal " + e.Signal.String()
	}
	return fmt.Sprintf("exit status %d", e.Status)
}

func (e *ExitError) Error() string {
	text := fmt.Sprintf("run %s: %s", e.Path, e.Cause())
	if len(e.Output) > 0 {
		text += ": " + strings.Join(e.Output, "\n")
	}
	return text
}

// FaultClass implements fault.Classed.
func (e *ExitError) FaultClass() fault.Class { return fault.Script }
