package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// placer puts the files of one package into the tree.
type placer struct {
	*transaction
	e      *element
	suffix string // of temporary names, as rpm makes them
	owners []owner
	wide   bool // other files may be written at the same time
}

// place puts all files of a package into place.
func (t *transaction) place(ctx context.Context, e *element) error {
	p := &placer{transaction: t, e: e, suffix: fmt.Sprintf(";%08x", uint32(t.tid))}
	p.owners = make([]owner, len(e.files))
	var regular []int
	dirs := &dirCache{root: t.root}
	defer dirs.close()
	for i := range e.files {
		f := &e.files[i]
		if f.Flags&rpm.FileGhost != 0 || e.actions[i].skipping() || e.actions[i] == undecided {
			continue
		}
		p.owners[i] = t.owner(f.User, f.Group, f.Mode)
		t.warnOwner(e, p.owners[i].unknown)
		if f.Regular() && e.actions[i] != touch {
			if _, err := dirs.open(p, f.Dir); err != nil {
				return &UnpackError{e.nevra, f.Path(), err}
			}
			regular = append(regular, i)
			continue
		}
		if err := p.special(dirs, i); err != nil {
			return &UnpackError{e.nevra, f.Path(), err}
		}
		t.result.Files++
	}
	return p.contents(ctx, regular)
}

// contents writes the regular files, on several cores when there are many.
func (p *placer) contents(ctx context.Context, regular []int) error {
	sets := linkSets(p.e.files, regular)
	for _, i := range regular {
		p.result.Bytes += p.e.files[i].Size
	}
	p.result.Files += len(regular)
	workers := min(p.opts.jobs(), len(sets)/16+1)
	if workers == 1 {
		return p.writeSets(ctx, sets)
	}
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() { errs[w] = p.writeSets(ctx, sets[w*len(sets)/workers:(w+1)*len(sets)/workers]) })
	}
	wg.Wait()
	return errors.Join(errs...)
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

func (p *placer) writeSets(ctx context.Context, sets [][]int) error {
	dirs := &dirCache{root: p.root}
	defer dirs.close()
	for _, set := range sets {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.writeSet(dirs, set); err != nil {
			return err
		}
	}
	return nil
}

// writeSet writes a file and links its other names to it.
func (p *placer) writeSet(dirs *dirCache, set []int) error {
	first := set[0]
	from, err := p.regular(dirs, first)
	if err != nil {
		return &UnpackError{p.e.nevra, p.e.files[first].Path(), err}
	}
	for _, i := range set[1:] {
		dir, err := dirs.open(p, p.e.files[i].Dir)
		if err == nil {
			// The cache may have closed the first directory meanwhile.
			var fromDir int
			if fromDir, err = dirs.open(p, p.e.files[first].Dir); err == nil {
				dir, err = dirs.open(p, p.e.files[i].Dir)
			}
			if err == nil {
				err = p.commit(dir, i, func(name string) error { return unix.Linkat(fromDir, from, dir, name, 0) })
			}
		}
		if err != nil {
			return &UnpackError{p.e.nevra, p.e.files[i].Path(), err}
		}
		p.copyLedger(p.e.files[first].Path(), p.e.files[i].Path())
	}
	return nil
}

// regular writes one regular file and returns the name it got in its directory.
func (p *placer) regular(dirs *dirCache, i int) (string, error) {
	f := &p.e.files[i]
	dir, err := dirs.open(p, f.Dir)
	if err != nil {
		return "", err
	}
	err = p.commit(dir, i, func(name string) error {
		fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o200)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		if err := p.fill(fd, i); err != nil {
			return err
		}
		return p.meta(fd, -1, "", i)
	})
	return f.Base + p.newSuffix(i), err
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
	switch p.e.actions[i] {
	case save:
		p.keepOld(dir, i, ".rpmsave")
	case backup:
		p.keepOld(dir, i, ".rpmorig")
	case altName:
		p.warn(p.e, f.Path()+" created as "+f.Path()+".rpmnew")
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
	if err := unix.Renameat(dir, temp, dir, name); err != nil {
		unix.Unlinkat(dir, temp, 0)
		return err
	}
	// Renaming one name of a file to another of the same file does nothing.
	unix.Unlinkat(dir, temp, 0)
	return nil
}

func (p *placer) keepOld(dir, i int, suffix string) {
	f := &p.e.files[i]
	if f.Flags&rpm.FileGhost != 0 {
		return
	}
	if err := unix.Renameat(dir, f.Base, dir, f.Base+suffix); err == nil {
		p.warn(p.e, f.Path()+" saved as "+f.Path()+suffix)
	}
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

// fill copies the content out of the store.
func (p *placer) fill(fd, i int) error {
	f := &p.e.files[i]
	at := p.e.staged.places[i]
	if f.Size == 0 || at < 0 {
		return nil
	}
	in := int(p.e.staged.file.Fd())
	if f.Size >= extent && !p.noClone.Load() {
		if p.clone(fd, in, at, f.Size) {
			return nil
		}
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for left := f.Size; left > 0; {
		n, err := unix.Pread(in, (*buf)[:min(left, int64(len(*buf)))], at)
		if err == nil && n == 0 {
			err = errors.New("the store ends early")
		}
		if err == nil {
			_, err = unix.Write(fd, (*buf)[:n])
		}
		if err != nil {
			return err
		}
		at, left = at+int64(n), left-int64(n)
	}
	return nil
}

// clone shares extents with the store, where the file system can.
func (p *placer) clone(fd, in int, at, size int64) bool {
	whole := size / extent * extent
	err := unix.IoctlFileCloneRange(fd, &unix.FileCloneRange{
		Src_fd: int64(in), Src_offset: uint64(at), Src_length: uint64(whole),
	})
	if err != nil {
		p.noClone.Store(true)
		return false
	}
	if tail := size - whole; tail > 0 {
		var buf [extent]byte
		if n, err := unix.Pread(in, buf[:tail], at+whole); err != nil || int64(n) != tail {
			return false
		}
		if _, err := unix.Pwrite(fd, buf[:tail], whole); err != nil {
			return false
		}
	}
	return true
}

// dirCache keeps the directories used last open.
type dirCache struct {
	root interface {
		OpenFile(string, int, os.FileMode) (*os.File, error)
	}
	open_ map[string]*os.File
	queue []string
}

const maxOpenDirs = 32

// open returns a descriptor of a directory, made when missing, valid until
// maxOpenDirs others were opened.
func (c *dirCache) open(p *placer, dir string) (int, error) {
	if f, ok := c.open_[dir]; ok {
		return int(f.Fd()), nil
	}
	f, err := c.root.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if errors.Is(err, os.ErrNotExist) {
		if err = p.makeParents(dir); err == nil {
			f, err = c.root.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		}
	}
	if err != nil {
		return -1, err
	}
	if c.open_ == nil {
		c.open_ = map[string]*os.File{}
	}
	if len(c.queue) == maxOpenDirs {
		c.open_[c.queue[0]].Close()
		delete(c.open_, c.queue[0])
		c.queue = c.queue[1:]
	}
	c.open_[dir] = f
	c.queue = append(c.queue, dir)
	return int(f.Fd()), nil
}

func (c *dirCache) close() {
	for _, f := range c.open_ {
		f.Close()
	}
}

// makeParents makes a directory that no package before this one brought.
func (p *placer) makeParents(dir string) error {
	return p.root.MkdirAll(strings.TrimPrefix(path.Clean(dir), "/"), 0o755)
}
