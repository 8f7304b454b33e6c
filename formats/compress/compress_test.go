package compress

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

var tools = map[Algorithm]string{Gzip: "gzip", XZ: "xz", Zstd: "zstd"}

// part is data, or a run of zeros.
type part struct {
	data  []byte
	zeros int64
}

func parts() map[string][]part {
	rnd := rand.New(rand.NewPCG(3, 4))
	text := bytes.Repeat([]byte("all holes are alike; "), 100_000)
	noise := make([]byte, 700_001)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	return map[string][]part{
		"nothing": nil, "byte": {{data: []byte{1}}}, "zeros": {{zeros: 70 << 20}},
		"mixed": {{data: text}, {zeros: 40<<20 + 17}, {data: noise}, {zeros: 5}, {data: text}, {zeros: 18 << 20}},
	}
}

func packAll(t testing.TB, list []part, a Algorithm, workers, cut int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(t.Context(), &out, a, Options{Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if err := w.Zeros(p.zeros); err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(p.data); at += cut {
			if _, err := w.Write(p.data[at:min(at+cut, len(p.data))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func plainOf(list []part) []byte {
	var out []byte
	for _, p := range list {
		out = append(append(out, make([]byte, p.zeros)...), p.data...)
	}
	return out
}

func TestToolsUnpack(t *testing.T) {
	for a, tool := range tools {
		program := testtool.Need(t, tool)[0]
		for name, list := range parts() {
			path := filepath.Join(t.TempDir(), "packed."+string(a))
			packed := packAll(t, list, a, 2, 1<<20)
			if err := os.WriteFile(path, packed, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := exec.Command(program, "-dc", path).Output()
			if err != nil || !bytes.Equal(got, plainOf(list)) {
				t.Errorf("%s: %s does not come back: %v", tool, name, err)
			}
			if again := packAll(t, list, a, 5, 12_345); !bytes.Equal(again, packed) {
				t.Errorf("%s: %s depends on workers or writes", tool, name)
			}
		}
	}
}

func TestZerosAreData(t *testing.T) {
	list := parts()["mixed"]
	for a := range tools {
		if !bytes.Equal(packAll(t, list, a, 2, 1<<20), packAll(t, []part{{data: plainOf(list)}}, a, 2, 1<<20)) {
			t.Errorf("%s: zeros written and zeros announced differ", a)
		}
	}
}

func TestJoinCRC(t *testing.T) {
	a, b := []byte("front"), bytes.Repeat([]byte("back"), 12_345)
	joined := joinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), uint64(len(b)))
	if want := crc32.ChecksumIEEE(append(a, b...)); joined != want {
		t.Errorf("got %08x, want %08x", joined, want)
	}
}

// limited fails after so many bytes.
type limited struct{ left int }

var errFull = errors.New("no space")

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestFailingWriter(t *testing.T) {
	for a := range tools {
		w, err := NewWriter(t.Context(), &limited{1000}, a, Options{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(struct{ io.Writer }{w}, io.LimitReader(rand.NewChaCha8([32]byte{}), 40<<20))
		if done := w.Close(); err == nil {
			err = done
		}
		if !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", a, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	for _, a := range []Algorithm{Gzip, XZ, Zstd} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, err := NewWriter(ctx, io.Discard, a, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.Repeat([]byte("pieces that wait when the work is cancelled "), 1<<16)
		for n := 0; err == nil; n++ {
			if n == 10 {
				cancel()
			}
			_, err = w.Write(text)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", a, err)
		}
		if err := w.Close(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v at the end", a, err)
		}
	}
}
