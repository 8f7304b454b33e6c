package description

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// Document is a loaded, upgraded and validated description from which images are
// selected. It is not changed by selection and may be used by several goroutines.
type Document struct {
	root    *node
	origins origins
	file    string // main file, relative to the directory
	written string // schema version as written
	files   *files

	prefs, packages, repos, users   []*section
	drivers, strip, containers, cas []*section
	profiles                        []*profile // every declaration, document order
	arches                          []string   // common ones and those named, sorted
	byArch                          map[string]map[string]*profile
}

// Open reads, includes, upgrades and validates the description that opt.Dir (or
// opt.FS) and opt.File name; the other options do not matter here.
func Open(ctx context.Context, opt Options) (*Document, error) {
	f, err := openFiles(opt)
	if err != nil {
		return nil, err
	}
	name, err := f.mainFile(opt.File)
	if err != nil {
		return nil, err
	}
	d := &Document{file: name, files: f, origins: origins{}}
	if d.root, err = d.tree(name); err != nil {
		return nil, err
	}
	d.written = d.root.get("schemaversion")
	if err := d.include(ctx); err != nil {
		return nil, err
	}
	if err := d.upgrade(); err != nil {
		return nil, err
	}
	if err := invalid(validate(d.root, d.origins)); err != nil {
		return nil, err
	}
	if d.index(); len(d.profiles) > maxProfile {
		return nil, d.refuse(d.root, Schema, fmt.Sprintf("more than %d profiles", maxProfile))
	}
	return d, ctx.Err()
}

// tree reads one XML file.
func (d *Document) tree(name string) (*node, error) {
	data, err := d.files.load(name)
	if err != nil {
		return nil, invalid([]Mistake{{File: name, Text: plain(err), cause: Syntax}})
	}
	return readTree(name, data, d.origins)
}

// plain is the text of an error without the path that the message already has.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// include replaces every <include> directly below the root by the element
// children of the file's <image>. One level only: what an included file includes
// stays as it is. All files are tried, so that all mistakes are reported.
func (d *Document) include(ctx context.Context) error {
	if !d.isOwn(d.root, "image") {
		return nil
	}
	var wrong []Mistake
	count := 0
	for _, t := range d.root.take() {
		e, ok := t.(*etree.Element)
		if !ok || !d.isOwn((*node)(e), "include") {
			d.root.element().AddChild(t)
			continue
		}
		if count++; count > maxFiles {
			return d.refuse((*node)(e), Schema, fmt.Sprintf("more than %d includes", maxFiles))
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		part, err := d.included((*node)(e))
		var bad *Invalid
		if errors.As(err, &bad) {
			wrong = append(wrong, bad.Mistakes...)
		} else if err != nil {
			return err
		}
		for _, k := range part {
			d.root.element().AddChild(k)
		}
	}
	return invalid(wrong)
}

// isOwn tells whether an element is kiwi's of that name.
func (d *Document) isOwn(n *node, name string) bool {
	return n.is(name) && d.origins.space(n) == ""
}

// included returns what stands in the place of one <include>.
func (d *Document) included(k *node) ([]etree.Token, error) {
	from, ok := k.attr("from")
	if !ok || from == "" || !uriReference.MatchString(from) {
		return []etree.Token{k.element()}, nil // no URI: the schema, or a check before the build, will complain
	}
	name, found := d.resolveInclude(from)
	if !found {
		return nil, d.refuse(k, NoInclude, "included file "+from+" does not exist"+d.includeHint(from))
	}
	if strings.Contains(from, "#") {
		return []etree.Token{k.element()}, nil // kiwi finds nothing behind a fragment
	}
	root, err := d.tree(name)
	if err != nil {
		return nil, includedMistake(err)
	}
	if !d.isOwn(root, "image") {
		return nil, nil // kiwi takes nothing from such a file
	}
	return elements(root.take()), nil
}

// elements are those of a list of tokens that are elements.
func elements(list []etree.Token) []etree.Token {
	return slices.DeleteFunc(list, func(t etree.Token) bool { _, ok := t.(*etree.Element); return !ok })
}

// includedMistake gives a broken included file the cause that kiwi reports.
func includedMistake(err error) error {
	var bad *Invalid
	if errors.As(err, &bad) {
		for i := range bad.Mistakes {
			bad.Mistakes[i].cause = Schema
		}
		return invalid(bad.Mistakes)
	}
	return err
}

// resolveInclude finds the file of an include reference: this:// and bare paths
// are relative to the main file; of any other URL host and path name a local file,
// which is relative to the working directory as with kiwi.
func (d *Document) resolveInclude(from string) (string, bool) {
	base := path.Dir(d.file)
	rest, here := strings.CutPrefix(from, "this://")
	names := []string{d.files.locate(splitLocation("dir:"+rest).path, base)}
	l := splitLocation(from)
	switch plain, err := url.PathUnescape(l.path); {
	case here:
	case l.path == "" && l.host != "":
		return "", false
	case l.scheme == "" && err == nil:
		names = append(names, d.files.locate(plain, base))
	case l.scheme != "":
		names = []string{d.files.workingPath(l.host + l.path)}
	}
	for _, name := range names {
		if d.files.exists(name) {
			return name, true
		}
	}
	return "", false
}

// includeHint says how to write a URL that was meant to be relative to the main file.
func (d *Document) includeHint(from string) string {
	l := splitLocation(from)
	if name := l.host + l.path; l.scheme != "" && !path.IsAbs(name) && d.files.exists(d.files.locate(name, path.Dir(d.file))) {
		return " in the working directory; this://" + name + " is relative to the description"
	}
	return ""
}

// copy returns a document of its own that may be changed.
func (d *Document) copy() *Document {
	c := &Document{root: (*node)(d.root.element().Copy()), origins: make(origins, len(d.origins)),
		file: d.file, written: d.written, files: d.files}
	d.origins.follow(d.root, c.root, c.origins)
	c.index()
	return c
}

// refuse makes the error for one node.
func (d *Document) refuse(n *node, cause Cause, text string) error {
	return invalid([]Mistake{mistakeAt(d.origins.at(n), cause, text)})
}

func mistakeAt(p place, cause Cause, text string) Mistake {
	return Mistake{File: p.file, Line: p.line, Column: p.col, Text: text, cause: cause}
}
