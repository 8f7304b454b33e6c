package install

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/internal/brief"
	"github.com/fimg/fimg/repo/rpm"
)

// placer puts the files of one package into the tree.
type placer struct {
	*transaction
	e      *element
	suffix string // of temporary names, as rpm makes them
	owners []owner
	// replaced is set when special put something in the place of something else.
	replaced bool
}

// place puts all files of packages into place. Directories, links and nodes are
// made first, in the order of the packages; then the regular files of all of
// them, on several cores: no two packages write the same one.
func (t *transaction) place(ctx context.Context, list []*element) error {
	t.dirs.trim()
	var all []linked
	for _, e := range list {
		p := &placer{transaction: t, e: e, suffix: fmt.Sprintf(";%08x", uint32(t.tid)), owners: make([]owner, len(e.files))}
		regular, err := p.specials()
		if err != nil {
			return err
		}
		for _, set := range linkSets(e.files, regular) {
			all = append(all, linked{p, set})
		}
	}
	return t.writeAll(ctx, all)
}

// specials puts everything but regular files into place and returns those.
func (p *placer) specials() (regular []int, err error) {
	e := p.e
	for i := range e.files {
		f := &e.files[i]
		if f.Flags&rpm.FileGhost != 0 || e.actions[i].skipping() || e.actions[i] == undecided {
			continue
		}
		p.forgetLedger(i)
		p.owners[i] = p.owner(f.User, f.Group, f.Mode)
		p.warnOwner(e, p.owners[i].unknown)
		p.result.Files++
		if f.Regular() && e.actions[i] != touch {
			p.result.Bytes += f.Size
			regular = append(regular, i)
			continue
		}
		if err := p.special(i); err != nil {
			return nil, &UnpackError{e.nevra, f.Path(), err}
		}
	}
	return regular, nil
}

// linked are the positions of a regular file's names in its package.
type linked struct {
	p   *placer
	set []int
}

// dir is where the first of the names is.
func (l linked) dir() string { return l.p.e.files[l.set[0]].Dir }

