package manifest

import (
	"path/filepath"
	"strings"
)

// object returns the tags by letter.
func (t Tags) object(id string) map[string]string {
	major, minor, patch := splitVersion(t.Version)
	return map[string]string{
		"N": t.Name, "P": strings.Join(t.Profiles, "_"), "A": t.Arch, "T": t.Type, "v": t.Version,
		"M": major, "m": minor, "p": patch, "I": id,
	}
}

// splitVersion splits at the first two dots. A version with fewer gives empty
// parts, where kiwi fails on exactly one dot.
func splitVersion(v string) (major, minor, patch string) {
	parts := strings.SplitN(v, ".", 3)
	parts = append(parts, "", "")
	return parts[0], parts[1], parts[2]
}

// BundleName is the name of a result in a bundle: by the pattern when there is
// one, else the original name with the id after the version.
func BundleName(file, pattern, id string, tags Tags) string {
	base := filepath.Base(file)
	if pattern == "" {
		return withID(base, id, tags)
	}
	object := tags.object(id)
	var pairs []string
	for _, key := range []string{"N", "P", "A", "T", "M", "m", "p", "v", "I"} {
		pairs = append(pairs, "%"+key, object[key])
	}
	return strings.NewReplacer(pairs...).Replace(pattern) + "." + extension(base)
}

// withID puts the id behind the version that follows the architecture, and only
// there: kiwi replaces every occurrence, so that version 64 changes x86_64.
func withID(base, id string, tags Tags) string {
	stem := tags.Name + "." + tags.Arch + "-" + tags.Version
	if rest, ok := strings.CutPrefix(base, stem); ok {
		return stem + "-" + id + rest
	}
	rest := strings.TrimPrefix(base, tags.Name)
	if tags.Version == "" {
		return base
	}
	return base[:len(base)-len(rest)] + strings.Replace(rest, tags.Version, tags.Version+"-"+id, 1)
}

// extension is the part of a file name that a pattern does not replace.
func extension(base string) string {
	parts := strings.Split(base, ".")
	last := func(n int) string { return strings.Join(parts[max(len(parts)-n, 0):], ".") }
	switch {
	case strings.Contains(base, ".oci.tar."), strings.Contains(base, ".docker.tar."), strings.Contains(base, ".vagrant."):
		return last(3)
	case strings.Contains(base, ".oci.tar"), strings.Contains(base, ".docker.tar"), strings.Contains(base, ".tar."):
		return last(2)
	case strings.HasSuffix(base, ".spdx.json"):
		return last(2)
	}
	return last(1)
}
