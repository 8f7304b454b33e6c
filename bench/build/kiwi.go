package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/fimg/fimg/bench/settle"
)

//go:embed partx.sh
var partx []byte

// kiwi builds the same image with the machine's kiwi-ng, into an empty directory:
// it has no other way. Packages come from the local repository, so its own cache of
// downloads does not matter.
func kiwi(ctx context.Context, dir, work string) (time.Duration, error) {
	program, err := exec.LookPath("kiwi-ng")
	if err != nil {
		return 0, err
	}
	env, err := kiwiEnvironment(work)
	if err != nil {
		return 0, err
	}
	defer settle.Machine()()
	begin := time.Now()
	cmd := exec.CommandContext(ctx, program, "--type", "oem", "system", "build", "--description", dir, "--target-dir", filepath.Join(work, "kiwi"))
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out[max(0, len(out)-500):])
	}
	total := time.Since(begin)
	fmt.Printf("kiwi-ng: %.1f s\n", total.Seconds())
	printSteps(out)
	return total, nil
}

// kiwiEnvironment puts the stand-in for partx in front of PATH.
func kiwiEnvironment(work string) ([]string, error) {
	real, err := exec.LookPath("partx")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(work, "kiwi-path")
	if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "partx"), partx, 0o755)); err != nil {
		return nil, err
	}
	return append(os.Environ(), "REAL_PARTX="+real, "PATH="+dir+":"+os.Getenv("PATH")), nil
}

// steps are lines of kiwi's log that begin a part of its work.
var steps = []struct{ line, name string }{
	{"Installing bootstrap packages", "bootstrap"}, {"Installing system (chroot)", "install"}, {"Setting up locale", "configure"},
	{"Creating generic dracut initrd", "initrd"}, {"Creating grub2 bootloader configuration", "bootloader"}, {"Syncing system to image", "disk"},
	{"Installing grub2 on disk", "bootloader"}, {"Export rpm packages metadata", "manifests"}, {"Creating qcow2", "formats"}, {"Result files", ""},
}

// printSteps prints where kiwi's time went, to the second its log has.
func printSteps(log []byte) {
	var name string
	var since time.Time
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, len(log)+1)
	for lines.Scan() {
		for _, s := range steps {
			at, ok := stamp(lines.Text())
			if !ok || !strings.Contains(lines.Text(), "| "+s.line) {
				continue
			}
			if name != "" {
				fmt.Printf("  %-12s %3.0f s\n", name, at.Sub(since).Seconds())
			}
			name, since = s.name, at
		}
	}
}

// stamp is the time of a log line, "[ INFO    ]: 15:04:05 | text".
func stamp(line string) (time.Time, bool) {
	_, rest, ok := strings.Cut(line, "]: ")
	clock, _, bar := strings.Cut(rest, " | ")
	at, err := time.Parse(time.TimeOnly, strings.TrimSpace(clock))
	return at, ok && bar && err == nil
}
