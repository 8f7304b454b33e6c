package oci

import (
	"encoding/json"
	"fmt"
	"io"
)

// Encode returns configuration and manifest of the image as they are stored.
func (i *Image) Encode() (config, manifest []byte, err error) {
	c, m, err := i.encode()
	if err != nil {
		return nil, nil, err
	}
	if config, err = c.read(); err != nil {
		return nil, nil, err
	}
	manifest, err = m.read()
	return config, manifest, err
}

// Assemble makes an image of its manifest and of blobs, which open finds by
// digest; what they hold is verified.
func Assemble(raw []byte, open func(digest string) (io.ReadCloser, error)) (*Image, error) {
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	return fromManifest(m, func(d descriptor) Blob {
		return Blob{Digest: d.Digest, Size: d.Size, open: func() (io.ReadCloser, error) {
			if err := checkDigest(d.Digest); err != nil {
				return nil, err
			}
			return open(d.Digest)
		}}
	})
}

// Platform returns the name that container images have for an architecture of
// rpm's, with its variant.
func Platform(arch string) (machine, variant string, known bool) {
	p, known := platforms[arch]
	return p[0], p[1], known
}
