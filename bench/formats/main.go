// Command formats measures the disk formats against the tools people use for
// the same work today, on the same disk in the same run, and prints ratios:
// below 1 means fimg took less time or made a smaller file.
//
//	go run ./bench/formats -disk DISK.raw [-work DIR] [-only qcow2,gce,…]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/bench/settle"
	"github.com/fimg/fimg/formats"
	"github.com/fimg/fimg/formats/disk"
)

// peer is a format and the shell command that makes the same with other tools;
// $DISK and $OUT stand for the files, $DIR for a scratch directory.
type peer struct {
	format  string
	options string
	command string
}

var peers = []peer{
	{"qcow2", "", `qemu-img convert -c -m 2 -W -O qcow2 "$DISK" "$OUT"`},
	{"qcow2", "", `qemu-img convert -O qcow2 "$DISK" "$OUT.1" && qemu-img convert -c -O qcow2 "$OUT.1" "$OUT"; rm "$OUT.1"`},
	{"gce", "", `ln -f "$DISK" "$DIR/disk.raw" && tar -C "$DIR" --format=oldgnu -cSf - disk.raw | pigz -p2 > "$OUT"`},
	{"vagrant-libvirt", "", `qemu-img convert -c -m 2 -W -O qcow2 "$DISK" "$DIR/box.img" && tar -C "$DIR" -cf - box.img | pigz -p2 > "$OUT"; rm "$DIR/box.img"`},
	{"raw.gz", "", `pigz -p2 < "$DISK" > "$OUT"`},
	{"raw.zst", "", `zstd -q -T2 < "$DISK" > "$OUT"`},
	{"raw.xz", "", `xz -T2 < "$DISK" > "$OUT"`},
	{"vmdk", "subformat=streamOptimized", `qemu-img convert -W -m 2 -O vmdk -o subformat=streamOptimized "$DISK" "$OUT"`},
	{"vhd", "force_size", `qemu-img convert -O vpc -o force_size "$DISK" "$OUT"`},
}

// cost is what one way of making a file took.
type cost struct {
	wall, cpu time.Duration
	size      int64 // of the data in the file, holes not counted
}

func main() {
	image := flag.String("disk", "", "raw disk to convert")
	work := flag.String("work", os.TempDir(), "directory for the outputs")
	only := flag.String("only", "", "comma-separated formats; all by default")
	side := flag.Bool("side", false, "also five formats side by side")
	peerless := flag.Bool("no-peers", false, "leave the other tools out")
	flag.Parse()
	b := &bench{image: *image, work: *work, peerless: *peerless}
	if err := b.run(strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }), *side); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	image, work string
	peerless    bool
}

func (b *bench) run(only []string, side bool) error {
	for _, p := range peers {
		if len(only) > 0 && !slices.Contains(only, p.format) {
			continue
		}
		if err := b.compare(p); err != nil {
			return err
		}
	}
	if side {
		return b.side("qcow2", "vhd", "gce", "vagrant-libvirt", "raw.zst")
	}
	return nil
}

func (b *bench) compare(p peer) error {
	ours, err := b.ours([]peer{p})
	if err != nil {
		return err
	}
	fmt.Printf("%-20s fimg %6.1fs (cpu %6.1fs) %7.1f MB\n", p.format, ours.wall.Seconds(), ours.cpu.Seconds(), float64(ours.size)/1e6)
	if b.peerless {
		return nil
	}
	theirs, err := b.theirs(p)
	if err != nil {
		return err
	}
	fmt.Printf("%-20s peer %6.1fs (cpu %6.1fs) %7.1f MB   time %.2f size %.4f   %s\n", "", theirs.wall.Seconds(), theirs.cpu.Seconds(),
		float64(theirs.size)/1e6, ours.wall.Seconds()/theirs.wall.Seconds(), float64(ours.size)/float64(theirs.size), p.command)
	return nil
}

// side makes several formats in one call and compares with each alone.
func (b *bench) side(names ...string) error {
	var slowest, cpu time.Duration
	var all []peer
	for _, name := range names {
		p := peer{format: name}
		c, err := b.ours([]peer{p})
		if err != nil {
			return err
		}
		slowest, cpu = max(slowest, c.wall), cpu+c.cpu
		fmt.Printf("%-20s fimg %6.1fs (cpu %6.1fs)\n", name, c.wall.Seconds(), c.cpu.Seconds())
		all = append(all, p)
	}
	c, err := b.ours(all)
	if err != nil {
		return err
	}
	bound := max(slowest, cpu/2)
	fmt.Printf("side by side %v: %.1fs (cpu %.1fs), bound %.1fs, ratio %.2f\n", names, c.wall.Seconds(), c.cpu.Seconds(),
		bound.Seconds(), c.wall.Seconds()/bound.Seconds())
	var self unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &self); err != nil {
		return err
	}
	fmt.Printf("peak memory %d MB\n", self.Maxrss/1024)
	return nil
}

func (b *bench) ours(list []peer) (cost, error) {
	f, err := os.Open(b.image)
	if err != nil {
		return cost{}, err
	}
	defer f.Close()
	src, err := disk.File(f)
	if err != nil {
		return cost{}, err
	}
	var outputs []formats.Output
	for _, p := range list {
		o, err := b.output(p)
		if err != nil {
			return cost{}, err
		}
		outputs = append(outputs, o)
	}
	defer settle.Machine()()
	start, cpu := time.Now(), usage(unix.RUSAGE_SELF)
	if _, err := formats.Write(context.Background(), src, outputs, formats.Options{}); err != nil {
		return cost{}, err
	}
	c := cost{wall: time.Since(start), cpu: usage(unix.RUSAGE_SELF) - cpu}
	for _, o := range outputs {
		c.size += stored(o.Path)
		os.Remove(o.Path)
	}
	return c, nil
}

func (b *bench) output(p peer) (formats.Output, error) {
	format, err := formats.Lookup(p.format)
	if err != nil {
		return formats.Output{}, err
	}
	options, err := formats.ParseOptions(p.options)
	return formats.Output{Format: format, Path: filepath.Join(b.work, "ours."+format.Suffix),
		Settings: formats.Settings{Qemu: options}}, err
}

func (b *bench) theirs(p peer) (cost, error) {
	dir, err := os.MkdirTemp(b.work, "bench-")
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "out")
	cmd := exec.Command("bash", "-c", "set -eo pipefail; "+p.command)
	cmd.Env = append(os.Environ(), "DISK="+b.image, "OUT="+out, "DIR="+dir)
	cmd.Stderr = os.Stderr
	defer settle.Machine()()
	start, cpu := time.Now(), usage(unix.RUSAGE_CHILDREN)
	if err := cmd.Run(); err != nil {
		return cost{}, err
	}
	return cost{time.Since(start), usage(unix.RUSAGE_CHILDREN) - cpu, stored(out)}, nil
}

func usage(who int) time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(who, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func stored(path string) int64 {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0
	}
	return min(st.Size, st.Blocks*512)
}
