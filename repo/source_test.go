package repo_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/comps"
	"github.com/fimg/fimg/repo/fetch"
)

// metalinkOf writes a metalink of mirrors with their preferences.
func metalinkOf(current []byte, alternates [][]byte, mirrors map[string]int) string {
	var b strings.Builder
	version := func(body []byte) {
		fmt.Fprintf(&b, `<size>%d</size><verification><hash type="md5">00</hash><hash type="sha256">%x</hash></verification>`, len(body), sha256.Sum256(body))
	}
	b.WriteString(`<?xml version="1.0"?><metalink version="3.0" xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mirrormanager"><files><file name="repomd.xml">`)
	version(current)
	b.WriteString(`<mm0:alternates>`)
	for _, a := range alternates {
		b.WriteString(`<mm0:alternate>`)
		version(a)
		b.WriteString(`</mm0:alternate>`)
	}
	b.WriteString(`</mm0:alternates><resources maxconnections="1">`)
	for address, preference := range mirrors {
		fmt.Fprintf(&b, `<url protocol="http" type="http" location="DE" preference="%d">%s/repodata/repomd.xml</url>`, preference, address)
	}
	b.WriteString(`<url protocol="rsync" preference="100">rsync://example.org/repodata/repomd.xml</url></resources></file></files></metalink>`)
	return b.String()
}

// logged counts the requests for each path.
type logged struct {
	http.Handler
	mu   sync.Mutex
	seen []string
}

func (l *logged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	l.seen = append(l.seen, r.URL.Path)
	l.mu.Unlock()
	l.Handler.ServeHTTP(w, r)
}

func (l *logged) count(path string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seen {
		if s == path {
			n++
		}
	}
	return n
}

func TestMetalink(t *testing.T) {
	good, forged := newRepo(2), newRepo(1)
	liked, other := &logged{Handler: good}, &logged{Handler: good}
	likedURL, otherURL, forgedURL := serve(t, liked), serve(t, other), serve(t, forged)
	var text string
	list := &logged{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("repo") != "updates-42" || r.URL.Query().Get("arch") != "x86_64" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, text)
	})}
	src := &repo.Source{ID: "test", Metalink: serve(t, list) + "/metalink?repo=updates-$releasever&arch=${basearch}"}
	current := good.files["repodata/repomd.xml"]

	text = metalinkOf(current, nil, map[string]int{otherURL: 50, likedURL: 90, forgedURL: 100})
	c := client(t, nil)
	if err := fetchAll(t, c, src, good); err != nil {
		t.Fatal(err)
	}
	if len(other.seen) != 0 || len(liked.seen) == 0 {
		t.Errorf("preference was not followed: %v, %v", liked.seen, other.seen)
	}
	again, err := repo.New(repo.Options{CacheDir: c.CacheDir(), Arch: "x86_64", Releasever: "42", Proxy: "none"})
	if err != nil {
		t.Fatal(err)
	}
	if err := fetchAll(t, again, src, good); err != nil || liked.count("/repodata/repomd.xml") != 1 {
		t.Errorf("repomd.xml was asked for %d times though the metalink says it is the same: %v", liked.count("/repodata/repomd.xml"), err)
	}

	text = metalinkOf([]byte("newer"), [][]byte{current}, map[string]int{otherURL: 50})
	if err := fetchAll(t, client(t, nil), src, good); err != nil {
		t.Errorf("an earlier version that the metalink knows: %v", err)
	}
	text = metalinkOf([]byte("newer"), nil, map[string]int{otherURL: 50})
	if err := fetchAll(t, client(t, nil), src, good); fault.Of(err) != fault.Signature {
		t.Errorf("unknown repomd.xml: %v", err)
	}
}

func TestMirrorlist(t *testing.T) {
	good := newRepo(1)
	gone, here := serve(t, http.NotFoundHandler()), serve(t, good)
	list := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# comment\n\n%s/\nftp://example.org/x\n%s\n", gone, here)
	}))
	if err := fetchAll(t, client(t, nil), &repo.Source{ID: "test", Mirrorlist: list}, good); err != nil {
		t.Fatal(err)
	}
	empty := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err := fetchAll(t, client(t, nil), &repo.Source{ID: "test", Mirrorlist: empty}, good); fault.Of(err) != fault.Repository {
		t.Error(err)
	}
}

