package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	memory "github.com/google/go-containerregistry/pkg/registry"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/formats/oci/registry"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
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
	known := registry.Options{User: "me", Password: "secret"}
	i := image(t, "a", nil)
	for range 2 {
		if err := registry.Push(t.Context(), i, ref, known); err != nil {
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
	pulled, err := registry.Pull(t.Context(), ref, "aarch64", known)
	if err != nil {
		t.Fatal(err)
	}
	if on := image(t, "b", pulled); len(on.Layers) != 2 || on.Layers[0].Digest != i.Layers[0].Digest {
		t.Errorf("layers on the base: %+v", on.Layers)
	}
}

// login writes a file of logins: each key of keys, NAME:PASSWORD as base64.
func login(t *testing.T, name string, keys map[string]string) {
	t.Helper()
	auths := map[string]any{}
	for key, text := range keys {
		auths[key] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(text))}
	}
	text, err := json.Marshal(map[string]any{"auths": auths})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name), 0o700)
	}
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The logins of podman, skopeo and docker are found where they are kept, the most
// specific first; none of the other files counts beside REGISTRY_AUTH_FILE.
func TestLogins(t *testing.T) {
	var uploads int
	ref := serve(t, &uploads)
	host, _, _ := strings.Cut(ref, "/")
	i := image(t, "a", nil)
	const right, wrong = "me:secret", "me:guess"
	for name, c := range map[string]struct {
		files map[string]map[string]string
		works bool
	}{
		"named":                {map[string]map[string]string{"named": {host: right}}, true},
		"podman at run time":   {map[string]map[string]string{"run/containers/auth.json": {host: right}}, true},
		"podman at home":       {map[string]map[string]string{"home/.config/containers/auth.json": {host: right}}, true},
		"docker":               {map[string]map[string]string{"home/.docker/config.json": {host: right}}, true},
		"podman before docker": {map[string]map[string]string{"home/.docker/config.json": {host: wrong}, "run/containers/auth.json": {host: right}}, true},
		"docker beside podman": {map[string]map[string]string{"home/.docker/config.json": {host: right}, "run/containers/auth.json": {"example.org": wrong}}, true},
		"named alone":          {map[string]map[string]string{"named": {"example.org": right}, "home/.docker/config.json": {host: right}}, false},
		"namespace":            {map[string]map[string]string{"named": {host: wrong, host + "/team": right}}, true},
		"repository":           {map[string]map[string]string{"named": {host + "/team": wrong, host + "/team/image": right}}, true},
		"another repository":   {map[string]map[string]string{"named": {host: right, host + "/team/imag": wrong, host + "/tea": wrong}}, true},
		"another namespace":    {map[string]map[string]string{"named": {host + "/other": right}}, false},
		"old docker":           {map[string]map[string]string{"home/.docker/config.json": {"https://" + host: right}}, true},
		"none":                 {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, v := range []string{"REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME", "DOCKER_CONFIG"} {
				t.Setenv(v, "")
			}
			t.Setenv("HOME", dir+"/home")
			t.Setenv("XDG_RUNTIME_DIR", dir+"/run")
			for file, keys := range c.files {
				if login(t, filepath.Join(dir, file), keys); file == "named" {
					t.Setenv("REGISTRY_AUTH_FILE", filepath.Join(dir, file))
				}
			}
			if err := registry.Push(t.Context(), i, ref, registry.Options{}); (err == nil) != c.works {
				t.Errorf("push: %v", err)
			}
		})
	}
	broken := filepath.Join(t.TempDir(), "auth.json")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REGISTRY_AUTH_FILE", broken)
	if err := registry.Push(t.Context(), i, ref, registry.Options{}); fault.Of(err) != fault.Usage {
		t.Errorf("a broken file: %v", err)
	}
}

// everywhere sends every request to one server, whatever its host.
type everywhere struct{ host string }

func (e everywhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return nil, errors.New("http: server gave HTTP response to HTTPS client")
	}
	there := r.Clone(r.Context())
	there.URL.Host = e.host
	answer, err := http.DefaultTransport.RoundTrip(there)
	if err == nil {
		answer.Request = r
	}
	return answer, err
}

// A registry elsewhere is spoken to without TLS only when it is named.
func TestPlain(t *testing.T) {
	var uploads int
	ref := serve(t, &uploads)
	host, _, _ := strings.Cut(ref, "/")
	i := image(t, "a", nil)
	for _, other := range []string{"10.0.0.1:5000", "registry.local", "registry.example:5000", "127.0.0.1.example:80"} {
		opts := registry.Options{User: "me", Password: "secret", Transport: everywhere{host}}
		err := registry.Push(t.Context(), i, other+"/a/b:1", opts)
		var plain *registry.PlainError
		if !errors.As(err, &plain) || !strings.Contains(fault.HintOf(err), other) || uploads > 0 {
			t.Errorf("%s: %v, %d uploads", other, err, uploads)
		}
		opts.Insecure = []string{"elsewhere.example", other}
		if err := registry.Push(t.Context(), i, other+"/a/"+strings.Trim(other[:3], ".")+":1", opts); err != nil {
			t.Errorf("%s when named: %v", other, err)
		}
		uploads = 0
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

// TestProxy speaks to a registry that only a proxy can reach.
func TestProxy(t *testing.T) {
	var uploads, through int
	host, _, _ := strings.Cut(serve(t, &uploads), "/")
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through++
		r.RequestURI = ""
		answer, err := everywhere{host}.RoundTrip(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		for key, values := range answer.Header {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.StatusCode)
		io.Copy(w, answer.Body)
	}))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	const ref = "registry.invalid:5000/team/image:1"
	opts := registry.Options{User: "me", Password: "secret", Insecure: []string{"registry.invalid:5000"}, Proxy: http.ProxyURL(at)}
	if err := registry.Push(t.Context(), image(t, "content", nil), ref, opts); err != nil || through == 0 || uploads == 0 {
		t.Fatalf("%d requests through the proxy, %d uploads: %v", through, uploads, err)
	}
	got, err := registry.Pull(t.Context(), ref, "aarch64", opts)
	if err != nil {
		t.Fatal(err)
	}
	got.Close()
}
