package install

import (
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
)

// special puts everything but regular files into place, and touches.
func (p *placer) special(i int) error {
	f := &p.e.files[i]
	h, err := p.dirs.open(f.Dir)
	if err != nil {
		return err
	}
	defer h.close()
	dir := h.fd
	base := f.Base
	if base == "" { // the root directory itself
		base = "."
	}
	switch {
	case p.e.actions[i] == touch:
		return p.touch(dir, base, i)
	case f.Type() == rpm.ModeDir:
		err = p.directory(dir, base, i)
		p.forgetReplaced()
		return err
	case f.Type() == rpm.ModeSymlink && sameLink(dir, base, f.LinkTo):
		return p.meta(-1, dir, base, i)
	}
	err = p.commit(dir, i, func(name string) error {
		if err := p.makeNode(dir, name, f, i); err != nil {
			return err
		}
		return p.meta(-1, dir, name, i)
	})
	p.forgetReplaced()
	return err
}

// forgetReplaced makes paths be resolved anew where a link may have led elsewhere
// before.
func (p *placer) forgetReplaced() {
	if p.replaced {
		p.replaced = false
		p.dirs.forget()
		p.paths.forget()
	}
}

func sameLink(dir int, base, target string) bool {
	buf := make([]byte, len(target)+1)
	n, err := unix.Readlinkat(dir, base, buf)
	return err == nil && string(buf[:n]) == target
}

// linkedOver is warned of where packages conflict and are installed all the same.
const linkedOver = " has become a link of another package and stays"

// touch sets the metadata of a file that already has the right content.
func (p *placer) touch(dir int, base string, i int) error {
	if p.e.files[i].Type() != rpm.ModeRegular {
		return p.meta(-1, dir, base, i)
	}
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err == unix.ELOOP { // rpm would change what the link leads to
		p.warn(p.e, p.e.files[i].Path()+linkedOver)
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	unix.Fremovexattr(fd, capabilityXattr) // what the package has comes with meta
	return p.meta(fd, -1, "", i)
}

// directory makes a directory. One that is there stays, as does a link to one
// that belongs to root or to the directory's owner; anything else is replaced.
func (p *placer) directory(dir int, base string, i int) error {
	if err := p.keepOld(dir, i); err != nil {
		return err
	}
	err := unix.Mkdirat(dir, base, 0o700)
	if err == unix.EEXIST {
		var st unix.Stat_t
		if err = unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
		case unix.S_IFLNK:
			if ok, err := p.linkedDir(i, st.Uid); ok || err != nil {
				return err
			}
			fallthrough
		default:
			p.replaced = true
			if err = unix.Unlinkat(dir, base, 0); err == nil {
				err = unix.Mkdirat(dir, base, 0o700)
			}
		}
		if err == unix.EEXIST {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return p.meta(fd, -1, "", i)
}

// linkedDir handles a link in place of a directory: it sets the metadata of the
// directory the link leads to, inside the tree, and tells whether there is one.
func (p *placer) linkedDir(i int, linkOwner uint32) (bool, error) {
	f, err := p.root.OpenFile(p.e.files[i].Path(), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil || linkOwner != 0 && linkOwner != st.Uid {
		return false, err
	}
	return true, p.meta(int(f.Fd()), -1, "", i)
}

// makeNode makes a link, pipe, device or socket.
func (p *placer) makeNode(dir int, name string, f *rpm.File, i int) error {
	dev := int(unix.Mkdev(f.Rdev>>8&0xff, f.Rdev&0xff))
	switch f.Type() {
	case rpm.ModeSymlink:
		return unix.Symlinkat(f.LinkTo, dir, name)
	case rpm.ModeFIFO:
		return unix.Mknodat(dir, name, unix.S_IFIFO, 0)
	}
	err := unix.Mknodat(dir, name, f.Type(), dev)
	if err != unix.EPERM || p.opts.Ledger == nil {
		return err
	}
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	unix.Close(fd)
	p.ledger(i, func(e *tree.Entry) {
		e.Mode, e.Major, e.Minor = p.owners[i].mode, f.Rdev>>8&0xff, f.Rdev&0xff
	})
	return nil
}