// TestUnchanged sees that a server is asked whether repomd.xml is the same, and
// that nothing is sent again.
func TestUnchanged(t *testing.T) {
	good := newRepo(1)
	var statuses []int
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		good.ServeHTTP(rec, r)
		if strings.HasSuffix(r.URL.Path, "repomd.xml") {
			statuses = append(statuses, rec.Code)
		} else if len(statuses) > 1 {
			t.Errorf("%s was asked for again", r.URL.Path)
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}))
	c := client(t, func(o *repo.Options) { o.Jobs = 1 })
	for range 2 {
		if err := fetchAll(t, c, &repo.Source{ID: "test", BaseURLs: []string{address}}, good); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(statuses, []int{200, 304}) {
		t.Error(statuses)
	}
}

func TestOffline(t *testing.T) {
	good := newRepo(2)
	server := &logged{Handler: good}
	src := &repo.Source{ID: "test", BaseURLs: []string{serve(t, server)}}
	dir := filepath.Join(t.TempDir(), "cache")
	offline := func(o *repo.Options) { o.CacheDir, o.Offline = dir, true }
	var missing *fetch.OfflineError
	if err := fetchAll(t, client(t, offline), src, good); !errors.As(err, &missing) || fault.Of(err) != fault.Repository {
		t.Fatalf("%T %v", err, err)
	}
	if err := fetchAll(t, client(t, func(o *repo.Options) { o.CacheDir = dir }), src, good); err != nil {
		t.Fatal(err)
	}
	before := len(server.seen)
	if err := fetchAll(t, client(t, offline), src, good); err != nil {
		t.Fatal(err)
	}
	if len(server.seen) != before {
		t.Errorf("offline, but asked for %v", server.seen[before:])
	}
	local := &repo.Source{ID: "local", BaseURLs: []string{"file://" + good.dir(t)}}
	if err := fetchAll(t, client(t, offline), local, good); err != nil {
		t.Error(err)
	}
}

// pair makes a key and returns its public half and a signer.
func pair(t *testing.T) (public []byte, sign func([]byte) []byte) {
	t.Helper()
	e, err := openpgp.NewEntity("test", "", "test@example.org", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		err = errors.Join(e.Serialize(w), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), func(data []byte) []byte {
		var sig bytes.Buffer
		if err := openpgp.ArmoredDetachSign(&sig, e, bytes.NewReader(data), nil); err != nil {
			t.Fatal(err)
		}
		return sig.Bytes()
	}
}

func TestRepoGPGCheck(t *testing.T) {
	public, sign := pair(t)
	foreign, _ := pair(t)
	good := newRepo(1)
	repomd := good.files["repodata/repomd.xml"]
	good.files["key"], good.files["foreign"] = public, foreign
	good.files["key-42"] = public
	signature := sign(repomd)
	cases := []struct {
		name string
		sig  []byte
		keys []string
		ok   bool
	}{
		{"good", signature, []string{"key"}, true},
		{"variable in the address", signature, []string{"key-$releasever"}, true},
		{"one of two", signature, []string{"foreign", "key"}, true},
		{"none", nil, []string{"key"}, false},
		{"of another text", sign([]byte("other")), []string{"key"}, false},
		{"by another key", signature, []string{"foreign"}, false},
		{"no key given", signature, nil, false},
		{"key is rubbish", signature, []string{"repodata/repomd.xml"}, false},
		{"rubbish", []byte("rubbish"), []string{"key"}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			delete(good.files, "repodata/repomd.xml.asc")
			if c.sig != nil {
				good.files["repodata/repomd.xml.asc"] = c.sig
			}
			for _, address := range []string{serve(t, good), "file://" + good.dir(t)} {
				src := &repo.Source{ID: "test", BaseURLs: []string{address}, RepoGPGCheck: true}
				for _, k := range c.keys {
					src.Keys = append(src.Keys, address+"/"+k)
				}
				cl := client(t, func(o *repo.Options) { o.Retries = -1 })
				for range 2 { // the second time from the cache
					err := fetchAll(t, cl, src, good)
					if (err == nil) != c.ok {
						t.Fatalf("%s: %v", address, err)
					}
					if err != nil && c.name != "key is rubbish" && fault.Of(err) != fault.Signature {
						t.Errorf("class %v of %v", fault.Of(err), err)
					}
				}
			}
		})
	}
}

