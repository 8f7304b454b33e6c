package repodata

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

// check says what makes a package of the file unusable.
func (p *Package) check(t *tokens) error {
	if err := p.Check(); err != nil {
		return t.fail("%v", err)
	}
	return nil
}

// Check says what makes a package unusable: a name, version or checksum that
// cannot be one, or a location that leaves the repository.
func (p *Package) Check() error {
	switch {
	case !nameOK(p.Name):
		return fmt.Errorf("package name %q", clip(p.Name))
	case !nameOK(p.Arch):
		return fmt.Errorf("architecture %q of package %s", clip(p.Arch), clip(p.Name))
	case len(p.Version) == 0 || len(p.Release) == 0 || !digits(p.Epoch):
		return fmt.Errorf("version %q:%q-%q of package %s", clip(p.Epoch), clip(p.Version), clip(p.Release), clip(p.Name))
	case !evrOK(p.Version) || !evrOK(p.Release):
		return fmt.Errorf("version %q-%q of package %s", clip(p.Version), clip(p.Release), clip(p.Name))
	case !ChecksumOK(string(p.ChecksumType), p.Checksum):
		return fmt.Errorf("checksum %q of type %q of package %s", clip(p.Checksum), clip(p.ChecksumType), clip(p.Name))
	}
	if reason := LocationFault(p.Location); reason != "" {
		return fmt.Errorf("location %q of package %s %s", clip(p.Location), clip(p.Name), reason)
	}
	return nil
}

// nameOK refuses names that could not be part of a file name.
func nameOK(name []byte) bool {
	return len(name) > 0 && len(name) < 256 && name[0] != '.' && bytes.IndexAny(name, "/ \t\r\n\x00") < 0
}

func evrOK(text []byte) bool {
	return len(text) < 256 && bytes.IndexAny(text, "/- \t\r\n\x00") < 0
}

// digestSizes are the hexadecimal lengths of the checksum types in use.
func digestSize(kind string) int {
	switch kind {
	case "md5":
		return 32
	case "sha", "sha1":
		return 40
	case "sha224":
		return 56
	case "sha256":
		return 64
	case "sha384":
		return 96
	case "sha512":
		return 128
	}
	return 0
}

// ChecksumOK says whether a checksum has the length and the digits of its type
// (md5, sha, sha1, sha224, sha256, sha384, sha512).
func ChecksumOK(kind string, hex []byte) bool {
	if n := digestSize(kind); n == 0 || n != len(hex) {
		return false
	}
	for _, c := range hex {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// LocationFault says what is wrong with a location relative to a repository:
// empty when it is a clean path that stays below it, even after percent-decoding.
func LocationFault(location []byte) string {
	if len(location) == 0 {
		return "is missing"
	}
	text := string(location)
	if fault := pathFault(text); fault != "" {
		return fault
	}
	if decoded, err := url.PathUnescape(text); err == nil && decoded != text {
		return pathFault(decoded)
	}
	return ""
}

func pathFault(path string) string {
	switch {
	case path[0] == '/' || strings.Contains(path, "\\"):
		return "is not relative"
	case len(path) > 4096:
		return "is too long"
	case strings.Contains(path, "://") || strings.ContainsAny(path, "?#\x00\n\r"):
		return "is not a plain path"
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." {
			return "leaves the repository"
		}
	}
	return ""
}
