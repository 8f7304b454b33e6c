package install

import (
	"encoding/hex"
	"io"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/repo/rpm"
)

// fileRef is one file of one package.
type fileRef struct {
	e *element
	i int
	// state is what the database shall record for it.
	state byte
}

func (r *fileRef) file() *rpm.File { return &r.e.files[r.i] }

// prepare decides what happens to every file of the transaction (rpmtsPrepare in
// rpm's transaction.c). It reads the tree as %pretrans left it.
func (t *transaction) prepare() error {
	for _, e := range t.order {
		if e.added {
			t.skipByPolicy(e)
		}
	}
	t.paths.setLinks(t.order)
	// All files of the transaction by their real name, in its order.
	index := map[string][]fileRef{}
	for _, e := range t.order {
		for i := range e.files {
			if !e.actions[i].skipping() {
				key := t.paths.key(&e.files[i])
				index[key] = append(index[key], fileRef{e: e, i: i})
			}
		}
	}
	t.againstInstalled(index)
	for _, e := range t.order {
		for i := range e.files {
			if e.actions[i].skipping() {
				continue
			}
			others := earlier(index[t.paths.key(&e.files[i])], e, i)
			if e.added {
				t.decideAdded(e, i, others)
			} else {
				t.decideErased(e, i, others)
			}
		}
	}
	for _, e := range t.order {
		e.setStates()
	}
	if len(t.conflicts) > 0 {
		return &ConflictError{Conflicts: t.conflicts}
	}
	return nil
}

func (e *element) setStates() {
	if !e.added {
		return
	}
	for i, a := range e.actions {
		e.states[i] = a.state()
	}
}

// earlier returns the references before the one to file i of e.
func earlier(refs []fileRef, e *element, i int) []fileRef {
	for at, r := range refs {
		if r.e == e && r.i == i {
			return refs[:at]
		}
	}
	return nil
}

// previous finds the last earlier file that counts: for one to be installed only
// others to be installed.
func previous(refs []fileRef, added bool) *fileRef {
	for at := len(refs) - 1; at >= 0; at-- {
		r := &refs[at]
		if added && !r.e.added || r.e.actions[r.i] == undecided {
			continue
		}
		return r
	}
	return nil
}

// decideAdded decides about a file to be installed, given those of the same name
// earlier in the transaction.
func (t *transaction) decideAdded(e *element, i int, others []fileRef) {
	f := &e.files[i]
	other := previous(others, true)
	if other == nil {
		if e.actions[i] == undecided {
			e.actions[i] = create
			if t.modifiedConfig(f, e.header.DigestAlgo()) {
				e.actions[i] = pick(f.Flags&rpm.FileNoReplace != 0, altName, backup)
			}
		}
		return
	}
	t.overlap(e, i, other)
	if e.actions[i].skipping() {
		return
	}
	if t.modifiedConfig(f, e.header.DigestAlgo()) {
		e.actions[i] = pick(f.Flags&rpm.FileNoReplace != 0, altName, skip)
	} else if e.actions[i] == undecided {
		e.actions[i] = create
	}
}

// overlap compares a file with an earlier one of the same name. Equal files are
// made once; of two word sizes the preferred one wins; others are a conflict.
func (t *transaction) overlap(e *element, i int, other *fileRef) {
	if different(other.e, other.i, e, i) {
		if t.colorConflict(e, i, other, true) && !t.opts.ReplaceFiles {
			t.conflicts = append(t.conflicts, Conflict{e.files[i].Path(), e.nevra, other.e.nevra})
		}
		return
	}
	switch was := other.e.actions[other.i]; {
	case was == skipColor:
		e.actions[i] = skipColor
	case !was.skipping() && other.file().Flags&rpm.FileGhost == 0:
		e.actions[i] = skip
	}
}

func pick(cond bool, yes, no action) action {
	if cond {
		return yes
	}
	return no
}

// colorConflict tells whether two different files stay in conflict after word
// sizes were looked at.
func (t *transaction) colorConflict(e *element, i int, other *fileRef, inTransaction bool) bool {
	mine, theirs := e.files[i].Color&t.color, other.file().Color&t.color
	if mine == 0 || theirs == 0 || mine == theirs {
		return true
	}
	switch {
	case mine&preferredColor != 0:
		if inTransaction && !e.actions[i].skipping() {
			other.e.actions[other.i] = skipColor
		}
		e.actions[i] = create
	case theirs&preferredColor != 0:
		if inTransaction && e.actions[i].skipping() {
			other.e.actions[other.i] = create
		}
		e.actions[i] = skipColor
	default:
		return true
	}
	return false
}

// different tells whether two files of one name cannot share it (rpmfilesCompare).
func different(a *element, i int, b *element, j int) bool {
	f, g := &a.files[i], &b.files[j]
	if (f.Flags|g.Flags)&rpm.FileGhost != 0 {
		return false
	}
	links := f.Type() == rpm.ModeSymlink && g.Type() == rpm.ModeSymlink
	if !links && f.Mode != g.Mode || f.User != g.User || f.Group != g.Group {
		return true
	}
	switch f.Type() {
	case rpm.ModeSymlink:
		return f.LinkTo != g.LinkTo
	case rpm.ModeRegular:
		return f.Size != g.Size || f.Digest != g.Digest || f.Digest != "" && a.header.DigestAlgo() != b.header.DigestAlgo()
	case rpm.ModeChar, rpm.ModeBlock:
		return f.Rdev != g.Rdev
	}
	return false
}

// modifiedConfig tells whether a configuration file is on disk that is not the
// package's (rpmfilesConfigConflict).
func (t *transaction) modifiedConfig(f *rpm.File, algo rpm.HashAlgo) bool {
	if f.Flags&rpm.FileConfig == 0 || f.Type() != rpm.ModeRegular && f.Type() != rpm.ModeSymlink {
		return false
	}
	st, err := t.root.Lstat(f.Path())
	if err != nil {
		return false
	}
	if f.Flags&rpm.FileGhost != 0 || st.Mode&unix.S_IFMT != f.Type() || st.Size != f.Size {
		return true
	}
	if f.Type() == rpm.ModeSymlink {
		target, err := t.root.Readlink(f.Path())
		return err == nil && target != f.LinkTo
	}
	got, ok := t.digest(f.Path(), algo)
	return ok && !strings.EqualFold(got, f.Digest)
}

// digest hashes a regular file of the tree without following a last link.
func (t *transaction) digest(name string, algo rpm.HashAlgo) (string, bool) {
	h := algo.New()
	f, err := t.root.OpenFile(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil || h == nil {
		return "", false
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return "", false
	}
	return hex.EncodeToString(h.Sum(nil)), true
}

// decideErased decides about a file to be removed.
func (t *transaction) decideErased(e *element, i int, others []fileRef) {
	if other := previous(others, false); other != nil {
		if other.e.actions[other.i] != erase {
			e.actions[i] = skip // somebody else's by now
			return
		}
		other.e.actions[other.i] = skip // the last one removes it
	}
	switch {
	case e.states[i] != StateNormal:
		e.actions[i] = skip
	case t.modifiedConfig(&e.files[i], e.header.DigestAlgo()):
		e.actions[i] = save
	default:
		e.actions[i] = erase
	}
}
