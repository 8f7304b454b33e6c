package repo_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/repo"
	"github.com/fimg/fimg/repo/fetch"
)

// faulty serves packages in a broken way and metadata in a good one, or the other
// way round.
type faulty struct {
	good  *testRepo
	spoil func(w http.ResponseWriter, r *http.Request, body []byte)
}

func (f faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.spoil(w, r, f.good.files[strings.TrimPrefix(r.URL.Path, "/")])
}

// spoilers are the ways in which a mirror can be bad.
var spoilers = map[string]func(http.ResponseWriter, *http.Request, []byte){
	"missing": func(w http.ResponseWriter, r *http.Request, _ []byte) { http.NotFound(w, r) },
	"broken":  func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusBadGateway) },
	"lies": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Write(bytes.Repeat([]byte{'x'}, len(body)))
	},
	"longer": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Write(append(bytes.Clone(body), "more"...))
	},
	"endless": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	},
	"half, as if whole": func(w http.ResponseWriter, _ *http.Request, body []byte) { w.Write(body[:len(body)/2]) },
	"half, then cut": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:len(body)/2])
	},
	"stalls": func(w http.ResponseWriter, r *http.Request, body []byte) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body[:len(body)/3])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	},
	"never answers": func(_ http.ResponseWriter, r *http.Request, _ []byte) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	},
	"circles": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, "/other"+r.URL.Path, http.StatusFound)
	},
	"wrong range": func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 7-%d/%d", len(body)-1, len(body)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(body)
	},
	"to a file": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	},
}

func TestBadMirrorIsLeft(t *testing.T) {
	good := newRepo(3)
	goodURL := serve(t, good)
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := serve(t, faulty{good, spoil})
			c := client(t, func(o *repo.Options) { o.Retries = -1 })
			src := &repo.Source{ID: "test", BaseURLs: []string{bad, goodURL}}
			if err := fetchAll(t, c, src, good); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOnlyBadMirrors(t *testing.T) {
	good := newRepo(1)
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := serve(t, faulty{good, func(w http.ResponseWriter, r *http.Request, body []byte) {
				if strings.HasSuffix(r.URL.Path, ".rpm") {
					spoil(w, r, body)
					return
				}
				good.ServeHTTP(w, r)
			}})
			c := client(t, func(o *repo.Options) { o.Retries = -1 })
			err := fetchAll(t, c, &repo.Source{ID: "test", BaseURLs: []string{bad}}, good)
			var failure *fetch.Error
			if !errors.As(err, &failure) || failure.Repository != "test" || len(failure.Attempts) == 0 {
				t.Fatalf("%T %v", err, err)
			}
			want := fault.Repository
			if name == "lies" {
				want = fault.Signature
			}
			if fault.Of(err) != want {
				t.Errorf("class %v: %v", fault.Of(err), err)
			}
			for _, path := range stored(t, c) {
				if strings.Contains(path, "/packages/") {
					t.Errorf("%s was stored", path)
				}
			}
		})
	}
}

// TestResume breaks every transfer once; the rest must be asked for by range, and
// from the next mirror too.
func TestResume(t *testing.T) {
	good := newRepo(3)
	var mu sync.Mutex
	broken, ranges := map[string]bool{}, 0
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := good.files[strings.TrimPrefix(r.URL.Path, "/")]
		mu.Lock()
		first := !broken[r.URL.Path]
		broken[r.URL.Path] = true
		if r.Header.Get("Range") != "" {
			ranges++
		}
		mu.Unlock()
		if first && strings.HasSuffix(r.URL.Path, ".rpm") {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			w.Write(body[:len(body)/2])
			return
		}
		good.ServeHTTP(w, r)
	})
	for _, mirrors := range [][]string{{serve(t, handler)}, {serve(t, handler), serve(t, good)}} {
		clear(broken)
		ranges = 0
		c := client(t, nil)
		if err := fetchAll(t, c, &repo.Source{ID: "test", BaseURLs: mirrors}, good); err != nil {
			t.Fatal(err)
		}
		if len(mirrors) == 1 && ranges != len(good.packages) {
			t.Errorf("%d range requests for %d packages", ranges, len(good.packages))
		}
	}
}

// TestResumeAcrossMirrors has one mirror serve the start of something else; the
// whole must then come from the other.
func TestResumeAcrossMirrors(t *testing.T) {
	good := newRepo(1)
	liar := faulty{good, func(w http.ResponseWriter, r *http.Request, body []byte) {
		if !strings.HasSuffix(r.URL.Path, ".rpm") {
			good.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(bytes.Repeat([]byte{'x'}, len(body)/2))
	}}
	c := client(t, func(o *repo.Options) { o.Retries = -1 })
	src := &repo.Source{ID: "test", BaseURLs: []string{serve(t, liar), serve(t, good)}}
	if err := fetchAll(t, c, src, good); err != nil {
		t.Fatal(err)
	}
}

func TestPerHostLimit(t *testing.T) {
	good := newRepo(8)
	var now, most atomic.Int32
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		good.ServeHTTP(w, r)
	})
	c := client(t, func(o *repo.Options) { o.PerHost = 2 })
	if err := fetchAll(t, c, &repo.Source{ID: "test", BaseURLs: []string{serve(t, slow)}}, good); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 2 {
		t.Errorf("%d transfers at a time", most.Load())
	}
}
