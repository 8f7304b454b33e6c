package rpm

import "strings"

// Summary returns what "rpm -K" of version 4 prints after the file name: the
// kinds of items seen, in capitals where they failed, and "OK" or "NOT OK".
func (v *Verdict) Summary() string { return v.summary(v.digest, func(Check) bool { return true }) }

// Summary6 returns what "rpm -K" of version 6 prints. It does not look at MD5 and
// SHA-1 digests (the default of its macro _pkgverify_flags): packages that have no
// others are "NOT OK", and wrong ones beside good others do not matter.
func (v *Verdict) Summary6() string {
	covered, looked := Range(0), func(c Check) bool { return c.Signature || c.Algo != MD5 && c.Algo != SHA1 }
	for _, c := range v.Checks {
		if !c.Signature && looked(c) && c.Status == OK {
			covered |= c.Range
		}
	}
	return v.summary(covered, looked)
}

// summary looks at some of the checks, of which good digests cover a range.
func (v *Verdict) summary(digest Range, look func(Check) bool) string {
	bad := [2]bool{digest != LegacyRange, v.signed != 0 && v.signed != LegacyRange}
	seen := bad
	for _, c := range v.Checks {
		k := 0
		if c.Signature {
			k = 1
		}
		if look(c) {
			seen[k] = true
			bad[k] = bad[k] || c.Status == BAD || c.Status == NOKEY
		}
	}
	var words []string
	for k, w := range [2]string{"digests", "signatures"} {
		switch {
		case bad[k]:
			words = append(words, strings.ToUpper(w))
		case seen[k]:
			words = append(words, w)
		}
	}
	if bad[0] || bad[1] {
		return strings.Join(append(words, "NOT OK"), " ")
	}
	return strings.Join(append(words, "OK"), " ")
}
