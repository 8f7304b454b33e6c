package ext4

import (
	"slices"
	"strings"
)

// features are the three sets of feature bits of the superblock.
type features struct{ compat, incompat, ro uint32 }

// The bits this package knows.
const (
	compatJournal      = 0x4
	compatExtAttr      = 0x8
	compatResizeInode  = 0x10
	compatDirIndex     = 0x20
	compatSparseSuper2 = 0x200
	compatStableInodes = 0x800
	compatOrphanFile   = 0x1000

	incompatFiletype = 0x2
	incompatRecover  = 0x4
	incompatMetaBG   = 0x10
	incompatExtents  = 0x40
	incompat64bit    = 0x80
	incompatFlexBG   = 0x200
	incompatEAInode  = 0x400
	incompatCsumSeed = 0x2000
	incompatLargeDir = 0x4000
	incompatInline   = 0x8000
	incompatEncrypt  = 0x10000

	roSparseSuper  = 0x1
	roLargeFile    = 0x2
	roHugeFile     = 0x8
	roUninitBG     = 0x10
	roDirNlink     = 0x20
	roExtraISize   = 0x40
	roMetadataCsum = 0x400
	roVerity       = 0x8000
	roOrphans      = 0x10000
)

// feature is a name of mke2fs -O and its bit.
type feature struct {
	name string
	bits features
}

// knownFeatures lists what can be asked for. The bits of encrypt, verity,
// stable_inodes, inline_data, large_dir and ea_inode are set for the kernel's later
// use; nothing written here makes use of them.
func knownFeatures() []feature {
	return []feature{
		{"has_journal", features{compat: compatJournal}}, {"ext_attr", features{compat: compatExtAttr}},
		{"resize_inode", features{compat: compatResizeInode}}, {"dir_index", features{compat: compatDirIndex}},
		{"sparse_super2", features{compat: compatSparseSuper2}}, {"stable_inodes", features{compat: compatStableInodes}},
		{"orphan_file", features{compat: compatOrphanFile}},
		{"filetype", features{incompat: incompatFiletype}}, {"meta_bg", features{incompat: incompatMetaBG}},
		{"extent", features{incompat: incompatExtents}}, {"64bit", features{incompat: incompat64bit}},
		{"flex_bg", features{incompat: incompatFlexBG}}, {"ea_inode", features{incompat: incompatEAInode}},
		{"metadata_csum_seed", features{incompat: incompatCsumSeed}}, {"large_dir", features{incompat: incompatLargeDir}},
		{"inline_data", features{incompat: incompatInline}}, {"encrypt", features{incompat: incompatEncrypt}},
		{"sparse_super", features{ro: roSparseSuper}}, {"large_file", features{ro: roLargeFile}},
		{"huge_file", features{ro: roHugeFile}}, {"uninit_bg", features{ro: roUninitBG}},
		{"dir_nlink", features{ro: roDirNlink}}, {"extra_isize", features{ro: roExtraISize}},
		{"metadata_csum", features{ro: roMetadataCsum}}, {"verity", features{ro: roVerity}},
	}
}

// names lists the features that are set, unknown ones left out.
func (f features) names() []string {
	var list []string
	for _, k := range knownFeatures() {
		if f.compat&k.bits.compat|f.incompat&k.bits.incompat|f.ro&k.bits.ro != 0 {
			list = append(list, k.name)
		}
	}
	return list
}

// defaults are those of mke2fs 1.47 without metadata_csum_seed, which older boot
// loaders cannot read.
func defaults(kind string) features {
	f := features{compat: compatExtAttr | compatResizeInode | compatDirIndex,
		incompat: incompatFiletype, ro: roSparseSuper | roLargeFile}
	switch kind {
	case "ext3":
		f.compat |= compatJournal
	case "ext4":
		f.compat |= compatJournal | compatOrphanFile
		f.incompat |= incompatExtents | incompat64bit | incompatFlexBG
		f.ro |= roHugeFile | roDirNlink | roExtraISize | roMetadataCsum
	}
	return f
}

// apply changes f as the words of -O say: "name", "^name", "none".
func (f *features) apply(words []string) error {
	for _, word := range words {
		name, off := strings.CutPrefix(strings.TrimSpace(word), "^")
		name = strings.ToLower(name)
		switch name {
		case "":
			continue
		case "none":
			*f = features{}
			continue
		case "extents":
			name = "extent"
		}
		known := knownFeatures()
		i := slices.IndexFunc(known, func(k feature) bool { return k.name == name })
		if i < 0 {
			if off { // what cannot be had is off anyway
				continue
			}
			return badOption("feature %q is not supported", name)
		}
		f.set(known[i].bits, !off)
	}
	return nil
}

func (f *features) set(bits features, on bool) {
	if on {
		f.compat, f.incompat, f.ro = f.compat|bits.compat, f.incompat|bits.incompat, f.ro|bits.ro
		return
	}
	f.compat, f.incompat, f.ro = f.compat&^bits.compat, f.incompat&^bits.incompat, f.ro&^bits.ro
}

// settle resolves what excludes or implies each other, as mke2fs does.
func (f *features) settle() error {
	if f.ro&roMetadataCsum != 0 {
		f.ro &^= roUninitBG
	}
	if f.incompat&incompatMetaBG != 0 {
		f.compat &^= compatResizeInode
	}
	if f.compat&compatJournal == 0 {
		f.compat &^= compatOrphanFile
	}
	switch {
	case f.incompat&incompatCsumSeed != 0 && f.ro&roMetadataCsum == 0:
		return badOption("metadata_csum_seed needs metadata_csum")
	case f.incompat&incompat64bit != 0 && f.incompat&incompatExtents == 0:
		return badOption("64bit needs extent")
	}
	return nil
}
