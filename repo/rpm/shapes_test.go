package rpm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
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
						if v := verdict(t, path); !v.Intact() {
							t.Errorf("%s: %v", path, v.Oddities)
						}
					}
				})
			}
		}
	}
}

// TestLargeFile reads archives with a file and links to it of more than 4 GB, whose
// entries are numbers, as the last of the oracles makes them, where the variable
// FIMG_TEST_LARGE is set.
func TestLargeFile(t *testing.T) {
	list := testtool.Oracles(t)
	o := list[len(list)-1]
	if os.Getenv("FIMG_TEST_LARGE") == "" {
		return // it takes minutes and some space
	}
	s := rpmtest.Shape{Name: "large", Files: "/opt", Macros: []string{"_binary_payload w1.zstdio"},
		Install: "echo x > a; truncate -s 4300000000 big; echo end >> big; ln big also; ln -s big link; echo z > z"}
	for _, format := range []string{"4", "6"} {
		if format == "6" && !o.AtLeast(t, 6, 0) {
			continue
		}
		for _, path := range rpmtest.BuildShape(t, o, s, format) {
			if _, err := archive(path); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			compareVerdict(t, o, path)
			if v := verdict(t, path); !v.Intact() {
				t.Errorf("%s: %v", path, v.Oddities)
			}
			os.Remove(path)
		}
	}
}

// TestGivenLikeOracles compares the packages below the directory in the variable
// FIMG_TEST_RPMS, wherever they come from, with the rpm of the oracles' roots.
func TestGivenLikeOracles(t *testing.T) {
	if os.Getenv("FIMG_TEST_RPMS") == "" {
		return // the same packages are built there by TestShapesLikeRPM
	}
	for _, o := range testtool.Oracles(t) {
		if o.Root == "" {
			continue
		}
		dir := o.Dir(t)
		for i, path := range rpmtest.Files(t) {
			t.Run(filepath.Base(o.Root)+"/"+filepath.Base(path), func(t *testing.T) {
				data, err := os.ReadFile(path)
				must(t, err)
				inside := filepath.Join(dir, strconv.Itoa(i)+".rpm")
				must(t, os.WriteFile(inside, data, 0o644))
				likeOracle(t, o, inside)
			})
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
	if err != nil && verdict(t, path).Err(path, rpm.LevelDigest) != nil {
		return // damaged
	}
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

// verdict checks a package without keys.
func verdict(t *testing.T, path string) *rpm.Verdict {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	_, v, err := rpm.CheckFile(f, nil, rpm.ReaderOptions{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// compareVerdict compares the lines of "rpmkeys -K" and, as rpm 6 has them, -Kv.
func compareVerdict(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	v := verdict(t, path)
	got := v.Summary()
	if o.AtLeast(t, 6, 0) {
		got = v.Summary6()
	}
	out, _ := o.Command("rpmkeys", "-K", path).Output()
	if strings.HasSuffix(strings.TrimSpace(string(out)), ": "+got) {
		return
	}
	modern := func(c rpm.Check) bool {
		return c.Tag == rpm.TagOpenPGP && !o.AtLeast(t, 6, 0) || strings.HasPrefix(c.PubKey, "ML-DSA")
	}
	if slices.ContainsFunc(v.Checks, modern) {
		t.Logf("%s: verdict %s, rpm %s has %s", path, got, o.Version(t), out)
	} else {
		t.Errorf("%s: verdict %s, rpm has %s", path, got, out)
	}
}
