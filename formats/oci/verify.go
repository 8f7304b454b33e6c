package oci

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// verifier returns the end of a blob only when size and digest are right.
type verifier struct {
	io.ReadCloser
	blob Blob
	hash hash.Hash
	n    int64
}

func (v *verifier) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	v.hash.Write(p[:n])
	v.n += int64(n)
	if v.n > v.blob.Size {
		return 0, &DigestError{Got: "more bytes", Want: fmt.Sprintf("%d", v.blob.Size)}
	}
	if errors.Is(err, io.EOF) {
		if got := "sha256:" + hex.EncodeToString(v.hash.Sum(nil)); got != v.blob.Digest || v.n != v.blob.Size {
			return 0, &DigestError{Got: got, Want: v.blob.Digest}
		}
	}
	return n, err
}

// read returns the verified content of a small blob.
func (b Blob) read() ([]byte, error) {
	if b.Size < 0 || b.Size > maxJSON {
		return nil, fmt.Errorf("read %s: %d bytes are too many", b.Digest, b.Size)
	}
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (b Blob) decode(v any) error {
	raw, err := b.read()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("read %s: %w", b.Digest, err)
	}
	return nil
}
