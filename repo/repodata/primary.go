package repodata

import (
	"bytes"
	"context"
	"io"
	"math"
)

// Limits bound what a file may ask for.
type Limits struct {
	Size int64 // bytes of the decompressed file; zero means 8 GiB
	// Announced, where not nil, is called once before the first package of
	// primary.xml with the number of packages that the file claims to have.
	Announced func(packages int)
}

const (
	defaultSize = 8 << 30
	maxPackages = 4 << 20
)

func (l Limits) size() int64 {
	if l.Size > 0 {
		return l.Size
	}
	return defaultSize
}

// Primary reads a decompressed primary.xml from r and calls add with each binary
// package in turn; source packages are passed over. An error of add ends the
// scan as a *FormatError. Reading, scanning and adding run side by side: r is used
// in another goroutine until Primary returns, add in the caller's. The packages
// attribute of the root element is checked against the packages found.
func Primary(ctx context.Context, r io.Reader, limits Limits, add func(*Package) error) error {
	ctx, cancel := context.WithCancel(ctx)
	p := primary{full: make(chan *batch), spare: make(chan *batch, batchCount), batch: &batch{}}
	for range batchCount - 1 {
		p.spare <- &batch{}
	}
	p.root.init("primary.xml", "metadata", &p)
	ended := make(chan error, 1)
	go func() {
		defer close(p.full)
		ended <- p.scan(ctx, r, limits)
	}()
	var failed error
	announce := limits.Announced
	for b := range p.full {
		if announce != nil && b.announced > 0 {
			announce(b.announced)
			announce = nil
		}
		if failed == nil {
			if failed = b.deliver(add); failed != nil {
				cancel()
			}
		}
		b.giveBack()
		p.spare <- b
	}
	cancel()
	if err := <-ended; failed == nil {
		return err
	}
	return failed
}

// primary scans slabs into batches.
type primary struct {
	root        root
	batch       *batch // being filled
	pkg         *Package
	full, spare chan *batch
}

// scan reads the whole stream. What was found before an error is still delivered.
func (p *primary) scan(ctx context.Context, r io.Reader, limits Limits) error {
	err := p.root.read(ctx, r, limits, func(s slab, spare chan<- []byte) error {
		p.batch.slab, p.batch.home = s.buf, spare
		if p.root.declared > 0 {
			p.batch.announced = int(p.root.declared - 1)
		}
		return p.send(ctx)
	})
	if err != nil {
		_ = p.send(ctx)
	}
	return err
}

