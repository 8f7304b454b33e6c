package xfs

import (
	"errors"
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/partition/filesystem"
	"github.com/fimg/fimg/tree"
)

func TestParseArgs(t *testing.T) {
	var o Options
	words := "-f -K -q -Lmine -m crc=1,finobt=0,reflink=0,rmapbt=0 -i size=1k,maxpct=5,nrext64,attr=2 -d agsize=1g -l size=20000b,version=2 -s size=4096 -b size=4k -n ftype=1"
	if err := ParseArgs(strings.Fields(words), &o); err != nil {
		t.Fatal(err)
	}
	want := Options{Label: "mine", Without: FreeInodes | Reflink, With: BigExtents, InodeSize: 1024, MaxInodes: 5,
		GroupSize: 1 << 30, LogSize: 20000 * 4096, SectorSize: 4096}
	if o != want {
		t.Errorf("got %+v", o)
	}
	for _, bad := range []string{"-x", "device", "-m", "-m crc=0", "-m rmapbt=1", "-m reflink=2", "-b size=1024", "-n size=8192", "-r rtdev=x",
		"-d su=64k", "-i size=1x", "-i size=99999999999999999999", "-i perblock=0", "-l logdev=x", "-m uuid=x", "-p file", "-i attr=1"} {
		var wrong *OptionError
		if err := ParseArgs(strings.Fields(bad), &Options{}); !errors.As(err, &wrong) || fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestRefused(t *testing.T) {
	var small *filesystem.TooSmallError
	if err := Check(t.Context(), tree.NewMem(), options(minSize-1)); !errors.As(err, &small) || small.Needed != minSize {
		t.Errorf("below the least size: %v", err)
	}
	m := tree.NewMem()
	m.AddFile(tree.Node{Path: "large", Mode: tree.TypeFile, Size: 400 << 20, Dense: true}, nil)
	if err := Check(t.Context(), m, options(400<<20)); !errors.As(err, &small) || small.Needed < 400<<20 {
		t.Errorf("a file that does not fit: %v", err)
	}
	for _, n := range []tree.Node{
		{Path: "device", Mode: tree.TypeChar, Major: 512}, {Path: "link", Mode: tree.TypeLink, Target: strings.Repeat("x", 1025)},
		{Path: strings.Repeat("n", 256), Mode: tree.TypeFile}, {Path: "kind", Mode: 0o644},
		{Path: "attr", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "com.example", Value: []byte("x")}}},
		{Path: "attr", Mode: tree.TypeFile, Xattrs: []tree.Xattr{{Name: "system.posix_acl_access", Value: []byte("x")}}},
	} {
		m := tree.NewMem()
		m.Add(n, nil)
		var wrong *ContentError
		if err := Check(t.Context(), m, options(400<<20)); !errors.As(err, &wrong) || fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", n.Path, err)
		}
	}
	for _, change := range []func(*Options){
		func(o *Options) { o.Label = "thirteen byte" }, func(o *Options) { o.SectorSize = 1024 }, func(o *Options) { o.InodeSize = 256 },
		func(o *Options) { o.Groups, o.GroupSize = 2, 1<<30 }, func(o *Options) { o.LogSize = 1 << 20 }, func(o *Options) { o.LogSize = 1 << 30 },
		func(o *Options) { o.GroupSize = 1 << 20 }, func(o *Options) { o.MaxInodes = 101 }, func(o *Options) { o.Size = 1 << 60 },
	} {
		o := options(400 << 20)
		change(&o)
		var wrong *OptionError
		if err := Check(t.Context(), tree.NewMem(), o); !errors.As(err, &wrong) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
