package rpm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"

	"github.com/fimg/fimg/fault"
)

// PayloadOptions say how to read an archive.
type PayloadOptions struct {
	// Digests makes the reader compare the content of every file with the
	// header's digest; a mismatch is a *FileDigestError from Read.
	Digests bool
	// Tee, where given, is written the plain archive as it is read.
	Tee io.Writer
}

// FileDigestError says that the content of a file is not what the header has.
type FileDigestError struct {
	Path      string
	Want, Got string // hexadecimal
}

func (e *FileDigestError) Error() string {
	return fmt.Sprintf("%s: digest is %s, the header has %s", e.Path, e.Got, e.Want)
}

// FaultClass makes a mismatch a failed checksum.
func (e *FileDigestError) FaultClass() fault.Class { return fault.Signature }

// Payload iterates over a package's archive (cpio, format "newc" with
// directories, links and all, or rpm's stripped entries for files over 4 GB:
// large_files.md). Between two calls of Next it is an io.Reader of the content
// of the current file.
type Payload struct {
	plain io.ReadCloser // the decompressor, if any
	in    source
	files []File
	found []bool
	index map[string]int // built when entries are not in the header's order
	algo  HashAlgo
	opts  PayloadOptions

	current int   // position of the current file, -1 before the first
	off     int64 // bytes of the archive consumed
	left    int64 // bytes of the current content not read yet
	size    int64
	sum     hash.Hash // of the current content, nil when not compared
	err     error
}

// source is what Payload needs of a bufio.Reader.
type source interface {
	io.Reader
	Peek(n int) ([]byte, error)
	Discard(n int) (int, error)
	Buffered() int
}

func newPayload(in source, files []File, h *Header, o PayloadOptions) *Payload {
	return &Payload{in: in, files: files, found: make([]bool, len(files)), opts: o, current: -1, algo: h.DigestAlgo()}
}

// Files returns the package's file list.
func (p *Payload) Files() []File { return p.files }

// Size returns the length of the current content in bytes: zero for anything
// but a regular file and for all but the last of a set of hard links.
func (p *Payload) Size() int64 { return p.size }

// HasContent reports whether the current entry carries the file's content: it
// is a regular file and, of a set of hard links, the last.
func (p *Payload) HasContent() bool {
	f := &p.files[p.current]
	return f.Regular() && (f.Links == nil || p.size > 0 || f.Links[len(f.Links)-1] == p.current)
}

// Offset returns how many bytes of the plain archive were consumed.
func (p *Payload) Offset() int64 { return p.off }

// Next skips to the next entry and returns its position in Files. At the end it
// returns io.EOF, but only after the trailer and when every file that is not a
// ghost was found; anything after the trailer must be zero.
func (p *Payload) Next() (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	i, err := p.next()
	if err != nil && !errors.Is(err, io.EOF) {
		err = p.fail(err)
	}
	p.err = err
	return i, err
}

// fail makes err a format error, which is what decompressors complain of, unless
// it has a type or came from the file or the caller.
func (p *Payload) fail(err error) error {
	var digest *FileDigestError
	var format *FormatError
	var file *fs.PathError
	switch {
	case errors.As(err, &digest) || errors.As(err, &format):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{"payload", "the archive ends early"}
	case errors.As(err, &file) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("read payload: %w", err)
	}
	return &FormatError{"payload", err.Error()}
}

func (p *Payload) next() (int, error) {
	for {
		if _, err := p.WriteTo(discard{}); err != nil {
			return 0, err
		}
		if err := p.skip(pad4(p.off)); err != nil {
			return 0, err
		}
		e, err := p.readEntry()
		if err != nil {
			return 0, err
		}
		if e.trailer {
			return 0, p.finish()
		}
		skip, err := p.begin(e)
		if err != nil {
			return 0, err
		}
		if !skip {
			return p.current, nil
		}
	}
}

// begin makes e the current entry; ghosts that rpm before 4.11 packed are to be
// skipped.
func (p *Payload) begin(e cpioEntry) (skip bool, err error) {
	i, err := p.locate(e)
	if err != nil {
		return false, err
	}
	f := &p.files[i]
	if f.Flags&FileGhost != 0 {
		p.size, p.left, p.sum = 0, e.size, nil
		return true, nil
	}
	if p.found[i] {
		return false, &FormatError{"payload", f.Path() + " is in the archive twice"}
	}
	p.found[i], p.current = true, i
	return false, p.expect(f, i, e)
}

