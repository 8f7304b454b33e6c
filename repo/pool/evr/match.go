package evr

// Op is the comparison of a versioned dependency: a set of the three bits.
type Op uint8

// The bits of an Op, valued as in libsolv.
const (
	GT Op = 1 << iota
	EQ
	LT
	Any = GT | EQ | LT
)

// String is the comparison as rpm writes it.
func (o Op) String() string {
	return [...]string{"", ">", "=", ">=", "<", "<>", "<=", "<=>"}[o&Any]
}

// Intersect reports whether some version satisfies both "provideOp provide" and
// "op version". Where either version lacks a release, releases are ignored.
func Intersect(provideOp Op, provide string, op Op, version string) bool {
	if provideOp == 0 || op == 0 {
		return false
	}
	if provideOp == Any || op == Any || provideOp&op&(LT|GT) != 0 {
		return true
	}
	ep, vp, rp := Split(provide)
	ev, vv, rv := Split(version)
	c := compareEpoch(ep, ev)
	if c == 0 {
		c = Version(vp, vv)
	}
	if c == 0 && rp != "" && rv != "" {
		c = Version(rp, rv)
	}
	switch {
	case c < 0:
		return op&LT != 0 || provideOp&GT != 0
	case c > 0:
		return op&GT != 0 || provideOp&LT != 0
	case rp == "" && rv != "":
		return provideOp&EQ != 0
	case rp != "" && rv == "":
		return op&EQ != 0
	}
	return provideOp&op&EQ != 0
}
