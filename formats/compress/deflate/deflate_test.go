package deflate

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

func unpack(t testing.TB, packed, dict []byte) []byte {
	t.Helper()
	got, err := io.ReadAll(flate.NewReaderDict(bytes.NewReader(packed), dict))
	if err != nil {
		t.Fatalf("inflate: %v", err)
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
		"empty": nil, "one": {7}, "two": {7, 7}, "three": {7, 7, 7}, "zeros": make([]byte, 1<<20),
		"noise": noise, "mixed": mixed, "few": few, "all": append(append(bytes.Clone(mixed), noise...), few...),
	}
}

func TestRoundTrip(t *testing.T) {
	var e Encoder
	for name, in := range samples() {
		for _, level := range []Level{Stored, Fast, Normal, {1, 3}, {200, 258}} {
			if got := unpack(t, e.Encode(nil, in, 0, level, Final), nil); !bytes.Equal(got, in) {
				t.Errorf("%s at %v does not come back", name, level)
			}
		}
	}
}

func TestDictionaryAndSync(t *testing.T) {
	var e Encoder
	in := samples()["all"]
	var out []byte
	for at := 0; at < len(in); at += 50_000 {
		out = e.Encode(out, in[:min(at+50_000, len(in))], at, Normal, Sync)
	}
	out = e.Encode(out, nil, 0, Normal, Final)
	if got := unpack(t, out, nil); !bytes.Equal(got, in) {
		t.Error("joined pieces do not come back")
	}
}

func TestIndependentOfHistory(t *testing.T) {
	var used, fresh Encoder
	for _, in := range samples() {
		used.Encode(nil, in, 0, Normal, Final)
	}
	for name, in := range samples() {
		fresh = Encoder{}
		if !bytes.Equal(used.Encode(nil, in, 0, Fast, Final), fresh.Encode(nil, in, 0, Fast, Final)) {
			t.Errorf("%s: the result depends on what was encoded before", name)
		}
	}
}

func FuzzEncode(f *testing.F) {
	for _, in := range samples() {
		f.Add(in[:min(len(in), 5000)], 10)
	}
	f.Fuzz(func(t *testing.T, in []byte, start int) {
		if start < 0 || start > len(in) {
			start = 0
		}
		var e Encoder
		if got := unpack(t, e.Encode(nil, in, start, Normal, Final), in[:start]); !bytes.Equal(got, in[start:]) {
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
	for name, level := range map[string]Level{"fast": Fast, "normal": Normal} {
		b.Run(name, func(b *testing.B) {
			var e Encoder
			b.SetBytes(int64(len(in)))
			var size int
			for b.Loop() {
				size = len(e.Encode(nil, in, 0, level, Final))
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}
