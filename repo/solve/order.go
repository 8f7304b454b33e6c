package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// ordered puts the packages into an order in which a package comes after what it
// requires. Packages that require each other come in the order of their names,
// except that requirements of scriptlets are followed first.
func (s *solver) ordered(items []Item) []Item {
	o := &orderer{s: s, at: map[pool.ID]int{}, items: items}
	slices.SortFunc(o.items, func(a, b Item) int { return s.compareByName(a.ID, b.ID) })
	for i, it := range o.items {
		o.at[it.ID] = i
	}
	o.seen = make([]bool, len(items))
	for i := range o.items {
		o.visit(i)
	}
	return o.out
}

type orderer struct {
	s     *solver
	items []Item
	at    map[pool.ID]int
	seen  []bool
	out   []Item
}

// visit appends what item i requires and then the item, without recursion.
func (o *orderer) visit(i int) {
	type frame struct {
		item int
		deps []int
	}
	if o.seen[i] {
		return
	}
	o.seen[i] = true
	stack := []frame{{i, o.needs(i)}}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if len(f.deps) == 0 {
			o.out = append(o.out, o.items[f.item])
			stack = stack[:len(stack)-1]
			continue
		}
		k := f.deps[0]
		f.deps = f.deps[1:]
		if !o.seen[k] {
			o.seen[k] = true
			stack = append(stack, frame{k, o.needs(k)})
		}
	}
}

// needs are the items that item i requires, those of its scriptlets first.
func (o *orderer) needs(i int) (out []int) {
	for _, kind := range []pool.Kind{pool.PreRequires, pool.Requires} {
		for d := range o.s.u.List(o.items[i].ID, kind).All() {
			for _, q := range o.s.u.Providers(d) {
				if k, ok := o.at[q]; ok && k != i {
					out = append(out, k)
				}
			}
		}
	}
	return out
}
