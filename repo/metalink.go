package repo

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/digest"
)

// metalink is a metalink 3.0 document of repomd.xml as MirrorManager writes it:
// mirrors with a preference, and the checksums of the current repomd.xml and of
// some earlier ones that mirrors may still have.
type metalink struct {
	mirrors  []string // addresses of repositories, best first
	versions []repomdVersion
}

type repomdVersion struct {
	size int64 // negative when not told
	sum  digest.Checksum
}

const repomdPath = "repodata/repomd.xml"

type metalinkXML struct {
	XMLName xml.Name `xml:"metalink"`
	Files   []struct {
		Name string `xml:"name,attr"`
		metalinkVersion
		Alternates []metalinkVersion `xml:"alternates>alternate"`
		URLs       []metalinkURL     `xml:"resources>url"`
	} `xml:"files>file"`
}

type metalinkURL struct {
	Preference int    `xml:"preference,attr"` // 100 is best
	Address    string `xml:",chardata"`
}

type metalinkVersion struct {
	Size   *int64 `xml:"size"`
	Hashes []struct {
		Type  string `xml:"type,attr"`
		Value string `xml:",chardata"`
	} `xml:"verification>hash"`
}

// parseMetalink reads a metalink document.
func parseMetalink(text []byte) (*metalink, error) {
	var doc metalinkXML
	decoder := xml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("parse metalink at byte %d: %w", decoder.InputOffset(), err)
	}
	for _, f := range doc.Files {
		if f.Name != "repomd.xml" {
			continue
		}
		m := &metalink{}
		for _, v := range append([]metalinkVersion{f.metalinkVersion}, f.Alternates...) {
			if version, ok := v.strongest(); ok {
				m.versions = append(m.versions, version)
			}
		}
		slices.SortStableFunc(f.URLs, func(a, b metalinkURL) int {
			return cmp.Compare(b.Preference, a.Preference)
		})
		for _, u := range f.URLs {
			if base, ok := strings.CutSuffix(strings.TrimSpace(u.Address), repomdPath); ok && isHTTP(base) {
				m.mirrors = append(m.mirrors, base)
			}
		}
		if len(m.versions) == 0 {
			return nil, errors.New("metalink holds no usable checksum of repomd.xml")
		}
		return m, nil
	}
	return nil, errors.New("metalink does not speak of repomd.xml")
}

func isHTTP(address string) bool {
	return strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
}

// strongest returns the size and the checksum that is hardest to forge.
func (v *metalinkVersion) strongest() (best repomdVersion, ok bool) {
	best.size = -1
	if v.Size != nil {
		best.size = *v.Size
	}
	for _, h := range v.Hashes {
		sum, err := digest.New(h.Type, strings.TrimSpace(h.Value))
		if err == nil && sum.Strength() > best.sum.Strength() {
			best.sum = sum
		}
	}
	return best, !best.sum.IsZero()
}

// matches says which of the versions body is; a negative number when none.
func (m *metalink) matches(body []byte) int {
	for i, v := range m.versions {
		if v.size >= 0 && v.size != int64(len(body)) {
			continue
		}
		if got, _, err := v.sum.Of(bytes.NewReader(body)); err == nil && got == v.sum {
			return i
		}
	}
	return -1
}

// parseMirrorlist reads a list of base URLs, one a line. Some servers answer with
// a metalink document instead.
func parseMirrorlist(text []byte) (*metalink, error) {
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("<")) {
		return parseMetalink(text)
	}
	m := &metalink{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if isHTTP(line) {
			m.mirrors = append(m.mirrors, line)
		}
	}
	if len(m.mirrors) == 0 {
		return nil, errors.New("mirror list names no mirror")
	}
	return m, nil
}
