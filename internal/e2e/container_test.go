package e2e

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/fimg/fimg/assembler"
	"github.com/fimg/fimg/assembler/install/dnfstate"
	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/internal/testtool"
)

// container is a description of a few packages that makes a container or an
// archive.
func container(t testing.TB, typ string) description.Options {
	repo := testtool.Repo(t)
	xml := `<image schemaversion="8.5" name="box"><description type="system"><author>Ann</author><contact>ann@example.org</contact>
<specification>s</specification></description><preferences><version>1.2.3</version><packagemanager>dnf4</packagemanager>` + typ + `</preferences>
<repository type="rpm-md" alias="demo"><source path="dir://` + repo + `"/></repository>
<packages type="bootstrap">` + base + `</packages></image>`
	files := fstest.MapFS{"config.xml": {Data: []byte(xml)},
		"config.sh":                      {Data: []byte("touch /tmp/left; printf '[boot]\\nsystemd=true\\n' > /etc/wsl.conf\n"), Mode: 0o755},
		"root/etc/wsl-distribution.conf": {Data: []byte("[oobe]\n"), Mode: 0o644}}
	return description.Options{FS: files, Arch: "x86_64"}
}

const containerType = `<containerconfig name="team/box" tag="v1" additionalnames=":latest,other:v2" maintainer="Me" user="root" workingdir="/srv">
<entrypoint execute="/usr/bin/env"><argument name="-i"/></entrypoint><subcommand execute="/bin/sh"/>
<expose><port number="80/tcp"/><port number="53/udp"/></expose><volumes><volume name="/data"/></volumes>
<environment><env name="B" value="2"/><env name="A" value="1"/></environment>
<labels><label name="org.example" value="yes"/></labels><history created_by="hand" author="H">why</history>
<stopsignal>SIGINT</stopsignal></containerconfig>`

// inspected is what skopeo tells of a configuration.
type inspected struct {
	Created, Author, Architecture, OS string
	Config                            struct {
		User, WorkingDir, StopSignal string
		Entrypoint, Cmd, Env         []string
		Labels                       map[string]string
		ExposedPorts, Volumes        map[string]any
	}
	History []struct {
		CreatedBy string `json:"created_by"`
		Author    string
		Comment   string
	}
}

func buildContainer(t *testing.T, opt description.Options) (*assembler.Plan, string) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	p := plan(t, load(t, opt))
	r := build(t, p, buildOptions(t.TempDir()))
	return p, r.Products[0].Path
}

// unxz unpacks an archive for tools that do not.
func unxz(t *testing.T, name string) string {
	testtool.Run(t, "xz", "-dk", name)
	return strings.TrimSuffix(name, ".xz")
}

func TestOCI(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	p := plan(t, load(t, container(t, `<type image="oci">`+containerType+`</type>`)))
	r := build(t, p, buildOptions(t.TempDir()))
	name := r.Products[0].Path
	checkPush(t, p, r)
	if filepath.Base(name) != "box.x86_64-1.2.3.oci.tar.xz" {
		t.Errorf("the file is called %s", name)
	}
	plain := unxz(t, name)
	var got inspected
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--config", "oci-archive:"+plain)), &got); err != nil {
		t.Fatal(err)
	}
	c := got.Config
	if got.Author != "Me" || got.Architecture != "amd64" || got.OS != "linux" || got.Created != p.Epoch.UTC().Format("2006-01-02T15:04:05Z") {
		t.Errorf("image is %+v", got)
	}
	if c.User != "root" || c.WorkingDir != "/srv" || c.StopSignal != "SIGINT" || c.Labels["org.example"] != "yes" ||
		!slices.Equal(c.Entrypoint, []string{"/usr/bin/env", "-i"}) || !slices.Equal(c.Cmd, []string{"/bin/sh"}) ||
		!slices.Equal(c.Env, []string{"A=1", "B=2"}) || len(c.ExposedPorts) != 2 || len(c.Volumes) != 1 {
		t.Errorf("configuration is %+v", c)
	}
	if len(got.History) != 1 || got.History[0].CreatedBy != "hand" || got.History[0].Author != "H" || got.History[0].Comment != "why" {
		t.Errorf("history is %+v", got.History)
	}
	checkRoot(t, plain, "team/box:v1")
}

