package description

import (
	"slices"
	"strings"
)

// nearest returns the candidate closest to name, or "" when none is close enough
// to be what somebody meant.
func nearest(name string, candidates []string) string {
	if list := nearestFew(name, candidates, 1); len(list) > 0 {
		return list[0]
	}
	return ""
}

// nearestFew returns up to most candidates within a third of the name's length,
// closest first. Case does not count, and a part of a longer name is close.
func nearestFew(name string, candidates []string, most int) []string {
	type scored struct {
		name string
		far  int
	}
	var list []scored
	low := strings.ToLower(name)
	if low == "" || len(low) > 100 {
		return nil
	}
	for _, c := range candidates {
		far := distance(low, strings.ToLower(c))
		if len(low) >= 4 && strings.Contains(strings.ToLower(c), low) {
			far = min(far, 1)
		}
		if far <= max(1, len(low)/3) {
			list = append(list, scored{c, far})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, s := range list[:min(most, len(list))] {
		out = append(out, s.name)
	}
	return out
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours between two texts (optimal string alignment), in bytes.
func distance(a, b string) int {
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
