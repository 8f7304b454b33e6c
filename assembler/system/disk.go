package system

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fimg/fimg/description"
)

// partitionIDs is kiwi's file of partition numbers, from which its programs in the
// initrd know what to enlarge at the first boot.
const partitionIDs = "config.partids"

// DescribeDisk tells programs in the initrd of the disk: the numbers of its partitions
// by kiwi's names, and in /.profile the root partition's PARTUUID, by which they know
// a disk that was never enlarged.
func (s *System) DescribeDisk(ids map[string]int, rootPartUUID string) error {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		fmt.Fprintf(&b, "%s=\"%d\"\n", name, ids[name])
	}
	if err := s.Root.WriteFile(partitionIDs, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write /%s: %w", partitionIDs, err)
	}
	return s.profile(description.Variable{Name: "kiwi_rootpartuuid", Value: rootPartUUID})
}
