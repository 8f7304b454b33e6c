package rpm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/repo/rpm/rpmtest"
)

// TestShapesLikeRPM builds packages of every form and compares tags, derived
// values, the archive and the verdict with the rpm that built them.
func TestShapesLikeRPM(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		formats := []string{"4"}
		if o.AtLeast(t, 6, 0) {
			formats = append(formats, "6")
		}
		for _, format := range formats {
			for _, s := range rpmtest.Shapes() {
				if !o.AtLeast(t, s.Since, 0) {
					continue
				}
				t.Run(filepath.Base(o.Root)+"/v"+format+"/"+s.Name, func(t *testing.T) {
					t.Parallel()
					for _, path := range rpmtest.BuildShape(t, o, s, format) {
						likeOracle(t, o, path)
					}
				})
			}
		}
	}
}

// likeOracle compares one package.
func likeOracle(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	var want xmlHeader
	out := o.Run(t, "rpm", "-qp", "--nosignature", "--nodigest", "--xml", path)
	if err := xml.Unmarshal(shield(out), &want); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	known := map[string]bool{}
	for name := range strings.FieldsSeq(string(o.Run(t, "rpm", "--querytags"))) {
		known[strings.ToUpper(name)] = true
	}
	compareTags(t, path, want, known)
	if got, want := derived(t, path), string(o.Run(t, "rpm", "-qp", "--nosignature", "--nodigest", "--qf", derivedFormat, path)); got != want {
		t.Errorf("%s:\n%s\nrpm has\n%s", path, got, want)
	}
	compareArchive(t, o, path)
	compareVerdict(t, o, path)
}

// compareArchive compares the plain archive where rpm2cpio gives it as it is,
// which it does before rpm 4.19.
func compareArchive(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	got, err := archive(path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if o.Root != "" {
		compareFiles(t, o, path)
		return
	}
	cmd := o.Command("rpm2cpio", path)
	var said strings.Builder
	cmd.Stderr = &said
	plain, err := cmd.Output()
	want := sha256.Sum256(plain)
	if err != nil {
		t.Errorf("rpm2cpio: %v: %s", err, said.String())
	} else if !bytes.Equal(got, want[:]) {
		t.Errorf("%s: the archive differs from rpm2cpio's: %s", path, said.String())
	}
}

// compareVerdict compares the lines of "rpmkeys -K" and, as rpm 6 has them, -Kv.
func compareVerdict(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, v, err := rpm.CheckFile(f, nil, rpm.ReaderOptions{})
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	out := string(o.Run(t, "rpmkeys", "-K", path))
	if got := v.Summary(); !strings.HasSuffix(strings.TrimSpace(out), ": "+got) {
		t.Errorf("%s: verdict %s, rpm has %s", path, got, out)
	}
	if !v.Intact() {
		t.Errorf("%s: %v", path, v.Oddities)
	}
}
