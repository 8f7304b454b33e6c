package repo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/fimg/fimg/repo/fetch"
)

// savedDocument is a document in the cache with what its server said about it.
type savedDocument struct {
	Version fetch.Version `json:"version"`
	Body    []byte        `json:"body"`
}

// document returns a small file that may change: from the cache where the server
// says that it still is the same, or where the client is offline.
func (c *Client) document(ctx context.Context, q *fetch.Query) ([]byte, error) {
	key := documentKey(q)
	saved := c.savedDocument(key)
	if saved != nil && q.Accept != nil && q.Accept(fetch.Mirror{URL: saved.Version.URL}, saved.Body) != nil {
		saved = nil // as good as not there
	}
	if c.opts.Offline {
		if saved == nil {
			return nil, &fetch.OfflineError{Repository: q.Repository, File: q.File}
		}
		return saved.Body, nil
	}
	if saved != nil {
		q.Known = saved.Version
	}
	doc, err := c.http.Document(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case doc.Unchanged:
		return saved.Body, nil
	}
	data, err := json.Marshal(savedDocument{doc.Version, doc.Body})
	if err == nil {
		err = c.store.WriteState(key, data)
	}
	return doc.Body, err
}

func (c *Client) savedDocument(key string) *savedDocument {
	var saved savedDocument
	if data := c.store.ReadState(key); data == nil || json.Unmarshal(data, &saved) != nil {
		return nil
	}
	return &saved
}

// documentKey names a document by where it comes from. The order of mirrors does
// not matter to a list, so only the first counts.
func documentKey(q *fetch.Query) string {
	first := ""
	if len(q.Mirrors) > 0 {
		first = q.Mirrors[0].URL
	}
	return keyOf(q.File, first)
}

// keyOf makes a file name of any texts.
func keyOf(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
