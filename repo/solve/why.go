package solve

import "github.com/fimg/fimg/repo/pool"

// Why returns the chain from a package of the transaction to the request it goes
// back to: the package first, each next one being what made the one before it
// necessary. It is nil for a package that the transaction does not install.
func (t *Transaction) Why(id pool.ID) (chain []Item) {
	by := map[pool.ID]Item{}
	for _, it := range t.Install {
		by[it.ID] = it
	}
	seen := map[pool.ID]bool{}
	for {
		it, ok := by[id]
		if !ok || seen[id] {
			return chain
		}
		seen[id] = true
		chain = append(chain, it)
		if it.By == 0 || it.By == id {
			return chain
		}
		id = it.By
	}
}
