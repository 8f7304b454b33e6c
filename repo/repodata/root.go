package repodata

import (
	"bytes"
	"context"
	"io"
)

// root reads the outermost element of primary.xml or filelists.xml: a count and
// that many package elements, which an elementReader takes.
type root struct {
	file  string
	name  []byte
	items elementReader

	state    int
	declared uint64 // packages attribute plus one, zero when absent
	found    uint64
}

type elementReader interface {
	element(*tokens) error
}

const (
	beforeRoot = iota
	insideRoot
	afterRoot
)

func (r *root) init(file, name string, items elementReader) {
	r.file, r.name, r.items = file, []byte(name), items
}

// read takes the whole stream. After each slab it calls done, which has to give
// the buffer back to spare.
func (r *root) read(ctx context.Context, in io.Reader, limits Limits, done func(s slab, spare chan<- []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	c := cut(ctx, r.file, in, limits.size())
	defer func() {
		cancel()
		for range c.full { // the reader is ours until its goroutine has ended
		}
	}()
	t := tokens{file: r.file}
	err := c.each(func(s slab) error {
		t = tokens{file: r.file, buf: s.buf, base: s.offset}
		if err := r.scan(&t); err != nil {
			return err
		}
		return done(s, c.spare)
	})
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return r.complete(&t)
}

func (r *root) complete(t *tokens) error {
	switch {
	case r.state != afterRoot:
		return t.fail("file ends before element %s does", r.name)
	case r.declared > 0 && r.declared-1 != r.found:
		return t.fail("%d packages where %d are announced", r.found, r.declared-1)
	}
	return nil
}

// scan reads the tags of one slab.
func (r *root) scan(t *tokens) error {
	if t.base == 0 {
		t.pos = len(bom(t.buf))
	}
	for {
		ok, err := t.tag()
		if err != nil || !ok {
			return err
		}
		if err := r.tag(t); err != nil {
			return err
		}
	}
}

// bom returns the UTF-8 byte order mark at the start of buf.
func bom(buf []byte) []byte {
	mark := []byte("\xef\xbb\xbf")
	if bytes.HasPrefix(buf, mark) {
		return mark
	}
	return nil
}

func (r *root) tag(t *tokens) error {
	switch {
	case r.state == beforeRoot && !t.end && bytes.Equal(t.name, r.name):
		return r.begin(t)
	case r.state != insideRoot:
		return t.fail("element %s where %s is expected", clip(t.name), r.name)
	case t.end && bytes.Equal(t.name, r.name):
		r.state = afterRoot
		return nil
	case t.end:
		return t.fail("end of %s where %s is open", clip(t.name), r.name)
	case string(t.name) != "package":
		return t.skip()
	}
	if r.found++; r.found > maxPackages {
		return t.fail("more than %d packages", maxPackages)
	}
	return r.items.element(t)
}

// begin reads the attributes of the root element.
func (r *root) begin(t *tokens) error {
	r.state = insideRoot
	err := t.eachAttribute(func(key, val []byte) error {
		if string(key) != "packages" {
			return nil
		}
		n, ok := number(val)
		if !ok || n > maxPackages {
			return t.fail("number of packages %q", clip(val))
		}
		r.declared = n + 1
		return nil
	})
	if err != nil {
		return err
	}
	if t.empty {
		r.state = afterRoot
	}
	return nil
}
