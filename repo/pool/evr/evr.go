// Package evr compares rpm versions.
//
// It follows rpm's rpmvercmp (with the tilde, which sorts before everything,
// and the caret, which sorts after the bare version but before any longer one)
// and the rules for matching dependency ranges that libsolv and dnf use. It
// knows neither files nor metadata.
package evr

import "strings"

// Split takes "epoch:version-release" apart. A missing part is the empty string;
// the epoch is only what stands before the first colon when it is all digits,
// the release what follows the last hyphen.
func Split(s string) (epoch, version, release string) {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i > 0 && i < len(s) && s[i] == ':' {
		epoch, s = s[:i], s[i+1:]
	}
	if j := strings.LastIndexByte(s, '-'); j >= 0 {
		return epoch, s[:j], s[j+1:]
	}
	return epoch, s, ""
}

// Join is the opposite of Split; an epoch of zero is left out, as is an empty
// release.
func Join(epoch, version, release string) string {
	s := version
	if e := strings.TrimLeft(epoch, "0"); e != "" {
		s = e + ":" + s
	}
	if release != "" {
		s += "-" + release
	}
	return s
}

// Compare orders two "epoch:version-release" strings: negative when a is older,
// zero when they are equal, positive when a is newer. A missing epoch is zero; a
// missing release is older than any release.
func Compare(a, b string) int {
	if a == b {
		return 0
	}
	ea, va, ra := Split(a)
	eb, vb, rb := Split(b)
	if c := compareEpoch(ea, eb); c != 0 {
		return c
	}
	if c := Version(va, vb); c != 0 {
		return c
	}
	switch {
	case ra == "" && rb == "":
		return 0
	case ra == "":
		return -1
	case rb == "":
		return 1
	}
	return Version(ra, rb)
}

func compareEpoch(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
