package rpm_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/fimg/fimg/repo/rpm"
)

// member is one file of a package made by hand.
type member struct {
	name    string
	mode    uint16
	content string
	inode   uint32
}

// members are a file, a link, a directory, two hard links.
var members = []member{
	{"a", rpm.ModeRegular | 0o644, "abc", 1}, {"d", rpm.ModeDir | 0o755, "", 2}, {"h1", rpm.ModeRegular | 0o644, "hard", 3},
	{"h2", rpm.ModeRegular | 0o644, "hard", 3}, {"l", rpm.ModeSymlink | 0o777, "a", 4},
}

// tiny makes a package without any tool: without compression, with ordinary or
// stripped cpio entries.
func tiny(t testing.TB, stripped bool) []byte {
	t.Helper()
	var names, users, digests, links []string
	var indexes, mtimes, flags, devices, inodes []uint32
	var sizes, modes []byte
	for _, m := range members {
		names, users = append(names, m.name), append(users, "root")
		indexes, mtimes, flags = append(indexes, 0), append(mtimes, 1), append(flags, 0)
		devices, inodes = append(devices, 1), append(inodes, m.inode)
		sizes = append(sizes, 0, 0, 0, 0, 0, 0, 0, byte(len(m.content)))
		modes = append(modes, byte(m.mode>>8), byte(m.mode))
		digest, link := "", ""
		switch {
		case m.mode&rpm.ModeType == rpm.ModeSymlink:
			link = m.content
		case m.mode&rpm.ModeType == rpm.ModeRegular:
			h := rpm.SHA256.New()
			h.Write([]byte(m.content))
			digest = hex.EncodeToString(h.Sum(nil))
		}
		digests, links = append(digests, digest), append(links, link)
	}
	n := len(members)
	header, err := rpm.NewHeader(rpm.RegionImmutable,
		rpm.StringEntry(rpm.TagName, "tiny"), rpm.StringEntry(rpm.TagVersion, "1"), rpm.StringEntry(rpm.TagRelease, "1"),
		rpm.StringEntry(rpm.TagArch, "noarch"), rpm.StringEntry(rpm.TagSourceRPM, "tiny-1-1.src.rpm"),
		rpm.StringEntry(rpm.TagPayloadFormat, "cpio"), rpm.Uint32Entry(rpm.TagFileDigestAlgo, uint32(rpm.SHA256)),
		rpm.StringsEntry(rpm.TagBasenames, names...), rpm.StringsEntry(rpm.TagDirNames, "/"), rpm.Uint32Entry(rpm.TagDirIndexes, indexes...),
		rpm.StringsEntry(rpm.TagFileUserName, users...), rpm.StringsEntry(rpm.TagFileGroupName, users...),
		rpm.StringsEntry(rpm.TagFileDigests, digests...), rpm.StringsEntry(rpm.TagFileLinkTos, links...),
		rpm.Entry{Tag: rpm.TagLongFileSizes, Type: rpm.TypeInt64, Count: n, Data: sizes},
		rpm.Entry{Tag: rpm.TagFileModes, Type: rpm.TypeInt16, Count: n, Data: modes},
		rpm.Uint32Entry(rpm.TagFileMtimes, mtimes...), rpm.Uint32Entry(rpm.TagFileFlags, flags...),
		rpm.Uint32Entry(rpm.TagFileDevices, devices...), rpm.Uint32Entry(rpm.TagFileInodes, inodes...))
	if err != nil {
		t.Fatal(err)
	}
	payload := cpio(stripped)
	sum := rpm.SHA1.New()
	sum.Write(header.RegionBlob())
	md5 := rpm.MD5.New()
	md5.Write(append(header.RegionBlob(), payload...))
	sig, err := rpm.NewHeader(rpm.RegionSignatures, rpm.StringEntry(rpm.TagSHA1Header, hex.EncodeToString(sum.Sum(nil))),
		rpm.BinEntry(rpm.SigMD5, md5.Sum(nil)))
	if err != nil {
		t.Fatal(err)
	}
	p := rpm.Package{Signature: sig, Header: header, Lead: rpm.Lead{Magic: [4]byte{0xed, 0xab, 0xee, 0xdb}, Major: 3,
		ArchNum: 255, OSNum: 1, SignatureType: 5}}
	copy(p.Lead.Name[:], "tiny-1-1")
	b, err := p.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, payload...)
}

