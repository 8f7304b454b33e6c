package zstdblock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/klauspost/compress/zstd"
)

// samples are blocks of every kind the encoder tells apart.
func samples() map[string][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, MaxBlock)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	text := words(rnd, MaxBlock)
	skewed := make([]byte, MaxBlock)
	for i := range skewed {
		skewed[i] = byte(rnd.ExpFloat64() * 9)
	}
	steep := make([]byte, 0, MaxBlock) // counts that a code of eleven bits cannot follow
	for i, n := 0, 1; n < MaxBlock/4; i, n = i+1, n+n/2+1 {
		steep = append(steep, bytes.Repeat([]byte{byte(i)}, n)...)
	}
	rnd.Shuffle(len(steep), func(i, j int) { steep[i], steep[j] = steep[j], steep[i] })
	list := map[string][]byte{
		"empty": nil, "one": {7}, "two": {7, 7}, "two different": {7, 8}, "zeros": make([]byte, MaxBlock),
		"fifteen": text[:15], "sixteen": text[:16], "short text": text[:300], "page": text[:4096], "text": text,
		"almost a block": text[1:], "noise": noise, "short noise": noise[:200], "skewed": skewed,
		"short skewed": skewed[:255], "256 skewed": skewed[:256], "steep": steep,
		"half noise": append(bytes.Clone(noise[:MaxBlock/2]), text[:MaxBlock/2]...),
		"one match":  append(bytes.Clone(noise[:MaxBlock/2]), noise[:MaxBlock/2]...),
		"pairs":      bytes.Repeat([]byte{1, 2}, MaxBlock/2),
		"tail":       append(bytes.Repeat([]byte("0123456789"), 500), noise[:7]...),
		"few":        few(rnd, MaxBlock, 2), "three": few(rnd, 5000, 3),
	}
	for _, n := range []int{31, 32, 63, 255, 256, 257, 1023, 1024, 4095, 16383, 16384, 65535, 65791, 65792} {
		list["text of "+strings.Repeat("x", n%97)] = text[:n]
	}
	return list
}

func words(rnd *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		k := int(rnd.ExpFloat64() * 40)
		for range 3 + k%6 {
			b = append(b, byte('a'+k%26))
			k = k*7 + 3
		}
		b = append(b, ' ')
	}
	return b[:n]
}

func few(rnd *rand.Rand, n, kinds int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.IntN(kinds))
	}
	return b
}

