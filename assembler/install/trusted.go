package install

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
)

// find returns the stored contents when they can be trusted.
func (s *stager) find(e *element, key string, size int64, places []int64) *kept {
	k, r := s.open(key, size)
	if k == nil {
		return nil
	}
	changed := false
	if r.Boot != s.boot {
		if err := rehash(e, k, places); err != nil {
			s.opts.log().Warn("stored package is damaged", "package", e.nevra, "error", err)
			k.close()
			s.drop(key)
			return nil
		}
		r.Boot, changed = s.boot, true
	}
	if !slices.Contains(r.Policies, s.policy) {
		if err := s.verify(e); err != nil {
			k.close()
			return nil // unpacking reports it
		}
		r.Policies, changed = append(r.Policies, s.policy), true
	}
	if s.wantsDigests(e, r) {
		changed = true
	}
	if changed {
		_ = s.note(k.file, r)
	} else {
		touchFile(k.file)
	}
	return k
}

// rehash compares stored contents with the digests of the header.
func rehash(e *element, k *kept, places []int64) error {
	algo := e.header.DigestAlgo()
	for i := range e.files {
		file := &e.files[i]
		if places[i] < 0 || file.Size == 0 || file.Links != nil && file.Links[len(file.Links)-1] != i {
			continue
		}
		h := algo.New()
		if h == nil {
			return fmt.Errorf("digest algorithm %s is not supported", algo)
		}
		if err := k.copyTo(h, places[i], file.Size); err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, file.Digest) {
			return &rpm.FileDigestError{Path: file.Path(), Want: file.Digest, Got: got}
		}
	}
	return nil
}

// verify judges a package file without unpacking it.
func (s *stager) verify(e *element) error {
	in, r, err := s.reader(e)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	_, err = s.judge(e, r)
	return err
}