// TestUnsignedMirrorIsLeft has a mirror whose repomd.xml is not signed by the key.
func TestUnsignedMirrorIsLeft(t *testing.T) {
	public, sign := pair(t)
	good, forged := newRepo(1), newRepo(3)
	good.files["repodata/repomd.xml.asc"] = sign(good.files["repodata/repomd.xml"])
	forged.files["repodata/repomd.xml.asc"] = good.files["repodata/repomd.xml.asc"]
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, public, 0o644); err != nil {
		t.Fatal(err)
	}
	src := &repo.Source{ID: "test", RepoGPGCheck: true, Keys: []string{key}, BaseURLs: []string{serve(t, forged), serve(t, good)}}
	if err := fetchAll(t, client(t, nil), src, good); err != nil {
		t.Fatal(err)
	}
}

func TestCredentials(t *testing.T) {
	good := newRepo(1)
	elsewhere := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("credentials went to another host")
		}
		good.ServeHTTP(w, r)
	}))
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".rpm") {
			http.Redirect(w, r, strings.Replace(elsewhere, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusFound)
			return
		}
		good.ServeHTTP(w, r)
	}))
	for _, src := range []*repo.Source{
		{ID: "fields", BaseURLs: []string{address}, Username: "me", Password: "s3cret"},
		{ID: "address", BaseURLs: []string{strings.Replace(address, "http://", "http://me:s3cret@", 1)}},
	} {
		if err := fetchAll(t, client(t, nil), src, good); err != nil {
			t.Errorf("%s: %v", src.ID, err)
		}
	}
	wrong := &repo.Source{ID: "wrong", BaseURLs: []string{strings.Replace(address, "http://", "http://me:other@", 1)}}
	err := fetchAll(t, client(t, nil), wrong, good)
	if err == nil || strings.Contains(err.Error(), "other@") {
		t.Errorf("refused, or password shown: %v", err)
	}
}

func TestProxy(t *testing.T) {
	good := newRepo(1)
	proxied := &logged{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "repo.invalid" {
			t.Errorf("proxy was asked for %s", r.URL)
		}
		good.ServeHTTP(w, r)
	})}
	address := serve(t, proxied)
	c := client(t, func(o *repo.Options) { o.Proxy = address })
	if err := fetchAll(t, c, &repo.Source{ID: "test", BaseURLs: []string{"http://repo.invalid"}}, good); err != nil {
		t.Fatal(err)
	}
	if len(proxied.seen) == 0 {
		t.Error("the proxy was not used")
	}
}

// TestSharedCache has several clients load and fetch at once with one cache: each
// file is sent once.
func TestSharedCache(t *testing.T) {
	good := newRepo(5)
	server := &logged{Handler: good}
	src := &repo.Source{ID: "test", BaseURLs: []string{serve(t, server)}}
	dir := filepath.Join(t.TempDir(), "cache")
	var group sync.WaitGroup
	for range 6 {
		c := client(t, func(o *repo.Options) { o.CacheDir = dir })
		group.Go(func() {
			if err := fetchAll(t, c, src, good); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for name := range good.files {
		if n := server.count("/" + name); n != 1 && name != "repodata/repomd.xml" {
			t.Errorf("%s was asked for %d times", name, n)
		}
	}
}

func TestMissingLocal(t *testing.T) {
	src := &repo.Source{ID: "gone", BaseURLs: []string{"dir:///nonexistent/repository"}}
	if _, err := client(t, nil).Load(t.Context(), src); fault.Of(err) != fault.Repository {
		t.Error(err)
	}
	src.SkipIfUnavailable = true
	var warned bool
	c := client(t, func(o *repo.Options) {
		o.Events = func(e event.Event) { warned = warned || e.Kind == event.Warning }
	})
	if r, err := c.Load(t.Context(), src); err != nil || r.Index.Len() != 0 || !warned {
		t.Error(err, warned)
	}
}

func TestGroups(t *testing.T) {
	good := newRepo(2)
	r, err := client(t, nil).Load(t.Context(), &repo.Source{ID: "test", BaseURLs: []string{good.dir(t)}})
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := repo.Groups([]*repo.Repository{r, r}).Expand([]string{"@core"}, comps.Request{})
	if err != nil || len(wanted) != 2 || wanted[1].Condition() != "(pkg1 if pkg0)" {
		t.Error(wanted, err)
	}
}
