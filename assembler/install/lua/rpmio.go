package lua

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	rt "github.com/arnodel/golua/runtime"
	"golang.org/x/sys/unix"
)

// fd is what rpm.open gives: a file of the root, packed or not.
type fd struct {
	*file
	input  io.Reader      // what is read comes from it
	output io.WriteCloser // what is written goes to it
	packed bool
}

// fdMode is a mode such as "r", "w9.gzdio" or "a+": as fopen(3), a level, and after a
// dot how the file is packed.
type fdMode struct {
	flags int
	level int // -1 without one
	kind  string
}

var errMode = unix.EINVAL

// parseFdMode reads a mode as rpm's Fopen does. Letters that only say how to be fast
// are passed over.
func parseFdMode(mode string) (fdMode, error) {
	m := fdMode{level: -1, kind: "ufdio"}
	mode, _, _ = strings.Cut(mode, ":")
	mode, kind, named := strings.Cut(mode, ".")
	if mode == "" {
		return m, errMode
	}
	flags, ok := openModes[mode[:1]]
	if !ok {
		return m, errMode
	}
	for i := 1; i < len(mode); i++ {
		switch c := mode[i]; {
		case c == '+':
			flags = flags&^(os.O_RDONLY|os.O_WRONLY) | os.O_RDWR
		case c == 'x':
			flags |= os.O_EXCL
		case c == 'T': // threads
			for i+1 < len(mode) && mode[i+1] >= '0' && mode[i+1] <= '9' {
				i++
			}
		case c >= '0' && c <= '9':
			m.level, m.kind = int(c-'0'), "gzdio"
		}
	}
	m.flags = flags
	if named {
		m.kind = kind
	}
	if m.kind == "fdio" {
		m.kind = "ufdio"
	}
	if _, known := packings[m.kind]; !known && m.kind != "ufdio" || m.kind != "ufdio" && flags&os.O_RDWR != 0 {
		return m, errMode
	}
	return m, nil
}

// rpmOpen is rpm.open(path[, mode]).
func rpmOpen(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	mode, err := textOr(args, 1, "r")
	if err != nil {
		return nil, err
	}
	m, err := parseFdMode(mode)
	if err != nil {
		return nil, fdError(name, " open failed", err)
	}
	f, err := p.openFlags(name, m.flags)
	if err != nil {
		return nil, fdError(name, " open failed", err)
	}
	d := &fd{file: f}
	f.finish = d.flush
	if err := d.pack(m); err != nil {
		p.closeFile(f)
		return nil, fdError(name, " open failed", err)
	}
	return []any{d}, nil
}

// fdError is how the functions of rpm.open fail.
func fdError(name, what string, err error) error {
	return &luaError{name + what + ": " + failure(err, "")[1].(string)}
}

// pack puts the packing of a mode over the file, from where it stands.
func (d *fd) pack(m fdMode) error {
	d.input, d.output, d.packed = nil, nil, m.kind != "ufdio" && d.f != nil
	if !d.packed {
		return nil
	}
	var err error
	if m.flags&os.O_WRONLY != 0 {
		d.output, err = packings[m.kind].write(d.f, m.level)
	} else {
		d.input = &lazyReader{open: func() (io.Reader, error) { return packings[m.kind].read(d.f) }}
	}
	return err
}

// lazyReader begins to unpack when the first byte is asked for.
type lazyReader struct {
	open func() (io.Reader, error)
	r    io.Reader
}

func (l *lazyReader) Read(b []byte) (int, error) {
	if l.r == nil {
		r, err := l.open()
		if err != nil {
			return 0, err
		}
		l.r = r
	}
	return l.r.Read(b)
}

// flush writes what a packer still holds.
func (d *fd) flush() error {
	if d.output == nil {
		return nil
	}
	err := d.output.Close()
	d.output = nil
	return err
}

// fdArgument is the handle a method is called on.
func fdArgument(args []rt.Value) (*fd, error) {
	if len(args) > 0 {
		if u, ok := args[0].TryUserData(); ok {
			if d, ok := u.Value().(*fd); ok {
				return d, nil
			}
		}
	}
	return nil, errors.New("bad argument #1 (rpm.fd expected)")
}

// openFd is fdArgument of one that is still open.
func openFd(args []rt.Value, what string) (*fd, error) {
	d, err := fdArgument(args)
	if err == nil && d.closed {
		err = &luaError{"error " + what + " [none]: Bad file descriptor"}
	}
	return d, err
}

