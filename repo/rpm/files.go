package rpm

import (
	"fmt"
	"strings"
)

// FileFlags are the attributes of a file (rpmfiles.h).
type FileFlags uint32

// File attributes.
const (
	FileConfig    FileFlags = 1 << 0
	FileDoc       FileFlags = 1 << 1
	FileIcon      FileFlags = 1 << 2
	FileMissingOK FileFlags = 1 << 3
	FileNoReplace FileFlags = 1 << 4
	FileSpec      FileFlags = 1 << 5
	FileGhost     FileFlags = 1 << 6
	FileLicense   FileFlags = 1 << 7
	FileReadme    FileFlags = 1 << 8
	FilePubkey    FileFlags = 1 << 11
	FileArtifact  FileFlags = 1 << 12
)

// VerifyFlags say what "rpm -V" compares of a file.
type VerifyFlags uint32

// What to verify.
const (
	VerifyDigest VerifyFlags = 1 << iota
	VerifySize
	VerifyLink
	VerifyUser
	VerifyGroup
	VerifyMtime
	VerifyMode
	VerifyRdev
	VerifyCaps
)

// File types in File.Mode, as in struct stat.
const (
	ModeType    = 0o170000
	ModeFIFO    = 0o010000
	ModeChar    = 0o020000
	ModeDir     = 0o040000
	ModeBlock   = 0o060000
	ModeRegular = 0o100000
	ModeSymlink = 0o120000
	ModeSocket  = 0o140000
)

// File is one entry of a package's file list. Its strings share the header's
// memory.
type File struct {
	Dir, Base string // Dir ends with "/"; it is empty in a source package
	LinkTo    string // target of a symbolic link
	User      string
	Group     string
	Digest    string // hexadecimal, empty where there is no content
	Lang      string // locales this file is for, separated by "|"; empty: all
	Caps      string // capabilities as cap_to_text(3) writes them
	Size      int64  // bytes
	MTime     int64  // seconds since 1970
	Mode      uint32 // type and permissions as in struct stat
	Rdev      uint32 // of device nodes: major<<8 | minor
	Device    uint32 // of the build machine; with Inode it tells hard links
	Inode     uint32
	Flags     FileFlags
	Verify    VerifyFlags
	Color     uint32 // 1: 32-bit ELF, 2: 64-bit ELF; zero: not coloured
	// Links holds the positions of all files of a hard link set, this one
	// included, in ascending order; nil for a file of its own. The payload has
	// the content at the last of them.
	Links []int
}

// Path returns the full name.
func (f *File) Path() string { return f.Dir + f.Base }

// Type returns the file type bits of the mode.
func (f *File) Type() uint32 { return f.Mode & ModeType }

// Regular reports whether the file is a regular file.
func (f *File) Regular() bool { return f.Type() == ModeRegular }

// DigestAlgo returns the algorithm of the file digests.
func (h *Header) DigestAlgo() HashAlgo {
	if n, ok := h.Number(TagFileDigestAlgo); ok {
		return HashAlgo(n)
	}
	return MD5
}

// Files returns the file list in the header's order. It fails when the arrays
// do not agree or a name could lead out of a root.
func (h *Header) Files() ([]File, error) {
	names, n := TagBasenames, h.Count(TagBasenames)
	if n == 0 {
		names, n = TagOldFileNames, h.Count(TagOldFileNames)
	}
	if n == 0 {
		return nil, nil
	}
	if err := h.checkFileArrays(n); err != nil {
		return nil, &FormatError{"header", err.Error()}
	}
	files := make([]File, n)
	var err error
	if names == TagBasenames {
		err = h.fillNames(files)
	} else {
		err = h.fillOldNames(files)
	}
	if err != nil {
		return nil, &FormatError{"header", err.Error()}
	}
	h.fillStrings(files)
	h.fillNumbers(files)
	linkSets(files)
	return files, nil
}

// fileArrays are the tags with one element for each file.
var fileArrays = [...]Tag{
	TagFileSizes, TagLongFileSizes, TagFileModes, TagFileRdevs, TagFileMtimes, TagFileDigests,
	TagFileLinkTos, TagFileFlags, TagFileUserName, TagFileGroupName, TagFileVerifyFlags,
	TagFileDevices, TagFileInodes, TagFileLangs, TagFileColors, TagFileClass, TagFileCaps,
	TagFileStates,
}

