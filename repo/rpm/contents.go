package rpm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"github.com/fimg/fimg/internal/sha256s"
)

// ErrTooLarge says that an archive or a payload is larger than the memory given
// for it, or damaged: reading it piece by piece tells.
var ErrTooLarge = errors.New("the archive does not fit into memory")

// ArchiveRoom returns how much memory Contents needs for the archive of these
// files, where its archive is as rpm writes it.
func ArchiveRoom(files []File) int64 {
	// The decompressor is faster where it may write more than it has to.
	const overrun = 144 << 10
	const entry = 6 + 8*cpioFields + len("./") + 1 + 2*3 // with padding
	size := int64(overrun)
	for i := range files {
		f := &files[i]
		size += int64(entry + len(f.Dir) + len(f.Base))
		linked := f.Links != nil && f.Links[len(f.Links)-1] != i
		if f.Flags&FileGhost == 0 && (f.Regular() && !linked || f.Type() == ModeSymlink) {
			size += f.Size
		}
	}
	return size
}

// Contents reads all of the payload at once, as Payload does piece by piece: it
// unpacks the archive into buf, in whose capacity there must be room for it and
// behind it for the payload, and returns the content of each file, a part of buf,
// nil where the archive has none for it. Size is that of the payload in the file;
// where it has another one the error is ErrTooLarge.
// Every content is compared with the header's digest. After an error the Reader is
// of no more use.
func (r *Reader) Contents(size int64, buf []byte) ([][]byte, error) {
	files, err := r.begin()
	if err != nil {
		return nil, err
	}
	room := int64(cap(buf)) - size
	if size < 0 || room < 0 {
		return nil, ErrTooLarge
	}
	raw := buf[room:cap(buf)]
	if err := r.readWhole(raw); err != nil {
		return nil, err
	}
	archive, err := decompressAll(r.Header.String(TagPayloadCompressor), raw, buf[:0:room], r.buffers)
	if err != nil {
		return nil, err
	}
	r.payload = newPayload(&window{archive}, files, r.Header, PayloadOptions{})
	contents, err := r.payload.slices()
	if err != nil {
		return nil, err
	}
	return contents, r.sumAll(raw, contents)
}

// readWhole reads the payload, which must fill raw and end there.
func (r *Reader) readWhole(raw []byte) error {
	n, err := io.ReadFull(r.raw.r, raw)
	if err == nil {
		_, err = io.ReadFull(r.raw.r, make([]byte, 1))
	}
	switch err {
	case io.EOF:
	case nil, io.ErrUnexpectedEOF:
		return ErrTooLarge
	default:
		return short("payload", err)
	}
	if n < len(raw) {
		return ErrTooLarge
	}
	r.raw.n, r.whole = int64(n), true
	return nil
}

// decompressAll unpacks raw into the capacity of buf.
func decompressAll(name string, raw, buf []byte, b *Buffers) ([]byte, error) {
	if name == "zstd" {
		d, err := b.decoder()
		if err != nil {
			return nil, err
		}
		defer b.giveBack(d)
		out, err := d.DecodeAll(raw, buf)
		if err != nil {
			return nil, ErrTooLarge // it has several names for that
		}
		return out, nil
	}
	plain, err := decompress(name, bytes.NewReader(raw), b)
	if err != nil {
		return nil, &FormatError{"payload", err.Error()}
	}
	defer plain.Close()
	buf = buf[:cap(buf)]
	n, err := io.ReadFull(plain, buf)
	switch err {
	case io.EOF, io.ErrUnexpectedEOF:
		return buf[:n], nil
	case nil:
		return nil, ErrTooLarge
	}
	return nil, &FormatError{"payload", err.Error()}
}

// slices returns the content of every file of an archive that is in memory.
func (p *Payload) slices() ([][]byte, error) {
	out := make([][]byte, len(p.files))
	for {
		i, err := p.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if !p.HasContent() {
			continue
		}
		out[i], err = p.in.Peek(int(p.left))
		if err != nil {
			return nil, p.fail(io.ErrUnexpectedEOF)
		}
		_, _ = p.in.Discard(int(p.left))
		p.off, p.left = p.off+p.left, 0
	}
}

// sumAll hashes the payload and the contents and compares these.
func (r *Reader) sumAll(raw []byte, contents [][]byte) error {
	plain := r.plainSum()
	for _, h := range r.raw.hashes {
		if h != plain {
			h.Write(raw)
		}
	}
	var messages [][]byte
	var owners []int // positions of files, -1 for the payload
	if plain != nil {
		messages, owners = append(messages, raw), append(owners, -1)
	}
	for i, c := range contents {
		if c != nil {
			messages, owners = append(messages, c), append(owners, i)
		}
	}
	if r.payload.algo != SHA256 {
		return r.sumFiles(messages, owners)
	}
	for at, sum := range sha256s.Sums(messages) {
		if owners[at] < 0 {
			r.setSum(plain, sum)
		} else if err := r.payload.judge(owners[at], sum[:]); err != nil {
			return err
		}
	}
	return nil
}

// sumFiles is for packages with other digests of files.
func (r *Reader) sumFiles(messages [][]byte, owners []int) error {
	for at, m := range messages {
		if owners[at] < 0 {
			r.setSum(r.plainSum(), sha256s.Sums(messages[at : at+1])[0])
			continue
		}
		h := r.payload.algo.New()
		if h == nil {
			return r.payload.unsupported()
		}
		h.Write(m)
		if err := r.payload.judge(owners[at], h.Sum(nil)); err != nil {
			return err
		}
	}
	return nil
}

// plainSum returns the hash that is the SHA-256 of the payload and of nothing
// else, nil when the package has none.
func (r *Reader) plainSum() hash.Hash {
	for _, it := range r.items {
		if it.status == pending && it.Range == PayloadRange && it.Algo == SHA256 && it.salt == nil {
			return it.hash
		}
	}
	return nil
}

// setSum puts a sum in place of a hash.
func (r *Reader) setSum(h hash.Hash, sum [sha256s.Size]byte) {
	for _, it := range r.items {
		if it.hash == h {
			it.hash = summed{h, sum}
		}
	}
}

// summed is a hash whose sum was found elsewhere.
type summed struct {
	hash.Hash
	sum [sha256s.Size]byte
}

func (s summed) Sum(b []byte) []byte { return append(b, s.sum[:]...) }

// judge compares the digest of the content of file i.
func (p *Payload) judge(i int, sum []byte) error {
	f := &p.files[i]
	got := hex.EncodeToString(sum)
	if sameDigest(f, got) {
		return nil
	}
	return &FileDigestError{f.Path(), f.Digest, got}
}

// window is an archive in memory as Payload reads it.
type window struct{ b []byte }

func (w *window) Read(b []byte) (int, error) {
	if len(w.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, w.b)
	w.b = w.b[n:]
	return n, nil
}

func (w *window) Peek(n int) ([]byte, error) {
	if n > len(w.b) {
		return w.b, io.EOF
	}
	return w.b[:n:n], nil
}

func (w *window) Discard(n int) (int, error) {
	n = min(n, len(w.b))
	w.b = w.b[n:]
	return n, nil
}

func (w *window) Buffered() int { return len(w.b) }
