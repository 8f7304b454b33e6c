package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/fimg/fimg/fault"
)

// exitCodes are the documented exit statuses by class of failure.
var exitCodes = map[fault.Class]int{
	fault.Internal: 1, fault.Usage: 2, fault.Description: 3, fault.Repository: 4, fault.Unsolvable: 5,
	fault.Signature: 6, fault.Script: 7, fault.Space: 8, fault.Capability: 9, fault.Interrupted: 130,
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (usageError) FaultClass() fault.Class { return fault.Usage }
func (usageError) Hint() string            { return "fimg --help lists the verbs, fimg VERB --help their flags" }
func (u usageError) Unwrap() error         { return u.error }

// report prints an error, at most one hint, and returns the exit status.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	class := fault.Of(err)
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		class = fault.Interrupted
	}
	if class == fault.Internal && isUsage(err) {
		err, class = usageError{err}, fault.Usage
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

// isUsage recognises cobra's own complaints, which have no type.
func isUsage(err error) bool {
	for _, p := range []string{"unknown command", "unknown flag", "unknown shorthand", "required flag", "invalid argument"} {
		if strings.HasPrefix(err.Error(), p) {
			return true
		}
	}
	return false
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}