func (h *Header) checkFileArrays(n int) error {
	for _, tag := range fileArrays {
		if c := h.Count(tag); c != 0 && c != n {
			return fmt.Errorf("%s has %d elements for %d files", tag, c, n)
		}
	}
	if h.Has(TagBasenames) && h.Count(TagDirIndexes) != n {
		return fmt.Errorf("%s has %d elements for %d files", TagDirIndexes, h.Count(TagDirIndexes), n)
	}
	return nil
}

func (h *Header) fillNames(files []File) error {
	dirs := h.Strings(TagDirNames)
	for _, dir := range dirs {
		if err := checkDir(dir, h.Source()); err != nil {
			return err
		}
	}
	index := h.Numbers(TagDirIndexes)
	for i, base := range h.All(TagBasenames) {
		d := index.At(i)
		if d >= uint64(len(dirs)) {
			return fmt.Errorf("file %d is in directory %d of %d", i, d, len(dirs))
		}
		if strings.Contains(base, "/") || base == ".." || base == "." {
			return fmt.Errorf("bad file name %q", base)
		}
		files[i].Dir, files[i].Base = dirs[d], base
	}
	return nil
}

// fillOldNames takes the names of packages from before directories were stored
// apart (rpm 3).
func (h *Header) fillOldNames(files []File) error {
	for i, name := range h.All(TagOldFileNames) {
		cut := strings.LastIndexByte(name, '/') + 1
		files[i].Dir, files[i].Base = name[:cut], name[cut:]
		if err := checkDir(files[i].Dir, h.Source()); err != nil {
			return err
		}
		if files[i].Base == ".." || files[i].Base == "." {
			return fmt.Errorf("bad file name %q", name)
		}
	}
	return nil
}

// checkDir demands an absolute directory with a slash at the end and no "..".
func checkDir(dir string, source bool) error {
	if source && dir == "" {
		return nil
	}
	if !strings.HasPrefix(dir, "/") || !strings.HasSuffix(dir, "/") || strings.Contains(dir, "/../") {
		return fmt.Errorf("bad directory name %q", dir)
	}
	return nil
}

func (h *Header) fillStrings(files []File) {
	for i, s := range h.All(TagFileLinkTos) {
		files[i].LinkTo = s
	}
	for i, s := range h.All(TagFileUserName) {
		files[i].User = s
	}
	for i, s := range h.All(TagFileGroupName) {
		files[i].Group = s
	}
	for i, s := range h.All(TagFileDigests) {
		files[i].Digest = s
	}
	for i, s := range h.All(TagFileLangs) {
		files[i].Lang = s
	}
	for i, s := range h.All(TagFileCaps) {
		files[i].Caps = s
	}
}

func (h *Header) fillNumbers(files []File) {
	sizes := h.Numbers(TagLongFileSizes)
	if sizes.Len() == 0 {
		sizes = h.Numbers(TagFileSizes)
	}
	mtimes, modes, rdevs := h.Numbers(TagFileMtimes), h.Numbers(TagFileModes), h.Numbers(TagFileRdevs)
	devices, inodes := h.Numbers(TagFileDevices), h.Numbers(TagFileInodes)
	flags, verify := h.Numbers(TagFileFlags), h.Numbers(TagFileVerifyFlags)
	colors := h.Numbers(TagFileColors)
	for i := range files {
		f := &files[i]
		f.Size = int64(sizes.At(i))
		f.MTime = int64(mtimes.At(i))
		f.Mode = uint32(modes.At(i))
		f.Rdev = uint32(rdevs.At(i))
		f.Device, f.Inode = uint32(devices.At(i)), uint32(inodes.At(i))
		f.Flags = FileFlags(flags.At(i))
		f.Verify = VerifyFlags(verify.At(i))
		f.Color = uint32(colors.At(i))
	}
}

// linkSets finds the regular files that share device and inode number.
func linkSets(files []File) {
	type id struct{ dev, ino uint32 }
	first := make(map[id]int)
	for i := range files {
		f := &files[i]
		if !f.Regular() || f.Flags&FileGhost != 0 || f.Inode == 0 {
			continue
		}
		key := id{f.Device, f.Inode}
		j, seen := first[key]
		if !seen {
			first[key] = i
			continue
		}
		if files[j].Links == nil {
			files[j].Links = []int{j}
		}
		files[j].Links = append(files[j].Links, i)
		f.Links = files[j].Links // completed below
	}
	for i := range files {
		if links := files[i].Links; links != nil {
			files[i].Links = files[links[0]].Links
		}
	}
}
