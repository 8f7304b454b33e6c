package rpm

import (
	"errors"
	"io"
)

// CheckFile reads a whole package file and verifies everything there is: structure,
// the content of every file against its digest, digests and signatures. The
// error is one of reading or of the format; the verdict is to be asked whether
// the package is accepted (Verdict.Err). The package is returned as soon as its
// headers could be read.
func CheckFile(r io.Reader, keys *Keyring, o ReaderOptions) (*Package, *Verdict, error) {
	rd, err := NewReader(r, o)
	if err != nil {
		return nil, nil, err
	}
	defer rd.Close()
	readErr := rd.readAll()
	v, err := rd.Verify(keys)
	if err != nil {
		return rd.Package, nil, err
	}
	if readErr != nil && v.Err("", LevelDigest) == nil {
		return rd.Package, v, readErr // intact, but not what we can read
	}
	if readErr != nil {
		v.Oddities = append(v.Oddities, readErr.Error())
	}
	return rd.Package, v, nil
}

// readAll reads the content of all files.
func (r *Reader) readAll() error {
	p, err := r.Payload(PayloadOptions{Digests: true})
	if err != nil {
		return err
	}
	for {
		_, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
