package pool

import "errors"

var (
	errLength = errors.New("sections do not fit together")
	errRange  = errors.New("number out of range")
)

// checkSizes proves that the sections have the lengths that belong together.
func (x *Index) checkSizes() error {
	ns, np := len(x.strOff)-1, len(x.packages)
	switch {
	case ns < 1, len(x.provOff) != ns+1, len(x.rels) < 1,
		len(x.depEnd) != np*int(kinds), len(x.detEnd) != np,
		len(x.strHash) == 0, len(x.strHash)&(len(x.strHash)-1) != 0, len(x.strHash) <= ns:
		return errLength
	}
	return nil
}

// check proves that no number of the index points outside, so that nothing read
// from it later can make the program fail. The sizes are checked already.
func (x *Index) check() error {
	ns, np := len(x.strOff)-1, len(x.packages)
	switch {
	case !rising(x.strOff, len(x.strBlob)), !rising(x.depEnd, len(x.deps)),
		!rising(x.provOff, len(x.prov)), !rising(x.detEnd, len(x.details)),
		!below(x.strHash, ns), !below(x.weak, np),
		x.strOff[1] != 0, !x.checkRels(ns), !x.checkEntries(ns, np):
		return errRange
	}
	return nil
}

// rising tells whether the offsets never fall and stay within limit.
func rising(offs []uint32, limit int) bool {
	var last uint32
	for _, o := range offs {
		if o < last {
			return false
		}
		last = o
	}
	return int64(last) <= int64(limit)
}

func below(list []uint32, limit int) bool {
	var top uint32
	for _, v := range list {
		top = max(top, v)
	}
	return len(list) == 0 || int64(top) < int64(limit)
}

// checkRels proves that relations refer to strings and to earlier relations, and
// that none is larger than a rich dependency may be.
func (x *Index) checkRels(ns int) bool {
	var size map[Dep]int // of operators
	for i, r := range x.rels {
		if r.Op > Else || !dep(r.A, ns, i) || !dep(r.B, ns, i) || r.Op.Compares() && (r.A|r.B).IsRel() {
			return false
		}
		if r.Op.Compares() {
			continue
		}
		if size == nil {
			size = map[Dep]int{}
		}
		n := max(size[r.A], 1) + max(size[r.B], 1)
		if n > maxRichOperands {
			return false
		}
		size[Dep(i)|relBit] = n
	}
	return true
}

func dep(d Dep, ns, nr int) bool {
	if d.IsRel() {
		return int64(d&^relBit) < int64(nr)
	}
	return int64(d) < int64(ns)
}

func (x *Index) checkEntries(ns, np int) bool {
	for _, r := range x.packages {
		if int64(max(r.Name, r.Arch, r.EVR, r.Vendor)) >= int64(ns) {
			return false
		}
	}
	for _, d := range x.deps {
		if !dep(d, ns, len(x.rels)) {
			return false
		}
	}
	for _, e := range x.prov {
		if !dep(e.Dep, ns, len(x.rels)) || int64(e.Pkg) >= int64(np) {
			return false
		}
	}
	for _, o := range x.obsolete {
		if int64(o.Name) >= int64(ns) || int64(o.Pkg) >= int64(np) || !dep(o.Dep, ns, len(x.rels)) {
			return false
		}
	}
	for _, f := range x.files {
		if int64(max(f.Dir, f.Base)) >= int64(ns) || int64(f.Pkg) >= int64(np) {
			return false
		}
	}
	return true
}
