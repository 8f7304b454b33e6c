package lua

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	rt "github.com/arnodel/golua/runtime"
)

// maxRead bounds what one read returns, in bytes.
const maxRead = 64 << 20

// file is a file handle of Lua.
type file struct {
	f      *os.File
	r      *bufio.Reader
	out    io.Writer // of the standard files
	closed bool
	name   string
	// onClose runs a pipe's program with what was written, or gives its status.
	onClose func() []any
	// finish writes what is held back, when a file is left open.
	finish func() error
}

var errClosed = errors.New("attempt to use a closed file")

func (f *file) close() {
	if f.finish != nil && !f.closed {
		_ = f.finish()
	}
	if f.f != nil && !f.closed {
		f.f.Close()
	}
	f.closed = true
}

func (f *file) reader() *bufio.Reader {
	if f.r == nil {
		var in io.Reader = strings.NewReader("")
		if f.f != nil {
			in = f.f
		}
		f.r = bufio.NewReaderSize(in, 16<<10)
	}
	return f.r
}

// seek moves the position; what was read ahead is given back.
func (f *file) seek(offset int64, whence int) (int64, error) {
	if f.f == nil {
		return 0, os.ErrInvalid
	}
	if whence == io.SeekCurrent && f.r != nil {
		offset -= int64(f.r.Buffered())
	}
	f.r = nil
	return f.f.Seek(offset, whence)
}

func (f *file) write(s string) error {
	if f.out != nil {
		_, err := io.WriteString(f.out, s)
		return err
	}
	if f.r != nil {
		if _, err := f.seek(0, io.SeekCurrent); err != nil {
			return err
		}
	}
	if f.f == nil {
		return os.ErrInvalid
	}
	_, err := f.f.WriteString(s)
	return err
}

// openModes are those of fopen(3).
var openModes = map[string]int{
	"r": os.O_RDONLY, "r+": os.O_RDWR, "w": os.O_WRONLY | os.O_CREATE | os.O_TRUNC,
	"w+": os.O_RDWR | os.O_CREATE | os.O_TRUNC, "a": os.O_WRONLY | os.O_CREATE | os.O_APPEND,
	"a+": os.O_RDWR | os.O_CREATE | os.O_APPEND,
}

func (p *process) open(name, mode string) (*file, error) {
	flags, ok := openModes[strings.ReplaceAll(mode, "b", "")]
	if !ok {
		return nil, fmt.Errorf("bad argument #2 to 'open' (invalid mode)")
	}
	return p.openFlags(name, flags)
}

// openFlags opens a regular file or a directory of the root.
func (p *process) openFlags(name string, flags int) (*file, error) {
	if name == "/dev/null" { // the tree's own /dev is not what programs see
		return p.track(&file{name: name, out: io.Discard}), nil
	}
	f, err := p.script.Root.OpenFile(p.abs(name), flags|oNonblock, os.FileMode(0o666&^p.umask))
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() && !info.IsDir() {
		f.Close()
		return nil, errors.Join(err, os.ErrPermission)
	}
	return p.track(&file{f: f, name: name}), nil
}

func (p *process) track(f *file) *file {
	p.files[f] = true
	return f
}

// handle returns the file handle of a method's first argument.
func handle(args []rt.Value, i int) (*file, error) {
	if i < len(args) {
		if u, ok := args[i].TryUserData(); ok {
			if f, ok := u.Value().(*file); ok {
				if f.closed {
					return nil, errClosed
				}
				return f, nil
			}
		}
	}
	return nil, fmt.Errorf("bad argument #%d (FILE* expected)", i+1)
}

// fileMethods are those of file handles.
var fileMethods = map[string]native{
	"close": func(p *process, args []rt.Value) ([]any, error) {
		f, err := handle(args, 0)
		if err != nil {
			return nil, err
		}
		return p.closeFile(f), nil
	},
	"flush":   func(*process, []rt.Value) ([]any, error) { return []any{true}, nil },
	"setvbuf": func(*process, []rt.Value) ([]any, error) { return []any{true}, nil },
	"read": func(p *process, args []rt.Value) ([]any, error) {
		f, err := handle(args, 0)
		if err != nil {
			return nil, err
		}
		return f.read(args[1:])
	},
	"lines": func(p *process, args []rt.Value) ([]any, error) {
		f, err := handle(args, 0)
		if err != nil {
			return nil, err
		}
		return []any{f.iterator(args[1:], false)}, nil
	},
	"write": func(p *process, args []rt.Value) ([]any, error) {
		f, err := handle(args, 0)
		if err != nil {
			return nil, err
		}
		return writeAll(f, args[1:])
	},
	"seek": func(p *process, args []rt.Value) ([]any, error) {
		f, err := handle(args, 0)
		if err != nil {
			return nil, err
		}
		whence, offset, err := seekArguments(args, "cur")
		if err != nil {
			return nil, err
		}
		at, err := f.seek(offset, whence)
		if err != nil {
			return failure(err, ""), nil
		}
		return []any{at}, nil
	},
}

