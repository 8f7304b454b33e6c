package btrfs

import (
	"strings"
	"testing"

	"github.com/fimg/fimg/fault"
)

func TestParseArgs(t *testing.T) {
	for words, want := range map[string]Options{
		"":                            {},
		"-f -K -q":                    {},
		"-fn 4096":                    {NodeSize: 4096},
		"--nodesize=64k -s 16K":       {NodeSize: 65536, SectorSize: 16384},
		"-L fedora --csum xxhash":     {Label: "fedora", Checksum: XXHash64},
		"-msingle -d single":          {MetadataSingle: true},
		"-O block-group-tree,^extref": {},
		"-O bgt,^no-holes,^raid56":    {BlockGroupTree: true, NoHolesDisabled: true},
		"-R quota -O ^fst":            {Quota: QuotaFull, NoFreeSpaceTree: true},
		"-O squota,^quota":            {Quota: QuotaSimple},
		"-d dup":                      {}, "-m raid1": {}, "-M": {}, "--mixed": {}, "--rootdir /x": {}, "-O zoned": {},
		"-n": {}, "-n x": {}, "-n 99999999999": {}, "--csum md5": {}, "-U nonsense": {}, "device": {}, "-O": {}, "--": {}, "-": {},
	} {
		var got Options
		err := ParseArgs(strings.Fields(words), &got)
		empty := want.Label == "" && want.NodeSize == 0 && !want.MetadataSingle && want.Quota == 0 && !want.BlockGroupTree
		if wrong := empty && words != "" && words != "-f -K -q"; wrong != (err != nil) || wrong && fault.Of(err) != fault.Description {
			t.Errorf("%s: %v", words, err)
		} else if err == nil && (got.NodeSize != want.NodeSize || got.SectorSize != want.SectorSize || got.Label != want.Label ||
			got.Checksum != want.Checksum || got.MetadataSingle != want.MetadataSingle || got.Quota != want.Quota ||
			got.BlockGroupTree != want.BlockGroupTree || got.NoHolesDisabled != want.NoHolesDisabled || got.NoFreeSpaceTree != want.NoFreeSpaceTree) {
			t.Errorf("%s: %+v", words, got)
		}
	}
}

func FuzzParseArgs(f *testing.F) {
	f.Add("-O bgt,^no-holes -n 4096 --csum=sha256")
	f.Fuzz(func(t *testing.T, line string) {
		var o Options
		if ParseArgs(strings.Fields(line), &o) == nil {
			_ = o.resolve()
		}
	})
}
