package fetch

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fimg/fimg/repo/digest"
)

// Mirror is one place that has a file.
type Mirror struct {
	URL                string // http or https
	Username, Password string
}

// Job is a file to download.
type Job struct {
	Repository string // for messages
	File       string
	Mirrors    []Mirror        // in order of preference
	Checksum   digest.Checksum // zero when unknown
	Size       int64           // bytes; negative when unknown
	MaxSize    int64           // where Size is unknown; zero means 1 GiB
	Progress   func(n int64)   // told of bytes as they come, negative when some are thrown away
}

const defaultMaxSize = 1 << 30

// transfer is the state of one job: what is on disk and its checksum so far.
type transfer struct {
	*Job
	client *Client
	file   *os.File
	have   int64
	sum    hash.Hash       // nil when no checksum is known
	from   map[string]bool // the mirrors that the bytes on disk came from
}

// Get downloads job into file, which may hold the start of it from an earlier
// attempt, and compares size and checksum. On success the file holds exactly the
// job's bytes and its offset is at their end. The error is an *Error, or the
// context's.
func (c *Client) Get(ctx context.Context, job *Job, file *os.File) error {
	t := &transfer{Job: job, client: c, file: file, from: map[string]bool{}}
	if err := t.start(); err != nil {
		return err
	}
	failure := &Error{Repository: job.Repository, File: job.File}
	mirrors := c.hosts.order(job.Mirrors)
	for round := 0; ; round++ {
		var pause time.Duration
		var again []Mirror
		for len(mirrors) > 0 {
			i, m, err := t.attempt(ctx, mirrors)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.hosts.note(m.URL, err)
			if err == nil {
				return nil
			}
			var local *writeError
			if errors.As(err, &local) {
				return err
			}
			mirrors = append(mirrors[:i:i], mirrors[i+1:]...)
			failure.Attempts = append(failure.Attempts, Attempt{redact(m.URL), err})
			c.opts.Log.Debug("download failed", "url", redact(m.URL), "error", err)
			if passing(err) {
				again = append(again, m)
				pause = max(pause, retryAfter(err))
			}
		}
		if len(again) == 0 || round >= c.opts.Retries {
			return failure
		}
		mirrors = c.hosts.order(again)
		if err := sleep(ctx, max(pause, c.backoff(round))); err != nil {
			return err
		}
	}
}

func retryAfter(err error) time.Duration {
	var status *statusError
	if errors.As(err, &status) {
		return status.after
	}
	return 0
}

