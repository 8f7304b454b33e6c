package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
)

// app is what every verb shares: where to print, and the global flags.
type app struct {
	out, err  io.Writer
	json      bool
	logFormat string // text or json
	verbose   int
	quiet     bool
	log       *slog.Logger
	// enter prepares the process for a build, and may run the program anew; nil
	// does nothing. It tells whether the process has mounts of its own.
	enter func() (bool, error)
}

// run carries out one command line and returns the exit status.
func (a *app) run(ctx context.Context, args []string) int {
	a.log = slog.New(slog.DiscardHandler)
	root := a.newRoot()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	return a.report(ctx, err)
}

// verbs make the subcommands, in the order of the help page.
var verbs = []func(*app) *cobra.Command{
	newBuildCmd, newPlanCmd, newResolveCmd, newInspectCmd, newDiffCmd, newBundleCmd, newConvertCmd, newBootCmd, newKiwiCmd,
	newDescribeCmd, newProfilesCmd,
}

func (a *app) newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "fimg",
		Short: "Build operating system images from kiwi descriptions",
		Long: "fimg builds disk and container images from kiwi descriptions, without loop devices,\n" +
			"without mounting anything and without tools of the host.",
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.setLogger() },
	}
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print one JSON object, or a stream of typed JSON lines")
	flags.StringVar(&a.logFormat, "log-format", "text", "form of log lines: text or json")
	flags.CountVarP(&a.verbose, "verbose", "v", "tell more; twice tells everything")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print only errors and results")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badFlag(err) })
	for _, v := range verbs {
		root.AddCommand(v(a))
	}
	root.SetHelpCommand(newHelpCmd())
	return root
}

// newHelpCmd is cobra's, but for a verb that is not there being an error.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Show the help of a verb",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError{fmt.Errorf("help: no verb %q", strings.Join(args, " "))}
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

func (a *app) setLogger() error {
	level := slog.LevelWarn - slog.Level(4*a.verbose)
	options := &slog.HandlerOptions{Level: level}
	switch a.logFormat {
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.err, options))
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.err, options))
	default:
		return usageError{fmt.Errorf("log format %q: want text or json", a.logFormat)}
	}
	return nil
}
