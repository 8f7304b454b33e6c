// Command fimg builds operating system images from kiwi descriptions: natively,
// without loop devices, mounts or host tools. See docs/cli.md for every verb.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	a := &app{out: os.Stdout, err: os.Stderr}
	args := os.Args[1:]
	if base := filepath.Base(os.Args[0]); base == "kiwi-ng" || base == "kiwi" {
		args = append([]string{"kiwi-ng"}, args...)
	}
	code := a.run(ctx, args)
	stop()
	os.Exit(code)
}