func (c *Client) backoff(round int) time.Duration {
	return min(c.opts.Backoff<<min(round, 10), maxBackoff)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start takes in what the file already holds.
func (t *transfer) start() error {
	t.sum = t.Checksum.Hash()
	if t.MaxSize <= 0 {
		t.MaxSize = defaultMaxSize
	}
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	if t.sum == nil || t.Size >= 0 && info.Size() > t.Size {
		return t.restart()
	}
	t.have, err = io.Copy(t.sum, t.file)
	if t.have > 0 {
		t.from["an earlier transfer"] = true
		t.progress(t.have)
	}
	return err
}

func (t *transfer) progress(n int64) {
	if t.Progress != nil && n != 0 {
		t.Progress(n)
	}
}

// restart throws away what is on disk.
func (t *transfer) restart() error {
	t.progress(-t.have)
	t.have = 0
	clear(t.from)
	if t.sum != nil {
		t.sum.Reset()
	}
	if err := t.file.Truncate(0); err != nil {
		return &writeError{err}
	}
	_, err := t.file.Seek(0, io.SeekStart)
	return err
}

// attempt asks one of the mirrors, and asks it once more from the start when the
// bytes of several did not fit together.
func (t *transfer) attempt(ctx context.Context, mirrors []Mirror) (int, Mirror, error) {
	i, release, err := t.client.hosts.acquire(ctx, mirrors)
	if err != nil {
		return 0, Mirror{}, err
	}
	defer release()
	m := mirrors[i]
	for {
		if err = t.once(ctx, m); err == nil {
			err = t.verify()
		}
		if ctx.Err() != nil { // err may be the cause of the cancellation
			return i, m, ctx.Err()
		}
		var sum *ChecksumError
		if !errors.As(err, &sum) {
			return i, m, err
		}
		mixed := len(t.from) > 1 || !t.from[m.URL]
		if err := t.restart(); err != nil {
			return i, m, err
		}
		if !mixed {
			return i, m, err
		}
	}
}

// verify compares what is on disk with what it should be.
func (t *transfer) verify() error {
	e := &ChecksumError{Repository: t.Repository, File: t.File, Want: t.Checksum, WantSize: t.Size, GotSize: t.have}
	if t.sum != nil {
		e.Got = t.Checksum.With(t.sum)
	}
	if t.Size >= 0 && t.Size != t.have || e.Want != e.Got {
		return e
	}
	return nil
}

// once makes one request for what is missing.
func (t *transfer) once(ctx context.Context, m Mirror) error {
	if t.Size >= 0 && t.have == t.Size && t.have > 0 {
		return nil // it was all there
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if t.sum == nil && t.have > 0 { // nothing would tell whether the parts fit
		if err := t.restart(); err != nil {
			return err
		}
	}
	header := http.Header{}
	if t.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
	}
	resp, err := t.client.request(ctx, m, header)
	if err != nil {
		return err
	}
	watch := newWatch(t.client.opts.Stall, cancel) // until what is not wanted is drained
	defer watch.stop()
	defer drain(resp.Body)
	t.from[m.URL] = true
	if err := t.position(resp); err != nil {
		return err
	}
	t.from[m.URL] = true // position may have thrown everything away
	if err := t.copy(resp.Body, watch); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return err
	}
	if t.Size >= 0 && t.have < t.Size {
		return fmt.Errorf("connection ends after %d of %d bytes", t.have, t.Size)
	}
	return nil
}

// position makes the file ready for the bytes of an answer.
func (t *transfer) position(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK:
		if t.have > 0 {
			if err := t.restart(); err != nil {
				return err
			}
		}
	case http.StatusPartialContent:
		if start, ok := rangeStart(resp.Header.Get("Content-Range")); !ok || start != t.have || t.have == 0 {
			return fmt.Errorf("server answers with another range than asked for: %w", os.ErrInvalid)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if t.have == 0 {
			return answered(resp)
		}
		if err := t.restart(); err != nil {
			return err
		}
		return answered(resp)
	default:
		return answered(resp)
	}
	if t.Size >= 0 && resp.ContentLength >= 0 && resp.ContentLength != t.Size-t.have {
		return &ChecksumError{Repository: t.Repository, File: t.File, Want: t.Checksum,
			WantSize: t.Size, GotSize: t.have + resp.ContentLength}
	}
	return nil
}

// rangeStart reads the first number of "bytes 100-199/200".
func rangeStart(header string) (int64, bool) {
	rest, ok := strings.CutPrefix(header, "bytes ")
	if !ok {
		return 0, false
	}
	first, _, ok := strings.Cut(rest, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	return n, ok && err == nil
}

// copy moves the body to the file, hashing.
func (t *transfer) copy(body io.Reader, watch *watch) error {
	limit := t.MaxSize
	if t.Size >= 0 {
		limit = t.Size
	}
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		if t.have+int64(n) > limit {
			return errors.Join(errTooLong, t.restart())
		}
		if n > 0 {
			if _, err := t.file.Write(buf[:n]); err != nil {
				return &writeError{err}
			}
			if t.sum != nil {
				t.sum.Write(buf[:n])
			}
			t.have += int64(n)
			t.progress(int64(n))
			watch.moved(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("connection breaks after %d bytes", t.have)
		case err != nil:
			return err
		}
	}
}
