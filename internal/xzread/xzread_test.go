package xzread

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/ulikunitz/xz"

	"github.com/fimg/fimg/formats/compress"
)

// content is some that packs, some that does not, and a length of no round number.
func content() []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	b := bytes.Repeat([]byte("content "), 40_000)
	for range 150_001 {
		b = append(b, byte(rnd.Uint32()))
	}
	return b
}

// stream packs with the checksum of a type, in blocks of a size.
func stream(t testing.TB, plain []byte, check byte, block int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := xz.WriterConfig{CheckSum: check, BlockSize: block, NoCheckSum: check == xz.None}.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// ours packs with our own encoder, whose blocks tell their sizes.
func ours(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := compress.NewWriter(t.Context(), &out, compress.XZ, compress.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// claim changes the dictionary of the block whose header begins at a place.
func claim(raw []byte, at int, code byte) []byte {
	raw = bytes.Clone(raw)
	end := at + (int(raw[at])+1)*4 - 4
	raw[at+bytes.Index(raw[at:end], []byte{lzma2, 1})+2] = code
	binary.LittleEndian.PutUint32(raw[end:], crc32.ChecksumIEEE(raw[at:end]))
	return raw
}

const firstBlock = 12 // behind the stream header

func TestReader(t *testing.T) {
	plain := content()
	padded := append(stream(t, plain[:100_000], xz.CRC32, 1<<40), make([]byte, 8)...)
	for name, raw := range map[string][]byte{
		"crc32": stream(t, plain, xz.CRC32, 1<<40), "crc64": stream(t, plain, xz.CRC64, 1<<40),
		"sha256": stream(t, plain, xz.SHA256, 1<<40), "no check": stream(t, plain, xz.None, 1<<40),
		"blocks": stream(t, plain, xz.SHA256, 70_001), "ours": ours(t, plain),
		"streams": append(padded, stream(t, plain[100_000:], xz.CRC64, 1<<40)...),
	} {
		for way, in := range map[string]io.Reader{"": bytes.NewReader(raw), " in bytes": iotest.OneByteReader(bytes.NewReader(raw))} {
			r, err := NewReader(in)
			if err != nil {
				t.Fatalf("%s%s: %v", name, way, err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%s%s: %d bytes of %d, %v", name, way, len(got), len(plain), err)
			}
		}
	}
}

// A dictionary that is too large is found wherever it is claimed.
func TestDictionaries(t *testing.T) {
	one := stream(t, content()[:5000], xz.CRC32, 1<<40)
	many := stream(t, content()[:5000], xz.CRC32, 1000)
	second := firstBlock + bytes.Index(many[firstBlock+1:], many[firstBlock:firstBlock+8]) + 1
	if second <= firstBlock {
		t.Fatal("there is no second block")
	}
	for name, raw := range map[string][]byte{
		"block": claim(one, firstBlock, 40), "second block": claim(many, second, 33),
		"second stream": append(bytes.Clone(one), claim(one, firstBlock, 36)...),
	} {
		var too *DictionaryError
		if err := readAll(raw); !errors.As(err, &too) || too.Size <= MaxDictionary {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := readAll(claim(one, firstBlock, 32)); err != nil {
		t.Errorf("the largest dictionary: %v", err)
	}
}

func readAll(raw []byte) error {
	r, err := NewReader(bytes.NewReader(raw))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return err
}

// FuzzGuard compares with the decoder alone: what it takes, the guard takes too.
func FuzzGuard(f *testing.F) {
	f.Add(stream(f, content()[:3000], xz.CRC64, 1000))
	f.Add(append(stream(f, []byte("a"), xz.None, 1<<40), stream(f, nil, xz.SHA256, 1<<40)...))
	f.Add(ours(f, []byte("ours")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := readAll(raw)
		if errors.As(err, new(*DictionaryError)) || err == nil {
			return
		}
		r, alone := xz.NewReader(bytes.NewReader(raw))
		if alone == nil {
			_, alone = io.Copy(io.Discard, io.LimitReader(r, 64<<20))
		}
		if alone == nil {
			t.Fatalf("the decoder takes what the guard does not: %v", err)
		}
	})
}
