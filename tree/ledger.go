package tree

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// Entry is what the ledger knows better than the file system about one path.
// Zero fields leave what the file system says.
type Entry struct {
	Path   string  `json:"path"`             // as Node.Path
	Mode   uint32  `json:"mode,omitempty"`   // whole st_mode; may turn a plain file into a device
	Owner  *Owner  `json:"owner,omitempty"`  // both ids
	Major  uint32  `json:"major,omitempty"`  // of a device
	Minor  uint32  `json:"minor,omitempty"`  // of a device
	Xattrs []Xattr `json:"xattrs,omitempty"` // added to or replacing those of the file
}

// Owner is a user and a group id as the image knows them.
type Owner struct{ UID, GID uint32 }

// Ledger records what the kernel would not let us set. It is safe for concurrent
// use; the zero value is an empty ledger.
type Ledger struct {
	mu      sync.RWMutex
	entries map[string]Entry
}

// Set records e, replacing what was known about the path.
func (l *Ledger) Set(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]Entry{}
	}
	l.entries[e.Path] = e
}

// Update changes the entry of one path in place, starting from an empty one.
func (l *Ledger) Update(path string, change func(*Entry)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries == nil {
		l.entries = map[string]Entry{}
	}
	e := l.entries[path]
	e.Path = path
	change(&e)
	l.entries[path] = e
}

// Delete forgets a path.
func (l *Ledger) Delete(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, path)
}

// Get returns the entry of a path.
func (l *Ledger) Get(path string) (Entry, bool) {
	if l == nil {
		return Entry{}, false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	e, ok := l.entries[path]
	return e, ok
}

// Apply overlays what the ledger knows on a node read from the file system.
func (l *Ledger) Apply(n *Node) {
	e, ok := l.Get(n.Path)
	if !ok {
		return
	}
	if e.Mode != 0 {
		n.Mode = e.Mode
		n.Major, n.Minor = e.Major, e.Minor
		if n.Type() != TypeFile {
			n.Size = 0
		}
	}
	if e.Owner != nil {
		n.UID, n.GID = e.Owner.UID, e.Owner.GID
	}
	for _, x := range e.Xattrs {
		n.SetXattr(x.Name, x.Value)
	}
}

// WriteTo writes the ledger as JSON lines sorted by path.
func (l *Ledger) WriteTo(w io.Writer) (int64, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c := &counter{w: w}
	enc := json.NewEncoder(c)
	for _, path := range slices.Sorted(maps.Keys(l.entries)) {
		if err := enc.Encode(l.entries[path]); err != nil {
			return c.n, fmt.Errorf("write ledger: %w", err)
		}
	}
	return c.n, nil
}

// ReadLedger reads what WriteTo wrote.
func ReadLedger(r io.Reader) (*Ledger, error) {
	l := &Ledger{}
	dec := json.NewDecoder(r)
	for {
		var e Entry
		switch err := dec.Decode(&e); err {
		case nil:
			l.Set(e)
		case io.EOF:
			return l, nil
		default:
			return nil, fmt.Errorf("read ledger: %w", err)
		}
	}
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// SetXattr adds or replaces an attribute, keeping the order by name.
func (n *Node) SetXattr(name string, value []byte) {
	i, found := slices.BinarySearchFunc(n.Xattrs, name, func(x Xattr, s string) int {
		return cmpString(x.Name, s)
	})
	if found {
		n.Xattrs[i].Value = value
		return
	}
	n.Xattrs = slices.Insert(n.Xattrs, i, Xattr{name, value})
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
