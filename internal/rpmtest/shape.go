package rpmtest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// BuildShape builds the packages of a shape with an oracle, in the format asked for (rpm 4 knows
// only its own), and returns the files.
func BuildShape(t testing.TB, o testtool.Oracle, s Shape, format string) []string {
	t.Helper()
	dir := o.Dir(t)
	path := filepath.Join(dir, "shape.spec")
	if err := os.WriteFile(path, []byte(s.spec()), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-ba", "--quiet", "--nodeps", "--target", "x86_64-linux"}
	for _, m := range append([]string{
		"_topdir " + dir, "_rpmdir " + dir, "_srcrpmdir " + dir, "_builddir " + dir, "_buildrootdir " + dir,
		"_sourcedir " + dir, "_tmppath " + dir, "_rpmformat " + format, "debug_package %{nil}",
		"_build_name_fmt %%{NAME}-%%{VERSION}.%%{ARCH}.rpm", "__os_install_post %{nil}",
		"_binary_payload w1.gzdio", "_source_payload w1.gzdio",
	}, s.Macros...) {
		args = append(args, "--define", m)
	}
	for name, content := range s.Sources {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o.Run(t, "rpmbuild", append(args, path)...)
	return Find(t, dir)
}
