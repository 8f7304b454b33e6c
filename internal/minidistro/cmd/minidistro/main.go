// Command minidistro makes the Fedora-shaped repository that the demonstration and
// the boot tests build from. See package minidistro.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/fimg/fimg/internal/minidistro"
)

func main() {
	var opts minidistro.Options
	flag.StringVar(&opts.WorkDir, "dir", "", "work `directory`; the repository is made in its folder repo")
	flag.StringVar(&opts.Arch, "arch", "x86_64", "machine name: x86_64, aarch64, ppc64le or s390x")
	flag.StringVar(&opts.Releasever, "releasever", "42", "Fedora release to look like")
	flag.IntVar(&opts.Jobs, "jobs", 0, "packages built at once; 0 is one for each CPU")
	flag.Parse()
	start := time.Now()
	opts.Log = func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "[%5.1fs] "+format+"\n", append([]any{time.Since(start).Seconds()}, args...)...)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result, err := minidistro.Make(ctx, opts)
	if err != nil {
		fmt.Fprintln(os.Stderr, "minidistro:", err)
		os.Exit(1)
	}
	fmt.Printf("%s: %d packages, %d MiB\n", result.Repo, result.Packages, result.Bytes>>20)
}
