package manifest

import (
	"fmt"
	"slices"
)

// LockedBase is a container that the image builds on.
type LockedBase struct {
	Reference string `json:"reference"` // as the description gives it
	Digest    string `json:"digest"`    // of its manifest, "sha256:…"
}

// CheckAsked refuses, with a LockError, a lock that was made for another request than
// asked, or for other base containers. Of a lock that says neither, as one made for
// packages named on a command line, nothing is demanded.
func (l *Lock) CheckAsked(asked []string, bases []LockedBase) error {
	if l.Asked == nil {
		return nil
	}
	if more := without(asked, l.Asked); len(more) > 0 {
		return &LockError{Text: fmt.Sprintf("the description asks for %s, for which it was not made", first(more))}
	}
	if less := without(l.Asked, asked); len(less) > 0 {
		return &LockError{Text: fmt.Sprintf("it was made for %s, for which the description does not ask", first(less))}
	}
	for i := range max(len(bases), len(l.Bases)) {
		switch {
		case i >= len(bases):
			return &LockError{Text: fmt.Sprintf("it was made for an image on %s", l.Bases[i].Reference)}
		case i >= len(l.Bases):
			return &LockError{Text: fmt.Sprintf("it was made for an image without %s", bases[i].Reference)}
		case l.Bases[i].Digest != bases[i].Digest:
			return &LockError{Text: fmt.Sprintf("base container %s is %s now, it was made for %s", bases[i].Reference, bases[i].Digest, l.Bases[i].Digest)}
		}
	}
	return nil
}

// without are the words of a list that another does not have.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(word string) bool { return slices.Contains(other, word) })
}

// first names the first of some words, and how many there are besides.
func first(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return fmt.Sprintf("%s and %d more", words[0], len(words)-1)
}
