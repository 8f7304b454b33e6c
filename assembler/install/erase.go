package install

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// erasures finds what is to be erased, in rpm's sequence: for each package older
// ones of its name and then what it obsoletes, then what the options name.
func (t *transaction) erasures(added []*element) ([]*element, error) {
	var list []*element
	mark := func(e, by *element) {
		if !e.erased {
			e.erased, e.by = true, by
			list = append(list, e)
		}
	}
	for _, e := range added {
		for _, old := range t.byName[e.name] {
			if replaces(e, old) {
				mark(old, e)
			}
		}
		for _, d := range e.header.Dependencies(rpm.Obsoletes) {
			for _, old := range t.byName[d.Name] {
				if obsoletes(e, d, old) {
					mark(old, e)
				}
			}
		}
	}
	for _, name := range t.opts.Erase {
		found := false
		for _, e := range t.installed {
			if e.named(name) {
				found = true
				mark(e, nil)
			}
		}
		if !found {
			return nil, fmt.Errorf("erase %s: %w", name, errNotInstalled)
		}
	}
	return list, nil
}

// named tells whether a package is meant by NAME, NAME.ARCH, NVR, NVRA or NEVRA.
func (e *element) named(name string) bool {
	id := e.header.Identity()
	switch name {
	case id.Name, id.Name + "." + id.Arch, id.Name + "-" + id.Version + "-" + id.Release, id.NVRA(), e.nevra:
		return true
	}
	return false
}

// replaces tells whether an update takes the place of an installed package: the
// same name and, where both have one, word size.
func replaces(e, old *element) bool {
	if e.item.InstallOnly || e.name != old.name || e.name == "gpg-pubkey" {
		return false
	}
	a, b := e.header.String(rpm.TagArch), old.header.String(rpm.TagArch)
	return a == b || a == "noarch" || b == "noarch"
}

// obsoletes tells whether a dependency of e means an installed package.
func obsoletes(e *element, d rpm.Dependency, old *element) bool {
	if e.name == old.name {
		return false
	}
	id := old.header.Identity()
	self := rpm.Dependency{Name: id.Name, Version: id.EVR(), Flags: rpm.SenseEqual}
	return d.Version == "" || d.Flags&rpm.SenseCompare == 0 || overlaps(self, d)
}

// removeFiles removes the files of a package, the last first. Directories that
// are not empty stay; what cannot be removed is a warning, as in rpm.
func (t *transaction) removeFiles(ctx context.Context, e *element) error {
	defer t.dirs.forget() // what is gone may be made anew
	for i := len(e.files) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		if a := e.actions[i]; a != erase && a != save {
			continue
		}
		if err := t.removeFile(e, i); err != nil {
			t.warn(e, "remove "+e.files[i].Path()+": "+err.Error())
		}
	}
	return nil
}

func (t *transaction) removeFile(e *element, i int) error {
	f := &e.files[i]
	dir, err := t.root.OpenFile(f.Dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil // gone already
	}
	defer dir.Close()
	fd := int(dir.Fd())
	if e.actions[i] == save {
		p := &placer{transaction: t, e: e}
		return p.keepOld(fd, i)
	}
	var st unix.Stat_t
	err = unix.Fstatat(fd, f.Base, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR:
		err = unix.Unlinkat(fd, f.Base, unix.AT_REMOVEDIR)
	case err == nil:
		removeSetID(fd, f.Base)
		err = unix.Unlinkat(fd, f.Base, 0)
	}
	if err == nil && t.opts.Ledger != nil {
		t.opts.Ledger.Delete(t.ledgerPath(f.Path()))
	}
	if err == unix.ENOTEMPTY || err == unix.ENOENT && f.Flags&(rpm.FileMissingOK|rpm.FileGhost) != 0 {
		return nil
	}
	return err
}
