package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/fimg/fimg/fault"
)

// Options tune a Client; the zero value works.
type Options struct {
	PerHost int           // transfers at a time from one host; zero means 4
	Proxy   string        // proxy URL, "none", or empty for the environment's
	CACert  string        // file of further certificate authorities, PEM
	Retries int           // rounds after the first; zero means 3, negative none
	Stall   time.Duration // a transfer below 1 kB/s for that long ends; zero means 30 s
	Backoff time.Duration // first pause; zero means 0.5 s
	Log     *slog.Logger
}

// Client downloads. It may be used from several goroutines.
type Client struct {
	opts  Options
	http  *http.Client
	hosts hosts
}

const (
	maxRedirects = 10
	maxBackoff   = 30 * time.Second
	userAgent    = "fimg (libdnf)" // some mirror lists answer only to package managers
	minRate      = 1000            // bytes a second
)

// New prepares a client.
func New(opts Options) (*Client, error) {
	opts = opts.withDefaults()
	proxy, err := ProxyFunc(opts.Proxy)
	if err != nil {
		return nil, err
	}
	roots, err := certificates(opts.CACert)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                  proxy,
		DialContext:            (&net.Dialer{Timeout: opts.Stall, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    opts.Stall,
		ResponseHeaderTimeout:  opts.Stall,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    opts.PerHost,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: 256 << 10,
	}
	c := &Client{opts: opts, hosts: hosts{limit: opts.PerHost}}
	c.http = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return c, nil
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (o Options) withDefaults() Options {
	if o.PerHost <= 0 {
		o.PerHost = 4
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	if o.Stall <= 0 {
		o.Stall = 30 * time.Second
	}
	if o.Backoff <= 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// ProxyFunc reads the choice of a proxy: a URL, "none", or nothing for the usual
// environment variables. It is for http.Transport, where nil means no proxy.
func ProxyFunc(proxy string) (func(*http.Request) (*url.URL, error), error) {
	switch proxy {
	case "":
		return http.ProxyFromEnvironment, nil
	case "none", "_none_":
		return nil, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Host == "" {
		return nil, fault.New(fault.Usage, fmt.Errorf("use proxy %q: want scheme://host:port", redact(proxy)))
	}
	return http.ProxyURL(u), nil
}

// certificates returns the system's authorities and those of file, nil when there
// is no file.
func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read certificates: %s holds none", file)
	}
	return pool, nil
}

// checkRedirect follows a bounded number of redirects and keeps credentials from
// leaving the host and from plain HTTP.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return errRedirects
	}
	for _, earlier := range via {
		if *earlier.URL == *req.URL {
			return errRedirects
		}
	}
	first := via[0].URL
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		req.Header.Del("Authorization")
	}
	return nil
}

var errRedirects = errors.New("redirects in circles")

// request is one GET. Credentials come from the address or from the mirror.
func (c *Client) request(ctx context.Context, m Mirror, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL, nil)
	if err != nil {
		return nil, errors.New("invalid address")
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, fmt.Errorf("scheme %q is not supported", req.URL.Scheme)
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if m.Username != "" {
		req.SetBasicAuth(m.Username, m.Password)
	} else if u := req.URL.User; u != nil {
		password, _ := u.Password()
		req.SetBasicAuth(u.Username(), password)
	}
	req.URL.User = nil
	resp, err := c.http.Do(req)
	var wrapped *url.Error
	if errors.As(err, &wrapped) { // it repeats the address
		err = wrapped.Err
	}
	return resp, err
}

// statusError is an answer that is not the file.
type statusError struct {
	code  int
	text  string
	after time.Duration // what the server asks to wait
}

func (e *statusError) Error() string { return "server answers " + e.text }

func answered(resp *http.Response) error {
	e := &statusError{code: resp.StatusCode, text: strings.TrimSpace(resp.Status)}
	if secs, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil && secs > 0 {
		e.after = min(secs, maxBackoff)
	}
	return e
}

// passing says whether an error may be gone when the same mirror is asked again.
func passing(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.code >= 500 && status.code != http.StatusNotImplemented ||
			status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout
	}
	var sum *ChecksumError
	var unknownCA x509.UnknownAuthorityError
	var hostname x509.HostnameError
	switch {
	case errors.As(err, &sum), errors.As(err, &unknownCA), errors.As(err, &hostname),
		errors.Is(err, errRedirects), errors.Is(err, errTooLong), errors.Is(err, os.ErrInvalid):
		return false
	}
	return true
}

var errTooLong = errors.New("sends more than the file's size")

// drain makes a connection reusable when little is left on it.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, 16<<10)
	body.Close()
}
