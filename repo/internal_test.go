package repo

import "testing"

func TestExpand(t *testing.T) {
	vars := (&Options{Releasever: "9.4", Arch: "i686", Vars: map[string]string{"stream": "9-stream", "empty": ""}}).variables()
	for in, want := range map[string]string{
		"$releasever/$basearch/$arch":             "9.4/i386/i686",
		"${releasever_major}.${releasever_minor}": "9.4",
		"x$releasever-y$unknown$":                 "x9.4-y$unknown$",
		"$stream":                                 "9-stream",
		"${none:-d}${stream:-d}${empty:-e}":       "d9-streame",
		"${stream:+yes}${empty:+no}":              "yes",
		"${}${stream${":                           "${}${stream${",
		"$releaseverx":                            "$releaseverx",
	} {
		if got := expand(in, vars); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestParseBase(t *testing.T) {
	for in, want := range map[string]base{
		"/a/../b//c/":                    {dir: "/b/c"},
		"file:///a%20b/":                 {dir: "/a b"},
		"file://localhost/a":             {dir: "/a"},
		"dir:///a":                       {dir: "/a"},
		"dir:/a":                         {dir: "/a"},
		"https://example.org/a/":         {url: "https://example.org/a"},
		"http://example.org/a/?token=1":  {url: "http://example.org/a?token=1"},
		"http://h/a?credentials=x":       {url: "http://h/a"},
		"http://user:pass@example.org/a": {url: "http://user:pass@example.org/a"},
	} {
		if got, err := parseBase(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "a/b", "ftp://example.org/", "http:///a", "file:a", "http://[::1/", "javascript:alert(1)"} {
		if got, err := parseBase(in); err == nil {
			t.Errorf("%s: %+v", in, got)
		}
	}
	b := base{url: "http://h/a?token=1"}
	if got := b.join("P/a b^1~%2Bc%.rpm"); got != "http://h/a/P/a%20b%5E1~%2Bc%25.rpm?token=1" {
		t.Error(got)
	}
}

func FuzzMetalink(f *testing.F) {
	f.Add([]byte(`<metalink><files><file name="repomd.xml"><size>1</size><verification><hash type="sha1">00</hash></verification>` +
		`<resources><url preference="100">http://h/repodata/repomd.xml</url></resources></file></files></metalink>`))
	f.Add([]byte("http://example.org/\n#x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMirrorlist(data)
		if err == nil && len(m.versions) > 0 {
			m.matches(data)
		}
	})
}
