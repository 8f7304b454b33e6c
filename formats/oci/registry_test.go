package oci_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fimg/fimg/formats/oci"
)

// registry is the smallest registry that asks for a token.
type registry struct {
	mu      sync.Mutex
	content map[string][]byte
	uploads int
}

func (g *registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	host := "http://" + r.Host
	if r.URL.Path == "/token" {
		if user, password, ok := r.BasicAuth(); !ok || user != "me" || password != "secret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"token": "for " + r.URL.Query().Get("scope")})
		return
	}
	if r.Header.Get("Authorization") != "Bearer for push" {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="test",scope="push"`, host))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/v2/team/image/")
	switch r.Method {
	case http.MethodPost:
		w.Header().Set("Location", "/v2/team/image/blobs/uploads/1?state=x")
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		raw, _ := io.ReadAll(r.Body)
		if d := r.URL.Query().Get("digest"); d != "" {
			path = "blobs/" + d
			g.uploads++
		}
		g.content[path] = raw
		w.WriteHeader(http.StatusCreated)
	default:
		raw, ok := g.content[path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(raw)
	}
}

func TestPushAndPull(t *testing.T) {
	g := &registry{content: map[string][]byte{}}
	server := httptest.NewServer(g)
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/team/image:1"
	i := build(t, files(map[string]string{"a": "b"}), config, nil)
	client := &oci.Registry{User: "me", Password: "secret", PlainHTTP: true}
	for range 2 {
		if err := client.Push(t.Context(), i, ref); err != nil {
			t.Fatal(err)
		}
	}
	if g.uploads != 2 {
		t.Errorf("%d uploads, want configuration and layer once", g.uploads)
	}
	pulled, err := client.Pull(t.Context(), ref, "aarch64")
	if err != nil {
		t.Fatal(err)
	}
	build(t, files(map[string]string{"a": "c"}), config, pulled)
	wrong := &oci.Registry{User: "me", Password: "guess", PlainHTTP: true}
	if err := wrong.Push(t.Context(), i, ref); err == nil {
		t.Error("a wrong password is taken")
	}
	if err := client.Push(t.Context(), i, "no-host"); err == nil {
		t.Error("a reference without a host is taken")
	}
}
