package solve

import "strings"

// The colors of architectures: libsolv's reading, in which everything with "64"
// in its name and s390x are 64-bit.
const (
	color32  = 1
	color64  = 2
	colorAll = color32 | color64
)

func color(arch string) int {
	switch {
	case arch == "noarch":
		return colorAll
	case arch == "s390x" || strings.Contains(arch, "64"):
		return color64
	}
	return color32
}
