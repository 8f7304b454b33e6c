package rpm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/repo/rpm/rpmtest"
)

// xmlHeader is the output of "rpm -q --xml".
type xmlHeader struct {
	Tags []struct {
		Name   string `xml:"name,attr"`
		Values []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"rpmTag"`
}

// TestTagsLikeRPM compares every tag of every package with what rpm reads.
func TestTagsLikeRPM(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	for _, path := range rpmtest.Files(t) {
		out, err := exec.Command("rpm", "-qp", "--nosignature", "--nodigest", "--xml", path).Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var want xmlHeader
		if err := xml.Unmarshal(out, &want); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		compareTags(t, path, want)
	}
}

func compareTags(t *testing.T, path string, want xmlHeader) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := rpm.ReadPackage(f)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	h, err := p.Merged()
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	seen := make(map[rpm.Tag]bool)
	for _, w := range want.Tags {
		tag, ok := rpm.TagByName(w.Name)
		if !ok {
			continue // regions
		}
		seen[tag] = true
		got := plainValues(h, tag)
		var values []string
		for _, v := range w.Values {
			s := v.Text
			if v.XMLName.Local == "base64" {
				b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
				if err != nil {
					t.Fatal(err)
				}
				s = string(b)
			}
			values = append(values, s)
		}
		if strings.Join(got, "\x00") != strings.Join(values, "\x00") {
			t.Errorf("%s: %s is %.100q, rpm has %.100q", path, w.Name, got, values)
		}
	}
	for tag := range h.Tags() {
		if _, ok := rpm.TagByName(tag.String()); ok && !seen[tag] {
			t.Errorf("%s: rpm does not have %s", path, tag)
		}
	}
}

// plainValues returns the values of a tag as text.
func plainValues(h *rpm.Header, tag rpm.Tag) []string {
	for got, typ := range h.Tags() {
		if got != tag {
			continue
		}
		switch typ {
		case rpm.TypeString, rpm.TypeI18N, rpm.TypeStringArray:
			return h.Strings(tag)
		case rpm.TypeBin:
			return []string{string(h.Bytes(tag))}
		}
		var out []string
		n := h.Numbers(tag)
		for i := range n.Len() {
			out = append(out, strconv.FormatUint(n.At(i), 10))
		}
		return out
	}
	return nil
}

// TestDerivedLikeRPM compares what is computed from several tags.
func TestDerivedLikeRPM(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	const format = `%{NEVRA}|%{NVRA}|[%{FILENAMES};]|[%{FILENLINKS};]|[%{REQUIRENEVRS};]|[%{PROVIDENEVRS};]|[%{CONFLICTNEVRS};]`
	for _, path := range rpmtest.Files(t) {
		out, err := exec.Command("rpm", "-qp", "--nosignature", "--nodigest", "--qf", format, path).Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := derived(t, path); got != string(out) {
			t.Errorf("%s:\n%s\nrpm has\n%s", path, got, out)
		}
	}
}

func derived(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := rpm.ReadPackage(f)
	if err != nil {
		t.Fatal(err)
	}
	files, err := p.Header.Files()
	if err != nil {
		t.Fatal(err)
	}
	var names, links strings.Builder
	for i := range files {
		names.WriteString(files[i].Path() + ";")
		fmt.Fprintf(&links, "%d;", max(1, len(files[i].Links)))
	}
	deps := func(kind rpm.DependencyKind) string {
		var b strings.Builder
		for _, d := range p.Header.Dependencies(kind) {
			b.WriteString(d.String() + ";")
		}
		return b.String()
	}
	id := p.Header.Identity()
	return strings.Join([]string{id.NEVRA(), id.NVRA(), names.String(), links.String(),
		deps(rpm.Requires), deps(rpm.Provides), deps(rpm.Conflicts)}, "|")
}

// TestPayloadLikeRPM2CPIO compares the plain archive with rpm2cpio's, and the
// content of every file with the header's digest.
func TestPayloadLikeRPM2CPIO(t *testing.T) {
	testtool.Need(t, "rpm2cpio", "rpmbuild")
	for _, path := range rpmtest.Files(t) {
		want := sha256.New()
		cmd := exec.Command("rpm2cpio", path)
		cmd.Stdout = want
		if err := cmd.Run(); err != nil {
			t.Fatalf("rpm2cpio %s: %v", path, err)
		}
		got, err := archive(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !bytes.Equal(got, want.Sum(nil)) {
			t.Errorf("%s: the archive differs from rpm2cpio's", path)
		}
	}
}

// archive reads all files of a package and returns the hash of the plain
// archive.
func archive(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	sum := sha256.New()
	p, err := r.Payload(rpm.PayloadOptions{Digests: true, Tee: sum})
	if err != nil {
		return nil, err
	}
	for {
		_, err := p.Next()
		if errors.Is(err, io.EOF) {
			return sum.Sum(nil), nil
		}
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, p); err != nil {
			return nil, err
		}
	}
}
