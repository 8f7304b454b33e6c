package rpmdb

import (
	"fmt"

	"github.com/fimg/fimg/repo/rpm"
)

// State is what became of a file of an installed package (rpmfiles.h).
type State uint8

// The file states.
const (
	Normal       State = 0
	Replaced     State = 1 // another package's file took its place
	NotInstalled State = 2 // left out: documentation, another locale, an excluded path
	NetShared    State = 3
	WrongColor   State = 4 // a file of the preferred colour took its place
)

// Install is what rpm notes down when it installs a package.
type Install struct {
	Time  uint32 // seconds since 1970
	TID   uint32 // transaction id: seconds since 1970 at the start of it
	Color uint32 // colours the transaction could install: 3 on x86_64, 2 or 0 elsewhere
	// States has one element for each file; nil means all are normal.
	States []State
	// Digests are those of the whole package file that rpm 6 notes down.
	Digests []Digest
}

// Digest is a hash of a package file, in hexadecimal.
type Digest struct {
	Algo rpm.HashAlgo
	Hex  string
}

// Installed returns the header the database stores for a package: the main
// header with the signature header's tags and those of the installation.
func Installed(p *rpm.Package, in Install) (*rpm.Header, error) {
	h, err := p.Merged()
	if err != nil {
		return nil, fmt.Errorf("make database entry of %s: %w", p.Header.Identity().NEVRA(), err)
	}
	entries := []rpm.Entry{
		rpm.Uint32Entry(rpm.TagInstallTID, in.TID),
		rpm.Uint32Entry(rpm.TagInstallTime, in.Time),
		rpm.Uint32Entry(rpm.TagInstallColor, in.Color),
	}
	if n := fileCount(h); n > 0 {
		states, err := stateBytes(in.States, n)
		if err != nil {
			return nil, fmt.Errorf("make database entry of %s: %w", p.Header.Identity().NEVRA(), err)
		}
		entries = append(entries, rpm.CharsEntry(rpm.TagFileStates, states))
	}
	if len(in.Digests) > 0 && !h.Has(rpm.TagPackageDigests) {
		entries = append(entries, digestEntries(in.Digests)...)
	}
	return h.With(entries...)
}

func digestEntries(list []Digest) []rpm.Entry {
	sums, algos := make([]string, len(list)), make([]uint32, len(list))
	for i, d := range list {
		sums[i], algos[i] = d.Hex, uint32(d.Algo)
	}
	return []rpm.Entry{rpm.StringsEntry(rpm.TagPackageDigests, sums...), rpm.Uint32Entry(rpm.TagPackageDigestAlgos, algos...)}
}

// fileCount returns the number of files of a package.
func fileCount(h *rpm.Header) int {
	if n := h.Count(rpm.TagBasenames); n > 0 {
		return n
	}
	return h.Count(rpm.TagOldFileNames)
}

func stateBytes(states []State, n int) ([]byte, error) {
	out := make([]byte, n)
	if states == nil {
		return out, nil
	}
	if len(states) != n {
		return nil, fmt.Errorf("%d file states for %d files", len(states), n)
	}
	for i, s := range states {
		out[i] = byte(s)
	}
	return out, nil
}

// WithStates returns an installed header with other file states.
func WithStates(h *rpm.Header, states []State) (*rpm.Header, error) {
	b, err := stateBytes(states, fileCount(h))
	if err != nil {
		return nil, err
	}
	return h.With(rpm.CharsEntry(rpm.TagFileStates, b))
}

// States returns the file states of an installed package, nil when it has no
// files.
func States(h *rpm.Header) []State {
	n := h.Numbers(rpm.TagFileStates)
	if n.Len() == 0 {
		return nil
	}
	out := make([]State, n.Len())
	for i := range out {
		out[i] = State(n.At(i))
	}
	return out
}
