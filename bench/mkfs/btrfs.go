package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/fimg/fimg/partition/filesystem/btrfs"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// btrfsFlags are the flags that need work before they are options.
type btrfsFlags struct {
	compress string
	sums     string
	quota    string
	peers    bool
	opts     btrfs.Options
}

func btrfsKind(set *flag.FlagSet, c *common) func(context.Context, tree.Tree, *os.File) error {
	f := &btrfsFlags{}
	set.StringVar(&f.compress, "compress", "", "zlib, lzo or zstd, with :LEVEL; force- in front compresses everything")
	set.StringVar(&f.sums, "csum", "", "crc32c, xxhash, sha256 or blake2")
	set.StringVar(&f.quota, "quota", "", "off, full or simple")
	set.IntVar(&f.opts.NodeSize, "nodesize", 0, "bytes of a node")
	set.IntVar(&f.opts.SectorSize, "sectorsize", 0, "bytes of a sector")
	set.StringVar(&f.opts.Root, "root", "", "subvolume of the tree's root")
	set.BoolVar(&f.opts.RootDefault, "root-default", false, "mount the root's subvolume by default")
	set.BoolVar(&f.opts.RootReadOnly, "root-readonly", false, "make the root's subvolume read-only")
	set.BoolVar(&f.opts.MetadataSingle, "single", false, "one copy of the metadata")
	set.BoolVar(&f.opts.BlockGroupTree, "block-group-tree", false, "block-group tree")
	set.BoolVar(&f.opts.NoFreeSpaceTree, "no-free-space-tree", false, "no free-space tree")
	set.BoolVar(&f.opts.NoHolesDisabled, "holes", false, "explicit hole extents instead of the feature no-holes")
	set.BoolVar(&f.opts.NoDataCOW, "nodatacow", false, "as the mount option: no copy-on-write for any file")
	set.BoolVar(&f.opts.RootNoCOW, "root-nocow", false, "chattr +C on everything in the root's subvolume")
	set.IntVar(&f.opts.MaxInline, "max-inline", 0, "bytes kept in the metadata; 0: 2048, -1: none")
	set.Func("options", "options of mkfs.btrfs, as \"-n 4096 -O block-group-tree\"; repeatable", func(text string) error {
		return btrfs.ParseArgs(strings.Fields(text), &f.opts)
	})
	set.BoolVar(&f.peers, "peers", false, "also run mkfs.btrfs with mount and rsync, and mkfs.btrfs --rootdir, and print ratios")
	set.Func("subvolume", "PATH=LOCATION[,ro][,nocow][,default][,limit=SIZE]; repeatable", f.subvolume)
	return func(ctx context.Context, t tree.Tree, out *os.File) error { return f.write(ctx, c, t, out) }
}

func (f *btrfsFlags) subvolume(text string) error {
	words := strings.Split(text, ",")
	from, to, ok := strings.Cut(words[0], "=")
	if !ok {
		return fmt.Errorf("want PATH=LOCATION")
	}
	s := btrfs.Subvolume{Path: from, Location: to}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "ro":
			s.ReadOnly = true
		case "nocow":
			s.NoCOW = true
		case "default":
			s.Default = true
		case "limit":
			n, err := btrfs.ParseLimit(value)
			if err != nil {
				return err
			}
			s.Limit = n
		default:
			return fmt.Errorf("unknown word %q", w)
		}
	}
	f.opts.Subvolumes = append(f.opts.Subvolumes, s)
	return nil
}

// resolve turns words into options.
func (f *btrfsFlags) resolve(c *common) error {
	algo, force := strings.CutPrefix(f.compress, "force-")
	algo, level, _ := strings.Cut(algo, ":")
	var ok [3]bool
	f.opts.Compression.Force = force
	f.opts.Compression.Algo, ok[0] = map[string]btrfs.Algo{"": btrfs.None, "zlib": btrfs.Zlib, "lzo": btrfs.LZO, "zstd": btrfs.ZSTD}[algo]
	f.opts.Checksum, ok[1] = map[string]btrfs.Checksum{"": f.opts.Checksum, "crc32c": btrfs.CRC32C, "xxhash": btrfs.XXHash64, "sha256": btrfs.SHA256, "blake2": btrfs.Blake2b}[f.sums]
	f.opts.Quota, ok[2] = map[string]btrfs.Quota{"": f.opts.Quota, "off": btrfs.QuotaOff, "full": btrfs.QuotaFull, "simple": btrfs.QuotaSimple}[f.quota]
	if ok != [3]bool{true, true, true} {
		return fmt.Errorf("unknown word in -compress, -csum or -quota")
	}
	if level != "" {
		n, err := strconv.Atoi(level)
		if err != nil {
			return err
		}
		f.opts.Compression.Level = n
	}
	ids := seed.New("mkfs", c.seed)
	f.opts.Seed = ids
	if c.label != "" {
		f.opts.Label = c.label
	}
	if f.opts.UUID == (seed.UUID{}) {
		f.opts.UUID = ids.UUID("file system")
	}
	f.opts.Workers, f.opts.Time = c.workers, c.time()
	return nil
}

func (f *btrfsFlags) write(ctx context.Context, c *common, t tree.Tree, out *os.File) error {
	if err := f.resolve(c); err != nil {
		return err
	}
	size, err := parseSize(c.size)
	if err != nil {
		return err
	}
	if size == 0 {
		if size, err = btrfs.Estimate(ctx, t, f.opts); err != nil {
			return err
		}
	}
	f.opts.Size = size
	if err := out.Truncate(size); err != nil {
		return err
	}
	var r btrfs.Result
	took, err := c.clock(out, func() (err error) {
		r, err = btrfs.Write(ctx, out, t, f.opts)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d inodes, %d bytes of data stored in %d, %d of metadata, needs %d\n",
		r.Inodes, r.RawBytes, r.DataBytes, r.Metadata, r.Needed)
	if !f.peers {
		return nil
	}
	return comparePeers(ctx, c.dir, out.Name(), size, took, f.peerList())
}

// peerList are the usual ways to a btrfs file system with a tree in it.
func (f *btrfsFlags) peerList() []peer {
	mount := "loop"
	if forced, ok := strings.CutPrefix(f.compress, "force-"); ok {
		mount += ",compress-force=" + forced
	} else if f.compress != "" {
		mount += ",compress=" + f.compress
	}
	return []peer{
		{"mkfs.btrfs, mount, rsync", `mkfs.btrfs -q "$2"; mount -o ` + mount + ` "$2" "$3"; rsync -aHAX "$1"/ "$3"/; umount "$3"`},
		{"mkfs.btrfs --rootdir", `mkfs.btrfs -q --rootdir "$1" "$2"`},
	}
}
