package install

import (
	"context"

	"github.com/fimg/fimg/assembler/install/rpmdb"
)

// first is the database of a tree that has none yet. All of it is known once the
// fate of every file is: it is made in memory beside everything else, and put
// into the tree at the end.
type first struct {
	cancel        context.CancelFunc
	done          chan struct{}
	db            *rpmdb.DB
	before, after string // cookies
	err           error
}

// beginFirst starts to make the database, unless the tree has one.
func (t *transaction) beginFirst(ctx context.Context) {
	if _, exists := t.findDatabase(); exists || len(t.installed) > 0 {
		return
	}
	var added []*element
	for _, e := range t.order {
		if e.added {
			added = append(added, e)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &first{cancel: cancel, done: make(chan struct{})}
	t.first = f
	k := t.newKeys(rpmdb.KeysInDatabase) // the tree tells later
	go func() {
		defer close(f.done)
		f.err = f.fill(ctx, t, k, added)
	}()
}

func (f *first) fill(ctx context.Context, t *transaction, k keys, added []*element) (err error) {
	f.db = rpmdb.New(t.dbOptions())
	if f.before, err = f.db.Cookie(ctx); err != nil {
		return err
	}
	if err := t.fillDatabase(ctx, f.db, k, added); err != nil {
		return err
	}
	f.db.Sort()
	f.after, err = f.db.Cookie(ctx)
	return err
}

// putFirst puts it into a directory of the host.
func (t *transaction) putFirst(ctx context.Context, dir string) error {
	f := t.first
	<-f.done
	if f.err != nil {
		return f.err
	}
	t.result.Before, t.result.After = f.before, f.after
	return f.db.CommitTo(ctx, dir)
}

// stop gives up what was not put into the tree.
func (f *first) stop() {
	if f == nil {
		return
	}
	f.cancel()
	<-f.done
}