// send passes the batch on and takes an empty one.
func (p *primary) send(ctx context.Context) error {
	select {
	case p.full <- p.batch:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.batch = <-p.spare // the receiver gives every batch back
	return nil
}

// element reads one package element whose start tag was just met.
func (p *primary) element(t *tokens) error {
	p.pkg = p.batch.next(t)
	keep, err := p.fill(t)
	if err != nil || !keep {
		p.batch.drop()
	}
	return err
}

// fill reads the element and says whether it is a binary package.
func (p *primary) fill(t *tokens) (bool, error) {
	kind := []byte(nil)
	err := t.eachAttribute(func(key, val []byte) error {
		if string(key) == "type" {
			kind = val
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if kind != nil && string(kind) != "rpm" {
		return false, t.skip()
	}
	if err := t.children(packageName, p.field); err != nil {
		return false, err
	}
	return !isSource(p.pkg.Arch), p.pkg.check(t)
}

func isSource(arch []byte) bool { return string(arch) == "src" || string(arch) == "nosrc" }

// children calls field at the start tag of every child of the open element,
// which is called name; field must pass the child.
func (t *tokens) children(name []byte, field func(*tokens) error) error {
	if err := t.finish(); err != nil || t.empty {
		return err
	}
	for {
		ok, err := t.tag()
		switch {
		case err != nil:
			return err
		case !ok:
			return t.fail("element %s is not closed", name)
		case t.end && bytes.Equal(t.name, name):
			return nil
		case t.end:
			return t.fail("end of %s where %s is open", t.name, name)
		}
		if err := field(t); err != nil {
			return err
		}
	}
}

// field reads one child of a package element.
func (p *primary) field(t *tokens) error {
	pkg := p.pkg
	switch string(t.name) {
	case "name":
		return t.into(&pkg.Name)
	case "arch":
		return t.into(&pkg.Arch)
	case "summary":
		return t.into(&pkg.Summary)
	case "version":
		return t.attributes(func(key, val []byte) error {
			return pkg.version(key, val)
		})
	case "checksum":
		return pkg.checksum(t)
	case "size":
		return t.attributes(func(key, val []byte) error {
			return t.sizes(key, val, "package", &pkg.PackageSize, "installed", &pkg.InstalledSize)
		})
	case "time":
		return t.attributes(func(key, val []byte) error {
			return t.sizes(key, val, "build", &pkg.BuildTime, "", nil)
		})
	case "location":
		return t.attributes(pkg.location)
	case "format":
		if isSource(pkg.Arch) {
			break // its file names are relative
		}
		return t.children(t.name, p.format)
	}
	return t.skip()
}

// format reads one child of a format element.
func (p *primary) format(t *tokens) error {
	pkg := p.pkg
	if list := pkg.list(t.name); list != nil {
		return t.deps(list, &p.batch.deps)
	}
	switch string(t.name) {
	case "license":
		return t.into(&pkg.License)
	case "vendor":
		return t.into(&pkg.Vendor)
	case "sourcerpm":
		return t.into(&pkg.SourceRPM)
	case "header-range":
		return t.attributes(func(key, val []byte) error {
			return t.sizes(key, val, "start", &pkg.HeaderStart, "end", &pkg.HeaderEnd)
		})
	case "file":
		return t.fileEntry(&pkg.Files)
	}
	return t.skip()
}

// into stores the text of the open element.
func (t *tokens) into(text *[]byte) (err error) {
	*text, err = t.content()
	return err
}

// attributes calls set with each attribute of the open element and passes it.
func (t *tokens) attributes(set func(key, val []byte) error) error {
	if err := t.eachAttribute(set); err != nil {
		return err
	}
	return t.skip()
}

// eachAttribute calls set with each attribute of the open element.
func (t *tokens) eachAttribute(set func(key, val []byte) error) error {
	for {
		more, err := t.attr()
		if err != nil || !more {
			return err
		}
		if err := set(t.attrKey, t.attrVal); err != nil {
			return err
		}
	}
}

// sizes stores the number of one of two attributes.
func (t *tokens) sizes(key, val []byte, name1 string, n1 *uint64, name2 string, n2 *uint64) error {
	var n *uint64
	switch string(key) {
	case name1:
		n = n1
	case name2:
		n = n2
	}
	if n == nil {
		return nil
	}
	var ok bool
	if *n, ok = number(val); !ok {
		return t.fail("attribute %s=%q is not a number", key, val)
	}
	return nil
}

// number reads a decimal number below 2^63.
func number(text []byte) (n uint64, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(text) > 0
}

func (p *Package) version(key, val []byte) error {
	switch string(key) {
	case "epoch":
		p.Epoch = val
	case "ver":
		p.Version = val
	case "rel":
		p.Release = val
	}
	return nil
}

func (p *Package) location(key, val []byte) error {
	switch string(key) {
	case "href":
		p.Location = val
	case "xml:base":
		p.Base = val
	}
	return nil
}

func (p *Package) checksum(t *tokens) error {
	name := t.name
	err := t.eachAttribute(func(key, val []byte) error {
		if string(key) == "type" {
			p.ChecksumType = val
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.name = name
	return t.into(&p.Checksum)
}

// fileEntry reads a file element.
func (t *tokens) fileEntry(files *[]File) error {
	kind := PlainFile
	err := t.eachAttribute(func(key, val []byte) error {
		if string(key) == "type" {
			kind = fileKind(val)
		}
		return nil
	})
	if err != nil {
		return err
	}
	path, err := t.content()
	if err != nil {
		return err
	}
	if len(path) == 0 || path[0] != '/' {
		return t.fail("file name %q is not absolute", clip(path))
	}
	*files = append(*files, File{path, kind})
	return nil
}

func fileKind(text []byte) FileKind {
	switch string(text) {
	case "dir":
		return Directory
	case "ghost":
		return Ghost
	}
	return PlainFile
}