// expect sets how much content follows. Stripped entries do not say; others
// must agree with the header.
func (p *Payload) expect(f *File, i int, e cpioEntry) error {
	want := int64(0)
	linked := f.Links != nil && f.Links[len(f.Links)-1] != i
	switch {
	case f.Regular() && !linked || f.Type() == ModeSymlink:
		want = f.Size
	case f.Regular() && linked && !e.stripped:
		want = e.size // some packers put the content elsewhere in the set
	}
	if !e.stripped && e.size != want || want < 0 || f.Regular() && want != 0 && want != f.Size {
		return &FormatError{"payload", fmt.Sprintf("%s has %d bytes, the header has %d", f.Path(), e.size, f.Size)}
	}
	p.size, p.left, p.sum = want, want, nil
	if f.Type() == ModeSymlink {
		p.size = 0
		return p.readLink(f)
	}
	if p.opts.Digests && f.Regular() && p.HasContent() {
		if p.sum = p.algo.New(); p.sum == nil {
			return p.unsupported()
		}
		if p.left == 0 {
			return p.compare()
		}
	}
	return nil
}

// unsupported says that contents cannot be compared.
func (p *Payload) unsupported() error {
	return &FormatError{"header", fmt.Sprintf("digests of files by algorithm %d are not supported", p.algo)}
}

// readLink compares the target of a symbolic link with the header.
func (p *Payload) readLink(f *File) error {
	if p.left != int64(len(f.LinkTo)) {
		return &FormatError{"payload", f.Path() + " has another target than in the header"}
	}
	b := make([]byte, p.left)
	n, err := io.ReadFull(p.in, b)
	p.off += int64(n)
	p.left = 0
	if err != nil {
		return io.ErrUnexpectedEOF
	}
	if string(b) != f.LinkTo {
		return &FormatError{"payload", f.Path() + " has another target than in the header"}
	}
	return nil
}

// locate finds the file an entry is about.
func (p *Payload) locate(e cpioEntry) (int, error) {
	if e.stripped {
		if e.index >= int64(len(p.files)) {
			return 0, &FormatError{"payload", fmt.Sprintf("entry for file %d of %d", e.index, len(p.files))}
		}
		return int(e.index), nil
	}
	name := e.name
	if strings.HasPrefix(name, "./") {
		name = name[1:]
	}
	name = strings.TrimPrefix(name, "/")
	if i := p.current + 1; i < len(p.files) && p.plainName(i) == name {
		return i, nil
	}
	if p.index == nil {
		p.index = make(map[string]int, len(p.files))
		for i := range p.files {
			p.index[p.plainName(i)] = i
		}
	}
	if i, ok := p.index[name]; ok {
		return i, nil
	}
	return 0, &FormatError{"payload", fmt.Sprintf("%q is not in the header", e.name)}
}

// plainName is the path without its first slash.
func (p *Payload) plainName(i int) string {
	return strings.TrimPrefix(p.files[i].Path(), "/")
}

// finish is called at the trailer.
func (p *Payload) finish() error {
	for i, ok := range p.found {
		if !ok && p.files[i].Flags&FileGhost == 0 {
			return &FormatError{"payload", p.files[i].Path() + " is missing"}
		}
	}
	b := make([]byte, 4096)
	for {
		n, err := p.in.Read(b)
		p.off += int64(n)
		if !allZero(b[:n]) {
			return &FormatError{"payload", "something follows the archive"}
		}
		if err == io.EOF {
			return io.EOF
		}
		if err != nil {
			return err
		}
	}
}

// Read reads the content of the current file.
func (p *Payload) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := content{p}.Read(b)
	if err != nil && err != io.EOF {
		err = p.fail(err)
		p.err = err
	}
	return n, err
}

// content reads the current content without remembering errors.
type content struct{ p *Payload }

func (c content) Read(b []byte) (int, error) {
	p := c.p
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.in.Read(b[:min(int64(len(b)), p.left)])
	p.off += int64(n)
	p.left -= int64(n)
	if p.sum != nil {
		p.sum.Write(b[:n])
	}
	switch {
	case err == io.EOF && p.left > 0:
		return n, io.ErrUnexpectedEOF
	case p.left == 0 && p.sum != nil:
		return n, p.compare()
	case err == io.EOF:
		err = nil
	}
	return n, err
}

// compare judges the digest of the content just read.
func (p *Payload) compare() error {
	f := &p.files[p.current]
	got := hex.EncodeToString(p.sum.Sum(nil))
	p.sum = nil
	if sameDigest(f, got) {
		return nil
	}
	return &FileDigestError{f.Path(), f.Digest, got}
}

// sameDigest compares with the header. Old packages have zeros for empty files.
func sameDigest(f *File, got string) bool {
	return strings.EqualFold(got, f.Digest) || f.Size == 0 && strings.Trim(f.Digest, "0") == ""
}
