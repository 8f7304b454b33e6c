package manifest

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Package is an installed package as the manifests tell of it.
type Package struct {
	Name, Version, Release, Arch string
	Epoch                        *int64 // nil when the header has none
	DistURL                      string
	License                      string
	Vendor                       string
	SourceRPM                    string
	URL                          string
	Summary                      string
	Checksum                     string // of the package file, "sha256:…"; empty when not known
	Changelog                    []Change
}

// Change is one entry of a package's changelog.
type Change struct {
	Time   time.Time
	Author string
	Text   string
}

// WritePackages writes one line for each package, sorted as text:
// name|epoch|version|release|arch|disturl|license, with (none) for what is missing.
func WritePackages(w io.Writer, list []Package) error {
	lines := make([]string, len(list))
	for i, p := range list {
		epoch := "(none)"
		if p.Epoch != nil {
			epoch = strconv.FormatInt(*p.Epoch, 10)
		}
		lines[i] = strings.Join([]string{p.Name, epoch, none(p.Version), none(p.Release), none(p.Arch), none(p.DistURL), none(p.License)}, "|")
	}
	slices.Sort(lines)
	out := bufio.NewWriter(w)
	for _, l := range lines {
		fmt.Fprintln(out, l)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write package list: %w", err)
	}
	return nil
}

func none(s string) string { return cmp.Or(s, "(none)") }

// WriteChanges writes the changelog of every package, each under "name|", in
// rpm's form and in the order of the list.
func WriteChanges(w io.Writer, list []Package) error {
	out := bufio.NewWriter(w)
	for _, p := range list {
		fmt.Fprintf(out, "%s|", p.Name)
		for _, c := range p.Changelog {
			fmt.Fprintf(out, "* %s %s\n%s\n\n", c.Time.UTC().Format("Mon Jan 02 2006"), c.Author, c.Text)
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write changes: %w", err)
	}
	return nil
}

// AddChecksums notes the checksums of the package files that a lock has. Packages of
// a base image are in none.
func AddChecksums(list []Package, lock *Lock) {
	sums := map[string]string{}
	for _, p := range lock.Packages {
		sums[p.NEVRA] = p.Checksum
	}
	for i := range list {
		p := &list[i]
		epoch := int64(0)
		if p.Epoch != nil {
			epoch = *p.Epoch
		}
		p.Checksum = sums[fmt.Sprintf("%s-%d:%s-%s.%s", p.Name, epoch, p.Version, p.Release, p.Arch)]
	}
}
