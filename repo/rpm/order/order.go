// Package order sorts a transaction as rpm does: a package comes after what it
// requires, installations before erasures, loops are broken where they hurt
// scriptlets least (rpm 4.20 or 6, lib/order; docs/manual/tsort.md).
//
// The result depends only on the headers and the order they are given in. Not
// done: looking at the root's file system to find that two paths are one.
package order

import "github.com/fimg/fimg/repo/rpm"

// Element is one package of a transaction.
type Element struct {
	Header *rpm.Header
	Erase  bool
}

// Options describe the machine the transaction is for.
type Options struct {
	// Color has the file colours that are installed, 3 on multilib machines,
	// zero where colours mean nothing.
	Color uint32
	// PreferredColor comes first; zero means 2, 64-bit ELF.
	PreferredColor uint32
	// NoDocs says that documentation is not installed, so that nothing is found
	// in it.
	NoDocs bool
	// RPM6 takes loops apart as rpm 6 does, which looks at their members in the
	// opposite sequence than rpm 4.20.
	RPM6 bool

	// weakOrders lets weak dependencies order packages, as rpm did before 4.20.
	weakOrders bool
}

// Order returns the positions of the elements in the order to process them.
func Order(elements []Element, o Options) []int {
	if o.PreferredColor == 0 {
		o.PreferredColor = 2
	}
	g := newGraph(elements, o)
	for i := range g.nodes {
		g.relate(&g.nodes[i])
	}
	g.detectLoops()
	s := sorter{graph: g}
	s.run(false)
	s.run(true)
	return s.out
}

// node is one element in the graph.
type node struct {
	element  int
	erase    bool
	color    uint32
	header   *rpm.Header
	requires int // relations to nodes that must come first
	required int // relations from nodes that come later

	later   []relation // nodes that come after this one, oldest first
	earlier []relation // nodes that come before it

	loop  int   // 0: done (or, while searching, not seen), 1: in no loop, else its number
	low   int   // of the search for loops, then the distance to a prerequisite
	after *node // in the queue
}

// relation is an edge of the graph; pre tells that a scriptlet needs it.
type relation struct {
	to  *node
	pre bool
}

// graph holds the nodes and what is needed to relate them.
type graph struct {
	nodes   []node
	opts    Options
	install *available
	erase   *available
	loops   []loop // from 2 on
}

// loop is a strongly connected component.
type loop struct {
	requires int // relations from outside
	members  []*node
}

func newGraph(elements []Element, o Options) *graph {
	g := &graph{nodes: make([]node, len(elements)), opts: o, loops: make([]loop, 2)}
	wanted := wantedPaths(elements)
	g.install, g.erase = newAvailable(o, wanted), newAvailable(o, wanted)
	for i, e := range elements {
		n := &g.nodes[i]
		n.element, n.erase, n.header = i, e.Erase, e.Header
		n.color = packageColor(e.Header)
		if e.Erase {
			g.erase.add(n)
		} else {
			g.install.add(n)
		}
	}
	return g
}

// orderKinds are the dependencies that order, in rpm's sequence.
var orderKinds = [...]rpm.DependencyKind{
	rpm.Requires, rpm.Recommends, rpm.Suggests, rpm.Supplements, rpm.Enhances, rpm.Orders,
}

// relate adds the relations that come from the dependencies of n.
func (g *graph) relate(n *node) {
	for _, kind := range orderKinds {
		var colors []uint32
		if kind == rpm.Requires && g.opts.Color != 0 {
			colors = dependColors(n.header, 'R')
		}
		for i, d := range n.header.Dependencies(kind) {
			q := dependency{Dependency: d, kind: kind}
			if i < len(colors) {
				q.color = colors[i]
			}
			g.depend(n, q)
		}
	}
}

// dependency is a dependency with the list it is from and, for requirements,
// the colour of the files that need it.
type dependency struct {
	rpm.Dependency
	kind  rpm.DependencyKind
	color uint32
}

// weak reports whether the dependency may go unsatisfied.
func (d dependency) weak() bool {
	return d.kind != rpm.Requires || d.Flags&rpm.SenseMissingOK != 0
}

// depend adds the relations of one dependency of n. Of a rich one both sides of
// "and" and "or" count, of the others the first.
func (g *graph) depend(n *node, d dependency) {
	if d.Flags.Unordered() {
		return
	}
	if len(d.Name) > 0 && d.Name[0] == '(' {
		left, op, right, ok := splitRich(d)
		if !ok {
			return
		}
		if op != "else" {
			g.depend(n, left)
		}
		if op == "and" || op == "or" {
			g.depend(n, right)
		}
		return
	}
	al := g.install
	if n.erase {
		al = g.erase
	}
	if q := al.satisfies(n, d); q != nil && q != n {
		g.connect(n, q, d)
	}
}

// connect records that p needs q.
func (g *graph) connect(p, q *node, d dependency) {
	reversed := d.kind == rpm.Supplements || d.kind == rpm.Enhances
	pre := d.Flags.InstallPreReq()
	if p.erase {
		reversed = !reversed
		pre = d.Flags.ErasePreReq()
	}
	pre = pre || d.Flags.LegacyPreReq()
	if d.weak() {
		if d.kind != rpm.Orders || g.opts.weakOrders {
			if !pre && !g.opts.weakOrders {
				return
			}
			pre = false
		}
	}
	if reversed {
		p, q = q, p
	}
	if g.known(p, q, reversed, pre) {
		return
	}
	p.requires++
	q.later = append(q.later, relation{p, pre})
	q.required++
	p.earlier = append(p.earlier, relation{q, pre})
}

// known merges a relation with an equal one: all relations of a package are
// added one after the other, so it can only be the newest.
func (g *graph) known(p, q *node, reversed, pre bool) bool {
	newest, other, back := q.later, p.earlier, q
	if reversed {
		newest, other, back = q.earlier, p.later, q
	}
	if len(newest) == 0 || newest[len(newest)-1].to != p {
		return false
	}
	newest[len(newest)-1].pre = newest[len(newest)-1].pre || pre
	for i := range other {
		if other[i].to == back {
			other[i].pre = other[i].pre || pre
			break
		}
	}
	return true
}
