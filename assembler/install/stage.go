package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/fimg/fimg/repo/rpm"
)

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
	opts    *Options
	memory  *memory
	buffers rpm.Buffers
	digests []rpm.HashAlgo // of package files, that the database wants
	// handover gets what is to be moved into the store later; nil where that cannot be.
	handover *Handover
	cancel   context.CancelFunc
	wg       sync.WaitGroup
}

// job is one package to unpack.
type job struct {
	e      *element
	places []int64
	size   int64
	region *region // of memory that is reserved; nil when it goes through a file
	handed *handed // is to be moved into the store later
	err    error
}

// stageAll starts unpacking in the order of the elements and returns at once.
// Each element's ready channel tells when it is done. The number of packages
// ahead is limited, since their files may be open.
func (t *transaction) stageAll(ctx context.Context, order []*element) (*stager, error) {
	st, err := t.openStore()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &stager{store: st, opts: &t.opts, memory: newMemory(), digests: packageDigests(t.rpmVersion()), cancel: cancel}
	if t.opts.Handover.serves(st, t.root.Dir()) {
		s.handover = t.opts.Handover
		t.markOmitted()
	}
	t.ahead = make(chan struct{}, 256)
	next := make(chan *job)
	for range t.opts.jobs() {
		s.wg.Go(func() {
			for j := range next {
				j.e.staged, j.e.err = s.stage(ctx, j)
				staged, keep := j.e.staged, j.e.err == nil && s.saves(j)
				close(j.e.ready)
				if keep {
					s.save(j, staged)
				}
			}
		})
	}
	s.wg.Go(func() { s.feed(ctx, order, next, t.ahead) })
	return s, nil
}

func (s *stager) feed(ctx context.Context, order []*element, next chan<- *job, ahead chan struct{}) {
	defer close(next)
	for i, e := range order {
		if !e.added {
			continue
		}
		select {
		case ahead <- struct{}{}:
			if j := s.job(ctx, e); ctx.Err() == nil {
				next <- j
				continue
			}
		case <-ctx.Done():
		}
		for _, rest := range order[i:] {
			if rest.added {
				rest.err = ctx.Err()
				close(rest.ready)
			}
		}
		return
	}
}

// job lays out the contents of a package and reserves memory for its payload and
// its archive, unless that is too large or would have to be written anyway for sharing extents.
func (s *stager) job(ctx context.Context, e *element) *job {
	j := &job{e: e}
	j.places, j.size, j.err = layout(e.files)
	if j.err != nil || s.clones || j.size > memoryLimit {
		return j
	}
	if room := rpm.ArchiveRoom(e.files) + max(e.packed, 0); room <= memoryLimit {
		j.region, _ = s.memory.reserve(ctx, int(room))
	}
	return j
}

// stop ends unpacking and frees what was not used.
func (s *stager) stop(order []*element) {
	s.cancel()
	s.wg.Wait()
	for _, e := range order {
		if e.staged != nil {
			e.staged.release()
			e.staged = nil
		}
	}
	s.memory.free()
}

// stage verifies and unpacks one package, or finds it in the store.
func (s *stager) stage(ctx context.Context, j *job) (*staged, error) {
	err := j.err
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		j.leaveMemory()
		return nil, fmt.Errorf("unpack %s: %w", j.e.nevra, err)
	}
	st := &staged{places: j.places, clones: s.clones}
	st.users.Store(1)
	if st.kept = s.find(j.e, headerKey(j.e.header), j.size, j.places); st.kept != nil {
		st.reused = true
		j.leaveMemory()
		return st, nil
	}
	if s.handover != nil {
		j.handed = s.handover.add(s, j)
	}
	if j.region != nil {
		err = s.unpackInside(ctx, j, st)
	}
	if j.region == nil || errors.Is(err, rpm.ErrTooLarge) {
		j.leaveMemory()
		err = s.unpackOutside(ctx, j, st)
	}
	if err != nil {
		j.leaveMemory()
		st.release()
		return nil, fmt.Errorf("unpack %s: %w", j.e.nevra, err)
	}
	return st, nil
}

// saves tells whether contents in memory are written into the store now.
func (s *stager) saves(j *job) bool {
	return s.keep && j.region != nil && (j.handed == nil || len(j.e.omitted) > 0)
}

// leaveMemory gives reserved memory back.
func (j *job) leaveMemory() {
	if j.region != nil {
		j.region.release()
		j.region = nil
	}
}

