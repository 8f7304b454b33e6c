package install

import (
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// action is what happens to one file of a package, in rpm's terms.
type action uint8

const (
	undecided action = iota
	create           // put into place, replacing what is there
	backup           // the same, what is there is renamed to .rpmorig
	save             // the same, what is there is renamed to .rpmsave
	altName          // put into place as .rpmnew
	touch            // already there: only set owner, mode and times
	skip             // leave what is there
	skipState        // not installed by choice (documentation, language)
	skipColor        // not installed: of another word size
	erase            // remove
)

func (a action) skipping() bool { return a == skip || a == skipState || a == skipColor }

func (a action) creating() bool { return a == create || a == backup || a == save || a == altName }

// keeps is what the name of the file that is there gets added, if it is kept.
func (a action) keeps() string {
	switch a {
	case save:
		return ".rpmsave"
	case backup:
		return ".rpmorig"
	}
	return ""
}

// state is what the database records for a file of that action.
func (a action) state() byte {
	switch a {
	case skipState:
		return StateNotInstalled
	case skipColor:
		return StateWrongColor
	}
	return StateNormal
}

// skipByPolicy marks what the options leave out: paths, colours, languages,
// documentation; licences are always kept. A directory of the package that
// thereby gets empty is left out as well.
func (t *transaction) skipByPolicy(e *element) {
	left, emptied := map[string]int{}, map[string]bool{}
	for i := range e.files {
		f := &e.files[i]
		left[f.Dir]++
		a := t.policy(f)
		if a == undecided {
			continue
		}
		e.actions[i] = a
		left[f.Dir]--
		emptied[f.Dir] = true
	}
	e.skipEmptyDirs(left, emptied)
}

// markOmitted notes which contents the options leave out, before anything else is
// decided about them.
func (t *transaction) markOmitted() {
	for _, e := range t.order {
		if !e.added {
			continue
		}
		e.omitted, e.stamps = map[int]bool{}, make([]stamp, len(e.files))
		for i := range e.files {
			links := e.files[i].Links
			if links == nil {
				links = []int{i}
			}
			if f := &e.files[i]; f.Regular() && f.Size > 0 && f.Flags&rpm.FileGhost == 0 && links[len(links)-1] == i && t.omitsAll(e, links) {
				e.omitted[i] = true
			}
		}
	}
}

func (t *transaction) omitsAll(e *element, set []int) bool {
	return !slices.ContainsFunc(set, func(i int) bool { return t.policy(&e.files[i]) == undecided })
}

func (e *element) skipEmptyDirs(left map[string]int, emptied map[string]bool) {
	for i := len(e.files) - 1; i >= 0; i-- {
		f := &e.files[i]
		dir := f.Path() + "/"
		if f.Type() != rpm.ModeDir || e.actions[i].skipping() || !emptied[dir] || left[dir] > 0 {
			continue
		}
		e.actions[i] = skipState
		left[f.Dir]--
		emptied[f.Dir] = true
	}
}

func (t *transaction) policy(f *rpm.File) action {
	for _, p := range t.opts.ExcludePaths {
		if path := f.Path(); path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/") {
			return skipState
		}
	}
	switch {
	case t.color != 0 && f.Color != 0 && f.Color&t.color == 0:
		return skipColor
	case f.Flags&rpm.FileLicense != 0:
		return undecided
	case f.Lang != "" && len(t.langs) > 0 && !t.wantLang(f.Lang):
		return skipState
	case t.opts.NoDocs && f.Flags&rpm.FileDoc != 0:
		return skipState
	}
	return undecided
}

// wantLang tells whether a file for the locales "a|b" is wanted: as in rpm, when
// one of them is the beginning of a wanted one.
func (t *transaction) wantLang(langs string) bool {
	for lang := range strings.SplitSeq(langs, "|") {
		for _, want := range t.langs {
			if lang != "" && strings.HasPrefix(want, lang) {
				return true
			}
		}
	}
	return false
}

// transColor is rpm's _transaction_color: both word sizes on architectures that
// have two.
func transColor(arch string) uint32 {
	switch arch {
	case "x86_64", "x86_64_v2", "x86_64_v3", "x86_64_v4", "amd64", "aarch64", "ppc64", "ppc64le",
		"s390x", "riscv64", "sparc64", "mips64", "mips64el", "loongarch64":
		return 3
	}
	return 0
}

// preferredColor wins where both word sizes have a file (rpm's _prefer_color).
const preferredColor = 2
