package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/fetch"
	"github.com/fimg/fimg/repo/repodata"
	"github.com/fimg/fimg/repo/signature"
)

// errNoRepodata says that a local directory has no metadata.
var errNoRepodata = errors.New("there is no " + repomdPath + " and no package")

// repomd returns the verified list of the metadata files and its text.
func (c *Client) repomd(ctx context.Context, o *origin) (*repodata.Repomd, []byte, error) {
	ring, err := c.keyring(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range o.local {
		text, err := localRepomd(o, b, ring)
		if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errUnsigned) {
			continue
		}
		return parsedRepomd(o, text, err)
	}
	if len(o.mirrors) == 0 {
		dirs := make([]string, len(o.local))
		for i, b := range o.local {
			dirs[i] = b.dir
		}
		return nil, nil, &SourceError{o.id, fmt.Errorf("%w in %s", errNoRepodata, strings.Join(dirs, ", "))}
	}
	text, err := c.remoteRepomd(ctx, o, ring)
	return parsedRepomd(o, text, err)
}

func parsedRepomd(o *origin, text []byte, err error) (*repodata.Repomd, []byte, error) {
	if err != nil {
		return nil, nil, err
	}
	list, err := repodata.ParseRepomd(text)
	if err != nil {
		return nil, nil, metadataError(o.id, "repomd.xml", err)
	}
	return list, text, nil
}

var errUnsigned = errors.New("repomd.xml.asc is missing")

func localRepomd(o *origin, b base, ring *signature.Keyring) ([]byte, error) {
	text, err := readSmall(b.file(repomdPath))
	if err != nil {
		return nil, &SourceError{o.id, err}
	}
	if ring == nil {
		return text, nil
	}
	sig, err := readSmall(b.file(repomdPath + ".asc"))
	if err != nil {
		return nil, &SignatureError{o.id, "repomd.xml", fmt.Errorf("%w: %w", errUnsigned, err)}
	}
	if _, err := ring.Verify(text, sig); err != nil {
		return nil, &SignatureError{o.id, "repomd.xml", err}
	}
	return text, nil
}

// remoteRepomd asks the mirrors in turn until one has a list that can be read, is
// known to the metalink and is signed, as far as that is demanded.
func (c *Client) remoteRepomd(ctx context.Context, o *origin, ring *signature.Keyring) ([]byte, error) {
	q := repomdQuery(o)
	q.Accept = func(m fetch.Mirror, body []byte) error {
		if o.link != nil && o.link.matches(body) < 0 {
			want := o.link.versions[0]
			got, n, _ := want.sum.Of(bytes.NewReader(body))
			return &fetch.ChecksumError{Repository: o.id, File: "repomd.xml",
				Want: want.sum, Got: got, WantSize: want.size, GotSize: n}
		}
		if _, err := repodata.ParseRepomd(body); err != nil {
			return metadataError(o.id, "repomd.xml", err)
		}
		if ring == nil {
			return nil
		}
		return c.signed(ctx, o, ring, m, body)
	}
	if saved := c.savedDocument(documentKey(q)); saved != nil && o.link != nil && o.link.matches(saved.Body) == 0 &&
		q.Accept(fetch.Mirror{URL: saved.Version.URL}, saved.Body) == nil {
		return saved.Body, nil // the metalink says that it is the newest
	}
	return c.document(ctx, q)
}

func repomdQuery(o *origin) *fetch.Query {
	_, mirrors, _ := o.at(repomdPath, "")
	return &fetch.Query{Repository: o.id, File: "repomd.xml", Mirrors: mirrors, MaxSize: maxDocument}
}

// signed fetches the signature that lies beside a mirror's repomd.xml and checks
// it. A signature that was good once is kept with the text it is good for.
func (c *Client) signed(ctx context.Context, o *origin, ring *signature.Keyring, m fetch.Mirror, body []byte) error {
	sum, _, err := digest.Checksum{Type: "sha256"}.Of(bytes.NewReader(body))
	if err != nil {
		return err
	}
	key := keyOf("repomd.xml.asc", sum.Hex)
	if saved := c.store.ReadState(key); saved != nil {
		if _, err := ring.Verify(body, saved); err == nil {
			return nil
		}
	}
	if c.opts.Offline {
		return &fetch.OfflineError{Repository: o.id, File: "repomd.xml.asc"}
	}
	beside := o.mirror("")
	beside.URL, beside.Username, beside.Password = ascURL(m.URL), m.Username, m.Password
	doc, err := c.http.Document(ctx, &fetch.Query{
		Repository: o.id, File: "repomd.xml.asc", Mirrors: []fetch.Mirror{beside}, MaxSize: 1 << 20,
	})
	if err != nil {
		return &SignatureError{o.id, "repomd.xml", err}
	}
	if _, err := ring.Verify(body, doc.Body); err != nil {
		return &SignatureError{o.id, "repomd.xml", err}
	}
	return c.store.WriteState(key, doc.Body)
}

// ascURL puts .asc behind the path of an address.
func ascURL(address string) string {
	path, query, found := cutQuery(address)
	if found {
		return path + ".asc?" + query
	}
	return path + ".asc"
}

// keyring reads the keys of a source where its metadata must be signed, and
// returns nil where it need not be.
func (c *Client) keyring(ctx context.Context, o *origin) (*signature.Keyring, error) {
	if !o.source.RepoGPGCheck {
		return nil, nil
	}
	texts, err := c.keys(ctx, o)
	if err != nil {
		return nil, err
	}
	ring := &signature.Keyring{}
	for i, text := range texts {
		if err := ring.Add(text); err != nil {
			return nil, &SignatureError{o.id, "key " + o.source.Keys[i], err}
		}
	}
	if ring.Len() == 0 {
		return nil, &SignatureError{o.id, "repomd.xml", errors.New("no signing key is given")}
	}
	return ring, nil
}

// Keys returns the contents of a source's key files in their order.
func (c *Client) Keys(ctx context.Context, s *Source) ([][]byte, error) {
	return c.keys(ctx, &origin{id: s.ID, source: s})
}

func (c *Client) keys(ctx context.Context, o *origin) ([][]byte, error) {
	var texts [][]byte
	for _, address := range o.source.Keys {
		text, err := c.addressed(ctx, o, "key", expand(address, c.vars), func(body []byte) error {
			return new(signature.Keyring).Add(body)
		})
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
