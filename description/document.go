package description

import (
	"context"
	"errors"
)

// Document is a loaded, upgraded and validated description from which images are
// selected. It is not changed by selection and may be used by several goroutines.
type Document struct{}

// Open reads, includes, upgrades and validates the description that opt.Dir (or
// opt.FS) and opt.File name; the other options do not matter here.
func Open(ctx context.Context, opt Options) (*Document, error) {
	return nil, errors.ErrUnsupported // the loader follows
}

// Select chooses one image by opt.Arch, opt.Profiles and opt.Type and applies
// opt.Overrides.
func (d *Document) Select(opt Options) (*Image, error) { return nil, errors.ErrUnsupported }
