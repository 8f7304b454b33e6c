package fetch_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/repo/fetch"
)

// A server that begins to tell why it has nothing, and never ends, is not waited for.
func TestStalledRefusal(t *testing.T) {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusNotFound)
		w.(http.Flusher).Flush()
		<-over
	}))
	defer server.Close()
	defer close(over)
	c, err := fetch.New(fetch.Options{Proxy: "none", Retries: -1, Stall: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	mirrors := []fetch.Mirror{{URL: server.URL + "/x"}}
	if _, err := c.Document(t.Context(), &fetch.Query{Mirrors: mirrors}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a document: %v", err)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.Get(t.Context(), &fetch.Job{Mirrors: mirrors, Size: -1}, f); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a file: %v", err)
	}
}
