package install

import (
	"path"
	"strings"

	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
)

// ledger changes the entry of file i.
func (p *placer) ledger(i int, change func(*tree.Entry)) {
	p.opts.Ledger.Update(p.ledgerName(i), change)
}

// ledgerName is the name file i got: a directory may be where a link leads to.
func (p *placer) ledgerName(i int) string {
	f := &p.e.files[i]
	if f.Type() == rpm.ModeDir {
		return strings.TrimPrefix(p.paths.canon(f.Path()), "/")
	}
	return p.ledgerPath(f.Path() + p.newSuffix(i))
}

// ledgerPath is the path as a walk of the tree shows it: without links.
func (t *transaction) ledgerPath(full string) string {
	return strings.TrimPrefix(path.Join(t.paths.canon(path.Dir(full)), path.Base(full)), "/")
}

// forgetLedger drops what was noted about an older file i, unless that is to be kept
// under another name.
func (p *placer) forgetLedger(i int) {
	if a := p.e.actions[i]; p.opts.Ledger != nil && a != save && a != backup {
		p.opts.Ledger.Delete(p.ledgerName(i))
	}
}

// copyLedger gives file i, another name of file m, the same entry.
func (p *placer) copyLedger(m, i int) {
	if p.opts.Ledger == nil {
		return
	}
	if e, ok := p.opts.Ledger.Get(p.ledgerName(m)); ok {
		e.Path = p.ledgerName(i)
		p.opts.Ledger.Set(e)
	}
}

// moveLedger follows a file that gets another name.
func (t *transaction) moveLedger(from, to string) {
	if t.opts.Ledger == nil {
		return
	}
	from, to = t.ledgerPath(from), t.ledgerPath(to)
	t.opts.Ledger.Delete(to)
	if e, ok := t.opts.Ledger.Get(from); ok {
		e.Path = to
		t.opts.Ledger.Set(e)
		t.opts.Ledger.Delete(from)
	}
}
