package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	memory "github.com/google/go-containerregistry/pkg/registry"

	"github.com/fimg/fimg/formats/oci/registry"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

// depot is a registry on this machine that wants a login.
type depot struct {
	host, auth string
	// fault, when it is set, may answer a request in the registry's place.
	fault atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
	store http.Handler
}

func newDepot(t *testing.T) *depot {
	t.Helper()
	d := &depot{store: memory.New(memory.Logger(log.New(io.Discard, "", 0)))}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.host = strings.TrimPrefix(server.URL, "http://")
	d.auth = filepath.Join(t.TempDir(), "auth.json")
	text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, d.host+"/team", base64.StdEncoding.EncodeToString([]byte("me:secret")))
	if err := os.WriteFile(d.auth, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("REGISTRY_AUTH_FILE", d.auth)
	return d
}

func (d *depot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if f := d.fault.Load(); f == nil || !(*f)(w, r) {
		d.store.ServeHTTP(w, r)
	}
}

// has tells whether the registry knows a tag.
func (d *depot) has(name, tag string) bool {
	w := httptest.NewRecorder()
	d.store.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/v2/"+name+"/manifests/"+tag, nil))
	return w.Code == http.StatusOK
}

// answer is a fault that refuses requests of a method whose path holds a word.
func answer(status int, method, word string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		hit := r.Method == method && strings.Contains(r.URL.Path, word)
		if hit {
			w.WriteHeader(status)
		}
		return hit
	}
}

// damage is a fault that changes what is downloaded. Length tells whether the
// answer says how long it would have been.
func (d *depot) damage(word string, change func([]byte) []byte, length bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, word) {
			return false
		}
		was := httptest.NewRecorder()
		d.store.ServeHTTP(was, r)
		for key, values := range was.Header() {
			if key != "Content-Length" {
				w.Header()[key] = values
			}
		}
		if length {
			w.Header().Set("Content-Length", fmt.Sprint(was.Body.Len()))
		}
		w.WriteHeader(was.Code)
		w.Write(change(slices.Clone(was.Body.Bytes())))
		return true
	}
}