// seekArguments are where a seek begins and how far it goes.
func seekArguments(args []rt.Value, otherwise string) (whence int, offset int64, err error) {
	name, err := textOr(args, 1, otherwise)
	if err != nil {
		return 0, 0, err
	}
	whence, ok := map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[name]
	if !ok {
		return 0, 0, fmt.Errorf("bad argument #1 to 'seek' (invalid option '%s')", name)
	}
	offset, err = integer(args, 2, 0)
	return whence, offset, err
}

func writeAll(f *file, args []rt.Value) ([]any, error) {
	for i := range args {
		s, err := text(args, i)
		if err != nil {
			return nil, err
		}
		if err := f.write(s); err != nil {
			return failure(err, ""), nil
		}
	}
	return []any{f}, nil
}

func (p *process) closeFile(f *file) []any {
	f.close()
	delete(p.files, f)
	if f.onClose != nil {
		return f.onClose()
	}
	return []any{true}
}

// iterator returns a function that reads by formats until the end.
func (f *file) iterator(formats []rt.Value, closeAtEnd bool) closure {
	return closure{"lines", func(p *process, _ []rt.Value) ([]any, error) {
		if f.closed {
			return nil, errClosed
		}
		values, err := f.read(formats)
		if err == nil && len(values) > 0 && values[0] == nil && closeAtEnd {
			p.closeFile(f)
		}
		return values, err
	}}
}

// read reads by formats: "n", "l", "L", "a" (with or without "*") or a number of
// bytes; without one a line.
func (f *file) read(formats []rt.Value) ([]any, error) {
	if len(formats) == 0 {
		formats = []rt.Value{rt.StringValue("l")}
	}
	var values []any
	for i := range formats {
		v, err := f.readOne(formats[i])
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if v == nil {
			break
		}
	}
	return values, nil
}

func (f *file) readOne(format rt.Value) (any, error) {
	if n, ok := format.TryInt(); ok {
		return f.readBytes(n)
	}
	s, _ := format.TryString()
	switch strings.TrimPrefix(s, "*") + " " {
	case " ":
	default:
		switch strings.TrimPrefix(s, "*")[0] {
		case 'l':
			return f.readLine(false)
		case 'L':
			return f.readLine(true)
		case 'a':
			data, err := io.ReadAll(io.LimitReader(f.reader(), maxRead))
			return string(data), err
		case 'n':
			return f.readNumber()
		}
	}
	return nil, fmt.Errorf("bad argument to 'read' (invalid format)")
}

func (f *file) readBytes(n int64) (any, error) {
	if n == 0 {
		if _, err := f.reader().Peek(1); err != nil {
			return nil, nil
		}
		return "", nil
	}
	data, err := io.ReadAll(io.LimitReader(f.reader(), min(n, maxRead)))
	if err != nil || len(data) == 0 {
		return nil, err
	}
	return string(data), nil
}

func (f *file) readLine(keep bool) (any, error) {
	var line []byte
	for {
		part, err := f.reader().ReadSlice('\n')
		line = append(line, part...)
		if err == bufio.ErrBufferFull && len(line) < maxRead {
			continue
		}
		if len(line) == 0 {
			return nil, nil
		}
		if !keep {
			line = bytes.TrimSuffix(line, []byte("\n"))
		}
		return string(line), nil
	}
}

func (f *file) readNumber() (any, error) {
	r := f.reader()
	var word []byte
	for len(word) < 200 {
		c, err := r.ReadByte()
		if err != nil {
			break
		}
		if len(word) == 0 && strings.IndexByte(" \t\r\n\f\v", c) >= 0 {
			continue
		}
		if strings.IndexByte("0123456789abcdefABCDEFxXpP.+-", c) < 0 {
			r.UnreadByte()
			break
		}
		word = append(word, c)
	}
	if n, err := strconv.ParseInt(string(word), 0, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseFloat(string(word), 64); err == nil {
		return n, nil
	}
	return nil, nil
}

func (p *process) fileMeta() *rt.Table {
	meta := rt.NewTable()
	p.lua.SetTable(meta, rt.StringValue("__index"), rt.TableValue(p.table(fileMethods)))
	p.lua.SetTable(meta, rt.StringValue("__name"), rt.StringValue("FILE*"))
	p.lua.SetTable(meta, rt.StringValue("__tostring"), rt.FunctionValue(p.function("tostring",
		func(*process, []rt.Value) ([]any, error) { return []any{"file"}, nil })))
	return meta
}