// cpio makes the archive; the content of hard links is with the last.
func cpio(stripped bool) []byte {
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	for i, m := range members {
		content := m.content
		if m.name == "h1" {
			content = ""
		}
		if stripped {
			fmt.Fprintf(&b, "07070X%08x", i)
		} else {
			name := "./" + m.name + "\x00"
			fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s",
				m.inode, m.mode, 0, 0, 1, 1, len(content), 0, 1, 0, 0, len(name), 0, name)
		}
		pad()
		b.WriteString(content)
		pad()
	}
	fmt.Fprintf(&b, "070701%088x%08x%08xTRAILER!!!\x00", 0, 11, 0)
	pad()
	return b.Bytes()
}

// TestTiny reads packages made by hand.
func TestTiny(t *testing.T) {
	for _, stripped := range []bool{false, true} {
		r, err := rpm.NewReader(bytes.NewReader(tiny(t, stripped)), rpm.ReaderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Payload(rpm.PayloadOptions{Digests: true})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for {
			i, err := p.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("stripped %v: %v", stripped, err)
			}
			b, err := io.ReadAll(p)
			if err != nil {
				t.Fatal(err)
			}
			got += fmt.Sprintf("%s=%s;", p.Files()[i].Path(), b)
		}
		if want := "/a=abc;/d=;/h1=;/h2=hard;/l=;"; got != want {
			t.Errorf("stripped %v: %s, want %s", stripped, got, want)
		}
		if v, err := r.Verify(nil); err != nil || !v.Intact() {
			t.Errorf("stripped %v: %+v %v", stripped, v, err)
		}
	}
}

// FuzzPackage reads damaged packages: no panic, no huge allocation, and what is
// called intact must be the package it was.
func FuzzPackage(f *testing.F) {
	plain, stripped := tiny(f, false), tiny(f, true)
	f.Add(plain)
	f.Add(stripped)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, v, err := rpm.CheckFile(bytes.NewReader(data), nil, rpm.ReaderOptions{})
		if err != nil || p == nil {
			return
		}
		if _, err := rpm.Describe(p); err == nil {
			_ = v.Summary()
		}
	})
}

// FuzzHeader parses headers as a database has them and extends them.
func FuzzHeader(f *testing.F) {
	p, err := rpm.ReadPackage(bytes.NewReader(tiny(f, false)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Header.Blob())
	f.Add(p.Signature.Blob())
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := rpm.ParseHeader(bytes.Clone(data))
		if err != nil {
			return
		}
		_, _ = h.Files()
		for kind := rpm.Provides; kind <= rpm.Orders; kind++ {
			h.Dependencies(kind)
		}
		for kind := rpm.PackageTrigger; kind <= rpm.TransFileTrigger; kind++ {
			h.Triggers(kind)
		}
		for _, phase := range h.Phases() {
			h.Script(phase)
		}
		if more, err := h.With(rpm.Uint32Entry(rpm.TagInstallTime, 1)); err == nil {
			if at, _ := more.Number(rpm.TagInstallTime); at != 1 {
				t.Error("an added tag is not found")
			}
		}
	})
}

// FuzzKeyring adds damaged keys.
func FuzzKeyring(f *testing.F) {
	f.Add([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZVPx\n-----END PGP PUBLIC KEY BLOCK-----\n"))
	f.Add([]byte{0x99, 0, 3, 4, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var k rpm.Keyring
		_ = k.Add(data)
	})
}
