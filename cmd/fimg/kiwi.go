package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/fault"
)

// kiwi is the command line of kiwi-ng 10 as far as build systems use it: "system
// build", its halves "system prepare" and "system create", and "result bundle".
// Global options may stand before or after the service word; options that are not
// known here are ignored with a warning.
type kiwi struct {
	a          *app
	s          selection
	targetDir  string
	root       string // of prepare and create
	sharedDir  string
	logFile    string
	bundle     assembler.BundleOptions
	setEnv     []string
	allow      bool
	debug      bool
	loglevel   string
	showVer    bool
	clearCache bool
	ignored    []string // options that have no effect
}

func newKiwiCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "kiwi-ng [options] system build | system prepare | system create | result bundle [options]",
		Short: "Understand kiwi-ng's command line",
		Long: "Build and bundle images with the arguments that kiwi-ng takes; the options are kiwi's, in\n" +
			"any place, and mean what \"fimg build --help\" and \"fimg bundle --help\" say. Options that\n" +
			"are not known here are ignored with a warning.",
		Example: "  fimg kiwi-ng --profile P system build --description DIR --target-dir OUT\n" +
			"  fimg kiwi-ng --profile P system prepare --description DIR --root ROOT\n" +
			"  fimg kiwi-ng system create --root ROOT --target-dir OUT\n" +
			"  fimg kiwi-ng result bundle --target-dir OUT --bundle-dir BUNDLE --id 1.1",
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
				return cmd.Help()
			}
			k := &kiwi{a: a}
			return k.run(cmd.Context(), args)
		},
	}
}

// flags are all options of both commands: kiwi's users put them in any place.
func (k *kiwi) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("kiwi-ng", pflag.ContinueOnError)
	f.SetOutput(io.Discard)
	s := &k.s
	f.StringArrayVar(&s.profiles, "profile", nil, "")
	f.StringVar(&s.kind, "type", "", "")
	f.StringVar(&s.file, "kiwi-file", "", "")
	f.StringVar(&s.arch, "target-arch", machine(), "")
	f.StringVar(&s.description, "description", "", "")
	f.StringVar(&k.targetDir, "target-dir", "", "")
	f.StringVar(&k.root, "root", "", "")
	f.StringVar(&k.sharedDir, "shared-cache-dir", "/var/cache/kiwi", "")
	f.StringVar(&k.logFile, "logfile", "", "")
	f.StringVar(&k.loglevel, "loglevel", "", "")
	f.BoolVar(&k.debug, "debug", false, "")
	f.BoolVar(&k.allow, "allow-existing-root", false, "")
	f.BoolVar(&k.clearCache, "clear-cache", false, "")
	f.BoolVar(&k.showVer, "version", false, "")
	f.StringArrayVar(&k.setEnv, "setenv", nil, "")
	o := &s.over
	f.BoolVar(&o.IgnoreRepos, "ignore-repos", false, "")
	f.BoolVar(&o.IgnoreReposUsedForBuild, "ignore-repos-used-for-build", false, "")
	f.StringVar(&o.SetRepo, "set-repo", "", "")
	f.StringVar(&o.SetRepoCredentials, "set-repo-credentials", "", "")
	f.StringArrayVar(&o.AddRepos, "add-repo", nil, "")
	f.StringArrayVar(&o.AddRepoCredentials, "add-repo-credentials", nil, "")
	f.StringArrayVar(&o.AddPackages, "add-package", nil, "")
	f.StringArrayVar(&o.AddBootstrapPackages, "add-bootstrap-package", nil, "")
	f.StringArrayVar(&o.DeletePackages, "delete-package", nil, "")
	f.StringArrayVar(&o.CACertificates, "ca-cert", nil, "")
	f.StringVar(&o.CATargetDistribution, "ca-target-distribution", "", "")
	f.StringVar(&o.DerivedFrom, "set-container-derived-from", "", "")
	f.StringVar(&o.ContainerTag, "set-container-tag", "", "")
	f.StringArrayVar(&o.ContainerLabels, "add-container-label", nil, "")
	f.StringArrayVar(&o.TypeAttributes, "set-type-attr", nil, "")
	f.StringVar(&o.ReleaseVersion, "set-release-version", "", "")
	f.StringArrayVar(&o.SigningKeys, "signing-key", nil, "")
	f.StringVar(&k.bundle.BundleDir, "bundle-dir", "", "")
	f.StringVar(&k.bundle.ID, "id", "", "")
	f.StringVar(&k.bundle.Format, "bundle-format", "", "")
	f.BoolVar(&k.bundle.NoCompress, "no-compress", false, "")
	return f
}

func (k *kiwi) run(ctx context.Context, args []string) error {
	f := k.flags()
	words, err := k.parse(f, args)
	if err != nil {
		return badFlag(err)
	}
	if k.showVer {
		fmt.Fprintln(k.a.out, "KIWI (next generation) version 10.3.9 (fimg "+version()+")")
		return nil
	}
	command := strings.Join(words, " ")
	private := false
	if strings.HasPrefix(command, "system ") {
		if private, err = k.a.enterBuild(); err != nil {
			return err
		}
	}
	for _, option := range k.ignored {
		fmt.Fprintf(k.a.err, "fimg: warning: kiwi-ng option %s has no effect\n", option)
	}
	closeLog, err := k.openLog()
	if err != nil {
		return err
	}
	defer closeLog()
	switch command {
	case "system build":
		err = k.build(ctx, private)
	case "system prepare":
		err = k.prepare(ctx)
	case "system create":
		err = k.create(ctx)
	case "result bundle":
		err = k.makeBundle(ctx)
	default:
		return usageError{fmt.Errorf("kiwi-ng command %q is not known here: want system build, system prepare, system create or result bundle", command)}
	}
	if err != nil && k.logFile != "" { // the terminal is told in any case
		k.logError(err)
	}
	return err
}

// logError tells in the log what ended the run, and what to do about it.
func (k *kiwi) logError(err error) {
	if hint := fault.HintOf(err); hint != "" {
		k.a.log.Error(err.Error(), "hint", hint)
		return
	}
	k.a.log.Error(err.Error())
}

// parse reads options wherever they stand and returns the service words. An
// unknown option is dropped with its value when the next word is no option and
// no service word.
func (k *kiwi) parse(f *pflag.FlagSet, args []string) ([]string, error) {
	var words []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		known := f.Lookup(name)
		switch {
		case !strings.HasPrefix(arg, "-"):
			words = append(words, arg)
		case known == nil:
			k.ignored = append(k.ignored, arg)
			if !hasValue && len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "system" && args[0] != "result" {
				args = args[1:]
			}
		default:
			one := []string{arg}
			if !hasValue && known.Value.Type() != "bool" && len(args) > 0 {
				one, args = append(one, args[0]), args[1:]
			}
			if err := f.Parse(one); err != nil {
				return nil, err
			}
		}
	}
	return words, nil
}

// openLog sends the log to --logfile, line by line from the first second.
func (k *kiwi) openLog() (func() error, error) {
	if k.logFile == "" {
		return func() error { return nil }, nil
	}
	var out io.Writer = k.a.out
	terminal := k.a.err
	done := func() error { return nil }
	if k.logFile != "stdout" {
		f, err := os.OpenFile(k.logFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return nil, usageError{err}
		}
		out, done = f, f.Close
	}
	closeLog := func() error {
		k.a.err = terminal // which the error that ends the run reaches as well
		return done()
	}
	k.a.log = slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	k.a.err, k.a.verbose = out, 1
	k.a.log.Info("fimg " + version() + " as kiwi-ng")
	return closeLog, nil
}
