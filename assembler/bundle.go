package assembler

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/formats/compress"
)

// ResultFile is the list of results in a target directory.
const ResultFile = "kiwi.result.json"

// tagsFile holds the name tags of the results beside it, as kiwi's own
// serialised kiwi.result does.
const tagsFile = "fimg.result.json"

// BundleOptions say how Bundle names and packs results.
type BundleOptions struct {
	TargetDir  string // holds kiwi.result.json
	BundleDir  string
	ID         string // release id
	Format     string // name pattern; empty takes the description's
	NoCompress bool
	Jobs       int
}

// Bundle makes kiwi's result bundle of what a build left in its target directory
// and returns the names of its files.
func Bundle(ctx context.Context, o BundleOptions) ([]string, error) {
	same, err := sameDir(o.TargetDir, o.BundleDir)
	if err != nil {
		return nil, err
	}
	if same {
		return nil, usage("make bundle: the bundle directory must not be the target directory")
	}
	results, err := readResults(o.TargetDir)
	if err != nil {
		return nil, err
	}
	return manifest.Bundle(ctx, results, manifest.BundleOptions{Dir: o.BundleDir, ID: o.ID, Format: o.Format,
		NoCompress: o.NoCompress, Compress: packer(o.Jobs)})
}

// readResults reads the lists of a target directory.
func readResults(dir string) (*manifest.Results, error) {
	f, err := os.Open(filepath.Join(dir, ResultFile))
	if err != nil {
		return nil, usage("make bundle: no results of a build in %s: %w", dir, err)
	}
	defer f.Close()
	results, err := manifest.ReadJSON(f)
	if err != nil {
		return nil, fmt.Errorf("make bundle of %s: %w", dir, err)
	}
	tags, err := os.Open(filepath.Join(dir, tagsFile))
	if err != nil && results.Tags.Name != "" {
		return results, nil // kiwi's own list, with a pattern
	}
	if err != nil {
		return nil, usage("make bundle: what names the results of %s is not there: %w", dir, err)
	}
	defer tags.Close()
	return results, results.ReadTags(tags)
}

func sameDir(a, b string) (bool, error) {
	x, err := filepath.Abs(a)
	if err != nil {
		return false, err
	}
	y, err := filepath.Abs(b)
	return x == y, err
}

// packer compresses files with xz on all cores.
func packer(jobs int) func(ctx context.Context, from, to string) error {
	return func(ctx context.Context, from, to string) error {
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		defer in.Close()
		out, err := os.Create(to)
		if err != nil {
			return err
		}
		w, err := compress.NewWriter(ctx, out, compress.XZ, compress.Options{Workers: jobs})
		if err == nil {
			_, err = io.Copy(w, in)
			err = errors.Join(err, w.Close())
		}
		if err := errors.Join(err, out.Close()); err != nil {
			os.Remove(to)
			return fmt.Errorf("compress %s: %w", filepath.Base(from), err)
		}
		return nil
	}
}
