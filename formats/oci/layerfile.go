package oci

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxUnpacked is how many bytes the packed layers of a docker archive may hold
// together.
const maxUnpacked = 64 << 30

// layerFiles are the layers of a docker archive. Some programs pack them; what an
// image calls a layer there is what they hold.
type layerFiles struct {
	store store
	left  int64 // bytes that packed ones may still hold
	known map[string]Blob
}

// blob returns the tar of a layer, without its digest.
func (f *layerFiles) blob(name string) (Blob, error) {
	if b, ok := f.known[name]; ok {
		return b, nil
	}
	open, size, err := f.store.file(name)
	if err != nil {
		return Blob{}, err
	}
	packed, plain, err := f.count(open)
	if err != nil {
		return Blob{}, err
	}
	b := Blob{Size: size, open: open}
	if packed {
		b = Blob{Size: plain, open: func() (io.ReadCloser, error) { return openPacked(open) }}
	}
	f.known[name] = b
	return b, nil
}

// count tells whether a file is packed, and how many bytes it holds then: only
// unpacking it shows that.
func (f *layerFiles) count(open func() (io.ReadCloser, error)) (packed bool, n int64, err error) {
	r, err := openPacked(open)
	if err != nil {
		return false, 0, err
	}
	defer r.Close()
	if _, isPlain := r.Reader.(*bufio.Reader); isPlain {
		return false, 0, nil
	}
	n, err = io.Copy(io.Discard, io.LimitReader(r, f.left+1))
	if f.left -= n; err == nil && f.left < 0 {
		err = fmt.Errorf("packed layers hold more than %d bytes", int64(maxUnpacked))
	}
	return true, n, err
}

// unpacked is what a file holds.
type unpacked struct {
	io.Reader
	file io.Closer
}

// Close closes the file.
func (u *unpacked) Close() error {
	var err error
	if c, ok := u.Reader.(io.Closer); ok {
		err = c.Close()
	}
	return errors.Join(err, u.file.Close())
}

func openPacked(open func() (io.ReadCloser, error)) (*unpacked, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	plain, err := unpacker(r)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &unpacked{plain, r}, nil
}