func decoder(t testing.TB) *zstd.Decoder {
	t.Helper()
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// roundTrip encodes src, checks what must hold of the frame and returns it.
func roundTrip(t testing.TB, e *Encoder, d *zstd.Decoder, src []byte) []byte {
	t.Helper()
	out := e.Append(nil, src)
	if len(out) > Bound(len(src)) {
		t.Fatalf("%d bytes became %d", len(src), len(out))
	}
	var h zstd.Header
	if err := h.Decode(out); err != nil || !h.SingleSegment || !h.HasFCS || h.FrameContentSize != uint64(len(src)) || h.HasCheckSum {
		t.Fatalf("header of %d bytes: %+v, %v", len(src), h, err)
	}
	back, err := d.DecodeAll(out, nil)
	if err != nil {
		t.Fatalf("%d bytes as %d: %v", len(src), len(out), err)
	}
	if !bytes.Equal(back, src) {
		t.Fatalf("%d bytes as %d came back different", len(src), len(out))
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	e, d := new(Encoder), decoder(t)
	for name, src := range samples() {
		out := roundTrip(t, e, d, src)
		if again := new(Encoder).Append([]byte("before"), src); !bytes.Equal(again[6:], out) {
			t.Errorf("%s: a used encoder gives other bytes than a new one", name)
		}
	}
}

// compareSlow checks that the code of this architecture does what that in Go does.
func compareSlow(t testing.TB, e, slow *Encoder, src []byte) {
	t.Helper()
	if len(src) < minInput {
		return
	}
	e.find(src)
	clear(slow.table[:])
	anchor := slow.findSlow(src)
	slow.literalCount += copy(slow.literals[slow.literalCount:], src[anchor:])
	lits, list := e.literals[:e.literalCount], e.sequences[:e.sequenceCount]
	if !bytes.Equal(lits, slow.literals[:slow.literalCount]) || !slices.Equal(list, slow.sequences[:slow.sequenceCount]) {
		t.Fatalf("%d bytes: %d sequences and %d literals, in Go %d and %d", len(src),
			len(list), len(lits), slow.sequenceCount, slow.literalCount)
	}
	if n := min(len(lits)/2, MaxBlock/4) / 5 * 5; n > 0 && e.code.gather(e.count(lits, len(lits)), len(lits)) > 1 {
		e.code.build()
		var a, b [2]huffmanStream
		for i := range 2 {
			a[i].dst, b[i].dst = e.streams[i][:], slow.streams[i][:]
		}
		encodeFives(&a[0], &a[1], lits[:n], lits[n:2*n], &e.code.codes)
		fivesSlow(&b[0], &b[1], lits[:n], lits[n:2*n], &e.code.codes)
		for i := range 2 {
			if a[i].at != b[i].at || a[i].have != b[i].have || (a[i].acc^b[i].acc)>>(63-a[i].have)>>1 != 0 ||
				!bytes.Equal(a[i].dst[:a[i].at], b[i].dst[:b[i].at]) {
				t.Fatalf("%d literals have another code in Go", n)
			}
		}
	}
	compareCodes(t, e, slow, list)
	if _, ok := e.appendSequences(nil, list, len(src)); ok && len(list) > 1 {
		var st [2][3]uint32
		for i := range e.fields {
			st[0][i] = uint32(e.fields[i].table.states[0])
			st[1][i] = st[0][i]
		}
		a, b := bitWriter{buf: e.out[:]}, bitWriter{buf: slow.out[:]}
		e.encodeStates(&a, e.coded[:len(list)], &st[0])
		e.statesSlow(&b, e.coded[:len(list)], &st[1])
		if st[0] != st[1] || a.acc != b.acc || a.have != b.have || !bytes.Equal(a.buf[:a.at], b.buf[:b.at]) {
			t.Fatalf("%d sequences have another code in Go", len(list))
		}
	}
}

func compareCodes(t testing.TB, e, slow *Encoder, list []uint64) {
	t.Helper()
	for i := range slow.fields {
		slow.fields[i].count = [64]uint32{}
	}
	if a, b := e.codes(list), slow.codesSlow(list); a != b || !slices.Equal(e.coded[:len(list)], slow.coded[:len(list)]) {
		t.Fatalf("%d sequences need %d bits beside their codes, in Go %d", len(list), a, b)
	}
	for i := range e.fields {
		if e.fields[i].count != slow.fields[i].count {
			t.Fatalf("codes of kind %d are counted in another way in Go", i)
		}
	}
}

// Sequences at the ends of what numbers share a code.
func TestCodes(t *testing.T) {
	e, slow := new(Encoder), new(Encoder)
	var list []uint64
	for k := range 18 {
		for d := -2; d <= 2; d++ {
			n := uint64(min(max(1<<k+d, 1), MaxBlock-1))
			list = append(list, n|1<<offsetShift, n<<lengthShift|5<<offsetShift, (n+offsetAdd)<<offsetShift, n|n<<lengthShift|n<<offsetShift)
		}
	}
	for n := range list {
		compareCodes(t, e, slow, list[n:])
	}
}

func TestSlow(t *testing.T) {
	e, slow := new(Encoder), new(Encoder)
	for _, src := range samples() {
		compareSlow(t, e, slow, src)
	}
}

// What can be told at once becomes as small as it can.
func TestSizes(t *testing.T) {
	e, list := new(Encoder), samples()
	for name, most := range map[string]int{
		"empty": 9, "one": 10, "zeros": 13, "pairs": 40, "noise": Bound(MaxBlock), "one match": MaxBlock * 6 / 10,
		"few": MaxBlock / 5, "skewed": MaxBlock * 60 / 100, "text": MaxBlock / 3,
	} {
		if n := len(e.Append(nil, list[name])); n > most {
			t.Errorf("%s takes %d bytes, not %d", name, n, most)
		}
	}
}

// Random mixtures of noise of few symbols and of copies.
func TestMixtures(t *testing.T) {
	e, slow, d := new(Encoder), new(Encoder), decoder(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 600 {
		src := make([]byte, rnd.IntN(1<<(1+rnd.IntN(17))))
		kinds := 1 + rnd.IntN(256)
		for i := 0; i < len(src); i++ {
			src[i] = byte(rnd.IntN(1 + rnd.IntN(kinds)))
			if i > 10 && rnd.IntN(20) == 0 {
				from := rnd.IntN(i)
				for k := range min(rnd.IntN(60), len(src)-i) {
					src[i+k] = src[from+k]
				}
			}
		}
		roundTrip(t, e, d, src)
		compareSlow(t, e, slow, src)
	}
}

// The reference decoder reads every frame.
func TestReference(t *testing.T) {
	program := testtool.Need(t, "zstd")[0]
	e := new(Encoder)
	var frames, want []byte
	for _, src := range samples() {
		frames, want = e.Append(frames, src), append(want, src...)
	}
	name := filepath.Join(t.TempDir(), "frames.zst")
	if err := os.WriteFile(name, frames, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := exec.Command(program, "-dc", name).Output()
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("zstd -d: %v, %d bytes of %d", err, len(got), len(want))
	}
}

// The bits never change unnoticed: disks are to be the same tomorrow.
func TestGolden(t *testing.T) {
	e, list := new(Encoder), samples()
	for name, want := range golden {
		sum := sha256.Sum256(e.Append(nil, list[name]))
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%q: %q, has changed", name, got)
		}
	}
}

var golden = map[string]string{
	"empty":      "6fb8543883dafcc2",
	"sixteen":    "d451f7d8ff7d52dd",
	"short text": "91530ada5e822f88",
	"page":       "e09b54d9a96ca40f",
	"text":       "e6ff7ff9f471b7eb",
	"skewed":     "8350f51c170e032a",
	"steep":      "053d580050b3fb24",
	"half noise": "b631b6d45c79941a",
	"one match":  "4f00826ac2c72e43",
	"pairs":      "bcc3ba672e702163",
	"tail":       "e6c93da74721a951",
	"few":        "5770f52b6d4c0a51",
	"three":      "3adc556ed07c5cea",
}

func FuzzRoundTrip(f *testing.F) {
	for _, src := range samples() {
		f.Add(src[:min(len(src), 5000)], uint8(0))
	}
	f.Add([]byte("abcdefgh"), uint8(200))
	e, slow, d := new(Encoder), new(Encoder), decoder(f)
	f.Fuzz(func(t *testing.T, src []byte, times uint8) {
		long := bytes.Clone(src)
		for i := range int(times) {
			if i < len(src) {
				src[i] ^= byte(i)
			}
			long = append(long, src...)
		}
		long = long[:min(len(long), MaxBlock)]
		roundTrip(t, e, d, long)
		compareSlow(t, e, slow, long)
		roundTrip(t, e, d, src[:min(len(src), MaxBlock)])
	})
}
