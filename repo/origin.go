package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/fimg/fimg/repo/fetch"
)

// origin is a source with its addresses resolved: where its files can be had.
type origin struct {
	id      string
	source  *Source
	local   []base         // directories
	mirrors []fetch.Mirror // base URLs, best first
	link    *metalink      // nil without a metalink
}

// lazyOrigin resolves a source once, however many packages ask for it.
type lazyOrigin struct {
	mu     sync.Mutex
	origin *origin
}

// key tells sources apart that share an ID or were copied.
func (s *Source) key() string {
	return fmt.Sprintf("%q %q %q %q %q %q", s.ID, s.BaseURLs, s.Mirrorlist, s.Metalink, s.Username, s.Password)
}

// resolve returns the origin of a source, asking for its mirrors the first time.
func (c *Client) resolve(ctx context.Context, s *Source) (*origin, error) {
	if s == nil {
		return nil, errors.New("package without a repository")
	}
	c.mu.Lock()
	lazy := c.origins[s.key()]
	if lazy == nil {
		lazy = &lazyOrigin{}
		c.origins[s.key()] = lazy
	}
	c.mu.Unlock()
	lazy.mu.Lock()
	defer lazy.mu.Unlock()
	if lazy.origin != nil {
		return lazy.origin, nil
	}
	o, err := c.newOrigin(ctx, s)
	if err != nil {
		return nil, err
	}
	lazy.origin = o
	return o, nil
}

func (c *Client) newOrigin(ctx context.Context, s *Source) (*origin, error) {
	o := &origin{id: s.ID, source: s}
	for _, address := range s.BaseURLs {
		if err := o.addBase(expand(address, c.vars)); err != nil {
			return nil, &SourceError{s.ID, err}
		}
	}
	lists := []struct {
		name, address string
		parse         func([]byte) (*metalink, error)
	}{{"metalink", s.Metalink, parseMetalink}, {"mirrorlist", s.Mirrorlist, parseMirrorlist}}
	for _, l := range lists {
		if l.address == "" {
			continue
		}
		link, err := c.mirrorList(ctx, o, l.name, expand(l.address, c.vars), l.parse)
		if err != nil {
			return nil, err
		}
		if err := o.addList(link); err != nil {
			return nil, &SourceError{s.ID, err}
		}
	}
	if len(o.local) == 0 && len(o.mirrors) == 0 {
		return nil, &SourceError{s.ID, errors.New("there is no address")}
	}
	return o, nil
}

func (o *origin) addBase(address string) error {
	b, err := parseBase(address)
	switch {
	case err != nil:
		return err
	case b.dir != "":
		o.local = append(o.local, b)
	default:
		o.mirrors = append(o.mirrors, o.mirror(b.url))
	}
	return nil
}

func (o *origin) mirror(address string) fetch.Mirror {
	return fetch.Mirror{URL: address, Username: o.source.Username, Password: o.source.Password}
}

// addList adds the mirrors of a list. They do not get the credentials of the
// source, which are for the addresses the user wrote.
func (o *origin) addList(link *metalink) error {
	if len(link.versions) > 0 {
		o.link = link
	}
	for _, address := range link.mirrors {
		b, err := parseBase(address)
		if err != nil {
			return err
		}
		o.mirrors = append(o.mirrors, fetch.Mirror{URL: b.url})
	}
	return nil
}

// mirrorList fetches a mirror list or metalink; it may be a local file.
func (c *Client) mirrorList(ctx context.Context, o *origin, name, address string, parse func([]byte) (*metalink, error)) (*metalink, error) {
	text, err := c.addressed(ctx, o, name, address, func(body []byte) error {
		_, err := parse(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	link, err := parse(text)
	if err != nil {
		return nil, metadataError(o.id, name, err)
	}
	return link, nil
}

const maxDocument = 16 << 20

// addressed reads a small file by its full address.
func (c *Client) addressed(ctx context.Context, o *origin, name, address string, accept func([]byte) error) ([]byte, error) {
	b, err := parseBase(address)
	if err != nil {
		return nil, &SourceError{o.id, fmt.Errorf("%s: %w", name, err)}
	}
	if b.dir != "" {
		text, err := readSmall(b.dir)
		if err != nil {
			return nil, &SourceError{o.id, fmt.Errorf("read %s: %w", name, err)}
		}
		return text, nil
	}
	return c.document(ctx, &fetch.Query{
		Repository: o.id, File: name, MaxSize: maxDocument, Mirrors: []fetch.Mirror{o.mirror(address)},
		Accept: func(_ fetch.Mirror, body []byte) error { return accept(body) },
	})
}

// readSmall reads a local file that must not be huge.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxDocument {
		return nil, fmt.Errorf("%s is no small regular file", path)
	}
	return os.ReadFile(path)
}

// at returns the addresses of one file on all mirrors. A package may have an
// address of its own, which then is the only one.
func (o *origin) at(location, ownBase string) ([]base, []fetch.Mirror, error) {
	if ownBase == "" {
		mirrors := make([]fetch.Mirror, len(o.mirrors))
		for i, m := range o.mirrors {
			mirrors[i] = m
			mirrors[i].URL = base{url: m.URL}.join(location)
		}
		return o.local, mirrors, nil
	}
	b, err := parseBase(ownBase)
	switch {
	case err != nil:
		return nil, nil, err
	case b.dir != "" && len(o.local) == 0:
		return nil, nil, errors.New("a remote repository points to a local file")
	case b.dir != "":
		return []base{b}, nil, nil
	}
	return nil, []fetch.Mirror{{URL: b.join(location)}}, nil
}
