package description

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// step upgrades a document from one schema version to the next.
type step struct {
	from, to string
	element  string // handled by change; empty: nothing but the number
	change   func(n *node)
}

// steps follow kiwi's conversion style sheets. A version is a number to them, so
// that 8.10 is 8.1; a step is taken when the document's number is not above from.
var steps = []step{
	{"7.4", "7.5", "containerconfig", func(n *node) {
		if tags, ok := n.attr("additionaltags"); ok {
			n.remove("additionaltags")
			n.set("additionalnames", strings.ReplaceAll(":"+tags, ",", ",:"))
		}
	}},
	{"7.5", "7.6", "packagemanager", func(n *node) {
		if n.text() == "dnf" {
			n.Attr = nil
			n.setText("dnf4")
		}
	}},
	{"7.6", "8.0", "", nil},
	{"8.0", "8.1", "repository", func(n *node) {
		if n.get("type") == "rpm-dir" {
			n.remove("type")
		}
	}},
	{"8.1", "8.2", "repository", func(n *node) { n.remove("use_for_bootstrap") }},
	{"8.2", "8.3", "type", func(n *node) {
		if v, ok := n.attr("btrfs_root_is_snapshot"); ok {
			n.remove("btrfs_root_is_snapshot")
			n.set("btrfs_root_is_snapper_snapshot", v)
		}
	}},
	{"8.3", "8.4", "bootloader", func(n *node) {
		v, ok := n.attr("console")
		if !ok {
			return
		}
		n.remove("console")
		out, in, both := strings.Cut(v, " ")
		n.set("output_console", out)
		if both {
			n.set("input_console", in)
		}
	}},
	{"8.4", "8.5", "type", func(n *node) { n.remove("vga") }},
}

// upgrade brings the document to schema version 8.5. Only the main file's version
// counts. A higher one is left to the validation, which refuses it.
func (d *Document) upgrade() error {
	if !d.isOwn(d.root, "image") {
		return nil
	}
	version := xpathNumber(d.written)
	if !(version >= 7.4) {
		m := mistakeAt(d.origins.at(d.root), Schema, fmt.Sprintf("schema version must be 7.4 to 8.5, not %q", d.written))
		m.Path, m.Found = "/image", d.written
		return invalid([]Mistake{m})
	}
	changes := map[string][]func(*node){}
	for _, s := range steps {
		from, _ := strconv.ParseFloat(s.from, 64)
		if version > from {
			continue
		}
		version, _ = strconv.ParseFloat(s.to, 64)
		d.root.set("schemaversion", s.to)
		if s.change != nil {
			changes[s.element] = append(changes[s.element], s.change)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	d.root.walk(func(n *node) {
		for _, change := range changes[n.name()] {
			change(n)
		}
	})
	return nil
}

// xpathNumber converts as XPath's number(): an optional minus, digits and a point;
// anything else is not a number.
func xpathNumber(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits == "." || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// SchemaVersion is the version as written in the main file.
func (d *Document) SchemaVersion() string { return d.written }

// Included lists the files the description was read from, in order of first use.
func (d *Document) Included() []string {
	list, seen := []string{d.file}, map[string]bool{d.file: true}
	d.root.walk(func(n *node) {
		if file := d.origins.at(n).file; !seen[file] {
			seen[file] = true
			list = append(list, file)
		}
	})
	return list
}
