package chroot

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// tailLines is how many of the last lines are kept for errors.
const tailLines = 20

// collector cuts output into lines.
type collector struct {
	mu   sync.Mutex
	line func(string)
	part []byte
	last []string
}

func (c *collector) Write(data []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(data)
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			c.part = append(c.part, data...)
			break
		}
		c.part = append(c.part, data[:i]...)
		c.emit()
		data = data[i+1:]
	}
	for len(c.part) > LineLimit {
		rest := bytes.Clone(c.part[LineLimit:])
		c.part = c.part[:LineLimit]
		c.emit()
		c.part = rest
	}
	return n, nil
}

// emit hands on what is in part as one line.
func (c *collector) emit() {
	text := string(bytes.TrimSuffix(bytes.ToValidUTF8(c.part, []byte("\uFFFD")), []byte("\r")))
	c.part = c.part[:0]
	if len(c.last) == tailLines {
		copy(c.last, c.last[1:])
		c.last = c.last[:tailLines-1]
	}
	c.last = append(c.last, text)
	if c.line != nil {
		c.line(text)
	}
}

// flush emits a last line without an end.
func (c *collector) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.part) > 0 {
		c.emit()
	}
}

func (c *collector) tail() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.last...)
}

// pipes are both ends of a program's standard files.
type pipes struct {
	child  [3]*os.File
	stdin  *os.File // our ends; nil when not used
	stdout *os.File
	both   *os.File
	once   sync.Once
}

func newPipes(input, separate bool, null *os.File) (*pipes, error) {
	p := &pipes{child: [3]*os.File{null, nil, nil}}
	var errs [3]error
	if input {
		p.child[0], p.stdin, errs[0] = os.Pipe()
	}
	p.both, p.child[2], errs[1] = os.Pipe()
	p.child[1] = p.child[2]
	if separate {
		p.stdout, p.child[1], errs[2] = os.Pipe()
	}
	if err := errors.Join(errs[:]...); err != nil {
		p.closeChild(null)
		p.closeParent()
		return nil, err
	}
	return p, nil
}

// closeChild closes the ends that the program has inherited.
func (p *pipes) closeChild(null *os.File) {
	for i, f := range p.child {
		if f != nil && f != null && (i == 0 || f != p.child[i-1]) {
			f.Close()
		}
	}
}

func (p *pipes) closeParent() {
	p.once.Do(func() {
		for _, f := range []*os.File{p.stdin, p.stdout, p.both} {
			if f != nil {
				f.Close()
			}
		}
	})
}

// copy carries the data; flood is closed when there is more than r.limit of it.
// The channel is closed when all output has been read.
func (p *pipes) copy(r *run, flood chan struct{}) chan struct{} {
	if p.stdin != nil {
		go func() { io.Copy(p.stdin, r.command.Stdin); p.stdin.Close() }()
	}
	left := &limiter{flood: flood}
	left.n.Store(r.limit)
	var wg sync.WaitGroup
	wg.Go(func() { io.Copy(left.writer(r.output), p.both) })
	if p.stdout != nil {
		wg.Go(func() { io.Copy(left.writer(r.command.Stdout), p.stdout) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); p.closeParent(); close(done) }()
	return done
}

// limiter counts what several writers may still write.
type limiter struct {
	n     atomic.Int64
	once  sync.Once
	flood chan struct{}
}

func (l *limiter) writer(w io.Writer) io.Writer { return &limited{l, w} }

type limited struct {
	*limiter
	w io.Writer
}

// Write passes data on while the limit lasts and then only swallows it, so that
// the program is not blocked before it is killed.
func (l *limited) Write(data []byte) (int, error) {
	if l.n.Add(-int64(len(data))) < 0 {
		l.once.Do(func() { close(l.flood) })
		return len(data), nil
	}
	if _, err := l.w.Write(data); err != nil {
		return 0, err
	}
	return len(data), nil
}
