// Package debrepo writes the metadata of an RPM repository of any size from the
// index of the Debian archive that a machine uses, for tests and comparisons that
// need dependencies as they occur in life. There are no package files behind it.
package debrepo

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
)

// Package is a stanza of the archive's index, by field name.
type Package map[string]string

// Available asks apt for its index, in the order that Closure gives.
func Available() ([]Package, error) {
	out, err := exec.Command("apt-cache", "dumpavail").Output()
	if err != nil {
		return nil, fmt.Errorf("read the archive's index: %w", err)
	}
	list, err := Parse(bytes.NewReader(out))
	if err != nil {
		return nil, err
	}
	return Closure(list), nil
}

// wanted are the fields that are kept.
var wanted = []string{"Package", "Version", "Architecture", "Installed-Size", "Size", "Section", "Priority", "Source",
	"Maintainer", "Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Conflicts", "Breaks", "Provides",
	"Description", "Homepage", "SHA256"}

// Parse reads stanzas as apt writes them; of several versions of a name it keeps
// the first.
func Parse(r io.Reader) ([]Package, error) {
	var list []Package
	seen := map[string]bool{}
	p := Package{}
	flush := func() {
		if name := p["Package"]; name != "" && !seen[name] {
			seen[name] = true
			list = append(list, p)
		}
		p = Package{}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			flush()
			continue
		}
		key, value, ok := strings.Cut(line, ": ")
		if !ok || line[0] == ' ' {
			continue
		}
		if key == "Description-en" {
			key = "Description"
		}
		if slices.Contains(wanted, key) {
			p[key] = value
		}
	}
	flush()
	return list, lines.Err()
}

// Closure orders packages so that every beginning of the list is nearly closed
// under dependencies: by priority and name, each with what it needs before it.
func Closure(list []Package) []Package {
	byName := map[string]Package{}
	for _, p := range list {
		byName[p["Package"]] = p
	}
	rank := map[string]int{"required": 0, "important": 1, "standard": 2}
	order := slices.Clone(list)
	slices.SortFunc(order, func(a, b Package) int {
		ra, oka := rank[a["Priority"]]
		rb, okb := rank[b["Priority"]]
		if !oka {
			ra = 3
		}
		if !okb {
			rb = 3
		}
		return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(a["Package"], b["Package"]))
	})
	var out []Package
	state := map[string]bool{}
	var visit func(p Package)
	visit = func(p Package) {
		if state[p["Package"]] {
			return
		}
		state[p["Package"]] = true
		for _, field := range []string{"Pre-Depends", "Depends"} {
			for _, d := range relations(p[field]) {
				if q, ok := byName[d[0].name]; ok {
					visit(q)
				}
			}
		}
		out = append(out, p)
	}
	for _, p := range order {
		visit(p)
	}
	return out
}

// relation is "name (op version)".
type relation struct{ name, op, version string }

// relations takes a dependency field apart: a list of alternatives.
func relations(field string) (out [][]relation) {
	for part := range strings.SplitSeq(field, ",") {
		var alternatives []relation
		for one := range strings.SplitSeq(part, "|") {
			if r, ok := parseRelation(one); ok {
				alternatives = append(alternatives, r)
			}
		}
		if len(alternatives) > 0 {
			out = append(out, alternatives)
		}
	}
	return out
}

func parseRelation(text string) (relation, bool) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	name, _, _ = strings.Cut(name, ":")
	if name == "" {
		return relation{}, false
	}
	rest = strings.Trim(rest, " ()")
	op, version, ok := strings.Cut(rest, " ")
	if !ok {
		return relation{name: name}, true
	}
	ops := map[string]string{">=": "GE", "<=": "LE", "=": "EQ", ">>": "GT", "<<": "LT"}
	return relation{name, ops[op], strings.TrimSpace(version)}, ops[op] != ""
}

// evr splits a Debian version into rpm's three parts.
func evr(version string) (e, v, r string) {
	e, rest, ok := strings.Cut(version, ":")
	if !ok {
		e, rest = "0", version
	}
	i := strings.LastIndexByte(rest, '-')
	if i < 0 {
		return e, rest, "1"
	}
	return e, strings.ReplaceAll(rest[:i], "-", "."), rest[i+1:]
}
