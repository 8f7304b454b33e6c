package lzma2

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/ulikunitz/xz/lzma"
)

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	r, err := lzma.Reader2Config{DictCap: Dictionary}.NewReader2(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("unpack: %v", err)
	}
	return got
}

func samples() map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	mixed := bytes.Repeat([]byte("sparse files have holes\n"), 10_000)
	for i := 0; i < len(mixed); i += 1 + rnd.IntN(40) {
		mixed[i] = byte(rnd.Uint32())
	}
	few := make([]byte, 200_000)
	for i := range few {
		few[i] = byte(rnd.IntN(3))
	}
	return map[string][]byte{
		"empty": nil, "one": {7}, "two": {7, 7}, "three": {7, 7, 7}, "zeros": make([]byte, 5<<20),
		"noise": noise, "mixed": mixed, "few": few,
		"all": append(append(append(append(bytes.Clone(mixed), noise...), few...), noise[:70_000]...), mixed...),
	}
}

func TestRoundTrip(t *testing.T) {
	var e Encoder
	defer e.Close()
	for name, in := range samples() {
		if got := unpack(t, e.Encode(nil, in)); !bytes.Equal(got, in) {
			t.Errorf("%s does not come back", name)
		}
	}
}

func TestIndependentOfHistory(t *testing.T) {
	var used Encoder
	defer used.Close()
	for _, in := range samples() {
		used.Encode(nil, in)
	}
	for name, in := range samples() {
		var fresh Encoder
		if !bytes.Equal(used.Encode(nil, in), fresh.Encode(nil, in)) {
			t.Errorf("%s: the result depends on what was encoded before", name)
		}
		fresh.Close()
	}
}

// An encoder that is stopped asks no further, and works as before afterwards.
func TestStop(t *testing.T) {
	in := samples()["all"]
	var e Encoder
	defer e.Close()
	want := e.Encode(nil, in)
	asked := 0
	e.Stop = func() error {
		if asked++; asked == 3 {
			return errors.New("enough")
		}
		return nil
	}
	if got := e.Encode(nil, in); got != nil || asked != 3 {
		t.Errorf("%d bytes, asked %d times", len(got), asked)
	}
	e.Stop = nil
	if !bytes.Equal(e.Encode(nil, in), want) {
		t.Error("the result depends on what was stopped before")
	}
}

func FuzzEncode(f *testing.F) {
	for _, in := range samples() {
		f.Add(in[:min(len(in), 5000)])
	}
	e := new(Encoder)
	f.Fuzz(func(t *testing.T, in []byte) {
		if got := unpack(t, e.Encode(nil, in)); !bytes.Equal(got, in) {
			t.Error("does not come back")
		}
	})
}

// BenchmarkEncode measures the file named by FIMG_BENCH_DATA.
func BenchmarkEncode(b *testing.B) {
	in, err := os.ReadFile(os.Getenv("FIMG_BENCH_DATA"))
	if err != nil {
		in = samples()["all"]
	}
	var e Encoder
	defer e.Close()
	b.SetBytes(int64(len(in)))
	var size int
	for b.Loop() {
		size = 0
		for at := 0; at < len(in); at += 24 << 20 {
			size += len(e.Encode(nil, in[at:min(at+24<<20, len(in))]))
		}
	}
	b.ReportMetric(float64(size), "bytes")
}
