package unpack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/fimg/fimg/internal/testtool"
)

// sample is text that compresses and is longer than a few chunks.
func sample() []byte {
	var b bytes.Buffer
	for i := range 40_000 {
		fmt.Fprintf(&b, "<package>line %d of the sample %d</package>\n", i, i*i)
	}
	return b.Bytes()
}

func readAll(packed []byte) ([]byte, error) {
	r, err := Reader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestGoCompressors(t *testing.T) {
	want := sample()
	var gz, zst bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write(want)
	w.Close()
	z, _ := zstd.NewWriter(&zst)
	z.Write(want)
	z.Close()
	for name, packed := range map[string][]byte{"gz": gz.Bytes(), "zst": zst.Bytes(), "none": want} {
		if got, err := readAll(packed); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if name == "none" {
			continue
		}
		if _, err := readAll(packed[:len(packed)/2]); err == nil {
			t.Errorf("%s: half a file was read without an error", name)
		}
	}
}

func TestTools(t *testing.T) {
	want := sample()
	for tool, args := range map[string][]string{
		"xz": {"-k"}, "zstd": {"-q", "--long=27"}, "bzip2": {"-k"}, "gzip": {"-k"},
	} {
		testtool.Need(t, tool)
		path := filepath.Join(t.TempDir(), "sample")
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		testtool.Run(t, tool, append(args, path)...)
		check(t, path+".*", want)
	}
}

func TestZchunk(t *testing.T) {
	testtool.Need(t, "zck")
	want := sample()
	dict := filepath.Join(t.TempDir(), "dict")
	if err := os.WriteFile(dict, want[:20_000], 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"plain": nil, "dict": {"-D", dict}, "split": {"-s", "<package>"}, "sha512": {"--chunk-hash-type", "sha512"},
		"uncompressed": {"-u"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sample")
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			testtool.Run(t, "zck", append(args, "-o", path+".zck", path)...)
			want := []byte(testtool.Run(t, "unzck", "-c", path+".zck"))
			check(t, path+".*", want)
		})
	}
}

// check unpacks the one file that matches, and sees that damage is noticed.
func check(t *testing.T, glob string, want []byte) {
	t.Helper()
	paths, _ := filepath.Glob(glob)
	if len(paths) != 1 {
		t.Fatalf("%s: %v", glob, paths)
	}
	packed, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(packed); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s: %d bytes of %d, %v", paths[0], len(got), len(want), err)
	}
	packed[len(packed)/2] ^= 0x40
	if got, err := readAll(packed); err == nil && !bytes.Equal(got, want) {
		t.Errorf("%s: damage was not noticed", paths[0])
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(zckMagic + "\x81\x90"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte("\xfd7zXZ\x00"))
	f.Add([]byte("BZh9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Reader(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer r.Close()
		_, _ = io.CopyN(io.Discard, r, 1<<20)
	})
}
