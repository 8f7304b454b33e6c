package install

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// againstInstalled compares the transaction with the files of packages in the
// database (checkInstalledFiles in rpm's transaction.c).
func (t *transaction) againstInstalled(index map[string][]fileRef) {
	for _, e := range t.installed {
		if e.added {
			continue
		}
		for i := range e.files {
			for _, ref := range index[t.paths.key(&e.files[i])] {
				switch {
				case ref.e.added:
					t.overInstalled(ref, &fileRef{e: e, i: i})
				case !e.erased && e.states[i] == StateNormal:
					ref.e.actions[ref.i] = skip // to be removed, but another has it too
				}
			}
		}
	}
}

// overInstalled decides about a file to be installed where a package in the
// database has one of the same name (handleInstInstalledFile).
func (t *transaction) overInstalled(r fileRef, old *fileRef) {
	e, i := r.e, r.i
	if e.actions[i].skipping() || old.e.states[old.i] == StateNotInstalled {
		return
	}
	config := (old.file().Flags|e.files[i].Flags)&rpm.FileConfig != 0
	if different(old.e, old.i, e, i) {
		conflict := !old.e.erased || t.removalConflict(&e.files[i], old.file())
		state := byte(StateReplaced)
		if conflict {
			conflict = t.colorConflict(e, i, old, false)
			if !conflict && e.actions[i] == create {
				state = StateWrongColor
			}
		}
		if conflict && !t.opts.ReplaceFiles {
			t.conflicts = append(t.conflicts, Conflict{e.files[i].Path(), e.nevra, old.e.nevra})
		}
		if !config && !e.actions[i].skipping() && !old.e.erased {
			old.state = state
			e.replace = append(e.replace, old)
		}
	}
	if config {
		e.actions[i] = t.configFate(old, e, i)
	}
}

// removalConflict finds what removing the old package does not allow for: a
// directory that becomes something else, and a link to a directory that becomes a
// directory, where that has not happened on disk yet (handleRemovalConflict).
func (t *transaction) removalConflict(f, old *rpm.File) bool {
	switch {
	case old.Type() == rpm.ModeDir && f.Type() != rpm.ModeDir:
	case old.Type() == rpm.ModeSymlink && f.Type() == rpm.ModeDir && t.root.IsDir(f.Path()):
	default:
		return false
	}
	st, err := t.root.Lstat(f.Path())
	return err == nil && st.Mode&unix.S_IFMT != f.Type()
}

// configFate decides about a configuration file that an older package has as
// well, by what is on disk: unmodified files are replaced, modified ones saved or
// kept (rpmfilesDecideFate).
func (t *transaction) configFate(old *fileRef, e *element, i int) action {
	f, was := &e.files[i], old.file()
	if f.Flags&rpm.FileGhost != 0 {
		return skip
	}
	st, err := t.root.Lstat(f.Path())
	if err != nil {
		return pick(f.Flags&rpm.FileMissingOK != 0, skip, create)
	}
	keep := pick(f.Flags&rpm.FileNoReplace != 0, altName, save)
	disk := st.Mode & unix.S_IFMT
	newSum, oldSum := e.header.DigestAlgo(), old.e.header.DigestAlgo()
	switch was.Type() {
	case rpm.ModeRegular:
		if disk == rpm.ModeRegular && f.Regular() && t.hasDigest(f, newSum) {
			return touch
		}
		if disk == rpm.ModeRegular && t.hasDigest(was, oldSum) {
			return create
		}
		if f.Flags&rpm.FileConfig == 0 {
			return save
		}
		if f.Regular() && was.Digest == f.Digest && oldSum == newSum {
			return skip // unchanged between the packages: the user's stays
		}
		return keep
	case rpm.ModeSymlink:
		return t.linkFate(f, was, disk, keep)
	}
	return create
}

func (t *transaction) linkFate(f, was *rpm.File, disk uint32, keep action) action {
	target, err := t.root.Readlink(f.Path())
	if disk == rpm.ModeSymlink && err == nil {
		if f.Type() == rpm.ModeSymlink && target == f.LinkTo {
			return touch
		}
		if target == was.LinkTo {
			return create
		}
	}
	if f.Flags&rpm.FileConfig == 0 {
		return save
	}
	if f.Type() == rpm.ModeSymlink && f.LinkTo == was.LinkTo {
		return skip
	}
	return keep
}

func (t *transaction) hasDigest(f *rpm.File, algo rpm.HashAlgo) bool {
	got, ok := t.digest(f.Path(), algo)
	return ok && strings.EqualFold(got, f.Digest)
}
