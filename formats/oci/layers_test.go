package oci_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"github.com/fimg/fimg/formats/compress"
	"github.com/fimg/fimg/formats/oci"
)

const (
	ociLayer    = "application/vnd.oci.image.layer.v1.tar"
	dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"
)

// retyped reads an image again, with another name for the type of its layers.
func retyped(t *testing.T, i *oci.Image, from, to string) (*oci.Image, error) {
	t.Helper()
	config, manifest, err := i.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(manifest, []byte(`"`+from+`"`)) {
		t.Fatalf("no layer of type %s in %s", from, manifest)
	}
	return oci.Assemble(bytes.ReplaceAll(manifest, []byte(from), []byte(to)), func(digest string) (io.ReadCloser, error) {
		for _, l := range i.Layers {
			if l.Digest == digest {
				return l.Open()
			}
		}
		return io.NopCloser(bytes.NewReader(config)), nil
	})
}

// TestDockerTypes builds on images whose layers have docker's names for their types.
func TestDockerTypes(t *testing.T) {
	content := map[string]string{"usr/bin/a": "a"}
	gzip := build(t, files(content), config, nil)
	zstd, err := oci.Build(t.Context(), files(content), config, oci.Options{TempDir: t.TempDir(), Compression: compress.Zstd})
	if err != nil {
		t.Fatal(err)
	}
	defer zstd.Close()
	plain, err := oci.Open(pack(t, gzip, true, compress.None), "", "aarch64", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for suffix, c := range map[string]struct {
		image *oci.Image
		from  string
	}{"": {plain, ociLayer}, ".gzip": {gzip, ociLayer + "+gzip"}, ".zstd": {zstd, ociLayer + "+zstd"}} {
		base, err := retyped(t, c.image, c.from, dockerLayer+suffix)
		if err != nil {
			t.Errorf("%s: %v", dockerLayer+suffix, err)
			continue
		}
		content["usr/bin/b"] = "b"
		on := build(t, files(content), config, base)
		if on.Layers[0].MediaType != c.from || on.Layers[1].Size > 400 {
			t.Errorf("%s: layers %+v", suffix, on.Layers)
		}
	}
	if _, err := retyped(t, gzip, ociLayer+"+gzip", dockerLayer+".br"); err == nil {
		t.Error("a layer of an unknown type is taken")
	}
}

// Layers that are equal are read and packed once.
func TestEqualLayersPackedOnce(t *testing.T) {
	layer := make([]byte, 1024)
	sum := func(b []byte) string { s := sha256.Sum256(b); return "sha256:" + hex.EncodeToString(s[:]) }
	config := fmt.Appendf(nil, `{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[%q,%q]}}`, sum(layer), sum(layer))
	entry := fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":1024}`, dockerLayer, sum(layer))
	manifest := fmt.Appendf(nil, `{"schemaVersion":2,"config":{"digest":%q,"size":%d},"layers":[%s,%s]}`, sum(config), len(config), entry, entry)
	opened := 0
	i, err := oci.Assemble(manifest, func(digest string) (io.ReadCloser, error) {
		if digest == sum(config) {
			return io.NopCloser(bytes.NewReader(config)), nil
		}
		opened++
		return io.NopCloser(bytes.NewReader(layer)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if err := i.Gzip(t.Context(), t.TempDir(), 2); err != nil {
		t.Fatal(err)
	}
	for _, l := range i.Layers {
		if l.MediaType != ociLayer+"+gzip" || l.Digest != i.Layers[0].Digest || l.DiffID != sum(layer) {
			t.Errorf("layer %+v", l)
		}
	}
	if opened != 1 {
		t.Errorf("the layer was packed %d times", opened)
	}
}
