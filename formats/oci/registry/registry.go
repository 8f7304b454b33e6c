// Package registry pushes container images to registries and pulls those that
// others build on (OCI distribution specification 1.1), by means of
// go-containerregistry. It is a room of its own, so that only those who talk to
// registries carry that library. Only registries on the machine itself, and those
// that the caller names, are spoken to without TLS; logins are those of "podman
// login", "skopeo login" and "docker login".
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/oci"
)

// Options say how to reach a registry.
type Options struct {
	// User and Password replace the login of docker and podman; empty means
	// that, or anonymous.
	User, Password string
	// Insecure are registries, as HOST or HOST:PORT, that may be spoken to
	// without TLS.
	Insecure []string
	// Proxy tells the proxy of a request, as that of [http.Transport]; nil means
	// those of the environment.
	Proxy func(*http.Request) (*url.URL, error)
	// Transport makes the requests instead of the library's own.
	Transport http.RoundTripper
}

// standard is the library's own transport, through the proxy that was chosen.
func (o Options) standard() http.RoundTripper {
	standard, ok := remote.DefaultTransport.(*http.Transport)
	if !ok || o.Proxy == nil {
		return remote.DefaultTransport
	}
	own := standard.Clone()
	own.Proxy = o.Proxy
	return own
}

func (o Options) remote(ctx context.Context) []remote.Option {
	list := []remote.Option{remote.WithContext(ctx), remote.WithUserAgent("fimg")}
	list = append(list, remote.WithTransport(o.transport()))
	if o.User != "" {
		return append(list, remote.WithAuth(&authn.Basic{Username: o.User, Password: o.Password}))
	}
	return append(list, remote.WithAuthFromKeychain(logins{}))
}

func (o Options) parse(ref string) (name.Reference, error) {
	r, err := name.ParseReference(ref)
	if err == nil && slices.Contains(o.Insecure, r.Context().RegistryStr()) {
		r, err = name.ParseReference(ref, name.Insecure)
	}
	if err != nil {
		return nil, fault.New(fault.Usage, fmt.Errorf("read reference %q: %w", ref, err))
	}
	return r, nil
}

// CheckReference says what is wrong with a reference.
func CheckReference(ref string) error {
	_, err := Options{}.parse(ref)
	return err
}

// Push stores the image under HOST/NAME:TAG. Layers that are there already are
// not sent again. An answer other than success is of the class Repository.
func Push(ctx context.Context, i *oci.Image, ref string, opts Options) error {
	r, err := opts.parse(ref)
	if err != nil {
		return err
	}
	config, manifest, err := i.Encode()
	if err != nil {
		return err
	}
	image, err := partial.CompressedToImage(&local{i, config, manifest})
	if err == nil {
		err = remote.Write(r, image, opts.remote(ctx)...)
	}
	return failed("push", ref, r.Context().RegistryStr(), err)
}

// Pull finds the image of an architecture, as rpm names it. Its layers are
// fetched and verified when they are read, each time.
func Pull(ctx context.Context, ref, arch string, opts Options) (*oci.Image, error) {
	r, err := opts.parse(ref)
	if err != nil {
		return nil, err
	}
	machine, variant, known := oci.Platform(arch)
	if !known {
		return nil, fault.New(fault.Usage, fmt.Errorf("pull %s: architecture %q has no name for container images", ref, arch))
	}
	platform := v1.Platform{OS: "linux", Architecture: machine, Variant: variant}
	image, err := remote.Image(r, append(opts.remote(ctx), remote.WithPlatform(platform))...)
	host := r.Context().RegistryStr()
	if err != nil {
		return nil, failed("pull", ref, host, err)
	}
	manifest, err := image.RawManifest()
	if err != nil {
		return nil, failed("pull", ref, host, err)
	}
	pulled, err := oci.Assemble(manifest, func(digest string) (io.ReadCloser, error) {
		content, err := open(image, digest)
		if err != nil {
			return nil, failed("pull", ref, host, err)
		}
		return &blobReader{content, ref, host}, nil
	})
	if err != nil {
		return nil, failed("pull", ref, host, err)
	}
	return pulled, nil
}

// blobReader gives errors on the way a class.
type blobReader struct {
	io.ReadCloser
	ref, host string
}

func (b *blobReader) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failed("pull", b.ref, b.host, err)
	}
	return n, err
}

// open reads a blob of a remote image.
func open(image v1.Image, digest string) (io.ReadCloser, error) {
	hash, err := v1.NewHash(digest)
	if err != nil {
		return nil, err
	}
	layer, err := image.LayerByDigest(hash) // the configuration counts as one
	if err != nil {
		return nil, err
	}
	return layer.Compressed()
}

// local is an image of ours as the library wants it.
type local struct {
	image            *oci.Image
	config, manifest []byte
}

func (l *local) RawConfigFile() ([]byte, error) { return l.config, nil }
func (l *local) RawManifest() ([]byte, error)   { return l.manifest, nil }

func (l *local) MediaType() (types.MediaType, error) {
	var m struct{ MediaType types.MediaType }
	err := json.Unmarshal(l.manifest, &m)
	return m.MediaType, err
}

func (l *local) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	for _, layer := range l.image.Layers {
		if layer.Digest == h.String() {
			return &blob{layer, h}, nil
		}
	}
	return nil, fmt.Errorf("find layer %s: no such layer", h)
}

// blob is one layer.
type blob struct {
	layer oci.Layer
	hash  v1.Hash
}

func (b *blob) Digest() (v1.Hash, error)            { return b.hash, nil }
func (b *blob) Size() (int64, error)                { return b.layer.Size, nil }
func (b *blob) MediaType() (types.MediaType, error) { return types.MediaType(b.layer.MediaType), nil }
func (b *blob) Compressed() (io.ReadCloser, error)  { return b.layer.Open() }
