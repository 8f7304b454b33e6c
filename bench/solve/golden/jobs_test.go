package golden_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/fimg/fimg/bench/resolve/debrepo"
	"github.com/fimg/fimg/bench/solve/golden"
)

// job is a command line with one combination of options, as dnf.py reads it.
type job struct {
	ID      string   `json:"id"`
	Args    []string `json:"args"`
	Exclude []string `json:"exclude"`
	Variant string   `json:"variant"`
}

// picker chooses packages of the archive, always the same from the same list.
// Three in four can be installed alone: most others drag jobs into one refusal.
type picker struct {
	list        []debrepo.Package
	installable func(name string) bool
	*rand.Rand
}

func newPicker(list []debrepo.Package, installable func(string) bool) *picker {
	return &picker{list, installable, rand.New(rand.NewPCG(4, debianPackages))}
}

// jobs are five of each kind, the options in turn.
func (p *picker) jobs() (out []job) {
	kinds := []struct {
		name string
		line func() (args, exclude []string)
	}{
		{"name", func() ([]string, []string) { return p.some(p.name, 1), nil }},
		{"names", func() ([]string, []string) { return p.some(p.name, 2+p.IntN(6)), nil }},
		{"forms", func() ([]string, []string) { return p.some(p.form, 1+p.IntN(2)), nil }},
		{"glob", func() ([]string, []string) { return p.some(p.glob, 1), nil }},
		{"provide", func() ([]string, []string) { return p.some(p.provide, 1+p.IntN(2)), nil }},
		{"file", func() ([]string, []string) { return p.some(p.file, 1+p.IntN(2)), nil }},
		{"exclude", func() ([]string, []string) { return p.some(p.name, 2), p.some(p.excluded, 4) }},
		{"excluded need", p.withoutNeed},
		{"conflict", p.conflicting},
		{"missing", func() ([]string, []string) { return append(p.some(p.name, 2), p.name()+"-missing"), nil }},
	}
	for i := range 5 * len(kinds) {
		kind := kinds[i%len(kinds)]
		args, exclude := kind.line()
		variant := golden.Variants[(i+i/len(kinds))%len(golden.Variants)]
		out = append(out, job{fmt.Sprintf("%s %d", kind.name, i/len(kinds)+1), args, exclude, variant})
	}
	return out
}

func (p *picker) some(pick func() string, n int) (out []string) {
	for range n {
		out = append(out, pick())
	}
	return out
}

func (p *picker) name() string { return p.with("Package")["Package"] }

// with returns a package that has the field.
func (p *picker) with(field string) debrepo.Package {
	for {
		one := p.list[p.IntN(len(p.list))]
		if one[field] != "" && (p.IntN(4) == 0 || p.installable(one["Package"])) {
			return one
		}
	}
}

// first is the first relation of a field, name and version apart.
func first(field string) (name, version string) {
	one, _, _ := strings.Cut(field, ",")
	one, _, _ = strings.Cut(one, "|")
	name, version, _ = strings.Cut(strings.TrimSpace(one), " ")
	name, _, _ = strings.Cut(name, ":")
	return name, strings.Trim(version, "() ")
}

// form is a name with an architecture or a version.
func (p *picker) form() string {
	one := p.with("Package")
	arch := "x86_64"
	if one["Architecture"] == "all" {
		arch = "noarch"
	}
	switch p.IntN(4) {
	case 0:
		return one["Package"] + "." + arch
	case 1:
		return one["Package"] + "-0*"
	case 2:
		return one["Package"] + "-*." + arch
	default:
		return one["Package"] + " >= 0.1"
	}
}

// glob is a name with an asterisk near its end, or a question mark within.
func (p *picker) glob() string {
	name := p.name()
	if p.IntN(3) == 0 {
		return name[:len(name)-1] + "?"
	}
	return name[:max(5*len(name)/6, 5%len(name))] + "*"
}

func (p *picker) provide() string {
	if p.IntN(3) == 0 {
		return "lib" + strings.TrimPrefix(p.name(), "lib") + ".so()(64bit)"
	}
	name, version := first(p.with("Provides")["Provides"])
	if version != "" && p.IntN(2) == 0 {
		return name + " > 0"
	}
	return name
}

// file is a path of the primary metadata, of the full lists, or a glob.
func (p *picker) file() string {
	name := p.name()
	switch p.IntN(5) {
	case 0:
		return "/usr/share/doc/" + name + "/copyright"
	case 1:
		return "/usr/bin/" + name[:max(4*len(name)/5, 1)] + "*"
	}
	for strings.HasPrefix(name, "lib") || strings.HasSuffix(name, "-doc") {
		name = p.name()
	}
	return "/usr/bin/" + name
}

func (p *picker) excluded() string {
	patterns := []string{"*-doc", "*-dev", "*.noarch", "python3-*", "lib*-perl", "fonts-*"}
	if p.IntN(3) > 0 {
		name, _ := first(p.with("Recommends")["Recommends"])
		return name
	}
	return patterns[p.IntN(len(patterns))]
}

// withoutNeed asks for a package and excludes what it requires first.
func (p *picker) withoutNeed() (args, exclude []string) {
	one := p.with("Depends")
	name, _ := first(one["Depends"])
	return []string{one["Package"], p.name()}, []string{name}
}

// conflicting asks for a package and what it conflicts with first.
func (p *picker) conflicting() (args, exclude []string) {
	one := p.with("Conflicts")
	name, _ := first(one["Conflicts"])
	return []string{one["Package"], name}, nil
}
