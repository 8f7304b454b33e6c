package pool

import (
	"slices"
	"strings"
)

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

// singles are the other architectures of rpm, which run their own packages only.
const singles = "aarch64 alpha alphaev5 alphaev56 alphaev6 alphaev67 alphapca56 amd64 armv3l armv4b armv4l armv4tl " +
	"armv5l armv5tel armv5tejl armv6hl armv6l armv7l armv8l athlon geode i386 ia32e ia64 loongarch64 m68k mips mips64 " +
	"mips64el mips64r6 mips64r6el mipsel mipsr6 mipsr6el noarch pentium3 pentium4 ppc ppc32dy4 ppc64iseries ppc64le " +
	"ppc64p7 ppc64pseries ppc8260 ppc8560 ppciseries ppcpseries riscv32 riscv64 riscv128 s390 sh sh3 sh4 sh4a sparc " +
	"sparc64 sparc64v sparcv8 sparcv9 sparcv9v"

// KnownArch tells whether rpm has an architecture of that name.
func KnownArch(arch string) bool {
	return families[arch] != "" || slices.Contains(strings.Fields(singles), arch)
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