// unpackInside unpacks into memory. The store gets the contents later (save).
func (s *stager) unpackInside(ctx context.Context, j *job, st *staged) error {
	in, r, err := s.reader(j.e)
	if err != nil {
		return err
	}
	defer in.Close()
	defer r.Close()
	if err := ctx.Err(); err != nil {
		return err
	}
	parts := make([][]byte, len(j.e.files))
	if len(parts) > 0 {
		if parts, err = r.Contents(j.e.packed, j.region.bytes()); err != nil {
			return err
		}
	}
	if st.oddities, err = s.judge(j.e, r); err != nil {
		return err
	}
	st.memory, st.parts = j.region, parts
	st.share(j.e.files)
	if s.saves(j) {
		st.users.Store(2)
	}
	return nil
}

// unpackOutside unpacks to where there is room for it.
func (s *stager) unpackOutside(ctx context.Context, j *job, st *staged) error {
	if j.handed != nil {
		return j.handed.unpackLoose(ctx, st)
	}
	return s.unpackFile(ctx, j, st)
}

// judge verifies digests and signatures of a package that was read. It returns
// flaws that do not matter.
func (s *stager) judge(e *element, r *rpm.Reader) ([]string, error) {
	v, err := r.Verify(s.opts.Keys)
	if err == nil {
		err = v.Err(e.nevra, s.opts.Level)
	}
	if err != nil {
		return nil, err
	}
	e.digests = named(s.digests, r.FileDigests())
	return v.Oddities, nil
}

// unpackFile unpacks into a file of the store.
func (s *stager) unpackFile(ctx context.Context, j *job, st *staged) error {
	f, err := s.create()
	if err != nil {
		return err
	}
	st.kept = &kept{file: f}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	st.oddities, err = s.unpack(ctx, j, func(in io.Reader, at, _ int64) error { return copyAt(f, at, in, *buf) })
	if err == nil {
		err = f.Truncate(j.size)
	}
	if err == nil {
		err = s.commit(headerKey(j.e.header), f, j.record())
	}
	return err
}

// save writes contents that are in memory into the store. It is a cache: what
// cannot be kept is unpacked again the next time.
func (s *stager) save(j *job, st *staged) {
	defer st.release()
	save := s.saveParts
	if j.handed != nil {
		save = j.handed.pack
	}
	if err := save(j, st.parts); err != nil {
		s.opts.log().Warn("package is not kept for the next build", "package", j.e.nevra, "error", err)
	}
}

func (s *stager) saveParts(j *job, parts [][]byte) error {
	f, err := s.create()
	if err != nil {
		return err
	}
	defer f.Close()
	if err := j.writeParts(f, parts, func(int) bool { return true }); err != nil {
		return fmt.Errorf("store package: %w", err)
	}
	return s.commit(headerKey(j.e.header), f, j.record())
}

// writeParts writes those contents that want says, in the order of their places. Files of one
// hard link set are asked for by the last.
func (j *job) writeParts(f *os.File, parts [][]byte, want func(i int) bool) error {
	w := gather{fd: int(f.Fd())}
	for i, part := range parts {
		if !j.hasContent(i) || !want(i) {
			continue
		}
		if err := w.add(j.places[i], part); err != nil {
			return err
		}
	}
	return w.flush()
}

// hasContent tells whether file i is the one of its hard link set that counts.
func (j *job) hasContent(i int) bool {
	links := j.e.files[i].Links
	return j.places[i] >= 0 && (links == nil || links[len(links)-1] == i)
}

// reader opens the package file again; its header must still be the same.
func (s *stager) reader(e *element) (*os.File, *rpm.Reader, error) {
	in, err := os.Open(e.item.Path)
	if err != nil {
		return nil, nil, err
	}
	r, err := rpm.NewReader(in, rpm.ReaderOptions{SkipRedundant: true, Buffers: &s.buffers, FileDigests: s.digests})
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

// unpack reads the contents of a package into put and verifies all of it. It
// returns flaws that do not matter.
func (s *stager) unpack(ctx context.Context, j *job, put func(in io.Reader, at, size int64) error) ([]string, error) {
	in, r, err := s.reader(j.e)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	defer r.Close()
	if len(j.e.files) > 0 {
		stopping := func(in io.Reader, at, size int64) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return put(in, at, size)
		}
		if err := writeContents(r, j.places, stopping); err != nil {
			return nil, err
		}
	}
	return s.judge(j.e, r)
}
