package repo

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/modules"
	"github.com/fimg/fimg/repo/pool"
	"github.com/fimg/fimg/repo/repodata"
	"github.com/fimg/fimg/repo/unpack"
)

// Repository is what is known of one source.
type Repository struct {
	Source   *Source
	Index    *pool.Index
	Comps    *comps.Comps // never nil
	Modules  *modules.Set // nil without module metadata
	Revision string       // of repomd.xml
	// Metadata are the files that the above was made of, repomd.xml first: what a
	// lock records.
	Metadata []MetadataFile

	client  *Client
	origin  *origin
	list    *repodata.Repomd
	writing sync.WaitGroup // indexes of it on their way into the cache
}

// MetadataFile is one verified metadata file.
type MetadataFile struct {
	Type     string          `json:"type"` // "repomd", "primary", "group", …
	Location string          `json:"location"`
	Checksum digest.Checksum `json:"checksum"`
	Size     int64           `json:"size"` // bytes; negative when the repository does not tell
}

// LoadAll loads several sources side by side and returns them in their order. The
// first error ends the others.
func (c *Client) LoadAll(ctx context.Context, sources []*Source) ([]*Repository, error) {
	repos := make([]*Repository, len(sources))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, s := range sources {
		group.Go(func() (err error) {
			repos[i], err = c.Load(ctx, s)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return repos, nil
}

// Load brings the metadata of a source here, verifies it and makes it ready for
// the resolver. The errors are of the types *fetch.Error, *fetch.OfflineError,
// *fetch.ChecksumError, *SignatureError, *MetadataError and *SourceError, or the
// context's.
func (c *Client) Load(ctx context.Context, s *Source) (*Repository, error) {
	defer c.opts.Events.Begin("metadata")()
	o, err := c.resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	r := &Repository{Source: s, Comps: &comps.Comps{}, client: c, origin: o}
	list, text, err := c.repomd(ctx, o)
	if errors.Is(err, errNoRepodata) && !s.RepoGPGCheck {
		return c.loadPlain(ctx, r, err)
	}
	if err != nil {
		return nil, err
	}
	r.list, r.Revision = list, list.Revision
	if err := r.record(text); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		r.forget(err)
		return nil, err
	}
	return r, nil
}

// forget removes what the cache holds of a repository whose metadata cannot be
// read, so that nothing of it is met again.
func (r *Repository) forget(err error) {
	var bad *MetadataError
	if !errors.As(err, &bad) {
		return
	}
	r.writing.Wait()
	store := r.client.store
	for _, m := range r.Metadata[1:] {
		store.Forget(cache.Metadata, m.Checksum)
		store.ForgetIndex(indexKey(m.Checksum))
		for _, name := range []string{compsName, modulesName} {
			store.ForgetIndex(parsedKey(name, m.Checksum))
		}
	}
	store.ForgetState(documentKey(repomdQuery(r.origin)))
}

// The names of small metadata files in messages.
const (
	compsName   = "comps.xml"
	modulesName = "modules.yaml"
)

// record notes repomd.xml itself.
func (r *Repository) record(text []byte) error {
	h := digest.Checksum{Type: "sha256"}.Hash()
	h.Write(text)
	sum := digest.Checksum{Type: "sha256"}.With(h)
	r.Metadata = []MetadataFile{{"repomd", repomdPath, sum, int64(len(text))}}
	return nil
}

// read fetches and parses the files that are listed.
func (r *Repository) read(ctx context.Context) error {
	primary, ok := r.list.Find("primary", "primary_zck")
	if !ok {
		return &MetadataError{r.Source.ID, "repomd.xml", -1, errors.New("lists no primary.xml")}
	}
	r.note(primary)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		r.Index, err = r.index(ctx, primary)
		return err
	})
	if d, ok := r.list.Find("group_gz", "group_xz", "group", "group_zck"); ok {
		r.note(d)
		group.Go(func() (err error) {
			r.Comps, err = parsed(ctx, r, d, compsName, comps.Parse)
			return err
		})
	}
	if d, ok := r.list.Find("modules", "modules_zck"); ok {
		r.note(d)
		group.Go(func() (err error) {
			r.Modules, err = parsed(ctx, r, d, modulesName, modules.Parse)
			return err
		})
	}
	return group.Wait()
}

func (r *Repository) note(d repodata.Data) {
	r.Metadata = append(r.Metadata, MetadataFile{d.Type, d.Location, d.Checksum, d.Size})
}

// open returns a metadata file, verified and decompressed, and a function that
// closes it.
func (r *Repository) open(ctx context.Context, d repodata.Data) (*content, error) {
	w := &wanted{kind: cache.Metadata, location: d.Location, base: d.Base, sum: d.Checksum, size: d.Size}
	path, cached, err := r.client.obtain(ctx, r.origin, w)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if !cached { // a local file may have been replaced since it was verified
		err = errors.Join(verifyOpen(ctx, r.Source.ID, f, w), rewind(f))
	}
	if err == nil {
		var z readCloser
		if z, err = unpack.Reader(&cancelReader{ctx, f}); err == nil {
			return &content{z, f}, nil
		}
		err = metadataError(r.Source.ID, d.Location, err)
	}
	f.Close()
	return nil, err
}
