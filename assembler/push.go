package assembler

import (
	"context"

	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/formats/oci/registry"
)

// PushOptions say how to store a container in a registry.
type PushOptions struct {
	// TempDir holds the unpacked archive meanwhile; empty means the system's.
	TempDir string
	// InsecureRegistries (HOST or HOST:PORT) may be spoken to without TLS.
	InsecureRegistries []string
	// Proxy is a proxy URL, "none", or empty for that of the environment.
	Proxy string
}

// CanPush refuses what no registry takes, before a build begins.
func CanPush(p *Plan, refs ...string) error {
	for _, ref := range refs {
		if err := registry.CheckReference(ref); err != nil {
			return err
		}
	}
	switch t := p.Image.Type.Attr.Image; t {
	case "oci", "docker":
		return nil
	default:
		return usage("push: an image of type %s is no container", t)
	}
}

// Push stores the container that a build made in a registry, under HOST/NAME:TAG.
// Layers of a docker archive are packed for it.
// The tag appears when everything else is there.
func Push(ctx context.Context, p *Plan, r *Result, ref string, opts PushOptions) error {
	if err := CanPush(p); err != nil {
		return err
	}
	how, err := reach{insecure: opts.InsecureRegistries, proxy: opts.Proxy}.registry()
	if err != nil {
		return err
	}
	image, err := oci.Open(r.Products[0].Path, "", p.Image.Arch, opts.TempDir)
	if err != nil {
		return err
	}
	defer image.Close()
	if err := image.Gzip(ctx, opts.TempDir, 0); err != nil {
		return err
	}
	return registry.Push(ctx, image, ref, how)
}
