package registry_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	memory "github.com/google/go-containerregistry/pkg/registry"

	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/formats/oci/registry"
	"github.com/fimg/fimg/internal/fault"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/internal/tree"
)

// serve runs a registry that wants a password and counts uploads.
func serve(t *testing.T, uploads *int) string {
	t.Helper()
	store := memory.New(memory.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/") {
			*uploads++
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://") + "/team/image:1"
}

func image(t *testing.T, content string, base *oci.Image) *oci.Image {
	t.Helper()
	m := tree.NewMem()
	m.Add(tree.Node{Path: "file", Mode: tree.TypeFile | 0o644}, []byte(content))
	i, err := oci.Build(t.Context(), m, oci.Config{Name: "image", Arch: "aarch64", Created: time.Unix(1e9, 0)}, oci.Options{Base: base, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

func TestPushAndPull(t *testing.T) {
	var uploads int
	ref := serve(t, &uploads)
	login := registry.Options{User: "me", Password: "secret"}
	i := image(t, "a", nil)
	for range 2 {
		if err := registry.Push(t.Context(), i, ref, login); err != nil {
			t.Fatal(err)
		}
	}
	if uploads != 2 {
		t.Errorf("%d uploads, want configuration and layer once", uploads)
	}
	text := testtool.Run(t, "skopeo", "inspect", "--config", "--tls-verify=false", "--creds", "me:secret", "docker://"+ref)
	if !strings.Contains(text, `"architecture": "arm64"`) {
		t.Errorf("skopeo sees %s", text)
	}
	pulled, err := registry.Pull(t.Context(), ref, "aarch64", login)
	if err != nil {
		t.Fatal(err)
	}
	if on := image(t, "b", pulled); len(on.Layers) != 2 || on.Layers[0].Digest != i.Layers[0].Digest {
		t.Errorf("layers on the base: %+v", on.Layers)
	}
}

func TestRefusals(t *testing.T) {
	var uploads int
	ref := serve(t, &uploads)
	i := image(t, "a", nil)
	var class fault.Classed
	if err := registry.Push(t.Context(), i, ref, registry.Options{User: "me", Password: "guess"}); !errors.As(err, &class) || class.FaultClass() != fault.Repository {
		t.Errorf("a wrong password: %v", err)
	}
	if err := registry.Push(t.Context(), i, "UPPER CASE", registry.Options{}); !errors.As(err, &class) || class.FaultClass() != fault.Usage {
		t.Errorf("a wrong reference: %v", err)
	}
	if _, err := registry.Pull(t.Context(), ref, "x86_64", registry.Options{User: "me", Password: "secret"}); err == nil {
		t.Error("an image that is not there is pulled")
	}
}
