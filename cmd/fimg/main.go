// Command fimg builds operating system images from kiwi descriptions: natively,
// without loop devices, mounts or host tools. See docs/cli.md for every verb.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/fimg/fimg/assembler/chroot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	a := &app{out: os.Stdout, err: os.Stderr, enter: enterBuild}
	args := os.Args[1:]
	if base := filepath.Base(os.Args[0]); base == "kiwi-ng" || base == "kiwi" {
		args = append([]string{"kiwi-ng"}, args...)
	}
	code := a.run(ctx, args)
	stop()
	os.Exit(code)
}

// enterBuild lets an ordinary user work as root of a user namespace, and hides
// what is mounted from everybody else.
func enterBuild() (bool, error) {
	if err := chroot.EnterUserNamespace(); err != nil {
		return false, err
	}
	return chroot.EnterPrivateMounts(), nil
}
