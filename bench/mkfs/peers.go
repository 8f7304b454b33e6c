package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fimg/fimg/bench/settle"
)

// peer is another way to the same file system: a shell script that is given the
// directory as $1, a new sparse file as $2, an empty directory as $3.
type peer struct{ name, script string }

// warm reads everything once, so that whoever comes first does not pay for the disk.
func warm(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
		return err
	})
}

// comparePeers runs every peer on the directory, its contents in memory before each
// run as they were for ours, and prints its time and allocated bytes as ratios to
// ours. The peers for btrfs and ext flush what they wrote to the disk.
func comparePeers(ctx context.Context, dir, file string, size int64, ours time.Duration, peers []peer) error {
	base, err := allocated(file)
	if err != nil {
		return err
	}
	for _, p := range peers {
		if err := p.run(ctx, dir, filepath.Dir(file), size, ours, base); err != nil {
			return fmt.Errorf("peer %s: %w", p.name, err)
		}
	}
	return nil
}

func (p peer) run(ctx context.Context, dir, where string, size int64, ours time.Duration, base int64) error {
	work, err := os.MkdirTemp(where, "peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	image, mount := filepath.Join(work, "image"), filepath.Join(work, "mount")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(image, size); err != nil {
		return err
	}
	if err := os.Mkdir(mount, 0o755); err != nil {
		return err
	}
	defer settle.Machine()()
	if err := warm(dir); err != nil {
		return err
	}
	start := time.Now()
	out, err := exec.CommandContext(ctx, "sh", "-ec", p.script, "sh", dir, image, mount).CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	bytes, err := allocated(image)
	if err != nil {
		return err
	}
	fmt.Printf("%-32s %7.2f s = %.2f of ours, %d bytes allocated = %.3f of ours\n", p.name, took.Seconds(),
		took.Seconds()/ours.Seconds(), bytes, float64(bytes)/float64(base))
	return nil
}

func allocated(file string) (int64, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil {
		return 0, err
	}
	return st.Blocks * 512, nil
}
