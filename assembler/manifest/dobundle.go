package manifest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fimg/fimg/tree/sparse"
)

// BundleOptions say how Bundle names and packs.
type BundleOptions struct {
	Dir        string // of the bundle; made when missing
	ID         string // release id
	Format     string // name pattern; empty takes the results' own
	NoCompress bool
	// Compress packs a file with xz; it is passed in because this package
	// knows no compressor.
	Compress func(ctx context.Context, from, to string) error
}

// Bundle copies all results that belong to a bundle under their bundle names,
// compresses those that are to be, and writes checksum files. It returns the
// names in the order they were made.
func Bundle(ctx context.Context, r *Results, o BundleOptions) ([]string, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make bundle: %w", err)
	}
	format := o.Format
	if format == "" {
		format = r.Format
	}
	names := renames(r, format, o.ID)
	var made []string
	for _, f := range r.Files {
		if !f.Bundle {
			continue
		}
		to := filepath.Join(o.Dir, names[filepath.Base(f.Filename)])
		done, err := bundleOne(ctx, f, to, names, o)
		if err != nil {
			return made, fmt.Errorf("bundle %s: %w", filepath.Base(f.Filename), err)
		}
		made = append(made, done...)
	}
	return made, nil
}

// renames maps the base names of all results to their bundle names.
func renames(r *Results, format, id string) map[string]string {
	names := map[string]string{}
	for _, f := range r.Files {
		names[filepath.Base(f.Filename)] = BundleName(f.Filename, format, id, r.Tags)
	}
	return names
}

func bundleOne(ctx context.Context, f File, to string, names map[string]string, o BundleOptions) ([]string, error) {
	if f.Compress && !o.NoCompress && o.Compress != nil {
		to += ".xz"
		pack := func(part string) error { return o.Compress(ctx, f.Filename, part) }
		if err := whole(to, pack); err != nil {
			return nil, err
		}
	} else if err := whole(to, func(part string) error { return copyRenaming(f, part, names) }); err != nil {
		return nil, err
	}
	made := []string{filepath.Base(to)}
	if !f.Checksum {
		return made, nil
	}
	sum, err := FileSum(ctx, to)
	if err != nil {
		return nil, err
	}
	line := sum + "  " + filepath.Base(to) + "\n"
	write := func(part string) error { return os.WriteFile(part, []byte(line), 0o644) }
	return append(made, filepath.Base(to)+".sha256"), whole(to+".sha256", write)
}

// whole lets a file appear under its name only when all of it is there.
func whole(name string, write func(part string) error) error {
	part := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part")
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := write(part)
	if err == nil {
		err = os.Rename(part, name)
	}
	os.Remove(part) // after a failure, or where both names were the same file
	return err
}

// copyRenaming links or copies a result; in small text files (a .vmx) the names
// of other results are replaced by their bundle names.
func copyRenaming(f File, to string, names map[string]string) error {
	if f.Role == MachineSettings {
		text, err := os.ReadFile(f.Filename)
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(replaceNames(string(text), names)), 0o644)
	}
	if os.Link(f.Filename, to) == nil {
		return nil
	}
	in, err := os.Open(f.Filename)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func replaceNames(text string, names map[string]string) string {
	var pairs []string
	for from, to := range names {
		pairs = append(pairs, from+"\x00"+to)
	}
	slices.SortFunc(pairs, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, p := range pairs {
		from, to, _ := strings.Cut(p, "\x00")
		text = strings.ReplaceAll(text, from, to)
	}
	return text
}

// FileSum is the SHA-256 of a file in hexadecimal digits. Holes are not read.
func FileSum(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("checksum: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if err := sparse.Stream(ctx, h, f); err != nil {
		return "", fmt.Errorf("checksum %s: %w", filepath.Base(name), err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
