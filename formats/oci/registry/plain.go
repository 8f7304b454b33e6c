package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/oci"
)

// PlainError says that a registry would be spoken to without TLS, where anyone on
// the way can read the login and change the image.
type PlainError struct{ Host string }

func (e *PlainError) Error() string {
	return fmt.Sprintf("speak to %s: it has no TLS", e.Host)
}

// FaultClass implements fault.Classed.
func (e *PlainError) FaultClass() fault.Class { return fault.Repository }

// Hint implements fault.Hinted.
func (e *PlainError) Hint() string {
	return fmt.Sprintf("--insecure-registry %s trusts the network on the way to it", e.Host)
}

// guard lets requests without TLS pass only to this machine and to hosts that the
// caller named. The library would also trust private addresses and names that end
// in ".local".
type guard struct {
	next     http.RoundTripper
	insecure []string
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !loopback(r.URL.Hostname()) && !slices.Contains(g.insecure, r.URL.Host) {
		return nil, &PlainError{r.URL.Host}
	}
	return g.next.RoundTrip(r)
}

// loopback tells whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// transport makes the requests of one call.
func (o Options) transport() http.RoundTripper {
	next := o.Transport
	if next == nil {
		next = o.standard()
	}
	return &guard{next, o.Insecure}
}

// failed gives an error of the library a class. It tells digests that are wrong
// and registries without TLS by text alone.
func failed(verb, ref, host string, err error) error {
	if err == nil {
		return nil
	}
	var plain *PlainError
	text := err.Error()
	switch {
	case errors.As(err, &plain):
	case strings.Contains(text, "server gave HTTP response to HTTPS client"), strings.Contains(text, (&PlainError{host}).Error()):
		err = &PlainError{host}
	case strings.Contains(text, "error verifying "):
		err = &checkError{err}
	case fault.Of(err) == fault.Internal:
		err = fault.New(fault.Repository, err)
	}
	return fmt.Errorf("%s %s: %w", verb, ref, err)
}

// checkError is content that is not what its digest promised, as the library says
// it.
type checkError struct{ error }

func (*checkError) FaultClass() fault.Class { return new(oci.DigestError).FaultClass() }
func (c *checkError) Unwrap() error         { return c.error }
