package assembler

import (
	"context"
	"errors"

	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/formats/oci/registry"
)

// CanPush refuses what no registry takes, before a build begins.
func CanPush(p *Plan) error {
	switch t := p.Image.Type.Attr.Image; t {
	case "oci", "docker":
		return nil
	default:
		return usage("push: an image of type %s is no container", t)
	}
}

// Push stores the container that a build made in a registry, under HOST/NAME:TAG.
// TempDir holds the unpacked archive meanwhile; empty means the system's.
func Push(ctx context.Context, p *Plan, r *Result, ref, tempDir string) error {
	if err := CanPush(p); err != nil {
		return err
	}
	image, err := oci.Open(r.Products[0].Path, "", p.Image.Arch, tempDir)
	if err != nil {
		return err
	}
	return errors.Join(registry.Push(ctx, image, ref, registry.Options{}), image.Close())
}
