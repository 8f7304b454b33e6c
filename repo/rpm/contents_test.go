package rpm_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// outcome is what reading a package gave.
type outcome struct {
	contents [][]byte
	verdict  *rpm.Verdict
	err      error
}

// atOnce reads a package with Contents, in no more memory than ArchiveRoom says.
func atOnce(data []byte, limit int64) (o outcome) {
	r, err := rpm.NewReader(bytes.NewReader(data), rpm.ReaderOptions{})
	if err != nil {
		return outcome{err: err}
	}
	defer r.Close()
	files, err := r.Header.Files()
	if err != nil {
		return outcome{err: err}
	}
	size := int64(len(data)) - r.PayloadOffset
	room := min(rpm.ArchiveRoom(files), limit)
	if o.contents, o.err = r.Contents(size, make([]byte, 0, max(room, 0)+size)); o.err == nil {
		o.verdict, o.err = r.Verify(nil)
	}
	return o
}

// piecewise reads it with Payload.
func piecewise(data []byte) (o outcome) {
	r, err := rpm.NewReader(bytes.NewReader(data), rpm.ReaderOptions{})
	if err != nil {
		return outcome{err: err}
	}
	defer r.Close()
	p, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		return outcome{err: err}
	}
	o.contents = make([][]byte, len(p.Files()))
	for {
		i, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return outcome{err: err}
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return outcome{err: err}
		}
		if p.HasContent() {
			o.contents[i] = b
		}
	}
	o.verdict, o.err = r.Verify(nil)
	return o
}

func compareOutcomes(t *testing.T, name string, data []byte, limit int64) {
	t.Helper()
	got, want := atOnce(data, limit), piecewise(data)
	if (got.err == nil) != (want.err == nil) {
		t.Errorf("%s: at once %v, piece by piece %v", name, got.err, want.err)
		return
	}
	if want.err == nil && !(reflect.DeepEqual(got.contents, want.contents) && reflect.DeepEqual(got.verdict, want.verdict)) {
		t.Errorf("%s: the contents or the verdicts %+v and %+v differ", name, got.verdict, want.verdict)
	}
}

// TestContents compares the two ways to read a package.
func TestContents(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	for _, path := range rpmtest.Files(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		compareOutcomes(t, path, data, 256<<20)
	}
}

// TestContentsDamaged changes one bit at many places and cuts at many.
func TestContentsDamaged(t *testing.T) {
	for _, stripped := range []bool{false, true} {
		whole := tiny(t, stripped)
		compareOutcomes(t, "whole", whole, 1<<20)
		for at := range whole {
			data := bytes.Clone(whole)
			data[at] ^= 1 << (at % 8)
			compareOutcomes(t, "changed", data, 1<<20)
			compareOutcomes(t, "cut", whole[:at], 1<<20)
		}
	}
}

// TestContentsTooLarge gives less memory than the archive needs.
func TestContentsTooLarge(t *testing.T) {
	testtool.Need(t, "rpmbuild")
	for _, path := range rpmtest.Build(t, "zstd") {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := rpm.NewReader(f, rpm.ReaderOptions{Buffers: new(rpm.Buffers)})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := r.Contents(1<<10, make([]byte, 0, 100)); !errors.Is(err, rpm.ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestContentsEndless has a payload that is far larger than its archive: no more
// of it is read than there is memory given, whatever the caller expects.
func TestContentsEndless(t *testing.T) {
	whole := tiny(t, false)
	for _, expected := range []int64{0, 1 << 40} {
		rest := &io.LimitedReader{R: zeros{}, N: 1 << 40}
		r, err := rpm.NewReader(io.MultiReader(bytes.NewReader(whole), rest), rpm.ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		const limit = 1 << 20
		if _, err := r.Contents(expected, make([]byte, 0, limit)); !errors.Is(err, rpm.ErrTooLarge) {
			t.Errorf("%d bytes expected: %v", expected, err)
		}
		if read := 1<<40 - rest.N; read > 2*limit {
			t.Errorf("%d bytes expected: %d bytes were read", expected, read)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// FuzzContents compares the two ways to read damaged packages.
func FuzzContents(f *testing.F) {
	f.Add(tiny(f, false))
	f.Add(tiny(f, true))
	f.Fuzz(func(t *testing.T, data []byte) { compareOutcomes(t, "fuzzed", data, 1<<20) })
}
