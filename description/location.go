package description

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// location is an address split as Python's urllib does it, which kiwi relies on.
type location struct {
	scheme, host, path, query string
}

// splitLocation splits scheme://host/path;parameters?query#fragment. Parameters are
// cut only for the schemes that have them.
func splitLocation(s string) location {
	s = strings.TrimLeft(s, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	s = noBreaks.Replace(s)
	var l location
	if i := strings.IndexByte(s, ':'); i > 0 && isScheme(s[:i]) {
		l.scheme, s = strings.ToLower(s[:i]), s[i+1:]
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		l.host, s = rest[:end], rest[end:]
	}
	s, _, _ = strings.Cut(s, "#")
	l.path, l.query, _ = strings.Cut(s, "?")
	if l.scheme == "" || l.scheme == "ftp" || l.scheme == "http" || l.scheme == "https" {
		l.path = cutParameters(l.path)
	}
	return l
}

// Parts of a URI, RFC 3986 appendix A.
const (
	pctChar   = `%[0-9A-Fa-f]{2}`
	regChar   = `(?:[A-Za-z0-9._~!$&'()*+,;=-]|` + pctChar + `)`
	pathChar  = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|` + pctChar + `)`
	segments  = `(?:/` + pathChar + `*)*`
	rooted    = `/(?:` + pathChar + `+` + segments + `)?` // one slash, not two
	authority = `//(?:(?:` + regChar + `|:)*@)?(?:` + regChar + `*|\[[0-9A-Fa-f:.]*\])(?::[0-9]*)?` + segments
)

// uriReference matches what libxml2 takes for a URI or a relative reference.
var uriReference = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*:(?:` + authority + `|` + rooted + `|` + pathChar + `+` + segments + `)?|` + authority +
	`|` + rooted + `|(?:(?:[A-Za-z0-9._~!$&'()*+,;=@-]|` + pctChar + `)+` + segments + `)?)(?:\?(?:` + pathChar + `|[/?])*)?(?:#(?:` + pathChar + `|[][/?])*)?$`)

var noBreaks = strings.NewReplacer("\t", "", "\n", "", "\r", "")

// cutParameters drops ";parameters" of the last path segment.
func cutParameters(p string) string {
	last := strings.LastIndexByte(p, '/') + 1
	if i := strings.IndexByte(p[last:], ';'); i >= 0 {
		return p[:last+i]
	}
	return p
}

func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return true
}

// obsServer is kiwi's default download server of the Open Build Service.
const obsServer = "http://download.opensuse.org/repositories"

// translate turns a repository or key address into what can be fetched: a URL, or
// with local true an absolute path; relative ones begin at dir.
func translate(address, dir string) (where string, local bool, err error) {
	if strings.HasPrefix(address, "/") {
		address = "dir:/" + address // kiwi's rule: the first component is lost as a host
	}
	l := splitLocation(address)
	switch {
	case l.scheme == "":
		return "", false, fmt.Errorf("address %q has no scheme such as https:// or dir://", address)
	case l.scheme == "dir" || l.scheme == "file":
		if !strings.HasPrefix(l.path, "/") {
			return path.Join("/", dir, l.path), true, nil
		}
		return normalPath(l.path), true, nil
	case l.scheme == "obs":
		name := strings.ReplaceAll(l.host+l.path, ":/", ":")
		project, repository := path.Split(name)
		return obsServer + "/" + strings.ReplaceAll(strings.TrimSuffix(project, "/"), ":", ":/") + "/" + repository, false, nil
	case strings.HasPrefix(l.scheme, "http") || l.scheme == "ftp":
		where = l.scheme + "://" + quoteLogin(l.host) + l.path
		if l.query != "" && !strings.HasPrefix(l.query, "credentials=") {
			where += "?" + l.query
		}
		return where, false, nil
	case l.scheme == "obsrepositories":
		return "", false, fmt.Errorf("address %q is only known to a build service worker", address)
	}
	return "", false, fmt.Errorf("addresses of the form %s: are not supported", l.scheme)
}

// quoteLogin percent-encodes user and password, also when they already are.
func quoteLogin(host string) string {
	at := strings.LastIndexByte(host, '@')
	if at < 0 {
		return host
	}
	colon := strings.LastIndexByte(host[:at], ':')
	if colon < 0 {
		return host
	}
	return quote(host[:colon]) + ":" + quote(host[colon+1:at]) + host[at:]
}

// quote percent-encodes all but letters, digits and _.-~/ .
func quote(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte("_.-~/", c) >= 0 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// normalPath is POSIX normalisation: exactly two leading slashes stay.
func normalPath(p string) string {
	clean := path.Clean("/" + p)
	if strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///") {
		return "/" + clean
	}
	return clean
}

// credentialsFile is the name after credentials= in a query (zypper).
func credentialsFile(address string) string {
	l := splitLocation(address)
	if !strings.HasPrefix(l.query, "credentials=") {
		return ""
	}
	for _, part := range strings.Split(l.query, "&") {
		if v, ok := strings.CutPrefix(part, "credentials="); ok {
			return v
		}
	}
	return ""
}

// withLogin puts user:password into a URL; translate encodes them.
func withLogin(address, login string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	return scheme + "://" + login + "@" + rest
}
