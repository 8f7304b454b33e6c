package lua

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	rt "github.com/arnodel/golua/runtime"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree"
)

// fileTypes are what posix.stat calls the type.
var fileTypes = map[uint32]string{
	unix.S_IFREG: "regular", unix.S_IFLNK: "link", unix.S_IFDIR: "directory", unix.S_IFCHR: "character device",
	unix.S_IFBLK: "block device", unix.S_IFIFO: "fifo", unix.S_IFSOCK: "socket",
}

func posixStat(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	st, err := p.script.Root.Lstat(p.abs(name))
	if err != nil {
		return failure(err, name), nil
	}
	if e, ok := p.script.Ledger.Get(ledgerName(p.abs(name))); ok && e.Owner != nil {
		st.Uid, st.Gid = e.Owner.UID, e.Owner.GID
	}
	mtime := min(st.Mtim.Sec, p.script.Now.Unix()) // what the build has made is as old as the image
	all := record{
		{"mode", modeString(st.Mode)}, {"ino", p.inode(st)}, {"dev", int64(1)}, {"nlink", int64(st.Nlink)},
		{"uid", int64(st.Uid)}, {"gid", int64(st.Gid)}, {"size", st.Size}, {"atime", mtime},
		{"mtime", mtime}, {"ctime", mtime}, {"type", fileTypes[st.Mode&unix.S_IFMT]}, {"_mode", int64(st.Mode)},
	}
	return selection(all, args, 1)
}

// inode stands for the number of an inode, which is another in every build.
func (p *process) inode(st unix.Stat_t) int64 {
	key := [2]uint64{uint64(st.Dev), st.Ino}
	n, ok := p.inodes[key]
	if !ok {
		n = int64(len(p.inodes) + 1)
		p.inodes[key] = n
	}
	return n
}

// selection returns a whole record, or the fields asked for by name.
func selection(all record, args []rt.Value, i int) ([]any, error) {
	if missing(args, i) {
		return []any{all}, nil
	}
	var out []any
	for ; i < len(args); i++ {
		name, err := text(args, i)
		if err != nil {
			return nil, err
		}
		found := false
		for _, f := range all {
			if f.key == name {
				out, found = append(out, f.value), true
			}
		}
		if !found {
			return nil, fmt.Errorf("bad argument #%d (invalid option '%s')", i+1, name)
		}
	}
	return out, nil
}

// modeString is the nine letters of ls -l.
func modeString(mode uint32) string {
	b := []byte("rwxrwxrwx")
	for i := range b {
		if mode&(1<<(8-i)) == 0 {
			b[i] = '-'
		}
	}
	for _, s := range []struct {
		bit  uint32
		at   int
		with byte
	}{{0o4000, 2, 's'}, {0o2000, 5, 's'}} {
		if mode&s.bit != 0 {
			if b[s.at] == '-' {
				s.with = 'S'
			}
			b[s.at] = s.with
		}
	}
	return string(b)
}

// parseMode reads "0755", "rwxr-xr-x" or "u+x,go-w" as a change of mode.
func parseMode(mode uint32, spec string) (uint32, error) {
	if n, err := strconv.ParseUint(spec, 8, 32); err == nil {
		return uint32(n) & 0o7777, nil
	}
	if len(spec) == 9 && strings.Trim(spec, "rwxsS-") == "" {
		return letters(spec)
	}
	for clause := range strings.SplitSeq(spec, ",") {
		at := strings.IndexAny(clause, "+-=")
		if at < 0 {
			return 0, fmt.Errorf("bad mode %q", spec)
		}
		var who, bits uint32
		for _, c := range clause[:at] {
			m, ok := map[rune]uint32{'u': 0o4700, 'g': 0o2070, 'o': 0o007, 'a': 0o6777}[c]
			if !ok {
				return 0, fmt.Errorf("bad mode %q", spec)
			}
			who |= m
		}
		if who == 0 {
			who = 0o6777
		}
		for _, c := range clause[at+1:] {
			m, ok := map[rune]uint32{'r': 0o444, 'w': 0o222, 'x': 0o111, 's': 0o6000}[c]
			if !ok {
				return 0, fmt.Errorf("bad mode %q", spec)
			}
			bits |= m & who
		}
		switch clause[at] {
		case '+':
			mode |= bits
		case '-':
			mode &^= bits
		default:
			mode = mode&^who | bits
		}
	}
	return mode, nil
}

func letters(spec string) (uint32, error) {
	var mode uint32
	for i, c := range []byte(spec) {
		bit := uint32(1) << (8 - i)
		switch {
		case c == '-':
		case c == "rwxrwxrwx"[i]:
			mode |= bit
		case c == 's' && (i == 2 || i == 5):
			mode |= bit | 0o4000>>((i-2)/3)
		case c == 'S' && (i == 2 || i == 5):
			mode |= 0o4000 >> ((i - 2) / 3)
		default:
			return 0, fmt.Errorf("bad mode %q", spec)
		}
	}
	return mode, nil
}

