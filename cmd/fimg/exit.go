package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"

	"github.com/fimg/fimg/fault"
)

// exitCodes are the documented exit statuses by class of failure.
var exitCodes = map[fault.Class]int{
	fault.Internal: 1, fault.Usage: 2, fault.Description: 3, fault.Repository: 4, fault.Unsolvable: 5,
	fault.Signature: 6, fault.Script: 7, fault.Space: 8, fault.Capability: 9, fault.Interrupted: 130,
}

// exitUnread is what a shell tells of a program that ended because nobody read its
// output; there is nobody to tell more.
const exitUnread = 128 + 13

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (usageError) FaultClass() fault.Class { return fault.Usage }
func (u usageError) Unwrap() error         { return u.error }

// Hint is that of the cause, or where to read on.
func (u usageError) Hint() string {
	if hint := fault.HintOf(u.error); hint != "" {
		return hint
	}
	if errors.Is(u.error, fs.ErrNotExist) {
		return "" // the flags are right
	}
	return "fimg --help lists the verbs, fimg VERB --help their flags"
}

// report prints an error, at most one hint, and returns the exit status.
func (a *app) report(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return 0
	case unreadOutput(ctx) != nil:
		return exitUnread
	}
	class := fault.Of(err)
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		class = fault.Interrupted
	}
	if class == fault.Internal {
		if complaint := ownComplaint(err); complaint != nil {
			err, class = complaint, fault.Usage
		}
	}
	code := exitCodes[class]
	text, hint := err.Error(), fault.HintOf(err)
	if class == fault.Interrupted {
		text, hint = "interrupted", ""
	}
	if a.json {
		json.NewEncoder(a.err).Encode(map[string]any{"type": "error", "error": text, "hint": hint, "exit": code})
		return code
	}
	fmt.Fprintf(a.err, "fimg: %s\n", text)
	if hint != "" {
		fmt.Fprintf(a.err, "fimg: hint: %s\n", hint)
	}
	return code
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}
