package repodata

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/fimg/fimg/repo/digest"
)

// Repomd is repomd.xml: the list of a repository's metadata files.
type Repomd struct {
	Revision string
	Data     []Data
}

// Data is one metadata file.
type Data struct {
	Type      string // "primary", "filelists", "group", "modules", "primary_zck", …
	Location  string // path below the repository
	Base      string // xml:base, a URL that replaces the repository's; usually empty
	Checksum  digest.Checksum
	Size      int64 // bytes as served; negative when not told
	OpenSize  int64 // bytes when decompressed; negative when not told
	Timestamp int64 // seconds since 1970
}

// Find returns the entry of the first type that is listed.
func (r *Repomd) Find(types ...string) (Data, bool) {
	for _, t := range types {
		for _, d := range r.Data {
			if d.Type == t {
				return d, true
			}
		}
	}
	return Data{}, false
}

const maxData = 1000

// ParseRepomd reads repomd.xml.
func ParseRepomd(text []byte) (*Repomd, error) {
	p := repomdParser{decoder: xml.NewDecoder(bytes.NewReader(text))}
	p.decoder.Strict = true
	if err := p.run(); err != nil {
		var format *FormatError
		if errors.As(err, &format) {
			return nil, err
		}
		return nil, p.fail("%v", err)
	}
	return &p.repomd, nil
}

// repomdParser walks over the tokens with the path of open elements.
type repomdParser struct {
	decoder *xml.Decoder
	repomd  Repomd
	path    []string
	text    strings.Builder
	data    *Data
	sumType string
}

func (p *repomdParser) fail(format string, args ...any) error {
	return &FormatError{"repomd.xml", p.decoder.InputOffset(), fmt.Sprintf(format, args...)}
}

func (p *repomdParser) run() error {
	seen := false
	for {
		token, err := p.decoder.Token()
		if errors.Is(err, io.EOF) {
			if !seen {
				return p.fail("no repomd element")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if len(p.path) == 0 && (seen || token.Name.Local != "repomd") {
				return p.fail("element %s where repomd is expected", token.Name.Local)
			}
			seen = true
			err = p.start(token)
		case xml.EndElement:
			err = p.end()
		case xml.CharData:
			p.text.Write(token)
		case xml.Directive:
			err = p.fail("document type declarations are not accepted")
		}
		if err != nil {
			return err
		}
	}
}

func (p *repomdParser) start(e xml.StartElement) error {
	p.path = append(p.path, e.Name.Local)
	p.text.Reset()
	if len(p.path) > maxDepth {
		return p.fail("elements are nested too deeply")
	}
	switch strings.Join(p.path, "/") {
	case "repomd/data":
		if len(p.repomd.Data) >= maxData {
			return p.fail("more than %d files", maxData)
		}
		p.data = &Data{Type: attribute(e, "type"), Size: -1, OpenSize: -1}
	case "repomd/data/checksum":
		p.sumType = attribute(e, "type")
	case "repomd/data/location":
		p.data.Location, p.data.Base = attribute(e, "href"), attribute(e, "base")
	}
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (p *repomdParser) end() (err error) {
	text := strings.TrimSpace(p.text.String())
	p.text.Reset()
	switch strings.Join(p.path, "/") {
	case "repomd/revision":
		p.repomd.Revision = text
	case "repomd/data":
		err = p.finish()
	case "repomd/data/checksum":
		if p.data.Checksum, err = digest.New(p.sumType, text); err != nil {
			err = p.fail("%v", err)
		}
	case "repomd/data/size":
		p.data.Size, err = p.size(text)
	case "repomd/data/open-size":
		p.data.OpenSize, err = p.size(text)
	case "repomd/data/timestamp":
		whole, _, _ := strings.Cut(text, ".")
		p.data.Timestamp, err = p.size(whole)
	}
	p.path = p.path[:len(p.path)-1]
	return err
}

func (p *repomdParser) size(text string) (int64, error) {
	n, ok := number([]byte(text))
	if !ok {
		return 0, p.fail("%q is not a number", clip([]byte(text)))
	}
	return int64(n), nil
}

// finish checks one data element that has ended.
func (p *repomdParser) finish() error {
	d := *p.data
	p.data = nil
	if d.Type == "" {
		return p.fail("data element without a type")
	}
	if d.Checksum.IsZero() {
		return p.fail("%s has no checksum", d.Type)
	}
	if reason := LocationFault([]byte(d.Location)); reason != "" {
		return p.fail("location %q of %s %s", clip([]byte(d.Location)), d.Type, reason)
	}
	p.repomd.Data = append(p.repomd.Data, d)
	return nil
}