// checkPush stores the container in a registry, where skopeo finds the same.
func checkPush(t *testing.T, p *assembler.Plan, r *assembler.Result) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/team/box:v1"
	if err := assembler.Push(t.Context(), p, r, ref, assembler.PushOptions{TempDir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if text := testtool.Run(t, "skopeo", "inspect", "--tls-verify=false", "docker://"+ref); !strings.Contains(text, `"amd64"`) {
		t.Errorf("the registry has %s", text)
	}
	if text := testtool.Run(t, "skopeo", "inspect", "--raw", "--tls-verify=false", "docker://"+ref); !strings.Contains(text, "tar+gzip") {
		t.Errorf("the registry has layers that are not packed: %s", text)
	}
	testtool.Run(t, "skopeo", "copy", "--src-tls-verify=false", "docker://"+ref, "oci:"+t.TempDir()+"/layout:x")
}

// checkRoot has umoci unpack the image and looks at what kiwi changes in it.
func checkRoot(t *testing.T, archive, ref string) {
	dir := t.TempDir()
	testtool.Run(t, "skopeo", "copy", "oci-archive:"+archive, "oci:"+dir+"/layout:x")
	testtool.Run(t, "umoci", "unpack", "--image", dir+"/layout:x", dir+"/bundle")
	root := dir + "/bundle/rootfs"
	text, err := os.ReadFile(root + "/etc/securetty")
	if err != nil || !slices.Contains(strings.Split(string(text), "\n"), "console") {
		t.Errorf("securetty is %q, %v", text, err)
	}
	for _, gone := range []string{"/tmp/left", "/image", "/.kconfig"} {
		if _, err := os.Lstat(root + gone); err == nil {
			t.Errorf("%s is in the container", gone)
		}
	}
	want := testtool.Run(t, "stat", "-c", "%a %u:%g", root+"/usr/bin/bash")
	if want != "755 0:0\n" {
		t.Errorf("bash is %s", want)
	}
}

// TestDerived builds a container on another, from an archive and from a registry:
// one layer comes on top, with what is new and nothing else.
func TestDerived(t *testing.T) {
	_, name := buildContainer(t, container(t, `<type image="oci">`+containerType+`</type>`))
	opt := container(t, `<type image="oci" derived_from="file://`+name+`#v1"><containerconfig name="more"><labels><label name="x" value="y"/></labels></containerconfig></type>`)
	files := opt.FS.(fstest.MapFS)
	files["config.xml"].Data = []byte(strings.Replace(string(files["config.xml"].Data), base, `<package name="sed"/>`, 1))
	p, derived := buildContainer(t, opt)
	for _, pkg := range p.Lock.Packages {
		if strings.HasPrefix(pkg.NEVRA, "bash-") {
			t.Error("bash is installed again")
		}
	}
	plain, below := unxz(t, derived), unxz(t, name)
	if got, want := layersOf(t, plain), layersOf(t, below); len(got) != 2 || got[0] != want[0] {
		t.Errorf("layers %v on %v", got, want)
	}
	var got inspected
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--config", "oci-archive:"+plain)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Config.Labels["x"] != "y" || got.Config.Labels["org.example"] != "yes" || got.Config.WorkingDir != "/srv" || len(got.History) != 2 {
		t.Errorf("configuration is %+v", got)
	}
	dir := t.TempDir()
	testtool.Run(t, "skopeo", "copy", "oci-archive:"+plain, "oci:"+dir+"/layout:x")
	testtool.Run(t, "umoci", "unpack", "--image", dir+"/layout:x", dir+"/bundle")
	names := packagesOf(t, dir+"/bundle/rootfs")
	if !strings.Contains(names, "sed\n") || strings.Count(names, "\nbash\n") > 1 || !strings.Contains(names, "bash\n") {
		t.Errorf("packages are %s", names)
	}
	checkHistory(t, dir+"/bundle/rootfs")
	checkSeveral(t, derived, name, below)
}

// checkHistory looks for the transactions of the base before those that came on top.
func checkHistory(t *testing.T, root string) {
	t.Helper()
	names := "SELECT t.trans_id, name FROM trans_item t JOIN rpm r ON r.item_id=t.item_id WHERE name IN ('bash', 'sed')"
	history := filepath.Join(root, dnfstate.DNF4Dir, "history.sqlite")
	if _, err := os.Stat(history); err != nil {
		names = strings.Replace(names, " WHERE", " JOIN pkg_name n ON n.id=r.name_id WHERE", 1)
		history = filepath.Join(root, dnfstate.DNF5Dir, "transaction_history.sqlite")
	}
	found := strings.Fields(testtool.Run(t, "sqlite3", history, names))
	if len(found) != 2 || !strings.HasSuffix(found[0], "|bash") || !strings.HasSuffix(found[1], "|sed") || found[0][:1] >= found[1][:1] {
		t.Errorf("%s has %q", history, found)
	}
}

