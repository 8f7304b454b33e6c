package oci

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/fimg/fimg/fault"
)

// The media types of the image specification, and those of docker for what a
// registry or archive may hold.
const (
	typeIndex       = "application/vnd.oci.image.index.v1+json"
	typeManifest    = "application/vnd.oci.image.manifest.v1+json"
	typeConfig      = "application/vnd.oci.image.config.v1+json"
	typeLayer       = "application/vnd.oci.image.layer.v1.tar"
	typeLayerGzip   = typeLayer + "+gzip"
	typeLayerZstd   = typeLayer + "+zstd"
	dockerManifest  = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList      = "application/vnd.docker.distribution.manifest.list.v2+json"
	dockerLayer     = "application/vnd.docker.image.rootfs.diff.tar"
	dockerLayerGzip = dockerLayer + ".gzip"
	dockerLayerZstd = dockerLayer + ".zstd"

	refAnnotation = "org.opencontainers.image.ref.name"

	// maxJSON is the largest manifest, index or configuration accepted.
	maxJSON = 4 << 20
)

// Blob is content known by its digest.
type Blob struct {
	Digest string // "sha256:…"
	Size   int64
	open   func() (io.ReadCloser, error)
}

// Open opens the content. Reading it to the end verifies size and digest.
func (b Blob) Open() (io.ReadCloser, error) {
	r, err := b.open()
	if err != nil {
		return nil, err
	}
	return &verifier{ReadCloser: r, blob: b, hash: sha256.New()}, nil
}

// Layer is one layer of an image.
type Layer struct {
	Blob
	MediaType string
	DiffID    string // digest of the tar before compression
}

// Image is an image of one platform. Close frees its temporary files.
type Image struct {
	Reference  string   // NAME:TAG; may be empty for one that was read
	References []string // all names, for docker archives
	Layers     []Layer
	config     imageConfig
	close      []func() error
}

// Close frees what the image holds; its layers cannot be read any more.
func (i *Image) Close() error {
	var first error
	for _, c := range i.close {
		if err := c(); err != nil && first == nil {
			first = err
		}
	}
	i.close = nil
	return first
}

// descriptor points to a blob (image specification, "Descriptor").
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *platform         `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// manifest is an image manifest or, with Manifests, an index.
type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType,omitempty"`
	Config        *descriptor  `json:"config,omitempty"`
	Layers        []descriptor `json:"layers,omitempty"`
	Manifests     []descriptor `json:"manifests,omitempty"`
}

// encode returns the configuration and the manifest as blobs.
func (i *Image) encode() (config, man Blob, err error) {
	if config, err = jsonBlob(i.config); err != nil {
		return
	}
	m := manifest{SchemaVersion: 2, MediaType: typeManifest,
		Config: &descriptor{MediaType: typeConfig, Digest: config.Digest, Size: config.Size}}
	for _, l := range i.Layers {
		m.Layers = append(m.Layers, descriptor{MediaType: l.MediaType, Digest: l.Digest, Size: l.Size})
	}
	man, err = jsonBlob(m)
	return
}

func jsonBlob(v any) (Blob, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return Blob{}, fmt.Errorf("encode image: %w", err)
	}
	return bytesBlob(raw), nil
}

func bytesBlob(raw []byte) Blob {
	return Blob{Digest: digest(raw), Size: int64(len(raw)),
		open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// checkDigest refuses digests of another form, before one becomes part of a path
// or an address.
func checkDigest(d string) error {
	rest, found := strings.CutPrefix(d, "sha256:")
	if raw, err := hex.DecodeString(rest); !found || err != nil || len(raw) != sha256.Size || strings.ToLower(rest) != rest {
		return &DigestError{Got: d, Want: "sha256 and 64 hexadecimal digits"}
	}
	return nil
}

// DigestError says that content is not what its reference promised.
type DigestError struct{ Got, Want string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("verify image content: got %s, want %s", e.Got, e.Want)
}

// FaultClass implements fault.Classed.
func (e *DigestError) FaultClass() fault.Class { return fault.Signature }
