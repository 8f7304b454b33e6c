// Command fimg builds operating system images from kiwi descriptions: natively,
// without loop devices, mounts or host tools. See docs/cli.md for every verb.
package main

import (
	"os"
	"path/filepath"
)

func main() {
	i := newInterruption()
	a := &app{out: i.output(os.Stdout), err: i.output(os.Stderr), enter: i.enterBuild}
	args := os.Args[1:]
	if base := filepath.Base(os.Args[0]); base == "kiwi-ng" || base == "kiwi" {
		args = append([]string{"kiwi-ng"}, args...)
	}
	code := a.run(i.ctx, args)
	i.end()
	os.Exit(code)
}