// checkSeveral builds on two containers: the second is unpacked over the first,
// whose package database it replaces, and the layer comes on top of the second.
func checkSeveral(t *testing.T, first, second, plainSecond string) {
	opt := container(t, `<type image="oci" derived_from="file://`+first+`#latest,file://`+second+`#v1"><containerconfig name="both"/></type>`)
	files := opt.FS.(fstest.MapFS)
	files["config.xml"].Data = []byte(strings.Replace(string(files["config.xml"].Data), base, `<package name="diffutils"/>`, 1))
	p, both := buildContainer(t, opt)
	plain := unxz(t, both)
	if got, want := layersOf(t, plain), layersOf(t, plainSecond); len(p.Bases) != 2 || len(got) != 2 || got[0] != want[0] {
		t.Errorf("bases %v, layers %v on %v", p.Bases, got, want)
	}
	dir := t.TempDir()
	testtool.Run(t, "skopeo", "copy", "oci-archive:"+plain, "oci:"+dir+"/layout:x")
	testtool.Run(t, "umoci", "unpack", "--image", dir+"/layout:x", dir+"/bundle")
	root := dir + "/bundle/rootfs"
	names := packagesOf(t, root)
	if !strings.Contains(names, "diffutils\n") || !strings.Contains(names, "bash\n") || strings.Contains(names, "\nsed\n") {
		t.Errorf("packages are %s", names)
	}
	for _, name := range []string{"sed", "diff", "bash"} {
		if _, err := os.Stat(root + "/usr/bin/" + name); err != nil {
			t.Error(err)
		}
	}
	checkChangedBase(t, first, both)
}

// checkChangedBase has another container under a base's name when the build begins.
func checkChangedBase(t *testing.T, planned, found string) {
	dir := t.TempDir()
	name := filepath.Join(dir, "base.tar.xz")
	testtool.Run(t, "cp", planned, name)
	opt := container(t, `<type image="oci" derived_from="file://`+name+`#latest"><containerconfig name="late"/></type>`)
	p := plan(t, load(t, opt))
	testtool.Run(t, "cp", found, name)
	target := filepath.Join(dir, "out")
	_, err := assembler.Build(t.Context(), p, buildOptions(target))
	if fault.Of(err) != fault.Signature || !strings.Contains(err.Error(), "the plan names") {
		t.Errorf("a changed base: %v", err)
	}
	nothingLeft(t, target)
}

// layersOf are the digests of an archive's layers, the lowest first.
func layersOf(t *testing.T, archive string) (list []string) {
	var manifest struct{ Layers []struct{ Digest string } }
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--raw", "oci-archive:"+archive)), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, l := range manifest.Layers {
		list = append(list, l.Digest)
	}
	return list
}

// packagesOf are the names of the packages in a root.
func packagesOf(t *testing.T, root string) string {
	return testtool.Run(t, "rpm", "--dbpath", rpmdbOf(root), "-qa", "--qf", "%{name}\n")
}

// rpmdbOf is where a root has its package database.
func rpmdbOf(root string) string {
	for _, dir := range []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"} {
		if _, err := os.Stat(root + dir + "/rpmdb.sqlite"); err == nil {
			return root + dir
		}
	}
	return root
}

func TestDocker(t *testing.T) {
	testtool.Long(t)
	testtool.NeedRoot(t)
	p := plan(t, load(t, container(t, `<type image="docker" ensure_empty_tmpdirs="false"><containerconfig name="box" additionalnames=":two,other"/></type>`)))
	r := build(t, p, buildOptions(t.TempDir()))
	name := r.Products[0].Path
	checkPush(t, p, r)
	plain := unxz(t, name)
	var got inspected
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--config", "docker-archive:"+plain)), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Config.Cmd, []string{"/bin/bash"}) || got.Config.Env != nil || got.Author != "Ann <ann@example.org>" {
		t.Errorf("got %+v", got)
	}
	dir := t.TempDir()
	testtool.Run(t, "skopeo", "copy", "docker-archive:"+plain+":box:latest", "oci:"+dir+"/layout:x")
	testtool.Run(t, "umoci", "unpack", "--image", dir+"/layout:x", dir+"/bundle")
	if _, err := os.Stat(dir + "/bundle/rootfs/tmp/left"); err != nil {
		t.Errorf("/tmp was emptied: %v", err)
	}
	for _, ref := range []string{"box:latest", "box:two", "other:latest"} {
		testtool.Run(t, "skopeo", "inspect", "docker-archive:"+plain+":"+ref)
	}
}

func TestArchives(t *testing.T) {
	_, wsl := buildContainer(t, container(t, `<type image="wsl"/>`))
	if filepath.Ext(wsl) != ".wsl" {
		t.Errorf("the file is called %s", wsl)
	}
	_, tbz := buildContainer(t, container(t, `<type image="tbz"/>`))
	for _, program := range []string{"tar", "bsdtar"} {
		names := strings.Split(strings.TrimSpace(testtool.Run(t, program, "-tf", wsl)), "\n")
		for _, n := range names {
			if strings.HasPrefix(n, "./") || strings.HasPrefix(n, "/") || strings.HasPrefix(n, "dev/") || strings.HasPrefix(n, "boot/") {
				t.Errorf("%s: member %s", program, n)
			}
		}
		if !slices.Contains(names, "etc/wsl.conf") || !slices.Contains(names, "etc/wsl-distribution.conf") {
			t.Errorf("%s: the configuration of WSL is missing", program)
		}
		if list := testtool.Run(t, program, "-tf", tbz); !strings.Contains(list, "usr/bin/bash\n") {
			t.Errorf("%s: no bash in the archive", program)
		}
	}
	if head, err := os.ReadFile(wsl); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		t.Errorf("no gzip: %v", err)
	}
}
