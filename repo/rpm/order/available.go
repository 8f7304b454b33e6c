package order

import (
	"strconv"
	"strings"

	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/repo/rpm"
)

// available finds which package of a set satisfies a dependency.
type available struct {
	opts     Options
	provides map[string][]provide
	files    map[string][]*node
	wanted   map[string]bool // paths that are worth indexing
}

// provide is one thing a package provides.
type provide struct {
	rpm.Dependency
	by *node
}

func newAvailable(o Options, wanted map[string]bool) *available {
	return &available{opts: o, wanted: wanted,
		provides: make(map[string][]provide), files: make(map[string][]*node)}
}

// wantedPaths returns the paths that some dependency names.
func wantedPaths(elements []Element) map[string]bool {
	wanted := make(map[string]bool)
	for _, e := range elements {
		for _, kind := range orderKinds {
			for _, d := range e.Header.Dependencies(kind) {
				for part := range strings.FieldsSeq(d.Name) {
					part = strings.Trim(part, "()")
					if strings.HasPrefix(part, "/") {
						wanted[part] = true
					}
				}
			}
		}
	}
	return wanted
}

// add makes a package available. Source packages provide nothing.
func (a *available) add(n *node) {
	if n.header.Source() {
		return
	}
	for _, d := range n.header.Dependencies(rpm.Provides) {
		a.provides[d.Name] = append(a.provides[d.Name], provide{d, n})
	}
	a.addFiles(n)
}

func (a *available) addFiles(n *node) {
	dirs := n.header.Strings(rpm.TagDirNames)
	index, colors := n.header.Numbers(rpm.TagDirIndexes), n.header.Numbers(rpm.TagFileColors)
	flags := n.header.Numbers(rpm.TagFileFlags)
	for i, base := range n.header.All(rpm.TagBasenames) {
		d := index.At(i)
		if d >= uint64(len(dirs)) {
			continue
		}
		color := uint32(colors.At(i))
		if a.opts.Color != 0 && color != 0 && a.opts.Color&color == 0 ||
			a.opts.NoDocs && rpm.FileFlags(flags.At(i))&rpm.FileDoc != 0 {
			continue
		}
		if path := dirs[d] + base; a.wanted[path] {
			a.files[path] = append(a.files[path], n)
		}
	}
}

// satisfies returns the package of the set that satisfies d, a dependency of
// one of the set: files before provides, a matching colour before others, the
// package itself before others, else the first; nil when there is none.
func (a *available) satisfies(n *node, d dependency) *node {
	if strings.HasPrefix(d.Name, "/") {
		if best := a.best(n, d, a.files[d.Name]); best != nil {
			return best
		}
	}
	var found []*node
	for _, p := range a.provides[d.Name] {
		if overlap(p.Dependency, d.Dependency) {
			found = append(found, p.by)
		}
	}
	return a.best(n, d, found)
}

func (a *available) best(n *node, d dependency, found []*node) *node {
	if len(found) == 0 {
		return nil
	}
	color := d.color
	if color == 0 {
		color = a.opts.PreferredColor
	}
	best, bestScore := found[0], 0
	for _, p := range found {
		score := 0
		if a.opts.Color != 0 && color != 0 && p.color == color {
			score += 2
		}
		if p == n {
			score++
		}
		if score > bestScore {
			best, bestScore = p, score
		}
	}
	return best
}

// overlap reports whether two dependencies of the same name have a version in
// common, by rpm's rules (rpmverOverlap).
func overlap(a, b rpm.Dependency) bool {
	fa, fb := a.Flags&rpm.SenseCompare, b.Flags&rpm.SenseCompare
	if fa == 0 || fb == 0 || a.Version == "" || b.Version == "" {
		return true
	}
	ea, va, ra := evr.Split(a.Version)
	eb, vb, rb := evr.Split(b.Version)
	sense := epochs(ea, eb)
	if sense == 0 {
		sense = evr.Version(va, vb)
	}
	if sense == 0 {
		if ra != "" && rb != "" {
			sense = evr.Version(ra, rb)
		} else if ra != "" && fb&rpm.SenseEqual != 0 || rb != "" && fa&rpm.SenseEqual != 0 {
			return true
		}
	}
	switch {
	case sense < 0:
		return fa&rpm.SenseGreater != 0 || fb&rpm.SenseLess != 0
	case sense > 0:
		return fa&rpm.SenseLess != 0 || fb&rpm.SenseGreater != 0
	}
	return fa&fb != 0
}

// epochs compares two epochs; a missing one is zero.
func epochs(a, b string) int {
	if a != "" && b != "" {
		return evr.Version(a, b)
	}
	if n, err := strconv.Atoi(a); err == nil && n > 0 {
		return 1
	}
	if n, err := strconv.Atoi(b); err == nil && n > 0 {
		return -1
	}
	return 0
}

// dependColors returns the colours of the files that need each requirement (list
// 'R'), or that make each provide ('P'), from the per-file dependencies in the header.
func dependColors(h *rpm.Header, list byte) []uint32 {
	const fileDependsX, fileDependsN, dependsDict = 1143, 1144, 1145
	names := rpm.TagRequireName
	if list == 'P' {
		names = rpm.TagProvideName
	}
	out := make([]uint32, h.Count(names))
	colors := h.Numbers(rpm.TagFileColors)
	first, count, dict := h.Numbers(fileDependsX), h.Numbers(fileDependsN), h.Numbers(dependsDict)
	for i := range colors.Len() {
		color := uint32(colors.At(i))
		if color == 0 {
			continue
		}
		from := first.At(i)
		for j := from; j < min(from+count.At(i), uint64(dict.Len())); j++ {
			d := dict.At(int(j))
			if ix := d & 0xffffff; byte(d>>24) == list && ix < uint64(len(out)) {
				out[ix] |= color
			}
		}
	}
	return out
}

// packageColor has the colours of the files that have dependencies: as for rpm,
// others do not colour a package.
func packageColor(h *rpm.Header) (color uint32) {
	for _, list := range []byte("RP") {
		for _, c := range dependColors(h, list) {
			color |= c & 15
		}
	}
	return color
}
