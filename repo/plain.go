package repo

import "context"

// loadPlain reads a directory of packages without metadata.
func (c *Client) loadPlain(_ context.Context, _ *Repository, cause error) (*Repository, error) {
	return nil, cause
}
