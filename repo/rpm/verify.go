package rpm

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// Level is what a package must have to be accepted, as rpm's macro
// _pkgverify_level says it.
type Level int

// The levels. LevelDigest wants a good digest over every byte of header and
// payload, LevelSignature a good signature (a payload digest in a signed header
// counts), LevelAll both. A bad item is never accepted.
const (
	LevelDigest Level = iota
	LevelSignature
	LevelAll
	LevelNone
)

// Verdict is what the digests and signatures of one package are worth.
type Verdict struct {
	// Checks are the items the package has, in rpm's order.
	Checks []Check `json:"checks"`
	// Oddities are flaws in bytes that no digest covers and rpm does not look
	// at: lead, padding, sizes, and signatures that nothing here can verify. An
	// intact package has none.
	Oddities []string `json:"oddities,omitempty"`

	digest, signed Range // verified
}

// VerifyError says why a package is not accepted.
type VerifyError struct {
	Package string // NEVRA
	Detail  string
	NoKey   bool // nothing is bad, but a key is missing
}

func (e *VerifyError) Error() string { return fmt.Sprintf("verify %s: %s", e.Package, e.Detail) }

// FaultClass is that of signatures and checksums.
func (e *VerifyError) FaultClass() fault.Class { return fault.Signature }

// Hint says what to do when a key is missing.
func (e *VerifyError) Hint() string {
	if e.NoKey {
		return "give the key the package is signed with"
	}
	return ""
}

// judge compares all items; the whole file has been read.
func (r *Reader) judge(keys *Keyring) *Verdict {
	v := &Verdict{}
	slices.SortStableFunc(r.items, order)
	for _, it := range r.items {
		it.judge(keys)
		if it.status != OK {
			continue
		}
		if it.Signature {
			v.signed |= it.Range
		} else {
			v.digest |= it.Range
			if it.wrapped && v.signed&HeaderRange != 0 {
				v.signed |= it.Range
			}
		}
	}
	v.Oddities = r.oddities()
	for _, it := range r.items {
		if it.status == BAD && !it.Signature && r.replaced(it) {
			it.status = NOTFOUND
		}
		it.Status = it.status
		if it.status == NOTTRUSTED {
			v.Oddities = append(v.Oddities, it.Check.String())
		}
		if it.status != NOTFOUND || v.wants(it) {
			v.Checks = append(v.Checks, it.Check)
		}
	}
	return v
}

// wants reports whether an item that is not there could have covered what
// nothing good does: rpm tells these too.
func (v *Verdict) wants(it *item) bool {
	missing := Range(0)
	if !it.Signature {
		missing |= LegacyRange &^ v.digest
	}
	if v.signed != 0 && (it.Signature || it.wrapped && v.signed&HeaderRange != 0) {
		missing |= LegacyRange &^ v.signed
	}
	return missing&it.Range != 0
}

// order sorts as rpm's sources do since July 2026: by range, signatures before
// digests, new algorithms before old ones, the last signature first. Before (6.0
// and 6.1) a signature's public key algorithm did not count, only its tag's.
func order(a, b *item) int {
	kind := func(it *item) int {
		if it.Signature {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Range, b.Range), cmp.Compare(kind(b), kind(a)), cmp.Compare(b.place, a.place),
		cmp.Compare(b.Algo, a.Algo), cmp.Compare(b.id(), a.id()))
}

// id is the place an item has in the package, zero when it is not there.
func (it *item) id() int {
	if it.status == NOTFOUND {
		return 0
	}
	return int(it.Tag)<<16 | it.index
}

// replaced reports whether another digest of the same payload is good: of the
// two, over the compressed and over the plain payload, one can match.
func (r *Reader) replaced(it *item) bool {
	return it.group != 0 && slices.ContainsFunc(r.items, func(o *item) bool {
		return o != it && o.group == it.group && o.status == OK
	})
}

// judge compares one item with what was hashed.
func (it *item) judge(keys *Keyring) {
	if it.status != pending {
		return
	}
	if it.Signature {
		it.judgeSignature(keys)
		return
	}
	got := hex.EncodeToString(it.hash.Sum(nil))
	it.status = OK
	if !strings.EqualFold(got, it.want) {
		it.status, it.Detail = BAD, fmt.Sprintf("Expected %s != %s", it.want, got)
	}
}

// judgeSignature tries all keys that may have made the signature. Without one
// the signature still tells whether the data was changed.
func (it *item) judgeSignature(keys *Keyring) {
	if it.sig.foreign {
		it.status, it.Detail = NOTTRUSTED, "its algorithm is not supported"
		return
	}
	it.status = NOKEY
	if err := it.sig.sane(it.hash); err != nil {
		it.status, it.Detail = BAD, err.Error()
	}
	for _, key := range keys.lookup(it.sig.keyID) {
		if !it.sig.madeBy(key.PublicKey) {
			continue
		}
		it.Fingerprint = key.certificate
		if err := it.sig.verify(key.PublicKey, it.hash); err != nil {
			it.status, it.Detail = BAD, err.Error()
			continue
		}
		it.status, it.Detail = OK, ""
		it.sig.key = key.PublicKey
		return
	}
}

// Signed reports whether good signatures cover header and payload.
func (v *Verdict) Signed() bool { return v.signed == LegacyRange }

// Intact reports whether no byte was changed since the package was made, as far
// as its own digests can tell: all of it is covered, nothing is bad, nothing odd.
func (v *Verdict) Intact() bool {
	return len(v.Oddities) == 0 && v.Err("", LevelDigest) == nil
}

// Err returns why a package of that name is not accepted at a level, nil when
// it is. A package that is signed in part is never accepted. Oddities do not
// count, as they do not for rpm.
func (v *Verdict) Err(name string, level Level) error {
	if level == LevelNone {
		return nil
	}
	var problems []string
	noKey := true
	for _, c := range v.Checks {
		if c.Status == BAD || c.Status == NOKEY && level != LevelDigest {
			noKey = noKey && c.Status == NOKEY
			problems = append(problems, c.String())
		}
	}
	noKey = noKey && len(problems) > 0
	if level != LevelSignature && v.digest != LegacyRange {
		problems = append(problems, "no digest covers all of it")
	}
	if (level != LevelDigest || v.signed != 0) && v.signed != LegacyRange {
		problems = append(problems, "no signature covers all of it")
		for _, c := range v.Checks {
			if c.Status == NOTTRUSTED {
				problems = append(problems, c.String())
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &VerifyError{Package: name, Detail: strings.Join(problems, "; "), NoKey: noKey}
}

// String returns one line as "rpmkeys -Kv" of rpm 6 prints it, but for what was
// wrong with a signature, which rpm prints elsewhere.
func (c Check) String() string {
	what := c.Algo.String()
	switch {
	case c.Signature && c.Version == 0: // not there, or not readable
		what = strings.TrimRight("OpenPGP "+c.PubKey, " ") + " signature"
	case c.Signature:
		what = fmt.Sprintf("OpenPGP V%d %s/%s signature, ", c.Version, c.PubKey, c.Algo)
		if c.Fingerprint != "" {
			what += "key fingerprint: " + c.Fingerprint
		} else {
			what += "key ID " + c.KeyID
		}
	case c.Alt:
		what += " ALT digest"
	default:
		what += " digest"
	}
	s := fmt.Sprintf("%s %s: %s", c.Range, what, c.Status)
	if c.Detail != "" {
		s += " (" + c.Detail + ")"
	}
	return s
}
