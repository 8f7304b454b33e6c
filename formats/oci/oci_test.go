package oci_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree"
)

var when = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// files makes a tree of files with their content.
func files(content map[string]string) *tree.Mem {
	m := tree.NewMem()
	for p, text := range content {
		m.MkdirAll(filepath.Dir(p))
		m.Add(tree.Node{Path: p, Mode: tree.TypeFile | 0o644, MTime: when}, []byte(text))
	}
	return m
}

var config = oci.Config{
	Name: "fedora", Tag: "42", AdditionalNames: []string{":latest", "other", "third:one"},
	Author: "A <a@example.org>", User: "0", WorkingDir: "/root", StopSignal: "SIGTERM",
	Entrypoint: []string{"/bin/sh", "-c"}, Cmd: []string{"true"},
	Env: map[string]string{"PATH": "/bin", "A": "b"}, Labels: map[string]string{"name": "fedora"},
	Ports: []string{"80", "53/udp"}, Volumes: []string{"/var/log"},
	Comment: "made", Arch: "aarch64", Created: when,
}

func build(t *testing.T, m tree.Tree, c oci.Config, base *oci.Image) *oci.Image {
	t.Helper()
	i, err := oci.Build(t.Context(), m, c, oci.Options{Base: base, TempDir: t.TempDir(), Workers: 2,
		Exclude: oci.DefaultExclude(false)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// pack writes an image as an archive and returns the path.
func pack(t *testing.T, i *oci.Image, docker bool, a compress.Algorithm) string {
	t.Helper()
	var out bytes.Buffer
	write := i.WriteArchive
	if docker {
		write = i.WriteDocker
	}
	if err := write(t.Context(), &out, oci.ArchiveOptions{Compression: a, Time: when}); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// inspect is what "skopeo inspect --config" says.
type inspect struct {
	Created      time.Time
	Author       string
	Architecture string
	Config       map[string]any
	RootFS       struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []map[string]any
}

func skopeo(t *testing.T, ref string) inspect {
	t.Helper()
	var got inspect
	if err := json.Unmarshal([]byte(testtool.Run(t, "skopeo", "inspect", "--config", ref)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSkopeoReadsBoth(t *testing.T) {
	m := files(map[string]string{"usr/bin/x": "x", "run/gone": "", "image/gone": "", "etc/os-release": "ID=fedora\n"})
	i := build(t, m, config, nil)
	for _, ref := range []string{
		"oci-archive:" + pack(t, i, false, compress.None) + ":fedora:42",
		"docker-archive:" + pack(t, i, true, compress.None) + ":fedora:latest",
		"docker-archive:" + pack(t, i, true, compress.None) + ":other:42",
	} {
		got := skopeo(t, ref)
		if got.Architecture != "arm64" || got.Author != config.Author || !got.Created.Equal(when) {
			t.Errorf("%s: %+v", ref, got)
		}
		want := map[string]any{
			"User": "0", "WorkingDir": "/root", "StopSignal": "SIGTERM",
			"Entrypoint": []any{"/bin/sh", "-c"}, "Cmd": []any{"true"}, "Env": []any{"A=b", "PATH=/bin"},
			"Labels": map[string]any{"name": "fedora"}, "Volumes": map[string]any{"/var/log": map[string]any{}},
			"ExposedPorts": map[string]any{"80": map[string]any{}, "53/udp": map[string]any{}},
		}
		a, _ := json.Marshal(got.Config)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: configuration %s, want %s", ref, a, b)
		}
		if len(got.RootFS.DiffIDs) != 1 || len(got.History) != 1 || got.History[0]["comment"] != "made" {
			t.Errorf("%s: %v, %v", ref, got.RootFS, got.History)
		}
		testtool.Run(t, "skopeo", "copy", "-q", "--override-arch", "arm64", ref, "dir:"+t.TempDir())
	}
}

func TestUmociUnpacks(t *testing.T) {
	testtool.NeedRoot(t)
	i := build(t, files(map[string]string{"usr/bin/x": "x", "run/gone": ""}), config, nil)
	dir := t.TempDir()
	layout := filepath.Join(dir, "layout")
	i.Reference = "tag"
	if err := i.WriteLayout(t.Context(), layout); err != nil {
		t.Fatal(err)
	}
	testtool.Run(t, "umoci", "unpack", "--image", layout+":tag", filepath.Join(dir, "bundle"))
	if got, err := os.ReadFile(filepath.Join(dir, "bundle/rootfs/usr/bin/x")); string(got) != "x" {
		t.Errorf("x is %q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "bundle/rootfs/run/gone")); err == nil {
		t.Error("the content of /run is in the image")
	}
}

func TestDerived(t *testing.T) {
	testtool.NeedRoot(t)
	before := map[string]string{"usr/bin/kept": "same", "usr/bin/changed": "old", "usr/share/gone/a": "", "usr/share/gone/b": "", "opt/dir/file": ""}
	after := map[string]string{"usr/bin/kept": "same", "usr/bin/changed": "new", "etc/added": "", "opt/dir": "now a file"}
	for _, docker := range []bool{false, true} {
		first := pack(t, build(t, files(before), config, nil), docker, compress.Gzip)
		base, err := oci.Open(first, "fedora:42", "aarch64", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer base.Close()
		c := oci.Config{Name: "derived", Tag: "1", Arch: "aarch64", Created: when, Env: map[string]string{"A": "c"}}
		i := build(t, files(after), c, base)
		i.Reference = "tag"
		dir := t.TempDir()
		if err := i.WriteLayout(t.Context(), filepath.Join(dir, "layout")); err != nil {
			t.Fatal(err)
		}
		got := skopeo(t, "oci:"+filepath.Join(dir, "layout")+":tag")
		if len(got.RootFS.DiffIDs) != 2 || len(got.History) != 2 {
			t.Errorf("%d layers, %d steps of history", len(got.RootFS.DiffIDs), len(got.History))
		}
		if env := got.Config["Env"].([]any); len(env) != 2 || env[0] != "A=c" || env[1] != "PATH=/bin" {
			t.Errorf("environment %v", env)
		}
		testtool.Run(t, "umoci", "unpack", "--image", filepath.Join(dir, "layout")+":tag", filepath.Join(dir, "bundle"))
		root := filepath.Join(dir, "bundle/rootfs")
		list := strings.Fields(testtool.Run(t, "find", root, "-type", "f", "-printf", "%P\n"))
		slices.Sort(list)
		if want := []string{"etc/added", "opt/dir", "usr/bin/changed", "usr/bin/kept"}; !slices.Equal(list, want) {
			t.Errorf("files %q, want %q", list, want)
		}
		layer := i.Layers[1]
		if layer.Size > 600 {
			t.Errorf("the layer on top has %d bytes: more than the difference", layer.Size)
		}
	}
}

func TestTamperedBase(t *testing.T) {
	first := pack(t, build(t, files(map[string]string{"a": "content"}), config, nil), false, compress.None)
	raw, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw, []byte{0x1f, 0x8b})
	raw[at+20] ^= 1
	if err := os.WriteFile(first, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	base, err := oci.Open(first, "", "aarch64", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	if _, err := oci.Build(t.Context(), files(nil), config, oci.Options{Base: base, TempDir: t.TempDir()}); err == nil {
		t.Error("a changed layer is taken")
	}
}

func TestSameBits(t *testing.T) {
	m := files(map[string]string{"a": strings.Repeat("content", 200_000), "b/c": "d"})
	a, err := os.ReadFile(pack(t, build(t, m, config, nil), false, compress.XZ))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(pack(t, build(t, m, config, nil), false, compress.XZ))
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("two archives differ (%v)", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("not an archive"))
	i, err := oci.Build(f.Context(), files(map[string]string{"a": "b"}), config, oci.Options{TempDir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	for _, write := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return i.WriteArchive(f.Context(), b, oci.ArchiveOptions{Time: when}) },
		func(b *bytes.Buffer) error { return i.WriteDocker(f.Context(), b, oci.ArchiveOptions{Time: when}) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		name := filepath.Join(t.TempDir(), "image")
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		base, err := oci.Open(name, "", "aarch64", t.TempDir())
		if err != nil {
			return
		}
		defer base.Close()
		if i, err := oci.Build(t.Context(), files(nil), config, oci.Options{Base: base, TempDir: t.TempDir()}); err == nil {
			i.Close()
		}
	})
}
