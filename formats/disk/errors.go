package disk

import (
	"fmt"

	"github.com/fimg/fimg/fault"
)

// CorruptError says that an image breaks the rules of its format.
type CorruptError struct {
	Format string
	Reason string
}

func (e *CorruptError) Error() string { return fmt.Sprintf("read %s image: %s", e.Format, e.Reason) }

// FaultClass implements fault.Classed.
func (e *CorruptError) FaultClass() fault.Class { return fault.Usage }

// Corrupt makes a CorruptError.
func Corrupt(format, reason string, args ...any) error {
	return &CorruptError{format, fmt.Sprintf(reason, args...)}
}

// ReferenceError says that an image takes content from another file, which is
// never followed: the file could be any on this machine.
type ReferenceError struct {
	Format string
	What   string // "backing file", "data file", "parent"
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("read %s image: it refers to a %s, which is not followed", e.Format, e.What)
}

// FaultClass implements fault.Classed.
func (e *ReferenceError) FaultClass() fault.Class { return fault.Usage }

// Hint implements fault.Hinted.
func (e *ReferenceError) Hint() string {
	return "make the image self-contained first, for example with qemu-img convert"
}

// MaxSize is the largest virtual disk that readers accept: 64 TiB.
const MaxSize = 64 << 40