// writeAll writes regular files. What lies in one directory is one worker's: two
// would wait for each other in the kernel.
func (t *transaction) writeAll(ctx context.Context, all []linked) error {
	runs := splitRuns(all)
	var next atomic.Int64
	var g errgroup.Group
	for range min(t.opts.jobs(), len(runs)) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(runs) {
					return nil
				}
				if err := writeRun(ctx, runs[i]); err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

// leastRun is how many files a worker takes at least.
const leastRun = 16

// splitRuns cuts files where a directory begins.
func splitRuns(all []linked) (runs [][]linked) {
	start := 0
	for i := range all {
		if i-start >= leastRun && all[i].dir() != all[i-1].dir() {
			runs = append(runs, all[start:i])
			start = i
		}
	}
	if start < len(all) {
		runs = append(runs, all[start:])
	}
	return runs
}

func writeRun(ctx context.Context, run []linked) error {
	for _, l := range run {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.p.writeSet(l.set); err != nil {
			return err
		}
	}
	return nil
}

// linkSets groups positions by hard link set, in order of their first member.
func linkSets(files []rpm.File, regular []int) [][]int {
	var sets [][]int
	seen := map[int]int{}
	for _, i := range regular {
		links := files[i].Links
		if links == nil {
			sets = append(sets, []int{i})
			continue
		}
		if at, ok := seen[links[0]]; ok {
			sets[at] = append(sets[at], i)
			continue
		}
		seen[links[0]] = len(sets)
		sets = append(sets, []int{i})
	}
	return sets
}

// writeSet writes a file and links its other names to it.
func (p *placer) writeSet(set []int) error {
	first, meta := set[0], metaOf(p.e.files, set)
	name, err := p.regular(first, meta)
	if err != nil {
		return &UnpackError{p.e.nevra, p.e.files[first].Path(), err}
	}
	for _, i := range set[1:] {
		if err := p.link(first, name, i); err != nil {
			return &UnpackError{p.e.nevra, p.e.files[i].Path(), err}
		}
	}
	for _, i := range set {
		if i != meta {
			p.copyLedger(meta, i)
		}
	}
	return p.stamp(first)
}

// metaOf is which of a file's names says owner, mode and times: as in rpm the one
// that has the content in the archive, and the first where that one is left out.
func metaOf(files []rpm.File, set []int) int {
	last := set[len(set)-1]
	if links := files[last].Links; links == nil || links[len(links)-1] == last {
		return last
	}
	return set[0]
}

// link makes file i another name of the file that was written under name.
func (p *placer) link(first int, name string, i int) error {
	from, err := p.dirs.open(p.e.files[first].Dir)
	if err != nil {
		return err
	}
	defer from.close()
	dir, err := p.dirs.open(p.e.files[i].Dir)
	if err != nil {
		return err
	}
	defer dir.close()
	return p.commit(dir.fd, i, func(other string) error { return unix.Linkat(from.fd, name, dir.fd, other, 0) })
}

// regular writes one regular file, with the metadata of file m, and returns the name
// it got in its directory. It is made with its permissions, so that meta finds little
// left to set; the set-id bits come last.
func (p *placer) regular(i, m int) (string, error) {
	f := &p.e.files[i]
	dir, err := p.dirs.open(f.Dir)
	if err != nil {
		return "", err
	}
	defer dir.close()
	err = p.commit(dir.fd, i, func(name string) error {
		if st := p.e.staged; st.loose != nil && f.Size > 0 {
			return p.moveIn(dir.fd, name, i, m)
		}
		fd, err := brief.Openat(dir.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC,
			p.owners[m].mode&0o777)
		if err != nil {
			return err
		}
		defer brief.Close(fd)
		if err := p.e.staged.write(fd, i, f.Size); err != nil {
			return err
		}
		return p.meta(fd, -1, "", m)
	})
	return f.Base + p.newSuffix(i), err
}

// moveIn gives a file that lies ready beside the tree its name in it.
func (p *placer) moveIn(dir int, name string, i, m int) error {
	from, lies := int(p.e.staged.loose.Fd()), placeName(p.e.staged.places[i])
	if err := unix.Linkat(from, lies, dir, name, 0); err != nil {
		return err
	}
	if err := unix.Unlinkat(from, lies, 0); err != nil {
		return err
	}
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return p.meta(fd, -1, "", m)
}

func (p *placer) newSuffix(i int) string {
	if p.e.actions[i] == altName {
		return ".rpmnew"
	}
	return ""
}

// commit makes an entry under its name where there is none, and otherwise under a
// temporary name that then replaces what is there, saving that where asked to.
func (p *placer) commit(dir, i int, make func(name string) error) error {
	f := &p.e.files[i]
	name := f.Base + p.newSuffix(i)
	if p.e.actions[i] == altName {
		p.warn(p.e, f.Path()+" created as "+f.Path()+".rpmnew")
	}
	if err := p.keepOld(dir, i); err != nil {
		return err
	}
	err := make(name)
	if err != unix.EEXIST {
		return err
	}
	temp := f.Base + p.suffix
	if err := make(temp); err != nil {
		if err != unix.EEXIST {
			return err
		}
		unix.Unlinkat(dir, temp, 0) // left by a broken run
		if err := make(temp); err != nil {
			return err
		}
	}
	removeSetID(dir, name)
	if !f.Regular() {
		p.replaced = true
	}
	if err := unix.Renameat(dir, temp, dir, name); err != nil {
		unix.Unlinkat(dir, temp, 0)
		return err
	}
	// Renaming one name of a file to another of the same file does nothing.
	unix.Unlinkat(dir, temp, 0)
	return nil
}

// keepOld gives what is there another name where the action of file i asks for it.
// There may be nothing any more; a name that cannot be had is an error, as since
// rpm 4.20.
func (p *placer) keepOld(dir, i int) error {
	f, suffix := &p.e.files[i], p.e.actions[i].keeps()
	if suffix == "" || f.Flags&rpm.FileGhost != 0 {
		return nil
	}
	switch err := unix.Renameat(dir, f.Base, dir, f.Base+suffix); err {
	case nil:
		p.moveLedger(f.Path(), f.Path()+suffix)
		p.warn(p.e, f.Path()+" saved as "+f.Path()+suffix)
	case unix.ENOENT:
	default:
		return fmt.Errorf("save as %s%s: %w", f.Path(), suffix, err)
	}
	return nil
}

// removeSetID takes the set-id bits off a file that is about to be replaced or
// removed: another link to it may remain.
func removeSetID(dir int, name string) {
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil &&
		st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&0o6000 != 0 {
		unix.Fchmodat(dir, name, st.Mode&0o777, 0)
	}
}
