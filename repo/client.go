package repo

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/fimg/fimg/repo/cache"
	"github.com/fimg/fimg/repo/fetch"
)

// Client loads repositories and fetches packages. It may be used from several
// goroutines; several clients and processes may share a cache directory.
type Client struct {
	opts  Options
	vars  map[string]string
	store *cache.Store
	http  *fetch.Client
	slots chan struct{} // one for every transfer or verification under way

	writing sync.WaitGroup // indexes on their way into the cache

	mu      sync.Mutex
	origins map[string]*lazyOrigin // by Source.key
}

// New prepares a client and its cache directory.
func New(opts Options) (*Client, error) {
	if opts.Jobs <= 0 {
		opts.Jobs = 8
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.CacheDir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find cache directory: %w", err)
		}
		opts.CacheDir = filepath.Join(base, "fimg")
	}
	store, err := cache.Open(opts.CacheDir)
	if err != nil {
		return nil, err
	}
	http, err := fetch.New(fetch.Options{
		PerHost: opts.PerHost, Proxy: opts.Proxy, CACert: opts.CACert, Retries: opts.Retries,
		Stall: opts.StallTimeout, Backoff: opts.Backoff, Log: opts.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Client{
		opts: opts, vars: opts.variables(), store: store, http: http,
		slots: make(chan struct{}, opts.Jobs), origins: map[string]*lazyOrigin{},
	}, nil
}

// Close drops idle connections and waits until new indexes are in the cache. The
// client may still be used.
func (c *Client) Close() {
	c.http.Close()
	c.writing.Wait()
}

// CacheDir returns the directory of the cache.
func (c *Client) CacheDir() string { return c.store.Dir() }
