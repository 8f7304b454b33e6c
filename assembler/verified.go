package assembler

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/install"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/tree"
	"github.com/fimg/fimg/tree/rootfs"
)

// Columns of a line of rpm -V (rpm(8), "VERIFY OPTIONS"): size, mode, digest,
// device, link, user, group, time, capabilities; then two blanks, a letter for the
// kind of file, a blank and the path.
const (
	columnSize = iota
	columnMode
	columnDigest
	columnDevice
	columnLink
	columnUser
	columnGroup
	columnTime
	columnCaps
	columns

	verifyPath = columns + 4
)

// verifyReport corrects what rpm said inside the root to what is true of the
// image: there rpm sees other owners, no devices and no capabilities where the
// ledger has them, and what is mounted for the session instead of the directories
// below. Only files that rpm complains about are looked at again.
type verifyReport struct {
	root          *rootfs.Root
	ledger        *tree.Ledger
	files         map[string][]rpm.File // by path; several packages may have a directory
	users, groups map[uint32][]string
}

func newVerifyReport(root *rootfs.Root, ledger *tree.Ledger, headers []*rpm.Header, text []byte) (*verifyReport, error) {
	v := &verifyReport{root: root, ledger: ledger, files: map[string][]rpm.File{},
		users: namesByID(root, "etc/passwd"), groups: namesByID(root, "etc/group")}
	for line := range strings.Lines(string(text)) {
		if _, name, ok := parseVerifyLine(line); ok {
			v.files[name] = nil
		}
	}
	for _, h := range headers {
		files, err := h.Files()
		if err != nil {
			return nil, fmt.Errorf("verify packages: %w", err)
		}
		for _, f := range files {
			if of, ok := v.files[f.Path()]; ok {
				v.files[f.Path()] = append(of, f)
			}
		}
	}
	return v, nil
}

// namesByID reads passwd(5) or group(5): in both the id is the third field.
func namesByID(root *rootfs.Root, file string) map[uint32][]string {
	names := map[uint32][]string{}
	data, _ := root.ReadFile(file)
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) < 3 {
			continue
		}
		if id, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			names[uint32(id)] = append(names[uint32(id)], f[0])
		}
	}
	return names
}

// parseVerifyLine returns the flags and the path of a line about a file that is
// there.
func parseVerifyLine(line string) (flags []byte, name string, ok bool) {
	line = strings.TrimSuffix(line, "\n")
	if len(line) <= verifyPath || line[columns:columns+2] != "  " || line[verifyPath-1] != ' ' || line[verifyPath] != '/' {
		return nil, "", false
	}
	for i, want := range []byte("SM5DLUGTP") {
		if c := line[i]; c != want && c != '.' && c != '?' {
			return nil, "", false
		}
	}
	return []byte(line[:columns]), line[verifyPath:], true
}

// correct returns the report without what is not so.
func (v *verifyReport) correct(text []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		flags, name, ok := parseVerifyLine(line)
		if of := v.files[name]; ok && len(of) > 0 {
			f := of[0]
			if len(of) > 1 { // rpm goes through the packages in the same order
				v.files[name] = of[1:]
			}
			v.judge(flags, &f)
			if strings.Trim(string(flags), ".") == "" {
				continue
			}
			line = string(flags) + line[columns:]
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// judge sets the flags that depend on what the ledger may know.
func (v *verifyReport) judge(flags []byte, f *rpm.File) {
	n, err := v.node(f.Path())
	if err != nil {
		return
	}
	set := func(column int, what rpm.VerifyFlags, letter byte, differs bool) {
		if flags[column] = '.'; differs && f.Verify&what != 0 {
			flags[column] = letter
		}
	}
	set(columnUser, rpm.VerifyUser, 'U', !slices.Contains(v.users[n.UID], f.User))
	set(columnGroup, rpm.VerifyGroup, 'G', !slices.Contains(v.groups[n.GID], f.Group))
	if n.Type() == tree.TypeLink {
		return
	}
	mask := uint32(0xffff)
	if f.Flags&rpm.FileGhost != 0 {
		mask = 0o7777
	}
	set(columnMode, rpm.VerifyMode, 'M', (n.Mode^f.Mode)&mask != 0)
	set(columnDevice, rpm.VerifyRdev, 'D', deviceDiffers(n, f))
	if n.Type() != tree.TypeFile {
		for _, column := range []int{columnSize, columnDigest, columnTime, columnCaps} {
			flags[column] = '.'
		}
		return
	}
	if value, known := xattr(n, "security.capability"); known {
		want, err := install.Capabilities(f.Caps)
		set(columnCaps, rpm.VerifyCaps, 'P', err != nil || !bytes.Equal(want, value))
	}
}

// deviceDiffers compares device types and numbers.
func deviceDiffers(n *tree.Node, f *rpm.File) bool {
	device := func(kind uint32) bool { return kind == tree.TypeChar || kind == tree.TypeBlock }
	if device(n.Type()) || device(f.Type()) {
		return n.Type() != f.Type() || n.Major<<8|n.Minor != f.Rdev
	}
	return false
}

func xattr(n *tree.Node, name string) ([]byte, bool) {
	for _, x := range n.Xattrs {
		if x.Name == name {
			return x.Value, true
		}
	}
	return nil, false
}

// node is a file as the image will have it, but for attributes that only the file
// system has.
func (v *verifyReport) node(name string) (*tree.Node, error) {
	st, err := v.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	dir, err := v.canonical(path.Dir(name))
	if err != nil {
		return nil, err
	}
	n := &tree.Node{Path: strings.TrimPrefix(path.Join(dir, path.Base(name)), "/"), Mode: st.Mode, UID: st.Uid, GID: st.Gid,
		Major: unix.Major(st.Rdev), Minor: unix.Minor(st.Rdev)}
	v.ledger.Apply(n)
	return n, nil
}

// canonical returns the path of a directory without links.
func (v *verifyReport) canonical(dir string) (string, error) {
	var real [2]string
	for i, name := range []string{"/", dir} {
		fd, err := v.root.OpenFD(name, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return "", err
		}
		real[i], err = os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		unix.Close(fd)
		if err != nil {
			return "", err
		}
	}
	return strings.TrimPrefix(real[1], strings.TrimSuffix(real[0], "/")), nil
}
