package repo

import (
	"context"
	"errors"
	"sync"

	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
)

// Filelists fetches the full file lists of the repository, which are needed only
// for dependencies on files outside of the directories that primary.xml covers.
// It returns nil where the repository has none.
func (r *Repository) Filelists(ctx context.Context) (*pool.FileIndex, error) {
	if r.list == nil {
		return nil, nil // a directory without metadata: the index has all files
	}
	d, ok := r.list.Find("filelists", "filelists_zck")
	if !ok {
		return nil, nil
	}
	c, key := r.client, "filelists-"+keyOf(d.Checksum.String(), r.Index.Key())+".pool"
	if x, err := c.openIndex(key); err == nil && x.Key() == d.Checksum.String() {
		return pool.AsFiles(x), nil
	}
	builder, err := r.buildFilelists(ctx, d)
	if err != nil {
		return nil, err
	}
	return pool.AsFiles(r.keep(key, builder)), nil
}

// PoolSource returns the repository as a source of a universe. File lists are
// fetched with ctx if the universe asks for them.
func (r *Repository) PoolSource(ctx context.Context) pool.Source {
	s := pool.Source{Index: r.Index, Name: r.Source.ID, Priority: r.Source.Priority, Cost: r.Source.Cost}
	if s.Priority == 0 {
		s.Priority = 99
	}
	if s.Cost == 0 {
		s.Cost = 1000
	}
	s.Files = sync.OnceValues(func() (*pool.FileIndex, error) { return r.Filelists(ctx) })
	return s
}

func (r *Repository) buildFilelists(ctx context.Context, d repodata.Data) (*pool.Builder, error) {
	in, err := r.open(ctx, d)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	limits := repodata.Limits{}
	if d.OpenSize > 0 {
		limits.Size = d.OpenSize
	}
	m := matcher{index: r.Index, builder: pool.NewBuilder(d.Checksum.String())}
	if err := repodata.Filelists(ctx, in, limits, m.add); err != nil {
		return nil, r.scanError(ctx, "filelists.xml", err)
	}
	if err := m.finish(); err != nil {
		return nil, metadataError(r.Source.ID, "filelists.xml", err)
	}
	return m.builder, nil
}

func (r *Repository) scanError(ctx context.Context, file string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return metadataError(r.Source.ID, file, err)
}

// matcher brings file lists into the order of the packages of an index. They
// mostly are; those that come early wait.
type matcher struct {
	index   *pool.Index
	builder *pool.Builder
	next    int // package whose list is due
	due     string
	waiting map[string][]repodata.File
	bytes   int // of waiting
}

// maxWaiting bounds the memory for file lists that come out of order.
const maxWaiting = 512 << 20

func (m *matcher) add(list *repodata.Filelist) error {
	if err := m.drain(); err != nil {
		return err
	}
	if m.due == string(list.PkgID) {
		return m.take(list.Files)
	}
	if m.waiting == nil {
		m.waiting = map[string][]repodata.File{}
	}
	files := make([]repodata.File, len(list.Files))
	for i, f := range list.Files {
		files[i] = repodata.File{Path: append([]byte(nil), f.Path...), Kind: f.Kind}
		m.bytes += len(f.Path) + 64
	}
	if m.bytes > maxWaiting {
		return errors.New("file lists are in another order than the packages, and too large")
	}
	m.waiting[string(list.PkgID)] = files
	return nil
}

// take appends the list that is due.
func (m *matcher) take(files []repodata.File) error {
	m.next++
	m.due = ""
	return m.builder.AddFiles(files)
}

// drain appends waiting lists for as long as they are due.
func (m *matcher) drain() error {
	for m.next < m.index.Len() {
		if m.due == "" {
			m.due = m.index.Details(m.next).Checksum
		}
		files, ok := m.waiting[m.due]
		if !ok {
			return nil
		}
		delete(m.waiting, m.due)
		if err := m.take(files); err != nil {
			return err
		}
	}
	return nil
}

// finish appends what is left; packages without a list get an empty one.
func (m *matcher) finish() error {
	for m.next < m.index.Len() {
		if err := m.drain(); err != nil || m.next >= m.index.Len() {
			return err
		}
		if err := m.take(nil); err != nil {
			return err
		}
	}
	return nil
}