// at calls fn with the directory a name lies in and its last component.
func (p *process) at(name string, fn func(dir int, base string) error) error {
	dir, err := p.script.Root.OpenFile(path.Dir(name), unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	return fn(int(dir.Fd()), path.Base(name))
}

func (p *process) link(from, to string) error {
	return p.at(from, func(fromDir int, fromBase string) error {
		return p.at(to, func(dir int, base string) error { return unix.Linkat(fromDir, fromBase, dir, base, 0) })
	})
}

// chown changes the owner of what a name leads to, as chown(2) does.
func (p *process) chown(name string, uid, gid int) error {
	f, err := p.script.Root.OpenFile(name, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.Fchownat(int(f.Fd()), "", uid, gid, unix.AT_EMPTY_PATH)
	if (err == unix.EPERM || err == unix.EINVAL) && p.script.Ledger != nil && uid >= 0 && gid >= 0 {
		p.script.Ledger.Update(ledgerName(name), func(e *tree.Entry) {
			e.Owner = &tree.Owner{UID: uint32(uid), GID: uint32(gid)}
		})
		return nil
	}
	return err
}

// ledgerName is how the ledger calls an absolute name.
func ledgerName(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }

func (p *process) utime(name string, mtime, atime int64) error {
	f, err := p.script.Root.OpenFile(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.UtimesNanoAt(int(f.Fd()), "", []unix.Timespec{{Sec: atime}, {Sec: mtime}}, unix.AT_EMPTY_PATH)
}

func posixMkfifo(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	return done(p.at(p.abs(name), func(dir int, base string) error {
		return unix.Mknodat(dir, base, unix.S_IFIFO|0o666&^p.umask, 0)
	}), name)
}

func posixMkstemp(p *process, args []rt.Value) ([]any, error) {
	template, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	name, f, err := p.mkstemp(template)
	if err != nil {
		return failure(err, template), nil
	}
	return []any{name, p.track(&file{f: f, name: name})}, nil
}

// mkstemp makes a new file whose name ends in six other letters.
func (p *process) mkstemp(template string) (string, *os.File, error) {
	stem, ok := strings.CutSuffix(template, "XXXXXX")
	if !ok {
		return "", nil, unix.EINVAL
	}
	for range 100 {
		name := stem + p.drawName()
		f, err := p.script.Root.OpenFile(p.abs(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, os.ErrExist) {
			return name, f, err
		}
	}
	return "", nil, unix.EEXIST
}

func posixGetpasswd(p *process, args []rt.Value) ([]any, error) {
	f, err := p.account(args, "etc/passwd")
	if err != nil || len(f) < 7 {
		return []any{nil}, err
	}
	return selection(record{{"name", f[0]}, {"uid", number(f[2])}, {"gid", number(f[3])}, {"dir", f[5]},
		{"shell", f[6]}, {"gecos", f[4]}, {"passwd", f[1]}}, args, 1)
}

func posixGetgroup(p *process, args []rt.Value) ([]any, error) {
	f, err := p.account(args, "etc/group")
	if err != nil || len(f) < 4 {
		return []any{nil}, err
	}
	members := record{{"name", f[0]}, {"gid", number(f[2])}}
	for i, m := range strings.Split(f[3], ",") {
		if m != "" {
			members = append(members, field{strconv.Itoa(i + 1), m})
		}
	}
	return []any{members}, nil
}

func number(s string) int64 { n, _ := strconv.ParseInt(s, 10, 64); return n }

// account finds a line by name or number; the default is root's.
func (p *process) account(args []rt.Value, file string) ([]string, error) {
	want := "0"
	if !missing(args, 0) {
		var err error
		if want, err = text(args, 0); err != nil {
			return nil, err
		}
	}
	for _, f := range p.accounts(file) {
		if len(f) > 2 && (f[0] == want || f[2] == want) {
			return f, nil
		}
	}
	return nil, nil
}

func posixGetprocessid(_ *process, args []rt.Value) ([]any, error) {
	ids := record{{"egid", int64(0)}, {"euid", int64(0)}, {"gid", int64(0)}, {"uid", int64(0)},
		{"pgrp", int64(2)}, {"pid", int64(2)}, {"ppid", int64(1)}}
	return selection(ids, args, 0)
}

func posixUname(_ *process, args []rt.Value) ([]any, error) {
	format, err := textOr(args, 0, "%s %n %r %v %m")
	if err != nil {
		return nil, err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	return []any{strings.NewReplacer("%n", "localhost", "%s", "Linux", "%m", unix.ByteSliceToString(u.Machine[:]),
		"%r", unix.ByteSliceToString(u.Release[:]), "%v", unix.ByteSliceToString(u.Version[:]), "%%", "%").Replace(format)}, nil
}
