package lua

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	rt "github.com/arnodel/golua/runtime"
	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/assembler/chroot"
)

// text returns a string argument; numbers are converted as in Lua.
func text(args []rt.Value, i int) (string, error) {
	if i < len(args) {
		if s, ok := args[i].ToString(); ok && args[i].Type() != rt.NilType {
			return s, nil
		}
		return "", fmt.Errorf("bad argument #%d (string expected, got %s)", i+1, args[i].TypeName())
	}
	return "", fmt.Errorf("bad argument #%d (string expected, got no value)", i+1)
}

// twoTexts returns the first two arguments.
func twoTexts(args []rt.Value) (first, second string, err error) {
	if first, err = text(args, 0); err != nil {
		return "", "", err
	}
	second, err = text(args, 1)
	return first, second, err
}

// textOr is text with a default for a missing argument.
func textOr(args []rt.Value, i int, otherwise string) (string, error) {
	if missing(args, i) {
		return otherwise, nil
	}
	return text(args, i)
}

func missing(args []rt.Value, i int) bool { return i >= len(args) || args[i].IsNil() }

func integer(args []rt.Value, i int, otherwise int64) (int64, error) {
	if missing(args, i) {
		return otherwise, nil
	}
	if n, ok := rt.ToInt(args[i]); ok {
		return n, nil
	}
	return 0, fmt.Errorf("bad argument #%d (number expected, got %s)", i+1, args[i].TypeName())
}

// strings_ returns the elements of a table argument.
func tableStrings(args []rt.Value, i int) ([]string, error) {
	if i >= len(args) {
		return nil, fmt.Errorf("bad argument #%d (table expected, got no value)", i+1)
	}
	t, ok := args[i].TryTable()
	if !ok {
		return nil, fmt.Errorf("bad argument #%d (table expected, got %s)", i+1, args[i].TypeName())
	}
	var out []string
	for n := int64(1); n <= t.Len(); n++ {
		s, ok := t.Get(rt.IntValue(n)).ToString()
		if !ok {
			return nil, fmt.Errorf("bad argument #%d (strings expected)", i+1)
		}
		out = append(out, s)
	}
	return out, nil
}

// failure is how posix and io functions report an error: nil, text, number.
func failure(err error, what string) []any {
	number := unix.EIO
	var no unix.Errno
	if errors.As(err, &no) {
		number = no
	}
	message := number.Error()
	message = strings.ToUpper(message[:1]) + message[1:]
	switch {
	case number == unix.ENOTEMPTY:
		message = "Directory not empty"
	case errors.Is(err, fs.ErrNotExist):
		number, message = unix.ENOENT, "No such file or directory"
	case errors.Is(err, fs.ErrExist):
		number, message = unix.EEXIST, "File exists"
	}
	if what != "" {
		message = what + ": " + message
	}
	return []any{nil, message, int64(number)}
}

// done is the result of a function that only succeeds: zero, or the error.
func done(err error, what string) ([]any, error) {
	if err != nil {
		return failure(err, what), nil
	}
	return []any{int64(0)}, nil
}

// maxOutput bounds what a script and its children print, in bytes, as programs are.
const maxOutput = chroot.DefaultOutputLimit

var errFlood = errors.New("too much output")

// lineWriter cuts output into lines.
type lineWriter struct {
	written int64
	line    func(string)
	part    []byte
	mute    bool
}

func (w *lineWriter) Write(data []byte) (int, error) { return w.WriteString(string(data)) }

func (w *lineWriter) WriteString(s string) (int, error) {
	if w.mute || w.line == nil {
		return len(s), nil
	}
	if w.written += int64(len(s)); w.written > maxOutput {
		return 0, errFlood
	}
	w.part = append(w.part, s...)
	for {
		i := bytes.IndexByte(w.part, '\n')
		if i < 0 && len(w.part) < chroot.LineLimit {
			return len(s), nil
		}
		if i < 0 {
			w.flush()
			return len(s), nil
		}
		w.line(string(w.part[:i]))
		w.part = w.part[i+1:]
	}
}

func (w *lineWriter) flush() {
	if len(w.part) > 0 && w.line != nil {
		w.line(string(w.part))
	}
	w.part = nil
}