// fdMethods are those of what rpm.open gives.
var fdMethods = map[string]native{
	"close": func(p *process, args []rt.Value) ([]any, error) {
		d, err := fdArgument(args)
		if err != nil || d.closed {
			return []any{int64(-1)}, err
		}
		err = d.flush()
		p.closeFile(d.file)
		if err != nil {
			return []any{int64(-1)}, nil
		}
		return zero, nil
	},
	"flush": func(_ *process, args []rt.Value) ([]any, error) {
		d, err := openFd(args, "flushing")
		if err != nil {
			return nil, err
		}
		if f, ok := d.output.(interface{ Flush() error }); ok {
			err = f.Flush()
		}
		return done(err, "")
	},
	"read": fdRead, "write": fdWrite, "seek": fdSeek, "reopen": fdReopen,
}

// fdRead returns a number of bytes, or what is left.
func fdRead(_ *process, args []rt.Value) ([]any, error) {
	d, err := openFd(args, "reading")
	if err != nil {
		return nil, err
	}
	n, err := integer(args, 1, -1)
	if err != nil {
		return nil, err
	}
	from := d.input
	switch {
	case d.f == nil: // /dev/null
		from = strings.NewReader("")
	case from == nil:
		from = d.f
	}
	limit, more := int64(maxRead), int64(1)
	if n >= 0 && n <= limit {
		limit, more = n, 0
	}
	data, err := io.ReadAll(io.LimitReader(from, limit+more))
	if err == nil && int64(len(data)) > limit {
		err = unix.EFBIG
	}
	if err != nil {
		return nil, d.readError(err)
	}
	return []any{string(data)}, nil
}

// readError says what is wrong with the file or with what is packed in it.
func (d *fd) readError(err error) error {
	var system unix.Errno
	if errors.As(err, &system) {
		return fdError("error reading "+d.name, "", system)
	}
	return &luaError{fmt.Sprintf("error reading %s: %v", d.name, err)}
}

// fdWrite writes a string, or as much of it as the second argument says.
func fdWrite(_ *process, args []rt.Value) ([]any, error) {
	d, err := openFd(args, "writing")
	if err != nil {
		return nil, err
	}
	s, err := text(args, 1)
	if err != nil {
		return nil, err
	}
	n, err := integer(args, 2, int64(len(s)))
	if err != nil {
		return nil, err
	}
	s = s[:max(0, min(n, int64(len(s))))]
	switch {
	case d.output != nil:
		_, err = io.WriteString(d.output, s)
	case d.packed:
		err = unix.EBADF
	default:
		err = d.file.write(s)
	}
	if err != nil {
		return nil, fdError("error writing "+d.name, "", err)
	}
	return []any{int64(len(s))}, nil
}

// fdSeek goes to another place of a file that is not packed.
func fdSeek(_ *process, args []rt.Value) ([]any, error) {
	d, err := openFd(args, "seeking")
	if err != nil {
		return nil, err
	}
	whence, offset, err := seekArguments(args, "cur")
	if err != nil {
		return nil, err
	}
	at := int64(0)
	switch {
	case d.packed:
		err = unix.ESPIPE
	case d.f != nil:
		at, err = d.f.Seek(offset, whence)
	}
	if err != nil {
		return nil, fdError(d.name, ": seek failed", err)
	}
	return []any{at}, nil
}

// fdReopen packs, unpacks or leaves alone what follows in the file.
func fdReopen(_ *process, args []rt.Value) ([]any, error) {
	d, err := openFd(args, "reopening")
	if err != nil {
		return nil, err
	}
	mode, err := text(args, 1)
	if err != nil {
		return nil, err
	}
	m, err := parseFdMode(mode)
	if err == nil {
		err = d.flush()
	}
	if err == nil {
		err = d.pack(m)
	}
	if err != nil {
		return nil, fdError(d.name, ": reopen failed", err)
	}
	return []any{d}, nil
}

// fdTable is the metatable of what rpm.open gives.
func (p *process) fdTable() *rt.Table {
	meta := p.table(map[string]native{"__tostring": func(_ *process, args []rt.Value) ([]any, error) {
		d, err := fdArgument(args)
		if err != nil || d.closed {
			return []any{"[none]"}, err
		}
		return []any{d.name}, nil
	}})
	p.lua.SetTable(meta, rt.StringValue("__index"), rt.TableValue(p.table(fdMethods)))
	p.lua.SetTable(meta, rt.StringValue("__name"), rt.StringValue("rpm.fd"))
	return meta
}
