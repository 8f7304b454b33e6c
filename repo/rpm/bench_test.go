package rpm_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/fimg/fimg/internal/rpmtest"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/repo/rpm"
)

// contents loads the test packages into memory.
func contents(b *testing.B) [][]byte {
	b.Helper()
	testtool.Need(b, "rpmbuild")
	var out [][]byte
	for _, path := range rpmtest.Files(b) {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

// BenchmarkHeaders parses the headers of all packages and their file lists.
func BenchmarkHeaders(b *testing.B) {
	files := contents(b)
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		for _, data := range files {
			if _, err := rpm.ReadPackage(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkFiles makes the file lists of all packages.
func BenchmarkFiles(b *testing.B) {
	var headers []*rpm.Header
	for _, data := range contents(b) {
		p, err := rpm.ReadPackage(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		headers = append(headers, p.Header)
	}
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		for _, h := range headers {
			if _, err := h.Files(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkContents reads all files of all packages on one core.
func BenchmarkContents(b *testing.B) {
	files := contents(b)
	buffers := new(rpm.Buffers)
	b.ResetTimer()
	b.ReportAllocs()
	for b.Loop() {
		for _, data := range files {
			r, err := rpm.NewReader(bytes.NewReader(data), rpm.ReaderOptions{SkipRedundant: true, Buffers: buffers})
			if err != nil {
				b.Fatal(err)
			}
			p, err := r.Payload(rpm.PayloadOptions{Digests: true})
			for err == nil {
				_, err = p.Next()
			}
			if !errors.Is(err, io.EOF) {
				b.Fatal(err)
			}
			r.Close()
		}
	}
}
