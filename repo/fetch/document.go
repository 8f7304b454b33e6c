package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Version is what a server said about a document it once sent, for asking
// whether it is still the same.
type Version struct {
	URL          string `json:"url"`
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// Document is a small file that may change: repomd.xml, a mirror list, a key.
type Document struct {
	Version
	Body      []byte
	Unchanged bool // the server says that it is the version asked about; Body is nil
}

// Query asks for a document.
type Query struct {
	Repository string // for messages
	File       string
	Mirrors    []Mirror
	MaxSize    int64   // bytes; zero means 16 MiB
	Known      Version // what is here already
	// Accept judges what a mirror sent; an error leaves the mirror for the next.
	// Nil accepts all.
	Accept func(m Mirror, body []byte) error
}

const defaultMaxDocument = 16 << 20

// Document returns the first acceptable answer of the mirrors. The error is an
// *Error, or the context's.
func (c *Client) Document(ctx context.Context, q *Query) (*Document, error) {
	failure := &Error{Repository: q.Repository, File: q.File}
	mirrors := c.hosts.order(q.Mirrors)
	for round := 0; ; round++ {
		var again []Mirror
		var pause time.Duration
		for _, m := range mirrors {
			doc, err := c.document(ctx, q, m)
			if err == nil {
				c.hosts.note(m.URL, nil)
				return doc, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			failure.Attempts = append(failure.Attempts, Attempt{redact(m.URL), err})
			var refused *refusedError
			if passing(err) && !errors.As(err, &refused) {
				c.hosts.note(m.URL, err)
				again = append(again, m)
				pause = max(pause, retryAfter(err))
			}
		}
		if len(again) == 0 || round >= c.opts.Retries {
			return nil, failure
		}
		mirrors = again
		if err := sleep(ctx, max(pause, c.backoff(round))); err != nil {
			return nil, err
		}
	}
}

// refusedError is an answer that came well and is not acceptable.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

func (c *Client) document(ctx context.Context, q *Query, m Mirror) (*Document, error) {
	_, release, err := c.hosts.acquire(ctx, []Mirror{m})
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := http.Header{}
	if q.Known.URL == m.URL {
		setIf(header, "If-None-Match", q.Known.ETag)
		setIf(header, "If-Modified-Since", q.Known.LastModified)
	}
	resp, err := c.request(ctx, m, header)
	if err != nil {
		return nil, err
	}
	watch := newWatch(c.opts.Stall, cancel) // until what is not wanted is drained
	defer watch.stop()
	defer drain(resp.Body)
	doc := &Document{Version: Version{m.URL, resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}}
	switch {
	case resp.StatusCode == http.StatusNotModified && len(header) > 0:
		doc.Version, doc.Unchanged = q.Known, true
		return doc, nil
	case resp.StatusCode != http.StatusOK:
		return nil, answered(resp)
	}
	if doc.Body, err = c.body(ctx, resp, q.MaxSize, watch); err != nil {
		return nil, err
	}
	if q.Accept != nil {
		if err := q.Accept(m, doc.Body); err != nil {
			return nil, &refusedError{err}
		}
	}
	return doc, nil
}

func setIf(h http.Header, key, value string) {
	if value != "" {
		h.Set(key, value)
	}
}

// body reads a whole answer, watched and bounded.
func (c *Client) body(ctx context.Context, resp *http.Response, limit int64, watch *watch) ([]byte, error) {
	if limit <= 0 {
		limit = defaultMaxDocument
	}
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("document of %d bytes: %w", resp.ContentLength, errTooLong)
	}
	body, err := io.ReadAll(io.LimitReader(&counted{resp.Body, watch}, limit+1))
	switch {
	case err != nil && context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("document of more than %d bytes: %w", limit, errTooLong)
	}
	return body, nil
}

// counted tells a watch of every byte read.
type counted struct {
	io.Reader
	watch *watch
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.watch.moved(n)
	return n, err
}
