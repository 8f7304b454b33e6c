package oci

import (
	"maps"
	"slices"
	"strings"
)

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func merge(base, more map[string]string) map[string]string {
	if len(base)+len(more) == 0 {
		return nil
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, more)
	return out
}

func addKeys(base map[string]struct{}, more []string) map[string]struct{} {
	if len(base)+len(more) == 0 {
		return nil
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]struct{}{}
	}
	for _, k := range more {
		out[k] = struct{}{}
	}
	return out
}

// mergeEnv replaces variables of the base in their place and adds the others
// sorted by name.
func mergeEnv(base []string, more map[string]string) []string {
	out := slices.Clone(base)
	for _, name := range slices.Sorted(maps.Keys(more)) {
		entry := name + "=" + more[name]
		i := slices.IndexFunc(out, func(s string) bool { return strings.HasPrefix(s, name+"=") })
		if i >= 0 {
			out[i] = entry
			continue
		}
		out = append(out, entry)
	}
	return out
}
