package partition

import (
	"strconv"
	"strings"
)

// ParseSize reads a size of a description: a whole number with an optional unit
// ("20", "20M", "2G"), unit being the default ("M", "G"; empty is M). The result
// is bytes.
func ParseSize(text, unit string) (int64, error) {
	number := strings.TrimSpace(text)
	if n := len(number); n > 0 && strings.ContainsRune("mMgG", rune(number[n-1])) {
		number, unit = number[:n-1], number[n-1:]
	}
	scale, ok := map[string]int64{"": MiB, "M": MiB, "G": MiB << 10}[strings.ToUpper(unit)]
	if !ok {
		return 0, badRequest("size %q: unknown unit %q", text, unit)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n < 0 || n > maxDisk/scale {
		return 0, badRequest("size %q is not a number in range", text)
	}
	return n * scale, nil
}

// leastXFS is the size in MiB below which mkfs.xfs makes none.
const leastXFS = 300

// WithOverhead returns the size kiwi takes for a file system of content bytes in
// paths files: half as much again for ext, btrfs and xfs, and for ext 512 bytes a
// path, in whole MiB as kiwi rounds; at least what the file system needs at all. It leaves room to work in, where a measured
// size is the least that does.
func WithOverhead(filesystem string, content, paths int64) int64 {
	whole := content / MiB
	switch filesystem {
	case "ext2", "ext3", "ext4":
		return (whole*3/2 + paths*512/MiB) * MiB
	case "btrfs":
		return whole * 3 / 2 * MiB
	case "xfs":
		return max(whole*3/2, leastXFS) * MiB
	}
	return whole * MiB
}
