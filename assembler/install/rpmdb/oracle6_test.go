package rpmdb

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
)

// TestSameAsOracles compares with what the rpm of every oracle writes: packages of
// both formats, and keys. Then that rpm has to live with ours: it verifies, asks,
// erases, installs and rebuilds.
func TestSameAsOracles(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		formats := []string{"4"}
		if o.AtLeast(t, 6, 0) {
			formats = append(formats, "6")
		}
		for _, format := range formats {
			t.Run(filepath.Base(o.Root)+"/v"+format, func(t *testing.T) { sameAsOracle(t, o, format) })
		}
	}
}

// oracleRPM runs rpm on a database.
func oracleRPM(t *testing.T, o testtool.Oracle, dir string, args ...string) string {
	t.Helper()
	if !o.AtLeast(t, 4, 20) && slices.ContainsFunc(args, func(a string) bool { return a == "-i" || a == "-e" || a == "-U" }) {
		args = append(args, "--force-debian")
	}
	return string(o.Run(t, "rpm", append(rpmArgs(dir), args...)...))
}

func sameAsOracle(t *testing.T, o testtool.Oracle, format string) {
	ctx := context.Background()
	var files []string
	for i, name := range []string{"flags", "hard links", "triggers", "file triggers", "rich", "preamble", "languages", "empty", "colours"} {
		at := slices.IndexFunc(rpmtest.Shapes(), func(s rpmtest.Shape) bool { return s.Name == name })
		s := rpmtest.Shapes()[at]
		s.PackageName = string(rune('a'+i)) + "-shape"
		for _, f := range rpmtest.BuildShape(t, o, s, format) {
			if !readPackage(t, f).Header.Source() {
				files = append(files, f)
			}
		}
	}
	theirs, ours := o.Dir(t), o.Dir(t)
	justDB := []string{"--nodeps", "--replacefiles", "--noscripts", "--notriggers", "--justdb", "--noorder", "--nosignature"}
	oracleRPM(t, o, theirs, append(append([]string{"-i"}, justDB...), files...)...)
	listed, err := List(ctx, theirs)
	if err != nil {
		t.Fatal(err)
	}
	copyOf(t, ours, listed, files)
	compareDumps(t, dump(t, theirs), dump(t, ours))

	question := []string{"-qa", "--qf", "%{NEVRA} %{RPMFORMAT} %{DBINSTANCE} [%{PACKAGEDIGESTS} ][%{FILENAMES}:%{FILESTATES} ][%{PROVIDENEVRS} ]\n"}
	want := oracleRPM(t, o, theirs, question...)
	if got := oracleRPM(t, o, ours, question...); got != want {
		t.Errorf("rpm answers\n%s\nof its own\n%s", got, want)
	}
	if format == "6" || !o.AtLeast(t, 6, 0) {
		oracleRPM(t, o, ours, "--verifydb")
	}
	oracleRPM(t, o, ours, []string{"-e", "a-shape", "--nodeps", "--noscripts", "--notriggers", "--justdb"}...)
	oracleRPM(t, o, ours, append(append([]string{"-i"}, justDB...), files[0])...)
	oracleRPM(t, o, ours, append(append([]string{"-U", "--replacepkgs"}, justDB...), files[1])...)
	oracleRPM(t, o, ours, "--rebuilddb")
	names := []string{"-qa", "--qf", "%{NEVRA}\n"}
	if got, want := sortedLines(oracleRPM(t, o, ours, names...)), sortedLines(oracleRPM(t, o, theirs, names...)); got != want {
		t.Errorf("after all that there are\n%s\nnot\n%s", got, want)
	}
}

func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
