package repo

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// base is one place a repository lives: a local directory or a URL.
type base struct {
	dir string // absolute path, empty for a URL
	url string // without a slash at the end
}

// parseBase understands http, https, file and dir URLs and absolute paths. An
// authority in a file or dir URL is dropped, as kiwi does.
func parseBase(address string) (base, error) {
	address = strings.TrimSpace(address)
	if strings.HasPrefix(address, "/") {
		return base{dir: path.Clean(address)}, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return base{}, errors.New("invalid address") // err repeats it with credentials
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return base{}, fmt.Errorf("address %q has no host", u.Redacted())
		}
		u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
		u.Fragment = ""
		if strings.HasPrefix(u.RawQuery, "credentials=") { // kiwi's way to name a credentials file
			u.RawQuery = ""
		}
		return base{url: u.String()}, nil
	case "file", "dir":
		if !strings.HasPrefix(u.Path, "/") {
			return base{}, fmt.Errorf("address %q holds no absolute path", address)
		}
		return base{dir: path.Clean(u.Path)}, nil
	case "":
		return base{}, fmt.Errorf("address %q is neither a URL nor an absolute path", address)
	}
	return base{}, fmt.Errorf("scheme %q of an address is not supported", u.Scheme)
}

// file returns the path of a file below a local base.
func (b base) file(location string) string {
	return filepath.Join(b.dir, filepath.FromSlash(location))
}

// join returns the URL of a file below a remote base: the location is part of a
// path, a query of the base stays behind it.
func (b base) join(location string) string {
	address, query, _ := strings.Cut(b.url, "?")
	if query != "" {
		query = "?" + query
	}
	return address + "/" + escapePath(location) + query
}

// escapePath escapes what may not stand in a URL's path and leaves percent signs
// that already escape something.
func escapePath(location string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := 0; i < len(location); i++ {
		c := location[i]
		escaped := c == '%' && i+2 < len(location) && isHex(location[i+1]) && isHex(location[i+2])
		if plainInPath(c) || escaped {
			out.WriteByte(c)
			continue
		}
		out.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return out.String()
}

func plainInPath(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("/-._~!$&'()*+,;=:@", c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// cutQuery separates the query of an address.
func cutQuery(address string) (path, query string, found bool) { return strings.Cut(address, "?") }
