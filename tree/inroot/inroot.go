// Package inroot is the one way for a room to have a program of the image run
// inside its root: it says what to run, the assembler passes in who runs it. Only
// assembler/chroot really executes anything.
package inroot

import "context"

// Command is a program of the image.
type Command struct {
	Args  []string // absolute path, or a name looked up in the root's usual PATH
	Env   []string // NAME=value, added to a minimal environment
	Stdin []byte
	// Overlay are files of the root that show other, executable content while
	// the program runs; the tree itself is not changed.
	Overlay map[string][]byte
	// Subject names the work in events and errors: "config.sh", "dracut".
	Subject string
}

// Run runs a program inside the root. The error of a failed program says what it
// printed last.
type Run func(ctx context.Context, cmd Command) error
