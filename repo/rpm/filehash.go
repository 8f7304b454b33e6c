package rpm

import (
	"encoding/hex"
	"fmt"
	"hash"
)

// fileHashes hash all bytes of a package file.
type fileHashes []hash.Hash

func newFileHashes(algos []HashAlgo) (fileHashes, error) {
	var out fileHashes
	for _, a := range algos {
		h := a.New()
		if h == nil {
			return nil, fmt.Errorf("hash package: digest algorithm %s is not supported", a)
		}
		out = append(out, h)
	}
	return out, nil
}

func (f fileHashes) Write(p []byte) (int, error) {
	for _, h := range f {
		h.Write(p)
	}
	return len(p), nil
}

// FileDigests returns digests of the whole file, in hexadecimal, one for each
// algorithm of the options. They are whole after Verify.
func (r *Reader) FileDigests() []string {
	var out []string
	for _, h := range r.file {
		out = append(out, hex.EncodeToString(h.Sum(nil)))
	}
	return out
}
