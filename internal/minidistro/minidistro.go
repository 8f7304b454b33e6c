// Package minidistro makes a small Fedora-shaped RPM repository out of the binary
// packages of the Debian archive that a machine already uses: Fedora's package
// names, paths, groups, scriptlets and signatures around real programs, kernels
// and boot loaders. A newcomer's first build and the project's boot tests need no
// other distribution's mirror.
//
// It is a development tool for Debian machines and runs their apt-get, dpkg-deb,
// rpmbuild, rpmsign, gpg and createrepo_c. No Debian maintainer script is run.
// What is not Fedora about the result: versions and virtual names come from
// Debian, libraries stay in its multiarch directory, and the kernel is Debian's.
package minidistro

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// BuildTime is the build date of every package, in seconds since 1970.
const BuildTime = 1747700000

// Options say what to make.
type Options struct {
	WorkDir    string // everything is kept below it; Repo(WorkDir) is the result
	Arch       string // machine name; "" is x86_64
	Releasever string // "" is 42
	ZstdLevel  int    // of payloads; 0 is 9
	Jobs       int    // 0 is the number of CPUs
	Log        func(format string, args ...any)
}

// Result tells what was made.
type Result struct {
	Repo     string // directory to give to --repo
	Key      string // public key of its signatures, inside Repo
	Packages int
	Bytes    int64
}

// Repo is the repository below a work directory.
func Repo(workDir string) string { return filepath.Join(workDir, "repo") }

// Arch is what differs between the architectures.
type arch struct {
	name, deb, triplet string
	isa                string            // in rpm's name(isa) provides
	kernelMeta         string            // Debian's kernel metapackage; "" takes none
	efi                string            // suffix of EFI file names; "" has no EFI
	grub               string            // package for firmware without EFI; "" has none
	grubModules        map[string]string // package to GRUB's platform
}

var arches = map[string]arch{
	"x86_64": {"x86_64", "amd64", "x86_64-linux-gnu", "x86-64", "linux-image-cloud-amd64", "x64", "grub2-pc",
		map[string]string{"grub2-pc-modules": "i386-pc", "grub2-efi-x64-modules": "x86_64-efi"}},
	"aarch64": {"aarch64", "arm64", "aarch64-linux-gnu", "aarch-64", "linux-image-cloud-arm64", "aa64", "",
		map[string]string{"grub2-efi-aa64-modules": "arm64-efi"}},
	"ppc64le": {"ppc64le", "ppc64el", "powerpc64le-linux-gnu", "ppc-64", "linux-image-powerpc64le", "", "grub2-ppc64le",
		map[string]string{"grub2-ppc64le-modules": "powerpc-ieee1275"}},
	"s390x": {"s390x", "s390x", "s390x-linux-gnu", "s390-64", "linux-image-s390x", "", "", nil},
}

// maker is one run.
type maker struct {
	ctx  context.Context
	opts Options
	arch arch
	dist string // ".fc42"

	index    *index
	rpmOf    map[string]string   // Debian name to RPM name
	merge    map[string][]string // RPM name to Debian names
	skip     map[string]bool
	provided map[string]bool // Debian names that something here provides
	dirs     map[string]uint32
	users    map[string]bool // of the setup package
	groups   map[string]bool
	pkgs     map[string]*pkg
	kernel   string // release of the kernel
	pubkey   string
}

// Make makes the repository. What an earlier run downloaded or built from the
// same inputs is used again.
func Make(ctx context.Context, opts Options) (*Result, error) {
	m, err := newMaker(ctx, opts)
	if err != nil {
		return nil, err
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"reading the archive's index", m.readIndex},
		{"downloading", m.download},
		{"preparing the signing key", m.prepareKey},
		{"unpacking", m.unpackAll},
		{"adapting", m.adapt},
		{"byte-compiling python", m.byteCompile},
		{"finding library and interpreter dependencies", m.scanDependencies},
		{"building packages", m.buildAll},
		{"signing", m.signAll},
		{"writing repository metadata", m.writeMetadata},
	}
	for _, s := range steps {
		m.log("%s", s.name)
		if err := s.do(); err != nil {
			return nil, fmt.Errorf("make distribution: %s: %w", s.name, err)
		}
	}
	return m.result()
}

func newMaker(ctx context.Context, opts Options) (*maker, error) {
	def(&opts.Arch, "x86_64")
	def(&opts.Releasever, "42")
	def(&opts.ZstdLevel, 9)
	def(&opts.Jobs, runtime.NumCPU())
	a, ok := arches[opts.Arch]
	if !ok {
		return nil, fmt.Errorf("make distribution: architecture %s is not one of x86_64, aarch64, ppc64le, s390x", opts.Arch)
	}
	work, err := filepath.Abs(opts.WorkDir)
	if err != nil || opts.WorkDir == "" {
		return nil, errors.Join(errors.New("make distribution: no work directory"), err)
	}
	opts.WorkDir = work
	m := &maker{ctx: ctx, opts: opts, arch: a, dist: ".fc" + opts.Releasever, rpmOf: map[string]string{}, pkgs: map[string]*pkg{}}
	m.loadData()
	for _, dir := range []string{"debs", "specs", "logs", "home", "rpmbuild", "repo/Packages", "built"} {
		if err := os.MkdirAll(m.path(dir), 0o755); err != nil {
			return nil, fmt.Errorf("make distribution: %w", err)
		}
	}
	return m, os.RemoveAll(m.path("stage"))
}

func def[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

func (m *maker) path(name string) string { return filepath.Join(m.opts.WorkDir, name) }

func (m *maker) log(format string, args ...any) {
	if m.opts.Log != nil {
		m.opts.Log(format, args...)
	}
}

// names returns the RPM names in order, so that no map decides anything.
func (m *maker) names() []string {
	names := make([]string, 0, len(m.pkgs))
	for n := range m.pkgs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (m *maker) result() (*Result, error) {
	r := &Result{Repo: Repo(m.opts.WorkDir), Key: filepath.Join(Repo(m.opts.WorkDir), keyName)}
	err := filepath.WalkDir(r.Repo, func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".rpm" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			r.Packages++
			r.Bytes += info.Size()
		}
		return err
	})
	return r, errors.Join(err, os.RemoveAll(m.path("stage")), os.RemoveAll(m.path("rpmbuild")))
}
