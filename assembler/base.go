package assembler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/formats/oci/registry"
	"github.com/fimg/fimg/internal/tempdir"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/fetch"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/repo/solve"
	"github.com/fimg/fimg/tree"
)

// Base is the container that another builds on (kiwi's derived_from).
type Base struct {
	Reference string `json:"reference"` // as the description gives it
	Digest    string `json:"digest"`    // of its manifest, which names all content
}

// baseTransports are the ways to name a base: kiwi's file:// with a tag behind
// "#", and those of skopeo.
var baseTransports = []string{"oci-archive:", "docker-archive:", "oci:"}

// reach says how registries may be spoken to.
type reach struct {
	offline  bool
	insecure []string
	proxy    string
}

// registry is how a registry is reached.
func (r reach) registry() (registry.Options, error) {
	opts := registry.Options{Insecure: r.insecure}
	if r.proxy == "" {
		return opts, nil
	}
	proxy, err := fetch.ProxyFunc(r.proxy)
	if err != nil {
		return opts, fault.New(fault.Usage, err)
	}
	if proxy == nil {
		proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	opts.Proxy = proxy
	return opts, nil
}

// openBase opens the container that a reference names. Registries are only asked
// when the network may be used.
func openBase(ctx context.Context, ref, arch string, how reach) (*oci.Image, error) {
	image, err := findBase(ctx, ref, arch, how)
	if err != nil {
		return nil, baseFault(fmt.Errorf("open base container: %w", err))
	}
	want, _, _ := oci.Platform(arch)
	if got := image.Architecture(); got != want {
		return nil, errors.Join(fault.New(fault.Description, fmt.Errorf("open base container: %s is for %s, the image for %s", ref, got, want)), image.Close())
	}
	return image, nil
}

// baseFault says that a base is at fault where nothing else is known to be.
func baseFault(err error) error {
	full := errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
	if err == nil || full || fault.Of(err) != fault.Internal {
		return err
	}
	return fault.New(fault.Repository, err)
}

func findBase(ctx context.Context, ref, arch string, how reach) (*oci.Image, error) {
	if name, ok := strings.CutPrefix(ref, "docker://"); ok {
		if how.offline {
			return nil, fault.New(fault.Repository, fmt.Errorf("%s: the network may not be used", ref))
		}
		opts, err := how.registry()
		if err != nil {
			return nil, err
		}
		return registry.Pull(ctx, name, arch, opts)
	}
	name := strings.TrimPrefix(ref, "file://")
	name, tag, _ := strings.Cut(name, "#")
	for _, t := range baseTransports {
		if rest, ok := strings.CutPrefix(ref, t); ok {
			name, tag, _ = strings.Cut(rest, ":")
		}
	}
	if !filepath.IsAbs(name) {
		return nil, fault.New(fault.Description, fmt.Errorf("%q: want file:///PATH#TAG, oci:PATH:TAG, oci-archive:PATH:TAG, docker-archive:PATH:TAG or docker://HOST/NAME:TAG", ref))
	}
	return oci.Open(name, tag, arch, "")
}

func baseDigest(i *oci.Image) (string, error) {
	_, manifest, err := i.Encode()
	sum := sha256.Sum256(manifest)
	return "sha256:" + hex.EncodeToString(sum[:]), err
}

// findBases fills in the plan's bases and returns the packages that are there when
// they are unpacked over one another.
func (p *Plan) findBases(ctx context.Context, how reach) ([]*rpm.Header, error) {
	if len(p.Image.Type.DerivedFrom) == 0 {
		return nil, nil
	}
	dir, remove, err := tempdir.Make("fimg-base")
	if err != nil {
		return nil, fmt.Errorf("read base container: %w", err)
	}
	defer remove()
	for _, ref := range p.Image.Type.DerivedFrom {
		digest, err := readBase(ctx, ref, p.Image.Arch, how, dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Image.Source, err)
		}
		p.Bases = append(p.Bases, Base{Reference: ref, Digest: digest})
	}
	for at := range databaseDirs {
		if sub := filepath.Join(dir, fmt.Sprint(at)); exists(sub) {
			return headersOf(ctx, sub)
		}
	}
	return nil, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// readBase copies the package database of a base below dir, over that of an
// earlier one, and returns the base's digest.
func readBase(ctx context.Context, ref, arch string, how reach, dir string) (string, error) {
	image, err := openBase(ctx, ref, arch, how)
	if err != nil {
		return "", err
	}
	defer image.Close()
	digest, err := baseDigest(image)
	if err != nil {
		return "", err
	}
	return digest, copyDatabase(ctx, image, dir)
}

// maxBaseDatabase is the largest file of a base's package database that is read,
// in bytes: it is copied to the host before anything else is known of it.
const maxBaseDatabase = 1 << 30

// copyDatabase copies the files of a container's package database to the host, if
// it has one: those of each place where one may be into a directory of their own.
func copyDatabase(ctx context.Context, image *oci.Image, dir string) error {
	// What is read below is verified first, and fetched once.
	if err := image.Spool(ctx, dir); err != nil {
		return baseFault(fmt.Errorf("read base container: %w", err))
	}
	var found [len(databaseDirs)]bool
	err := image.Extract(ctx, func(n *tree.Node, link string, content io.Reader) error {
		at := databaseAt(n.Path)
		if at < 0 || n.Type() != tree.TypeFile || link != "" {
			return nil
		}
		if n.Size > maxBaseDatabase {
			return fault.New(fault.Repository, fmt.Errorf("%s has %d bytes", n.Path, n.Size))
		}
		to := filepath.Join(dir, fmt.Sprint(at))
		if !found[at] { // nothing of an earlier base's stays, its write-ahead log least of all
			found[at] = true
			if err := os.RemoveAll(to); err != nil {
				return err
			}
		}
		return writeAll(filepath.Join(to, filepath.Base(n.Path)), content)
	})
	if err != nil {
		return baseFault(fmt.Errorf("read base container: %w", err))
	}
	return nil
}

// databaseAt tells which of databaseDirs a file of a package database lies in, -1
// for any other path.
func databaseAt(name string) int {
	if !strings.HasPrefix(path.Base(name), rpmdb.FileName) {
		return -1
	}
	return slices.Index(databaseDirs[:], path.Dir(name))
}

func headersOf(ctx context.Context, dir string) ([]*rpm.Header, error) {
	list, err := rpmdb.List(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("read base container: %w", err)
	}
	headers := make([]*rpm.Header, len(list))
	for i, p := range list {
		headers[i] = p.Header
	}
	return headers, nil
}

func writeAll(name string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// installedBase are the packages of a base as a transaction finds them.
func installedBase(img *description.Image, headers []*rpm.Header) ([]picked, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	index, err := repo.Installed(headers)
	if err != nil {
		return nil, err
	}
	u, err := pool.NewUniverse(img.Arch, pool.Source{Index: index, Name: "@System", Installed: true})
	if err != nil {
		return nil, err
	}
	var list []picked
	for id := range u.All() {
		list = append(list, picked{Item: solve.Item{ID: id, Reason: solve.User}, in: u, base: true})
	}
	return list, nil
}
