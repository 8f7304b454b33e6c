package rpm_test

import (
	"archive/tar"
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

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
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
	known := rpmTags(t)
	for _, path := range rpmtest.Files(t) {
		out, err := exec.Command("rpm", "-qp", "--nosignature", "--nodigest", "--xml", path).Output()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var want xmlHeader
		if err := xml.Unmarshal(shield(out), &want); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		compareTags(t, path, want, known)
	}
}

// shield is where bytes that XML does not allow are moved to: headers may hold
// text that is no UTF-8, and rpm prints it as it is.
const shieldBase = 0xe000

func shield(out []byte) []byte {
	var b bytes.Buffer
	for _, c := range out {
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			b.WriteByte(c)
		} else {
			b.WriteRune(shieldBase + rune(c))
		}
	}
	return b.Bytes()
}

func unshield(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= shieldBase && r < shieldBase+256 {
			b.WriteByte(byte(r - shieldBase))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// rpmTags are the tags the rpm of this machine knows, in capitals: new packages
// have others.
func rpmTags(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.Command("rpm", "--querytags").Output()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range strings.Fields(string(out)) {
		known[strings.ToUpper(name)] = true
	}
	return known
}

func compareTags(t *testing.T, path string, want xmlHeader, known map[string]bool) {
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
		if tag == rpm.TagSigPGP && h.Format() == 6 {
			continue // rpm 6 leaves old signatures out
		}
		got := plainValues(h, tag)
		var values []string
		for _, v := range w.Values {
			s := unshield(v.Text)
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
		if _, ok := rpm.TagByName(tag.String()); ok && !seen[tag] && known[strings.ToUpper(tag.String())] {
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

const derivedFormat = `%{NEVRA}|%{NVRA}|[%{FILENAMES};]|[%{FILENLINKS};]|[%{REQUIRENEVRS};]|[%{PROVIDENEVRS};]|[%{CONFLICTNEVRS};]`

// TestDerivedLikeRPM compares what is computed from several tags.
func TestDerivedLikeRPM(t *testing.T) {
	testtool.Need(t, "rpm", "rpmbuild")
	for _, path := range rpmtest.Files(t) {
		out, err := exec.Command("rpm", "-qp", "--nosignature", "--nodigest", "--qf", derivedFormat, path).Output()
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
	testtool.Need(t, "rpm2cpio", "rpm2archive", "rpmbuild")
	for _, path := range rpmtest.Files(t) {
		want := sha256.New()
		var said strings.Builder
		cmd := exec.Command("rpm2cpio", path)
		cmd.Stdout, cmd.Stderr = want, &said
		err := cmd.Run()
		if strings.Contains(said.String(), "4GB") {
			compareFiles(t, testtool.Oracle{}, path)
			continue
		}
		// Old versions exit with 1 where the header has no size of the archive.
		if err != nil && said.Len() > 0 {
			t.Fatalf("rpm2cpio %s: %v: %s", path, err, said.String())
		}
		got, ours := archive(path)
		if ours != nil && damaged(t, path) {
			t.Logf("%s: %v", path, ours) // rpm2cpio writes as much as there is
		} else if ours != nil {
			t.Errorf("%s: %v", path, ours)
		} else if !bytes.Equal(got, want.Sum(nil)) {
			t.Errorf("%s: the archive differs from rpm2cpio's", path)
		}
	}
}

// damaged tells whether a package does not match its own digests.
func damaged(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, v, err := rpm.CheckFile(f, nil, rpm.ReaderOptions{})
	return err == nil && v.Err(path, rpm.LevelDigest) != nil
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

// compareFiles compares a package whose archive rpm2cpio does not give as it is,
// file by file with what rpm2archive makes of it.
func compareFiles(t *testing.T, o testtool.Oracle, path string) {
	t.Helper()
	cmd := o.Command("rpm2archive", "-n", "-")
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd.Stdin = in // of a file it would write another beside it
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("rpm2archive %s: %v", path, err)
	}
	want := map[string]string{}
	for in := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("rpm2archive %s: %v", path, err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		want[strings.Trim(strings.TrimPrefix(h.Name, "."), "/")] = h.Linkname + string(content)
	}
	for name, content := range byPath(t, path) {
		// rpm2archive gives the content to one of several links.
		if w, ok := want[name]; !ok || content != "" && w != content && !strings.HasPrefix(w, ".") {
			t.Errorf("%s: %s is %.40q, rpm2archive has %.40q", path, name, content, w)
		}
	}
}

// byPath returns contents and targets of links by path.
func byPath(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for {
		i, err := p.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		file := &p.Files()[i]
		found[strings.Trim(file.Path(), "/")] = file.LinkTo + string(content)
	}
}
