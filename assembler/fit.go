package assembler

import (
	"cmp"
	"context"
	"os"
	"path"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/partition"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
)

// checkFits refuses what is known to be too small before anything is fetched: a
// partition that cannot even hold its empty file system, and file systems that
// together cannot hold the packages.
func (p *Plan) checkFits(ctx context.Context) error {
	d := &diskWriter{img: p.Image, seed: p.seed(), ids: newIdentifiers(p.seed(), &p.Image.Type), epoch: p.Epoch}
	if err := p.checkRoom(d); err != nil {
		return err
	}
	for _, q := range p.Layout.Partitions {
		if err := d.checkEmpty(ctx, q, p.Layout.Bytes(q)); err != nil {
			return err
		}
	}
	return nil
}

// checkRoom compares all file systems together with what the packages say of
// themselves. A quarter is granted to scripts that take files away again.
func (p *Plan) checkRoom(d *diskWriter) error {
	have, what := int64(0), ""
	for _, q := range p.Layout.Partitions {
		if q.Clone == 0 && d.fileSystem(q.Role, q.Of, 0) != nil {
			have += p.Layout.Bytes(q)
			what = strings.TrimPrefix(what+" and "+cmp.Or(q.Of, string(q.Role)), " and ")
		}
	}
	least := p.Space.Download
	if !compresses(p) {
		least = 0
		for _, pkg := range p.Lock.Packages {
			least += pkg.Installed
		}
		least = least * 3 / 4
	}
	if have < least {
		return &partition.TooSmallError{What: "disk (" + what + " for all packages)", Needed: least, Have: have}
	}
	return nil
}

func compresses(p *Plan) bool { return strings.Contains(p.Image.Type.Attr.FSMountOptions, "compress") }

// checkEmpty tries the file system of a partition without content.
func (d *diskWriter) checkEmpty(ctx context.Context, p partition.Partition, size int64) error {
	empty := tree.NewMem()
	if p.Role == partition.Root {
		for _, v := range d.img.Type.Volumes {
			for at := mountTop(v.Path); at != "" && at != "."; at = path.Dir(at) {
				empty.Add(tree.Node{Path: at, Mode: tree.TypeDir | 0o755}, nil)
			}
		}
	}
	return d.check(ctx, p, size, empty)
}

// checkContents refuses, before anything is installed, a partition that cannot hold
// what the packages put below its mount point, with the same grant.
func (b *builder) checkContents(ctx context.Context) error {
	p := b.plan
	if !IsDisk(p.Image) {
		return nil
	}
	places := mountPlaces(p)
	if !worthReading(p, places) {
		return nil
	}
	sums, err := b.contents(ctx, places)
	if err != nil {
		return err
	}
	for _, q := range p.Layout.Partitions {
		for at, place := range places {
			if place.Number != q.Number || grows(p.Image, q.Role) || at == "." && compresses(p) {
				continue
			}
			if least, have := sums[at]*3/4, p.Layout.Bytes(q); have < least {
				return &partition.TooSmallError{What: "partition for /" + strings.TrimPrefix(at, "."), Needed: least, Have: have}
			}
		}
	}
	return nil
}

// worthReading tells whether the plan has not seen to it already: it has looked at
// the root, and an ESP that is not small will do.
func worthReading(p *Plan, places map[string]partition.Partition) bool {
	for _, q := range places {
		small := q.Role != partition.ESP || p.Layout.Bytes(q) < 64*mib
		if q.Role != partition.Root && small && !grows(p.Image, q.Role) {
			return true
		}
	}
	return false
}

// grows tells whether the description leaves a partition's size open, so that it is
// made as large as its content needs.
func grows(img *description.Image, role partition.Role) bool {
	t := &img.Type
	switch role {
	case partition.ESP:
		return t.Attr.EFIPartSize.Or(0) == 0
	case partition.Boot:
		return t.Attr.BootPartSize.Or(0) == 0
	case partition.Root:
		return rootSize(t) == 0 && (t.Size == nil || t.Size.Additive.IsTrue())
	}
	return false
}

// mountPlaces are the partitions with file systems by where they are mounted, "."
// being the root.
func mountPlaces(p *Plan) map[string]partition.Partition {
	d := &diskWriter{img: p.Image}
	places := map[string]partition.Partition{}
	for _, q := range p.Layout.Partitions {
		f := d.fileSystem(q.Role, q.Of, 0)
		switch {
		case q.Clone > 0:
		case q.Role == partition.ESP:
			places["boot/efi"] = q
		case q.Role == partition.Root:
			places["."] = q
		case f != nil && f.top != "":
			places[f.top] = q
		}
	}
	return places
}

// contents adds up the files of the downloaded packages by place.
func (b *builder) contents(ctx context.Context, places map[string]partition.Partition) (map[string]int64, error) {
	gone := map[string]bool{}
	for _, list := range [][]string{b.plan.Lock.Remove.Uninstall, b.plan.Lock.Remove.Delete} {
		for _, nevra := range list {
			gone[nevra] = true
		}
	}
	sums, lock := map[string]int64{}, sync.Mutex{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(b.workers())
	for _, file := range b.files {
		if gone[b.plan.Lock.Packages[file.locked].NEVRA] {
			continue
		}
		g.Go(func() error {
			files, err := packageFiles(ctx, file.path)
			lock.Lock()
			defer lock.Unlock()
			for i := range files {
				if b.stays(&files[i], i) {
					sums[placeOf(files[i].Dir, places)] += files[i].Size
				}
			}
			return err
		})
	}
	return sums, g.Wait()
}

func packageFiles(ctx context.Context, name string) ([]rpm.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p, err := rpm.ReadPackage(f)
	if err != nil {
		return nil, err
	}
	return p.Header.Files()
}

// stays tells whether a file surely takes room: no second name, nothing left out on
// wish, but the kernel that kernel-install copies.
func (b *builder) stays(f *rpm.File, i int) bool {
	prefs := &b.plan.Image.Preferences
	switch {
	case !f.Regular(), len(f.Links) > 0 && f.Links[0] != i,
		prefs.ExcludeDocs && f.Flags&rpm.FileDoc != 0, prefs.LocaleFiltering && f.Lang != "":
		return false
	case f.Flags&rpm.FileGhost != 0:
		return f.Dir == "/boot/" && strings.HasPrefix(f.Base, "vmlinuz-")
	}
	return true
}

// placeOf is the mount point, as in places, that a directory of a package lies
// below. Programs and libraries are in /usr wherever packages say they are.
func placeOf(dir string, places map[string]partition.Partition) string {
	dir = strings.Trim(dir, "/")
	switch top, _, _ := strings.Cut(dir, "/"); top {
	case "bin", "sbin", "lib", "lib64":
		dir = "usr/" + dir
	}
	for at := dir; at != "." && at != ""; at = path.Dir(at) {
		if _, ok := places[at]; ok {
			return at
		}
	}
	return "."
}
