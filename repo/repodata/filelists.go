package repodata

import (
	"context"
	"io"
)

// Filelist is the full list of files of one package of filelists.xml. All slices
// are good only until the callback that received them returns.
type Filelist struct {
	PkgID      []byte // the package's checksum in primary.xml
	Name, Arch []byte
	Files      []File
}

// Filelists reads a decompressed filelists.xml from r and calls add with the list
// of each binary package in turn. An error of add ends the scan as a
// *FormatError. Reading and scanning run
// side by side, so r is used in another goroutine until Filelists returns.
func Filelists(ctx context.Context, r io.Reader, limits Limits, add func(*Filelist) error) error {
	f := filelists{add: add}
	f.root.init("filelists.xml", "filelists", &f)
	return f.root.read(ctx, r, limits, func(s slab, spare chan<- []byte) error {
		spare <- s.buf
		return nil
	})
}

type filelists struct {
	root root
	list Filelist
	add  func(*Filelist) error
}

// element reads one package element whose start tag was just met.
func (f *filelists) element(t *tokens) error {
	f.list = Filelist{Files: f.list.Files[:0]}
	err := t.eachAttribute(func(key, val []byte) error {
		switch string(key) {
		case "pkgid":
			f.list.PkgID = val
		case "name":
			f.list.Name = val
		case "arch":
			f.list.Arch = val
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(f.list.PkgID) == 0 {
		return t.fail("package without a pkgid")
	}
	if isSource(f.list.Arch) {
		return t.skip() // its file names are relative
	}
	if err := t.children(packageName, f.field); err != nil {
		return err
	}
	return t.rejected(f.add(&f.list))
}

func (f *filelists) field(t *tokens) error {
	if string(t.name) == "file" {
		return t.fileEntry(&f.list.Files)
	}
	return t.skip()
}
