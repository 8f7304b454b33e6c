// Package rpmtest makes package files for tests: with rpmbuild, with one of
// everything the format has, and signed in every way there is.
package rpmtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// Compressions are the values of rpm's macro _binary_payload for each payload
// compressor.
var Compressions = map[string]string{
	"zstd": "w3.zstdio", "xz": "w2.xzdio", "gzip": "w6.gzdio", "bzip2": "w9.bzdio", "lzma": "w2.lzdio", "none": "w.ufdio",
}

// Build builds the test packages with one compressor and returns the files. The
// macros are more definitions for rpmbuild, "name value".
func Build(t testing.TB, compressor string, macros ...string) []string {
	t.Helper()
	return BuildSpec(t, spec, compressor, macros...)
}

// BuildSpec builds the packages of a spec file of the caller's.
func BuildSpec(t testing.TB, text, compressor string, macros ...string) []string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "fimgtest.spec")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	macros = append([]string{
		"_topdir " + dir, "_rpmdir " + dir, "_srcrpmdir " + dir, "_builddir " + dir, "_buildrootdir " + dir,
		"_tmppath " + dir, "_build_name_fmt %%{NAME}-%%{VERSION}.%%{ARCH}.rpm",
		"_binary_payload " + Compressions[compressor], "_source_payload " + Compressions[compressor],
		"__os_install_post %{nil}", "__find_provides %{nil}", "__find_requires %{nil}",
		"_buildhost localhost", "use_source_date_epoch_as_buildtime 1", "clamp_mtime_to_source_date_epoch 1",
		"source_date_epoch_from_changelog 1",
	}, macros...)
	args := []string{"-ba", "--quiet", "--nodeps", "--target", "noarch"}
	for _, m := range macros {
		args = append(args, "--define", m)
	}
	testtool.Run(t, "rpmbuild", append(args, path)...)
	return Find(t, dir)
}

// Find returns all package files below a directory in order of their names.
func Find(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".rpm") {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// Files returns the packages to test with: those below the directory in the
// environment variable FIMG_TEST_RPMS, else packages built here, once for each
// compressor.
func Files(t testing.TB) []string {
	t.Helper()
	if dir := os.Getenv("FIMG_TEST_RPMS"); dir != "" {
		return Find(t, dir)
	}
	var out []string
	for c := range Compressions {
		out = append(out, Build(t, c)...)
	}
	slices.Sort(out)
	return out
}
