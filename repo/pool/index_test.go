package pool

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fimg/fimg/repo/repodata"
)

func plain(name string) repodata.Dep { return repodata.Dep{Name: []byte(name)} }

func versioned(name string, flags repodata.Flags, version string) repodata.Dep {
	return repodata.Dep{Name: []byte(name), Flags: flags, Version: []byte(version)}
}

// small is an index with something in every section.
func small(t testing.TB) []byte {
	t.Helper()
	b := NewBuilder("key")
	for _, p := range []*repodata.Package{
		{Name: []byte("bash"), Arch: []byte("x86_64"), Epoch: []byte("1"), Version: []byte("5"), Release: []byte("1"),
			ChecksumType: []byte("sha256"), Checksum: []byte("abc"), Location: []byte("b/bash.rpm"), Summary: []byte("a shell"), PackageSize: 7, HeaderEnd: 9,
			Provides: []repodata.Dep{plain("sh"), versioned("shell", repodata.Equal, "5")}, Requires: []repodata.Dep{{Name: []byte("libc"), Pre: true}, plain("/etc/passwd")},
			Files: []repodata.File{{Path: []byte("/usr/bin/bash")}, {Path: []byte("/usr/bin/sh")}}},
		{Name: []byte("libc"), Arch: []byte("x86_64"), Version: []byte("2"), Release: []byte("1"),
			Obsoletes: []repodata.Dep{versioned("oldlibc", repodata.Less, "2")}, Supplements: []repodata.Dep{plain("(bash and (sh or shell >= 3))")}},
		{Name: []byte("setup"), Arch: []byte("noarch"), Version: []byte("1"), Release: []byte("1"), Files: []repodata.File{{Path: []byte("/etc/passwd")}}},
		{Name: []byte("libc"), Arch: []byte("aarch64"), Version: []byte("2"), Release: []byte("1")},
	} {
		if err := b.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return written(b.Index())
}

// written is the index as a file.
func written(x *Index) []byte {
	var out bytes.Buffer
	_ = x.Write(&out) // a buffer takes everything
	return out.Bytes()
}

// visit asks an index everything there is to ask.
func visit(x *Index) {
	u, err := NewUniverse("x86_64", Source{Index: x, Installed: true}, Source{Index: x, Priority: 1})
	if err != nil {
		return
	}
	for id := range u.All() {
		u.Package(id)
		u.Details(id)
		u.Named(u.Name0(id))
		for range u.Obsoleters(u.Name0(id)) {
		}
		for k := range kinds {
			for d := range u.List(id, k).All() {
				u.Text(d)
				for _, p := range u.Providers(d) {
					u.MatchesNEVR(p, d)
				}
			}
		}
	}
	u.WithWeak()
	u.Owners("/usr/bin/sh", false)
	u.Owners("*bin/*", true)
	u.ProvideNames(func(string) bool { return true })
}

func TestIndex(t *testing.T) {
	data := small(t)
	path := filepath.Join(t.TempDir(), "index")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	x, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if x.Key() != "key" || x.Len() != 4 {
		t.Errorf("key %q, %d packages", x.Key(), x.Len())
	}
	visit(x)
	u, err := NewUniverse("x86_64", Source{Index: x, Name: "r"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		op      Op
		version string
		want    []ID
	}{
		{"sh", 0, "", []ID{2}}, {"shell", opEQ | opGT, "5", []ID{2}}, {"shell", opGT, "5", nil}, {"libc", 0, "", []ID{3}},
		{"/usr/bin/bash", 0, "", []ID{2}}, {"/etc/passwd", 0, "", []ID{4}}, {"bash", opLT, "9", nil}, {"bash", opEQ, "1:5-1", []ID{2}},
	} {
		if got := u.ProvidersOf(c.name, c.op, c.version); !slices.Equal(got, c.want) {
			t.Errorf("%s %d %s is provided by %v, want %v", c.name, c.op, c.version, got, c.want)
		}
	}
	if d := u.Details(2); d.Location != "b/bash.rpm" || d.PackageSize != 7 || d.HeaderEnd != 9 || d.Summary != "a shell" {
		t.Errorf("details %+v", d)
	}
	if got := u.Text(u.Deps(3, Supplements)[0]); got != "(bash and (sh or shell >= 3))" {
		t.Errorf("rich dependency reads %s", got)
	}
	if pre := u.Deps(2, PreRequires); len(pre) != 1 || u.Text(pre[0]) != "libc" {
		t.Errorf("scriptlets require %v", pre)
	}
}

func TestDamagedIndex(t *testing.T) {
	data := small(t)
	for _, cut := range []int{0, 7, headerSize - 1, headerSize, len(data) / 2, len(data) - 1} {
		if _, err := Load(slices.Clone(data[:cut])); err == nil {
			t.Errorf("index cut at %d loads", cut)
		}
	}
	for at := range data {
		bad := slices.Clone(data)
		bad[at] ^= 0x40
		if _, err := Load(bad); err == nil && (at < 20 || at >= sumStart) {
			t.Errorf("index with a flipped bit at %d loads", at)
		}
	}
}

// FuzzLoad changes an index and gives it a right checksum: it must be refused or
// answer without failing.
func FuzzLoad(f *testing.F) {
	data := small(f)
	f.Add(data, uint32(headerSize+5), uint32(0xffffffff))
	for i := headerSize; i < len(data)-4; i += 4 {
		f.Add(data, uint32(i), uint32(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, at, value uint32) {
		data = slices.Clone(data)
		if len(data) < headerSize {
			return
		}
		at %= uint32(len(data) - 3)
		binary.NativeEndian.PutUint32(data[at:], value)
		binary.NativeEndian.PutUint32(data[16:], crc32.Checksum(data[sumStart:], castagnoli))
		if x, err := Load(data); err == nil {
			visit(x)
		}
	})
}

func FuzzRich(f *testing.F) {
	for _, s := range []string{"(a and b)", "(a if (b or c) else d)", "(a with b >= 1:2-3)", "(((((a", "(a or b or c(x) or d)", "(a unless b else c)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || s[0] != '(' {
			return
		}
		u, err := NewUniverse("", Source{Index: must(t)})
		if err != nil {
			t.Fatal(err)
		}
		d, err := u.Parse(s)
		if err != nil {
			return
		}
		u.Providers(d)
		text := u.Text(d)
		if text == "" || text[0] != '(' {
			return // a single name in parentheses
		}
		again, err := u.Parse(text)
		if err != nil || u.Text(again) != text {
			t.Errorf("%q reads %q and then %v", s, text, err)
		}
	})
}

func must(t *testing.T) *Index {
	x, err := Load(written(NewBuilder("").Index()))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"a*c", "abc", true}, {"a*c", "ab", false}, {"/usr/*", "/usr/bin/sh", true}, {"a?c", "abc", true}, {"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false}, {"[", "[", true}, {"*.i686", "foo.i686", true}, {"a**b", "axxb", true}, {"\\*", "*", true}, {"", "a", false},
		{"*a*b*c*", "xaybzc", true}, {"é?", "éé", true}, {"[]a]", "]", true},
	} {
		if got := Glob(c.pattern, c.text); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.text, got)
		}
	}
}
