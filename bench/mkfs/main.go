// Command mkfs writes a file system from a directory into a file, so that a tree
// of one's own can be put to the writers:
//
//	mkfs btrfs -size 5G -compress zstd:1 -root root -subvolume boot=boot DIR FILE
//
// Every kind of file system has a file of its own here and an entry in kinds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/fimg/fimg/assembler/system/selinux"
	"github.com/fimg/fimg/bench/settle"
	"github.com/fimg/fimg/tree"
)

// kind adds its flags to the set and returns what writes the file system.
type kind func(*flag.FlagSet, *common) func(context.Context, tree.Tree, *os.File) error

// kinds are the file systems by name.
var kinds = map[string]kind{
	"btrfs": btrfsKind,
	"ext2":  extKind("ext2"),
	"ext3":  extKind("ext3"),
	"ext4":  extKind("ext4"),
	"xfs":   xfsKind,
	"fat":   fatKind,
	"swap":  swapKind,
}

// common are the flags of all kinds.
type common struct {
	size, label, seed, selinux string
	fileContexts               string // path of a file_contexts
	workers                    int
	epoch                      int64
	dir                        string // the input
	nodeLabel                  func(*tree.Node) string
	warm, sync                 bool
}

func (c *common) time() time.Time { return time.Unix(c.epoch, 0).UTC() }

// clock runs write and tells how long it took, with the flush to the disk if asked.
func (c *common) clock(out *os.File, write func() error) (time.Duration, error) {
	defer settle.Machine()()
	if c.warm {
		if err := warm(c.dir); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err := write()
	if err == nil && c.sync {
		err = out.Sync()
	}
	took := time.Since(start)
	fmt.Printf("%-32s %7.2f s, %d MiB of memory\n", "ours", took.Seconds(), peakMemory()>>20)
	return took, err
}

// peakMemory is the most this process has had in memory, in bytes.
func peakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return usage.Maxrss << 10
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkfs:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || kinds[args[0]] == nil {
		return fmt.Errorf("usage: mkfs KIND [flags] DIR FILE; kinds: %s", names())
	}
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	c := &common{}
	set.StringVar(&c.size, "size", "", "size of the device, with unit K, M, G or T; empty: just enough")
	set.StringVar(&c.label, "label", "", "label")
	set.StringVar(&c.seed, "seed", "mkfs", "word all UUIDs come from")
	set.Int64Var(&c.epoch, "epoch", 0, "seconds of the epoch for the times of the file system itself")
	set.IntVar(&c.workers, "workers", 0, "compressing threads; 0: one for each processor")
	set.BoolVar(&c.warm, "warm", false, "read the directory once before the clock starts")
	set.BoolVar(&c.sync, "sync", false, "flush the file to the disk, as the peers for btrfs and ext do")
	set.StringVar(&c.selinux, "selinux", "", "SELinux context given to everything")
	set.StringVar(&c.fileContexts, "file-contexts", "", "label everything as this file_contexts and the files beside it (.homedirs, .local, .subs, .subs_dist) say")
	profile := set.String("cpuprofile", "", "write a CPU profile to this file")
	write := kinds[args[0]](set, c)
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	if set.NArg() != 2 {
		return fmt.Errorf("need a directory and a file")
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	c.dir = set.Arg(0)
	return build(c, write, set.Arg(0), set.Arg(1))
}

func names() string {
	var list []string
	for k := range kinds {
		list = append(list, k)
	}
	return strings.Join(list, ", ")
}

func build(c *common, write func(context.Context, tree.Tree, *os.File) error, dir, file string) error {
	var err error
	if c.nodeLabel, err = c.labels(); err != nil {
		return err
	}
	out, err := os.Create(filepath.Clean(file))
	if err != nil {
		return err
	}
	defer out.Close()
	defer settle.Machine()()
	start := time.Now()
	if err := write(context.Background(), tree.Dir(dir, tree.DirOptions{Label: c.nodeLabel}), out); err != nil {
		return err
	}
	report(out, time.Since(start))
	return out.Close()
}

// labels are those asked for; nil leaves the directory's own.
func (c *common) labels() (func(*tree.Node) string, error) {
	switch {
	case c.selinux != "" && c.fileContexts != "":
		return nil, fmt.Errorf("-selinux and -file-contexts exclude one another")
	case c.selinux != "":
		return func(*tree.Node) string { return c.selinux }, nil
	case c.fileContexts != "":
		contexts, err := selinux.ReadFile(c.fileContexts)
		if err != nil {
			return nil, err
		}
		return contexts.Node, nil
	}
	return nil, nil
}

// lostFound are the attributes of the directory that ext adds.
func (c *common) lostFound() []tree.Xattr {
	if c.nodeLabel == nil {
		return nil
	}
	n := tree.Node{Path: "lost+found", Mode: tree.TypeDir}
	if label := c.nodeLabel(&n); label != "" {
		n.SetXattr("security.selinux", append([]byte(label), 0))
	}
	return n.Xattrs
}

// report tells the time of everything, peak memory and allocated bytes.
func report(out *os.File, took time.Duration) {
	var st syscall.Stat_t
	if syscall.Fstat(int(out.Fd()), &st) != nil {
		return
	}
	fmt.Printf("%.2f s in all, %d MiB of memory, %d bytes allocated of %d\n",
		took.Seconds(), peakMemory()>>20, st.Blocks*512, st.Size)
}

// parseSize reads a number with an optional unit of 1024's powers.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	shift := map[byte]uint{'K': 10, 'M': 20, 'G': 30, 'T': 40}[text[len(text)-1]]
	if shift > 0 {
		text = text[:len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return 0, fmt.Errorf("size %q: want a number with unit K, M, G or T", text)
	}
	return n << shift, nil
}
