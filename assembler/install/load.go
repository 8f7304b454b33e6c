package install

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/fimg/fimg/assembler/install/rpmdb"
	"github.com/fimg/fimg/repo/rpm"
)

// element is one package of the transaction: one to be installed, one that is
// installed already, or one to be erased.
type element struct {
	item    Item
	header  *rpm.Header
	name    string
	nevra   string
	files   []rpm.File
	actions []action
	states  []byte

	triggers, fileTriggers, transTriggers []rpm.Trigger

	added   bool     // by this transaction
	erased  bool     // by this transaction
	present bool     // in the database at this moment
	by      *element // the added package that replaces this one; nil for plain erasure
	num     int64    // key in the database; of added ones the order of installation
	db      int64    // key in the database before this transaction, zero if none
	source  *rpm.Package
	packed  int64          // size of the payload in the package file
	digests []rpmdb.Digest // of the package file, where the database has them

	rewritten bool       // its file states in the database changed
	replace   []*fileRef // files of others in the database that this one's replace

	omitted map[int]bool // files with a content that the options leave out; the last of a link set
	stamps  []stamp      // of the files in the tree; nil unless they are to be moved out of it

	ready  chan struct{} // closed when staged or stageErr is set
	staged *staged
	err    error
}

// load reads the headers of all packages.
func load(ctx context.Context, items []Item, jobs int) ([]*element, error) {
	elements := make([]*element, len(items))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(jobs)
	for i, item := range items {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			elements[i], err = loadOne(item)
			return err
		})
	}
	return elements, g.Wait()
}

func loadOne(item Item) (*element, error) {
	f, err := os.Open(item.Path)
	if err != nil {
		return nil, fmt.Errorf("open package: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open package: %w", err)
	}
	p, err := rpm.ReadPackage(f)
	if err != nil {
		return nil, fmt.Errorf("read package %s: %w", item.Path, err)
	}
	if p.Header.Source() {
		return nil, fmt.Errorf("read package %s: is a source package", item.Path)
	}
	e, err := newElement(p.Header)
	if err != nil {
		return nil, fmt.Errorf("read package %s: %w", item.Path, err)
	}
	e.item, e.added, e.ready, e.source = item, true, make(chan struct{}), p
	e.packed = info.Size() - p.PayloadOffset
	return e, nil
}

func newElement(h *rpm.Header) (*element, error) {
	files, err := h.Files()
	if err != nil {
		return nil, err
	}
	id := h.Identity()
	e := &element{header: h, name: id.Name, nevra: id.NEVRA(), files: files}
	e.actions = make([]action, len(files))
	if len(files) > 0 {
		e.states = make([]byte, len(files))
	}
	return e, nil
}

func (o *Options) jobs() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}
