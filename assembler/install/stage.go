package install

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/fimg/fimg/repo/rpm"
)

// staged are the verified contents of a package, ready to be put into place.
type staged struct {
	file   *os.File
	places []int64 // of each file's content in file; -1 where it has none
	reused bool
	// oddities are flaws in bytes of the package file that carry nothing.
	oddities []string
}

const (
	// extent is the alignment of contents that may be shared with the tree.
	extent = 4096
	// maxContents bounds the contents of one package, in bytes.
	maxContents = 1 << 40
)

// layout returns where the content of each file lies. The names of one hard link
// set share a place.
func layout(files []rpm.File) (places []int64, size int64, err error) {
	places = make([]int64, len(files))
	for i := range files {
		f := &files[i]
		places[i] = -1
		if !f.Regular() || f.Flags&rpm.FileGhost != 0 || f.Links != nil && f.Links[len(f.Links)-1] != i {
			continue
		}
		if f.Size < 0 || f.Size > maxContents || size > maxContents {
			return nil, 0, fmt.Errorf("%s has a size of %d", f.Path(), f.Size)
		}
		if f.Size >= extent {
			size = (size + extent - 1) / extent * extent
		}
		places[i] = size
		size += f.Size
	}
	for i := range files {
		if links := files[i].Links; links != nil {
			places[i] = places[links[len(links)-1]]
		}
	}
	return places, size, nil
}

// stager unpacks packages ahead of their installation.
type stager struct {
	*store
	opts   *Options
	reused atomic.Int64
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// stageAll starts unpacking in the order of the elements and returns at once.
// Each element's ready channel tells when it is done. Without a store the
// number of packages ahead is limited, since their files are open.
func (t *transaction) stageAll(ctx context.Context, order []*element) (*stager, error) {
	st, err := t.openStore()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &stager{store: st, opts: &t.opts, cancel: cancel}
	t.ahead = make(chan struct{}, 256)
	next := make(chan *element)
	for range t.opts.jobs() {
		s.wg.Go(func() {
			for e := range next {
				e.staged, e.err = s.stage(ctx, e)
				close(e.ready)
			}
		})
	}
	s.wg.Go(func() { feed(ctx, order, next, t.ahead) })
	return s, nil
}

func feed(ctx context.Context, order []*element, next chan<- *element, ahead chan struct{}) {
	defer close(next)
	for i, e := range order {
		if !e.added {
			continue
		}
		select {
		case ahead <- struct{}{}:
			next <- e
		case <-ctx.Done():
			for _, rest := range order[i:] {
				if rest.added {
					rest.err = ctx.Err()
					close(rest.ready)
				}
			}
			return
		}
	}
}

// stop ends unpacking and frees what was not used.
func (s *stager) stop(order []*element) {
	s.cancel()
	s.wg.Wait()
	for _, e := range order {
		if e.staged != nil {
			e.staged.close()
		}
	}
}

func (st *staged) close() {
	if st.file != nil {
		st.file.Close()
		st.file = nil
	}
}

// stage verifies and unpacks one package, or finds it in the store.
func (s *stager) stage(ctx context.Context, e *element) (*staged, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	places, size, err := layout(e.files)
	if err != nil {
		return nil, &UnpackError{e.nevra, e.item.Path, err}
	}
	key := headerKey(e.header)
	if f := s.find(e, key, size, places); f != nil {
		s.reused.Add(1)
		return &staged{file: f, places: places, reused: true}, nil
	}
	f, err := s.create(key)
	if err != nil {
		return nil, err
	}
	st := &staged{file: f, places: places}
	if st.oddities, err = s.unpack(ctx, e, f, places, size); err == nil {
		err = s.commit(key, f, size)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("unpack %s: %w", e.nevra, err)
	}
	return st, nil
}

// find returns the stored contents when they can be trusted.
func (s *stager) find(e *element, key string, size int64, places []int64) *os.File {
	f, r := s.open(key, size)
	if f == nil {
		return nil
	}
	changed := false
	if r.Boot != s.boot {
		if err := rehash(e, f, places); err != nil {
			s.opts.log().Warn("stored package is damaged", "package", e.nevra, "error", err)
			f.Close()
			s.drop(key)
			return nil
		}
		r.Boot, changed = s.boot, true
	}
	if !slices.Contains(r.Policies, s.policy) {
		if err := s.verify(e); err != nil {
			f.Close()
			return nil // unpacking reports it
		}
		r.Policies, changed = append(r.Policies, s.policy), true
	}
	if changed {
		s.note(key, r)
	}
	return f
}

// rehash compares stored contents with the digests of the header.
func rehash(e *element, f *os.File, places []int64) error {
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
		if _, err := io.Copy(h, io.NewSectionReader(f, places[i], file.Size)); err != nil {
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
	v, err := r.Verify(s.opts.Keys)
	if err != nil {
		return err
	}
	return v.Err(e.nevra, s.opts.Level)
}

// reader opens the package file again; its header must still be the same.
func (s *stager) reader(e *element) (*os.File, *rpm.Reader, error) {
	in, err := os.Open(e.item.Path)
	if err != nil {
		return nil, nil, err
	}
	r, err := rpm.NewReader(in, rpm.ReaderOptions{SkipRedundant: true})
	if err != nil {
		in.Close()
		return nil, nil, err
	}
	if string(r.Header.Blob()) != string(e.header.Blob()) {
		in.Close()
		r.Close()
		return nil, nil, errors.New("the package file has changed")
	}
	return in, r, nil
}

// unpack writes the contents of a package and verifies all of it. It returns
// flaws that do not matter.
func (s *stager) unpack(ctx context.Context, e *element, out *os.File, places []int64, size int64) ([]string, error) {
	in, r, err := s.reader(e)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer r.Close()
	if len(e.files) > 0 {
		if err := writeContents(ctx, r, out, places); err != nil {
			return nil, err
		}
	}
	v, err := r.Verify(s.opts.Keys)
	if err == nil {
		err = v.Err(e.nevra, s.opts.Level)
	}
	if err != nil {
		return nil, err
	}
	return v.Oddities, out.Truncate(size)
}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

func writeContents(ctx context.Context, r *rpm.Reader, out *os.File, places []int64) error {
	p, err := r.Payload(rpm.PayloadOptions{Digests: true})
	if err != nil {
		return err
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for {
		i, err := p.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if !p.HasContent() || places[i] < 0 {
			continue
		}
		if err := copyAt(out, places[i], p, *buf); err != nil {
			return err
		}
	}
}

// copyAt writes all of in at an offset, in few large writes.
func copyAt(out *os.File, at int64, in io.Reader, buf []byte) error {
	for {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			if _, err := out.WriteAt(buf[:n], at); err != nil {
				return err
			}
			at += int64(n)
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}
