package oci

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// maxDepth is how deep indexes may be nested.
const maxDepth = 4

// fromIndex finds the manifest that is meant and reads the image.
func fromIndex(index manifest, ref, arch string, blob func(descriptor) Blob) (*Image, error) {
	for range maxDepth {
		d, err := choose(index.Manifests, ref, arch)
		if err != nil {
			return nil, err
		}
		var m manifest
		if err := blob(d).decode(&m); err != nil {
			return nil, err
		}
		if len(m.Manifests) == 0 {
			return fromManifest(m, blob)
		}
		index, ref = m, ""
	}
	return nil, fmt.Errorf("indexes are nested too deeply")
}

func choose(list []descriptor, ref, arch string) (descriptor, error) {
	want := platforms[arch]
	fits := slices.DeleteFunc(slices.Clone(list), func(d descriptor) bool {
		if p := d.Platform; p != nil && (p.OS != "linux" || p.Architecture != want[0]) {
			return true
		}
		name := d.Annotations[refAnnotation]
		return ref != "" && name != "" && name != ref && !strings.HasSuffix(name, ":"+ref) && !strings.HasSuffix(ref, ":"+name)
	})
	if len(fits) == 0 {
		return descriptor{}, &NotFoundError{ref, arch}
	}
	for _, d := range fits {
		if ref != "" && d.Annotations[refAnnotation] == ref {
			return d, nil
		}
	}
	return fits[0], nil
}

func fromManifest(m manifest, blob func(descriptor) Blob) (*Image, error) {
	if m.Config == nil {
		return nil, fmt.Errorf("the manifest has no configuration")
	}
	i := &Image{}
	if err := blob(*m.Config).decode(&i.config); err != nil {
		return nil, err
	}
	if len(m.Layers) != len(i.config.RootFS.DiffIDs) {
		return nil, fmt.Errorf("%d layers but %d diff ids", len(m.Layers), len(i.config.RootFS.DiffIDs))
	}
	for n, d := range m.Layers {
		kind, err := layerType(d.MediaType)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(checkDigest(d.Digest), checkDigest(i.config.RootFS.DiffIDs[n])); err != nil {
			return nil, err
		}
		i.Layers = append(i.Layers, Layer{Blob: blob(d), MediaType: kind, DiffID: i.config.RootFS.DiffIDs[n]})
	}
	return i, nil
}

// layerType translates a layer's media type to OCI's.
func layerType(t string) (string, error) {
	switch t {
	case typeLayer, typeLayerGzip, typeLayerZstd:
		return t, nil
	case dockerLayer:
		return typeLayer, nil
	case dockerLayerGzip:
		return typeLayerGzip, nil
	case dockerLayerZstd:
		return typeLayerZstd, nil
	}
	return "", fmt.Errorf("layers of type %q are not supported", t)
}

// readDocker reads a docker archive.
func readDocker(s store, ref string) (*Image, error) {
	raw, err := small(s, "manifest.json")
	if err != nil {
		return nil, err
	}
	var list []dockerEntry
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read manifest.json: %w", err)
	}
	for _, e := range list {
		if ref == "" || slices.ContainsFunc(e.RepoTags, func(tag string) bool { return tag == ref || strings.HasSuffix(tag, ":"+ref) }) {
			return readDockerEntry(s, e)
		}
	}
	return nil, &NotFoundError{Reference: ref}
}

func readDockerEntry(s store, e dockerEntry) (*Image, error) {
	raw, err := small(s, e.Config)
	if err != nil {
		return nil, err
	}
	i := &Image{}
	if err := json.Unmarshal(raw, &i.config); err != nil {
		return nil, fmt.Errorf("read %s: %w", e.Config, err)
	}
	ids := i.config.RootFS.DiffIDs
	if len(e.Layers) != len(ids) {
		return nil, fmt.Errorf("%d layers but %d diff ids", len(e.Layers), len(ids))
	}
	files := &layerFiles{store: s, left: maxUnpacked, known: map[string]Blob{}}
	for n, name := range e.Layers {
		if err := checkDigest(ids[n]); err != nil {
			return nil, err
		}
		blob, err := files.blob(name)
		if err != nil {
			return nil, fmt.Errorf("read layer %s: %w", name, err)
		}
		blob.Digest = ids[n]
		i.Layers = append(i.Layers, Layer{Blob: blob, MediaType: typeLayer, DiffID: ids[n]})
	}
	return i, nil
}
