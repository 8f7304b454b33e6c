package install

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// packageDigests are the digests of whole package files that an rpm of that version
// notes down: rpm 6 does, by its macro _pkgverify_digests, whose default this is.
func packageDigests(version string) []rpm.HashAlgo {
	if !rpmdb.Modern(version) {
		return nil
	}
	return []rpm.HashAlgo{rpm.SHA256, rpm.SHA512}
}

// awaitDigests gives the digests that an rpm of that version notes. It waits until the
// package was unpacked, which finds them.
func (e *element) awaitDigests(ctx context.Context, version string) ([]rpmdb.Digest, error) {
	algos := packageDigests(version)
	if !e.added || len(algos) == 0 {
		return nil, nil
	}
	select {
	case <-e.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if e.err != nil || e.digests != nil {
		return e.digests, e.err
	}
	return fileDigests(e.item.Path, algos)
}

// record is what the store notes of a package that was unpacked.
func (j *job) record() *record {
	r := &record{Size: j.size}
	r.keepDigests(j.e)
	return r
}

// wantsDigests completes the digests of a stored package: those of its record are
// taken, or else the package file is read and they are put there. It reports whether
// the record changed.
func (s *stager) wantsDigests(e *element, r *record) bool {
	if len(s.digests) == 0 {
		return false
	}
	if e.digests == nil && r.File == e.fileKey() {
		e.digests = r.Digests
		return false
	}
	if e.digests == nil {
		var err error
		if e.digests, err = fileDigests(e.item.Path, s.digests); err != nil {
			return false // it is tried again for the database, which tells
		}
	}
	r.keepDigests(e)
	return true
}

// keepDigests notes digests that were found.
func (r *record) keepDigests(e *element) {
	if e.digests != nil {
		r.Digests, r.File = e.digests, e.fileKey()
	}
}

// fileKey names a package file by its size and what is before its main header, the
// signatures; the stored package is named by that header.
func (e *element) fileKey() string {
	h := sha256.New()
	lead, _ := e.source.Lead.Append(nil) // it was decoded from as many bytes
	h.Write(lead)
	h.Write(e.source.Signature.Blob())
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(e.source.PayloadOffset+e.packed)))
	return hex.EncodeToString(h.Sum(nil))
}

// named gives digests their algorithms.
func named(algos []rpm.HashAlgo, sums []string) []rpmdb.Digest {
	var out []rpmdb.Digest
	for i, sum := range sums {
		out = append(out, rpmdb.Digest{Algo: algos[i], Hex: sum})
	}
	return out
}

// fileDigests hashes a file with several algorithms in one reading.
func fileDigests(path string, algos []rpm.HashAlgo) ([]rpmdb.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("hash package: %w", err)
	}
	defer f.Close()
	r, err := rpm.NewReader(f, rpm.ReaderOptions{SkipRedundant: true, FileDigests: algos})
	if err != nil {
		return nil, fmt.Errorf("hash package: %w", err)
	}
	if _, err := r.Verify(nil); err != nil {
		return nil, fmt.Errorf("hash package: %w", err)
	}
	return named(algos, r.FileDigests()), nil
}
