package repodata

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

const seedPrimary = `<?xml version="1.0" encoding="UTF-8"?>
<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="1">
<!-- comment --><package type="rpm"><name>a</name><arch>x86_64</arch><version epoch="1" ver="2~rc1" rel="3.fc42"/>
<checksum type="sha256" pkgid="YES">0000000000000000000000000000000000000000000000000000000000000000</checksum>
<summary>a &amp; b &#x263a;</summary><description><![CDATA[<x>]]></description><size package="1" installed="2" archive="3"/>
<time file="1" build="2"/><location xml:base="http://example.org/" href="Packages/a.rpm"/>
<format><rpm:license>MIT</rpm:license><rpm:header-range start="1" end="2"/>
<rpm:requires><rpm:entry name="(b if c)"/><rpm:entry name="d" flags="GE" epoch="0" ver="1" rel="2" pre="1"/></rpm:requires>
<rpm:supplements><rpm:entry name='e'/></rpm:supplements><file>/usr/bin/a</file><file type="dir">/etc/a</file></format></package>
</metadata>`

const seedFilelists = `<filelists packages="1"><package pkgid="ab" name="a" arch="noarch"><version epoch="0" ver="1" rel="1"/>
<file>/usr/bin/a</file><file type="dir">/usr</file><file type="ghost">/var/log/a</file></package></filelists>`

func TestPrimary(t *testing.T) {
	n := 0
	err := Primary(t.Context(), strings.NewReader(seedPrimary), Limits{}, func(p *Package) error {
		n++
		got := []string{string(p.Name), string(p.Epoch), string(p.Version), string(p.Release), string(p.Summary), string(p.Base),
			string(p.Requires[0].Name), string(p.Requires[1].Version), string(p.Supplements[0].Name), string(p.Files[1].Path)}
		want := "a 1 2~rc1 3.fc42 a & b ☺ http://example.org/ (b if c) 1 e /etc/a"
		if strings.Join(got, " ") != want || !p.Requires[1].Pre || p.Requires[1].Flags != Greater|Equal || p.Files[1].Kind != Directory {
			t.Errorf("%q", got)
		}
		if p.PackageSize != 1 || p.InstalledSize != 2 || p.BuildTime != 2 || p.HeaderEnd != 2 {
			t.Errorf("%+v", p)
		}
		return nil
	})
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
}

// TestSplit reads a file in pieces of every size.
func TestSplit(t *testing.T) {
	for size := range 40 {
		n := 0
		r := &dribble{strings.NewReader(seedPrimary), size + 1}
		if err := Primary(t.Context(), r, Limits{}, func(*Package) error { n++; return nil }); err != nil || n != 1 {
			t.Fatal(size, n, err)
		}
	}
}

type dribble struct {
	r io.Reader
	n int
}

func (d *dribble) Read(p []byte) (int, error) { return d.r.Read(p[:min(len(p), d.n)]) }

func TestLimit(t *testing.T) {
	err := Primary(t.Context(), strings.NewReader(seedPrimary), Limits{Size: 100}, func(*Package) error { return nil })
	if err == nil {
		t.Error("a longer file than announced was read")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Primary(ctx, strings.NewReader(seedPrimary), Limits{}, func(*Package) error { return nil }); err == nil {
		t.Error("a cancelled scan succeeded")
	}
}

// FuzzPrimary looks for panics, and for files that are taken and are no XML to
// the standard library's parser.
func FuzzPrimary(f *testing.F) {
	f.Add([]byte(seedPrimary))
	f.Add([]byte(`<metadata/>`))
	f.Add([]byte(`<metadata><package type="x"><a><b/></a></package></metadata>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := Primary(t.Context(), bytes.NewReader(data), Limits{}, func(p *Package) error {
			for _, dep := range p.Requires {
				if len(dep.Name) == 0 {
					t.Error("dependency without a name")
				}
			}
			if LocationFault(p.Location) != "" || len(p.Name) == 0 {
				t.Errorf("%q in %q", p.Name, p.Location)
			}
			return nil
		})
		if err == nil && !bytes.ContainsAny(data, "!?") {
			wellFormed(t, data)
		}
	})
}

// wellFormed checks what the scanner accepted, as far as the standard parser is
// not stricter about names and characters.
func wellFormed(t *testing.T, data []byte) {
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		_, err := d.RawToken()
		if err == io.EOF {
			return
		}
		if err != nil && (strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "unescaped <")) {
			t.Fatalf("%v in %q", err, data)
		}
		if err != nil {
			return
		}
	}
}

func FuzzFilelists(f *testing.F) {
	f.Add([]byte(seedFilelists))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Filelists(t.Context(), bytes.NewReader(data), Limits{}, func(l *Filelist) error {
			for _, file := range l.Files {
				if len(file.Path) == 0 || file.Path[0] != '/' {
					t.Errorf("file %q", file.Path)
				}
			}
			return nil
		})
	})
}

func FuzzRepomd(f *testing.F) {
	f.Add([]byte(`<repomd><revision>1</revision><data type="primary"><checksum type="sha256">` + strings.Repeat("0", 64) +
		`</checksum><location href="repodata/primary.xml.gz"/><size>1</size><open-size>2</open-size></data></repomd>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRepomd(data)
		if err != nil {
			return
		}
		for _, d := range r.Data {
			if d.Checksum.IsZero() || LocationFault([]byte(d.Location)) != "" {
				t.Errorf("%+v", d)
			}
		}
	})
}
