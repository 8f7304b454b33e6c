// Package manifest writes what accompanies an image: the list of results
// (kiwi.result.json), packages, changes, verification, a software bill of
// materials, the lock, and the names of a bundle. The forms are those of kiwi-ng
// 10 where kiwi has one; SPDX 2.3 for the bill of materials.
package manifest

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
)

// Role names what a result file is, as kiwi's result files do.
type Role string

// The roles fimg produces.
const (
	DiskImage       Role = "disk_image"
	DiskFormat      Role = "disk_format_image"
	MachineSettings Role = "disk_format_machine_settings"
	Container       Role = "container"
	RootArchive     Role = "root_archive"
	FilesystemImage Role = "filesystem_image"
	ImagePackages   Role = "image_packages"
	ImageChanges    Role = "image_changes"
	ImageVerified   Role = "image_verified"
	ImageSBOM       Role = "image_sbom"
)

// File is one result.
type File struct {
	Role     Role   `json:"-"`
	Compress bool   `json:"compress"`       // by xz when bundled
	Filename string `json:"filename"`       // absolute path
	Checksum bool   `json:"shasum"`         // gets a checksum file when bundled
	Bundle   bool   `json:"use_for_bundle"` // belongs to the bundle
}

// Tags are the replacements of a bundle name pattern.
type Tags struct {
	Name     string   `json:"N"`
	Profiles []string `json:"P"`
	Arch     string   `json:"A"`
	Type     string   `json:"T"`
	Version  string   `json:"v"`
}

// Results are all files of a build in the order they were made.
type Results struct {
	Files  []File
	Format string // bundle name pattern of the description; may be empty
	Tags   Tags
}

// Add appends a result.
func (r *Results) Add(f File) { r.Files = append(r.Files, f) }

// WriteJSON writes kiwi.result.json: one object keyed by role, sorted, indented
// by four blanks. Where a role has several files (formats asked for beside the
// description's) the further ones get the file's suffix added to their key.
func (r *Results) WriteJSON(w io.Writer) error {
	object := map[string]any{}
	for _, f := range r.Files {
		key := string(f.Role)
		if _, taken := object[key]; taken {
			key += "_" + filepath.Base(f.Filename)
		}
		object[key] = f
	}
	if r.Format != "" {
		object["bundle_format"] = map[string]any{"pattern": r.Format, "tags": r.Tags.object("")}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "    ")
	if err := enc.Encode(object); err != nil {
		return fmt.Errorf("write result list: %w", err)
	}
	return nil
}

// WriteTags writes what names a bundle, for a later Bundle of the same target
// directory: kiwi.result.json says it only where the description has a pattern.
func (r *Results) WriteTags(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "    ")
	if err := enc.Encode(&r.Tags); err != nil {
		return fmt.Errorf("write name tags: %w", err)
	}
	return nil
}

// ReadTags reads what WriteTags wrote.
func (r *Results) ReadTags(in io.Reader) error {
	var tags Tags
	if err := json.NewDecoder(io.LimitReader(in, resultLimit)).Decode(&tags); err != nil {
		return fmt.Errorf("read name tags: %w", err)
	}
	r.Tags = tags
	return nil
}

// resultLimit is the largest result list that is read, in bytes.
const resultLimit = 1 << 20

// ReadJSON reads kiwi.result.json, fimg's or kiwi's.
func ReadJSON(in io.Reader) (*Results, error) {
	var object map[string]json.RawMessage
	if err := json.NewDecoder(io.LimitReader(in, resultLimit)).Decode(&object); err != nil {
		return nil, fmt.Errorf("read result list: %w", err)
	}
	r := &Results{}
	for key, raw := range object {
		if key == "bundle_format" {
			if err := r.readFormat(raw); err != nil {
				return nil, err
			}
			continue
		}
		f := File{Role: Role(key)}
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, fmt.Errorf("read result list: %s: %w", key, err)
		}
		r.Add(f)
	}
	slices.SortFunc(r.Files, func(a, b File) int {
		if a.Role < b.Role {
			return -1
		}
		return 1
	})
	return r, nil
}

func (r *Results) readFormat(raw json.RawMessage) error {
	var v struct {
		Pattern string            `json:"pattern"`
		Tags    map[string]string `json:"tags"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("read result list: bundle_format: %w", err)
	}
	r.Format = v.Pattern
	r.Tags = Tags{Name: v.Tags["N"], Profiles: splitProfiles(v.Tags["P"]), Arch: v.Tags["A"], Type: v.Tags["T"], Version: v.Tags["v"]}
	return nil
}

func splitProfiles(p string) []string {
	if p == "" {
		return nil
	}
	return []string{p} // already joined by underscores
}
