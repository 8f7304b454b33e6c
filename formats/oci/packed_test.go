package oci_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/oci"
	"github.com/fimg/fimg/internal/testtool"
)

// repacked writes a docker archive again, its layers changed.
func repacked(t *testing.T, name string, change func([]byte) []byte) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(bytes.NewReader(raw)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, ".tar") {
			content = change(content)
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), "repacked.tar")
	if err := os.WriteFile(name, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// pipe runs a packer.
func pipe(t *testing.T, tool string) func([]byte) []byte {
	t.Helper()
	testtool.Need(t, tool)
	return func(raw []byte) []byte {
		cmd := exec.Command(tool, "-c")
		cmd.Stdin = bytes.NewReader(raw)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// TestPackedDockerLayers builds on docker archives whose layers are packed, as
// skopeo reads them.
func TestPackedDockerLayers(t *testing.T) {
	content := map[string]string{"usr/bin/a": strings.Repeat("a", 100_000)}
	first := build(t, files(content), config, nil)
	archive := pack(t, first, true, compress.None)
	content["usr/bin/b"] = "b"
	for _, tool := range []string{"gzip", "zstd", "xz", "bzip2"} {
		name := repacked(t, archive, pipe(t, tool))
		base, err := oci.Open(name, "fedora:42", "aarch64", t.TempDir())
		if err != nil {
			t.Errorf("%s: %v", tool, err)
			continue
		}
		defer base.Close()
		on := build(t, files(content), config, base)
		if l := on.Layers[0]; l.MediaType != ociLayer || l.Digest != first.Layers[0].DiffID || l.Size < 100_000 || on.Layers[1].Size > 400 {
			t.Errorf("%s: layers %+v", tool, on.Layers)
		}
		layout := filepath.Join(t.TempDir(), "layout")
		testtool.Run(t, "skopeo", "copy", "-q", "--override-arch", "arm64", "docker-archive:"+name+":fedora:42", "oci:"+layout+":x")
		if got := skopeo(t, "oci:"+layout+":x").RootFS.DiffIDs; len(got) != 1 || got[0] != on.Layers[0].DiffID {
			t.Errorf("%s: skopeo sees layers %q", tool, got)
		}
		testtool.Run(t, "skopeo", "inspect", "--config", "oci-archive:"+pack(t, on, false, compress.None))
	}
}

// TestBadPackedLayers refuses packed layers that end early or hold something else.
func TestBadPackedLayers(t *testing.T) {
	archive := pack(t, build(t, files(map[string]string{"a": "a"}), config, nil), true, compress.None)
	gzip := pipe(t, "gzip")
	for name, change := range map[string]func([]byte) []byte{
		"cut":     func(raw []byte) []byte { return gzip(raw)[:50] },
		"garbage": func(raw []byte) []byte { return append(gzip(raw), "garbage"...) },
		"other":   func(raw []byte) []byte { return gzip(bytes.ReplaceAll(raw, []byte("a"), []byte("b"))) },
		"more":    func(raw []byte) []byte { return gzip(append(raw, 0)) },
		"twice":   func(raw []byte) []byte { return gzip(gzip(raw)) },
	} {
		base, err := oci.Open(repacked(t, archive, change), "", "aarch64", t.TempDir())
		if err != nil {
			continue
		}
		defer base.Close()
		if _, err := oci.Build(t.Context(), files(nil), config, oci.Options{Base: base, TempDir: t.TempDir()}); err == nil {
			t.Errorf("%s: the layer is taken", name)
		}
	}
}
