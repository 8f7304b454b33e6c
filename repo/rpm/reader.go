package rpm

import (
	"bufio"
	"errors"
	"hash"
	"io"
	"slices"
)

// Reader reads one package file, once, front to back, and computes on the way
// every digest its headers call for. It is not for concurrent use.
type Reader struct {
	*Package
	raw     *counter // the file behind the headers
	items   []*item
	buffers *Buffers
	payload *Payload
	whole   bool // all of the file was read by Contents
	file    fileHashes
}

// ReaderOptions say how much work a Reader does.
type ReaderOptions struct {
	// SkipRedundant leaves out digests and signatures over header and payload
	// together (MD5 and signatures of version 3) where a stronger payload digest
	// in the header covers the same bytes. The verdict then lacks these items.
	SkipRedundant bool
	// FileDigests are algorithms of the digests that the method of that name tells.
	FileDigests []HashAlgo
	// Buffers, where given, spares allocating decompressors anew.
	Buffers *Buffers
}

// counter passes reads on, counts bytes and feeds hashes.
type counter struct {
	r      io.Reader
	n      int64
	hashes []hash.Hash
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	for _, h := range c.hashes {
		h.Write(p[:n])
	}
	return n, err
}

// NewReader reads everything before the payload from r. Large reads are made,
// so r need not be buffered.
func NewReader(r io.Reader, o ReaderOptions) (*Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	file, err := newFileHashes(o.FileDigests)
	if err != nil {
		return nil, err
	}
	p, err := ReadPackage(io.TeeReader(buffered, file))
	if err != nil {
		return nil, err
	}
	rd := &Reader{Package: p, raw: &counter{r: buffered, hashes: slices.Clone(file)}, buffers: o.Buffers, file: file}
	rd.items = collect(p)
	if o.SkipRedundant {
		rd.items = dropRedundant(rd.items)
	}
	rd.start()
	return rd, nil
}

// start hashes the header for every item and hands the payload to those that
// reach over it. Items over the same bytes with the same algorithm share a hash.
func (r *Reader) start() {
	type key struct {
		rng  Range
		algo HashAlgo
	}
	shared := make(map[key]hash.Hash)
	for _, it := range r.items {
		if it.status != pending {
			continue
		}
		k := key{it.Range, it.Algo}
		if it.salt == nil {
			it.hash = shared[k]
		}
		if it.hash != nil {
			continue
		}
		it.hash = it.Algo.New()
		if it.salt == nil {
			shared[k] = it.hash
		}
		it.hash.Write(it.salt)
		if it.Range != PayloadRange {
			it.hash.Write(headerMagic[:])
			it.hash.Write(r.Header.blob)
		}
		if it.Range == LegacyRange {
			it.hash.Write(it.salt) // again, as rpm does: no other rpm takes such a signature
		}
		if it.Range != HeaderRange {
			r.raw.hashes = append(r.raw.hashes, it.hash)
		}
	}
}

// Payload returns the iterator over the archive. It can be called once, and not
// after Verify.
func (r *Reader) Payload(o PayloadOptions) (*Payload, error) {
	files, err := r.begin()
	if err != nil {
		return nil, err
	}
	plain, err := decompress(r.Header.String(TagPayloadCompressor), r.raw, r.buffers)
	if err != nil {
		return nil, &FormatError{"payload", err.Error()}
	}
	var in io.Reader = plain
	if o.Tee != nil {
		in = io.TeeReader(plain, o.Tee)
	}
	r.payload = newPayload(bufio.NewReaderSize(in, 64<<10), files, r.Header, o)
	r.payload.plain = plain
	return r.payload, nil
}

// begin refuses a second reading and formats that are not known.
func (r *Reader) begin() ([]File, error) {
	if r.payload != nil || r.raw.n > 0 {
		return nil, errors.New("read payload: it was read before")
	}
	if f := r.Header.String(TagPayloadFormat); f != "" && f != "cpio" {
		return nil, &FormatError{"payload", "format " + f + " is not supported"}
	}
	return r.Header.Files()
}

// Verify reads what is left of the file and judges all digests and signatures.
// A nil keyring knows no keys. The error is one of reading only; what the bytes
// are worth is in the verdict.
func (r *Reader) Verify(keys *Keyring) (*Verdict, error) {
	if !r.whole {
		if _, err := io.CopyBuffer(discard{}, r.raw, make([]byte, 256<<10)); err != nil {
			return nil, short("payload", err)
		}
	}
	return r.judge(keys), nil
}

// discard is io.Discard without its own small buffer.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Close frees the decompressor. It does not close the source.
func (r *Reader) Close() error {
	if r.payload == nil || r.payload.plain == nil {
		return nil
	}
	return r.payload.plain.Close()
}
