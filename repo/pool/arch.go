package pool

import "strings"

// Scores of architectures: one for noarch, otherwise the class in the upper and
// the rank in the lower half. Lower is better, zero cannot be installed.
const (
	scoreNoarch = 1
	scoreFirst  = 0x10001
	scoreClass  = 0x10000
)

// families lists the architectures a machine can run besides its own, best
// first, each a class of its own, as libsolv's poolarch does.
var families = map[string]string{
	"x86_64_v4": "x86_64_v4 x86_64_v3 x86_64_v2 x86_64 athlon i686 i586 i486 i386",
	"x86_64_v3": "x86_64_v3 x86_64_v2 x86_64 athlon i686 i586 i486 i386",
	"x86_64_v2": "x86_64_v2 x86_64 athlon i686 i586 i486 i386",
	"x86_64":    "x86_64 athlon i686 i586 i486 i386",
	"i686":      "i686 i586 i486 i386",
	"i586":      "i586 i486 i386",
	"i486":      "i486 i386",
	"s390x":     "s390x s390",
	"ppc64":     "ppc64 ppc",
	"armv8hl":   "armv8hl armv7hl armv6hl",
	"armv7hnl":  "armv7hnl armv7hl armv6hl",
	"armv7hl":   "armv7hl armv6hl",
}

// archScores gives each installable architecture its score; nil means that all
// are and none is better.
func archScores(arch string) map[string]int32 {
	if arch == "" {
		return nil
	}
	list := families[arch]
	if list == "" {
		list = arch
	}
	scores := map[string]int32{"noarch": scoreNoarch}
	for i, a := range strings.Fields(list) {
		scores[a] = scoreFirst + int32(i)*scoreClass
	}
	return scores
}
