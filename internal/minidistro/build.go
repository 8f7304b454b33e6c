package minidistro

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// formVersion changes when the same spec would give another package.
const formVersion = "2"

// buildAll builds every package that an earlier run has not built from the same
// inputs, the largest first.
func (m *maker) buildAll() error {
	names := m.names()
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(m.pkgs[b].nodes), len(m.pkgs[a].nodes)) })
	var group errgroup.Group
	group.SetLimit(m.opts.Jobs)
	for _, name := range names {
		group.Go(func() error { return m.build(m.pkgs[name]) })
	}
	return group.Wait()
}

func (p *pkg) fileName() string {
	return p.name + "-" + p.version + "-" + p.release + "." + p.arch + ".rpm"
}

// build makes one unsigned package in built/, named by what it was made from.
func (m *maker) build(p *pkg) error {
	if err := p.makeGhosts(); err != nil {
		return err
	}
	spec := m.spec(p)
	p.built = m.builtPath(p, spec)
	if _, err := os.Stat(p.built); err == nil {
		return nil
	}
	if err := m.ctx.Err(); err != nil {
		return err
	}
	name := m.path("specs/" + p.name + ".spec")
	if err := os.WriteFile(name, []byte(spec), 0o644); err != nil {
		return err
	}
	top, err := m.buildTop(p)
	if err != nil {
		return err
	}
	if _, err := m.run("", m.buildEnv(), append(m.buildArgs(p, top), name)...); err != nil {
		return fmt.Errorf("package %s: %w", p.name, err)
	}
	built, err := filepath.Glob(top + "/RPMS/*.rpm")
	if err != nil || len(built) != 1 {
		return errors.Join(fmt.Errorf("package %s: rpmbuild made %d files", p.name, len(built)), err)
	}
	return os.Rename(built[0], p.built)
}

// buildTop is the package's own %_topdir with every directory that rpmbuild
// would make: it fails where a neighbour makes a shared one in the same moment.
func (m *maker) buildTop(p *pkg) (string, error) {
	top := m.path("rpmbuild/" + p.name)
	for _, dir := range []string{"BUILD", "BUILDROOT", "RPMS", "SOURCES", "SPECS", "SRPMS"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			return "", err
		}
	}
	return top, nil
}

func (m *maker) builtPath(p *pkg, spec string) string {
	h := sha256.New()
	for _, fact := range []string{formVersion, spec, fmt.Sprint(m.opts.ZstdLevel)} {
		h.Write([]byte(fact + "\x00"))
	}
	for _, d := range p.debs {
		h.Write([]byte(m.debName(d) + "\x00"))
	}
	for _, f := range p.paths() { // files of our own making are no part of a .deb
		if p.nodes[f].kind == 'f' && len(p.debs) == 0 {
			h.Write([]byte(f + "\x00" + p.read(f)))
		}
	}
	return m.path(fmt.Sprintf("built/%s-%x.rpm", p.name, h.Sum(nil)[:12]))
}

// makeGhosts creates the files that are only listed, so that rpmbuild finds them.
func (p *pkg) makeGhosts() error {
	for _, line := range p.extraFiles {
		f := strings.Fields(line)
		full := p.path(strings.TrimPrefix(f[len(f)-1], "/"))
		if strings.Contains(line, "%dir") {
			if err := os.MkdirAll(full, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		if _, err := os.Lstat(full); err == nil {
			continue
		}
		if err := os.WriteFile(full, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) buildEnv() []string {
	return []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", BuildTime), "LC_ALL=C.UTF-8", "HOME=" + m.path("home")}
}

func (m *maker) buildArgs(p *pkg, top string) []string {
	target := m.arch.name
	if p.arch == "noarch" {
		target = "noarch"
	}
	args := []string{"rpmbuild", "-bb", "--target", target, "--buildroot", filepath.Join(top, "BUILDROOT", p.name)}
	for _, d := range []string{
		"_topdir " + top, "_rpmfilename %%{NAME}.rpm",
		fmt.Sprintf("_binary_payload w%d.zstdio", m.opts.ZstdLevel),
		"debug_package %{nil}", "__os_install_post %{nil}", "__check_files %{nil}", "_build_id_links none",
		"__spec_install_pre %{___build_pre}", "use_source_date_epoch_as_buildtime 1",
		"clamp_mtime_to_source_date_epoch 1", "_buildhost builder.example.invalid",
		"_binary_filedigest_algorithm 8", "_source_filedigest_algorithm 8", "_missing_doc_files_terminate_build 0",
		"_binaries_in_noarch_packages_terminate_build 0", "distribution Fimg Test Distribution",
	} {
		args = append(args, "--define", d)
	}
	return args
}
