package solve

import (
	"slices"

	"github.com/fimg/fimg/repo/pool"
)

// blocks is a rich dependency in normal form: a conjunction of disjunctions, or
// the other way round. Each block is sorted and without repetitions.
type blocks [][]lit

// truth is the value of a dependency whose packages do not matter.
type truth int8

const (
	never  truth = iota // nothing can satisfy it
	always              // it is satisfied anyway
	depends
)

// maxBlocks bounds the size of the normal form. A dependency beyond is treated
// as impossible.
const maxBlocks = 1 << 14

// complex reports whether a dependency cannot be told by a list of providers.
func (s *solver) complex(d pool.Ref) bool {
	if !s.u.Rich(d) {
		return false
	}
	op, _, _, a, b := s.u.Rel(d)
	switch op {
	case pool.And, pool.If, pool.Unless:
		return true
	case pool.Or:
		return s.complex(a) || s.complex(b)
	}
	return false
}

// normalize returns the conjunctive normal form of d, the disjunctive one when
// dnf is set.
func (s *solver) normalize(d pool.Ref, dnf bool) (blocks, truth) {
	if s.complex(d) {
		op, _, _, a, b := s.u.Rel(d)
		switch op {
		case pool.If:
			if bop, _, _, ba, bb := s.u.Rel(b); bop == pool.Else {
				x, tx := s.either(a, ba, dnf, true)
				y, ty := s.either(ba, bb, dnf, false)
				return join(x, tx, y, ty, dnf, true)
			}
			return s.either(a, b, dnf, true)
		case pool.Unless:
			if bop, _, _, ba, bb := s.u.Rel(b); bop == pool.Else {
				x, tx := s.both(a, ba, dnf, true)
				y, ty := s.both(ba, bb, dnf, false)
				return join(x, tx, y, ty, dnf, false)
			}
			return s.both(a, b, dnf, true)
		case pool.Or:
			return s.either(a, b, dnf, false)
		case pool.And:
			return s.both(a, b, dnf, false)
		}
	}
	list := s.u.Providers(d)
	if len(list) == 0 {
		return nil, never
	}
	if !dnf {
		return blocks{list}, depends
	}
	var out blocks
	for _, p := range list {
		out = append(out, []lit{p})
	}
	return out, depends
}

// either is "a or b", with b negated when not is set; both is "a and b".
func (s *solver) either(a, b pool.Ref, dnf, not bool) (blocks, truth) {
	x, tx := s.normalize(a, dnf)
	y, ty := s.maybeNot(b, dnf, not)
	return join(x, tx, y, ty, dnf, false)
}

func (s *solver) both(a, b pool.Ref, dnf, not bool) (blocks, truth) {
	x, tx := s.normalize(a, dnf)
	y, ty := s.maybeNot(b, dnf, not)
	return join(x, tx, y, ty, dnf, true)
}

func (s *solver) maybeNot(d pool.Ref, dnf, not bool) (blocks, truth) {
	if !not {
		return s.normalize(d, dnf)
	}
	return invert(s.normalize(d, !dnf))
}

// invert negates every literal, which also turns one normal form into the other.
func invert(b blocks, t truth) (blocks, truth) {
	if t != depends {
		return nil, always - t
	}
	out := make(blocks, len(b))
	for i, block := range b {
		out[i] = make([]lit, len(block))
		for j, l := range block {
			out[i][len(block)-1-j] = -l
		}
	}
	return out, depends
}

// join combines two normal forms by "and" or "or".
func join(x blocks, tx truth, y blocks, ty truth, dnf, and bool) (blocks, truth) {
	absorbing, neutral := always, never
	if and {
		absorbing, neutral = never, always
	}
	switch {
	case tx == absorbing || ty == absorbing:
		return nil, absorbing
	case tx == neutral:
		return y, ty
	case ty == neutral:
		return x, tx
	case and != dnf:
		return slices.Concat(x, y), depends
	}
	return distribute(x, y, dnf)
}

// distribute multiplies two normal forms out.
func distribute(x, y blocks, dnf bool) (blocks, truth) {
	if len(x)*len(y) > maxBlocks {
		return nil, never
	}
	var out blocks
	for _, a := range x {
		for _, b := range y {
			block := slices.Concat(a, b)
			slices.Sort(block)
			block = slices.Compact(block)
			if !tautology(block) {
				out = append(out, block)
			}
		}
	}
	if len(out) > 0 {
		return out, depends
	}
	if dnf {
		return nil, never
	}
	return nil, always
}

// tautology reports whether a sorted block holds some literal both ways.
func tautology(block []lit) bool {
	for _, l := range block {
		if l >= 0 {
			return false
		}
		if _, ok := slices.BinarySearch(block, -l); ok {
			return true
		}
	}
	return false
}

// complexRules makes the rules of a rich requirement or conflict of p.
func (s *solver) complexRules(p pool.ID, d pool.Ref, kind pool.Kind, installed bool, queue []pool.ID) []pool.ID {
	var list blocks
	var t truth
	if kind == pool.Conflicts {
		list, t = invert(s.normalize(d, true))
	} else {
		list, t = s.normalize(d, false)
	}
	if t == never && !installed {
		s.addPackagePair(-p, 0)
	}
	if t != depends {
		return queue
	}
	for _, block := range list {
		queue = s.blockRule(p, block, kind, installed, queue)
	}
	return queue
}

// blockRule makes the rule "if p then one of block".
func (s *solver) blockRule(p pool.ID, block []lit, kind pool.Kind, installed bool, queue []pool.ID) []pool.ID {
	if installed && !slices.ContainsFunc(block, func(l lit) bool {
		return l > 0 && s.installed(l) || l < 0 && !s.installed(-l)
	}) {
		return queue // broken already
	}
	if slices.Contains(block, p) {
		return queue
	}
	if len(block) == 1 && block[0] == -p {
		if kind != pool.Conflicts {
			s.addPackagePair(-p, 0)
		}
		return queue
	}
	if block[0] > 0 || len(block) == 1 {
		s.addPackageRule(-p, block)
		return s.enqueue(block, queue)
	}
	whole := append(slices.Clone(block), -p)
	slices.Sort(whole)
	whole = slices.Compact(whole)
	s.addPackageRule(whole[0], whole[1:])
	return s.enqueue(block, queue)
}