// boxRecipe writes a description of a container.
func boxRecipe(t *testing.T, typ, packages string, repos ...string) string {
	t.Helper()
	dir := recipe(t, packages, "", repos...)
	file := filepath.Join(dir, "config.xml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "<type ")
	_, after, _ := strings.Cut(rest, "</type>")
	if err := os.WriteFile(file, []byte(before+typ+after), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// derived is a type that builds on a container and comes with a label.
func derived(ref string) string {
	return `<type image="oci" derived_from="docker://` + ref + `"><containerconfig name="more"><labels><label name="x" value="y"/></labels></containerconfig></type>`
}

// pushArgs build a description and push what comes out.
func pushArgs(dir, target string, refs ...string) []string {
	args := []string{"build", "--quiet", "--cache-dir", cache(), "--description", dir, "--target-dir", target}
	for _, ref := range refs {
		args = append(args, "--push", ref)
	}
	return args
}

// layersAt are the layers of an image in the registry, by skopeo.
func layersAt(t *testing.T, ref string) []string {
	t.Helper()
	var m struct{ Layers []struct{ Digest string } }
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://"+ref)), &m); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, l := range m.Layers {
		list = append(list, l.Digest)
	}
	return list
}

// A container is pushed, and another is built on it and pushed, all by the command.
func TestCommandPush(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	d, demo := newDepot(t), testtool.Repo(t)
	below, above, dir := d.host+"/team/box:v1", d.host+"/team/more:v2", t.TempDir()
	first := boxRecipe(t, `<type image="oci">`+containerType+`</type>`, base, demo)
	if status, text := command(t, pushArgs(first, dir+"/first", below, d.host+"/team/box:latest")...); status != 0 {
		t.Fatalf("exit status %d: %s", status, text)
	}
	second := boxRecipe(t, derived(below), `<package name="sed"/>`, demo)
	if status, text := command(t, pushArgs(second, dir+"/second", above)...); status != 0 {
		t.Fatalf("exit status %d: %s", status, text)
	}
	if got, want := layersAt(t, above), layersAt(t, below); len(want) != 1 || len(got) != 2 || got[0] != want[0] || !d.has("team/box", "latest") {
		t.Errorf("layers %v on %v", got, want)
	}
	var got inspected
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--config", "--tls-verify=false", "docker://"+above)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Config.Labels["x"] != "y" || got.Config.Labels["org.example"] != "yes" || got.Config.WorkingDir != "/srv" || len(got.History) != 2 {
		t.Errorf("configuration is %+v", got)
	}
	testtool.Run(t, "skopeo", "copy", "--src-tls-verify=false", "docker://"+above, "oci:"+dir+"/layout:x")
	testtool.Run(t, "umoci", "unpack", "--image", dir+"/layout:x", dir+"/bundle")
	names := strings.Fields(testtool.Run(t, "rpm", "--dbpath", rpmdbOf(dir+"/bundle/rootfs"), "-qa", "--qf", "%{name}\n"))
	if !slices.Contains(names, "sed") || !slices.Contains(names, "bash") {
		t.Errorf("packages are %v", names)
	}
	checkPulled(t, above, dir+"/bundle/rootfs")
}

// checkPulled compares what our own reader finds in a registry with an unpacked
// root.
func checkPulled(t *testing.T, ref, root string) {
	t.Helper()
	image, err := registry.Pull(t.Context(), ref, "x86_64", registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	files := 0
	err = image.Extract(t.Context(), func(n *tree.Node, _ string, _ io.Reader) error {
		files++
		_, err := os.Lstat(filepath.Join(root, n.Path))
		return err
	})
	if err != nil || files < 100 {
		t.Errorf("%d paths: %v", files, err)
	}
}

// What a registry or the way to it does wrong ends the build with the documented
// exit status. A base that is not what it should be leaves nothing; a push that
// fails leaves the results, and no tag.
func TestCommandPushFaults(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	d := newDepot(t)
	repo := repository(t, packages(t, spec("a", "", ""), spec("b", "", "")))
	boxA := boxRecipe(t, `<type image="oci"><containerconfig name="a"/></type>`, `<package name="a"/>`, repo)
	below := d.host + "/team/a:1"
	if status, text := command(t, pushArgs(boxA, t.TempDir()+"/out", below)...); status != 0 {
		t.Fatalf("exit status %d: %s", status, text)
	}
	layer := layersAt(t, below)[0]
	boxB := boxRecipe(t, derived(below), `<package name="b"/>`, repo)
	missing := boxRecipe(t, derived(d.host+"/team/none:1"), `<package name="b"/>`, repo)
	foreign := boxRecipe(t, derived(d.host+"/other/a:1"), `<package name="b"/>`, repo) // the login is for team
	same := func(b []byte) []byte { return b }
	for _, c := range []struct {
		name, dir string
		extra     []string
		fault     func(http.ResponseWriter, *http.Request) bool
		status    int
		text      string
	}{
		{"no such base", missing, nil, nil, 4, "team/none"},
		{"no login", foreign, nil, nil, 4, "401"},
		{"refused", boxB, nil, answer(403, http.MethodGet, "manifests"), 4, "403"},
		{"offline", boxB, []string{"--offline"}, nil, 4, "network"},
		{"changed layer", boxB, nil, d.damage(layer, flip, true), 6, "sha256"},
		{"cut layer", boxB, nil, d.damage(layer, truncate, true), 4, "EOF"},
		{"short layer", boxB, nil, d.damage(layer, truncate, false), 6, "verif"},
		{"no manifest", boxB, nil, d.damage("manifests", func([]byte) []byte { return []byte("<html>") }, false), 4, "manifest"},
		{"foreign manifest", boxB, nil, d.damage("manifests", func([]byte) []byte { return []byte(`{"schemaVersion":2}`) }, false), 4, "config"},
		{"a name no registry takes", boxA, []string{"--push", "UPPER/CASE"}, nil, 2, "UPPER"},
		{"push offline", boxA, []string{"--push", below, "--offline"}, nil, 2, "network"},
		{"sound", boxB, nil, d.damage(layer, same, true), 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d.fault.Store(nil); c.fault != nil {
				d.fault.Store(&c.fault)
			}
			defer d.fault.Store(nil)
			target := filepath.Join(t.TempDir(), "out")
			status, text := command(t, append(pushArgs(c.dir, target), c.extra...)...)
			if status != c.status {
				t.Errorf("exit status %d, want %d: %s", status, c.status, text)
			}
			if c.status != 0 {
				checkMessage(t, text, c.text)
				nothingLeft(t, target)
			}
		})
	}
	for _, c := range []struct {
		name  string
		fault func(http.ResponseWriter, *http.Request) bool
	}{
		{"refused", answer(401, http.MethodPost, "uploads")}, // first: nothing is uploaded that is there
		{"manifest", answer(507, http.MethodPut, "manifests")},
	} {
		t.Run("push "+c.name, func(t *testing.T) {
			d.fault.Store(&c.fault)
			defer d.fault.Store(nil)
			target := filepath.Join(t.TempDir(), "out")
			status, text := command(t, pushArgs(boxB, target, d.host+"/team/b:1")...)
			if checkMessage(t, text, "push"); status != 4 || d.has("team/b", "1") {
				t.Errorf("exit status %d, want 4; tag there: %t: %s", status, d.has("team/b", "1"), text)
			}
			wholeResults(t, target)
		})
	}
	t.Run("push interrupted", func(t *testing.T) { interruptPush(t, d, boxA) })
}

// interruptPush ends the command while the manifest is on its way.
func interruptPush(t *testing.T, d *depot, dir string) {
	begun := make(chan struct{}, 8)
	f := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		begun <- struct{}{}
		<-r.Context().Done()
		return true
	}
	d.fault.Store(&f)
	defer d.fault.Store(nil)
	target := filepath.Join(t.TempDir(), "out")
	b := begin(t, pushArgs(dir, target, d.host+"/team/c:1")...)
	go io.Copy(io.Discard, b.events)
	ended := make(chan error, 1)
	go func() { ended <- b.cmd.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("ended before the manifest was sent: %v: %s", err, b.errors.String())
	case <-begun:
	}
	b.cmd.Process.Signal(syscall.SIGINT)
	<-ended
	if b.cmd.ProcessState.ExitCode() != 130 || d.has("team/c", "1") {
		t.Errorf("%s; tag there: %t: %s", b.cmd.ProcessState, d.has("team/c", "1"), b.errors.String())
	}
	wholeResults(t, target)
}

// wholeResults wants the results of a container's build, whole, and nothing else.
func wholeResults(t *testing.T, target string) {
	t.Helper()
	entries, err := os.ReadDir(target)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left behind", e.Name())
		}
		if strings.HasSuffix(e.Name(), ".oci.tar.xz") {
			found = true
			testtool.Run(t, "xz", "-t", filepath.Join(target, e.Name()))
		}
	}
	if !found {
		t.Errorf("no container among %v", entries)
	}
}
