package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs refuses positional arguments, which no verb but a few takes.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no argument, got %s", cmd.CommandPath(), strings.Join(args, " "))}
	}
	return nil
}

// takes demands n positional arguments, which what names.
func takes(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s needs %s, got %d arguments", cmd.CommandPath(), what, len(args))}
		}
		return nil
	}
}

// number is the value of a flag that takes a whole number from min on.
type number struct {
	to  *int
	min int
}

// numberVar declares such a flag, with its default.
func numberVar(f *pflag.FlagSet, to *int, name string, value, min int, usage string) {
	*to = value
	f.Var(number{to, min}, name, usage)
}

func (n number) String() string {
	if n.to == nil { // pflag asks the zero value
		return "0"
	}
	return strconv.Itoa(*n.to)
}
func (number) Type() string { return "int" }

func (n number) Set(text string) error {
	value, err := strconv.Atoi(text)
	if err != nil || value < n.min {
		return fmt.Errorf("want a whole number from %d", n.min)
	}
	*n.to = value
	return nil
}

// badFlag says of a flag what it wants, in place of the parser's own words.
func badFlag(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usageError{err}
	}
	cause := errors.Unwrap(bad)
	if bad.GetFlag().Value.Type() == "bool" {
		cause = errors.New("want true or false")
	}
	return usageError{fmt.Errorf("read --%s %q: %w", bad.GetFlag().Name, bad.GetValue(), cause)}
}

// unknownVerb is a first word that is no verb.
type unknownVerb struct {
	text string
	near []string
}

func (u unknownVerb) Error() string { return u.text }

// Hint names the verbs that were perhaps meant.
func (u unknownVerb) Hint() string {
	if len(u.near) == 0 {
		return usageError{}.Hint()
	}
	return "close names: " + strings.Join(u.near, ", ")
}

// ownComplaint gives cobra's complaints, which have no type, one; nil when err is
// none of them.
func ownComplaint(err error) error {
	text, rest, _ := strings.Cut(err.Error(), "\n")
	switch {
	case strings.HasPrefix(text, "unknown command"):
		_, list, _ := strings.Cut(rest, "?")
		return usageError{unknownVerb{text, strings.Fields(list)}}
	case strings.HasPrefix(text, "unknown flag"), strings.HasPrefix(text, "unknown shorthand"), strings.HasPrefix(text, "invalid argument"):
		return usageError{err}
	}
	return nil
}
