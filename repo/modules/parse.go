package modules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Set is the modules of one repository or of several merged.
type Set struct {
	Modules  []Module
	Defaults map[string]Default // by module name
}

// Module is one build of a stream.
type Module struct {
	Name, Stream, Context, Arch string
	Version                     uint64
	Requires                    []map[string][]string // alternatives of module name to streams
	Profiles                    map[string][]string   // package names
	Artifacts                   []string              // NEVRAs, always with an epoch
	Demodularized               []string              // names that left the module
}

// NameStream is "name:stream".
func (m *Module) NameStream() string { return m.Name + ":" + m.Stream }

// Default is the default stream of a module and its default profiles.
type Default struct {
	Stream   string // empty when there is none
	Profiles map[string][]string
}

// FormatError says which document of modules.yaml is not what it should be.
type FormatError struct {
	Offset int64 // byte at which the document begins
	Err    error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("parse modules.yaml, document at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

const maxDocuments = 100_000

type documentYAML struct {
	Document string    `yaml:"document"`
	Version  int       `yaml:"version"`
	Data     yaml.Node `yaml:"data"`
}

type moduleYAML struct {
	Name         string    `yaml:"name"`
	Stream       yaml.Node `yaml:"stream"`
	Version      uint64    `yaml:"version"`
	Context      string    `yaml:"context"`
	Arch         string    `yaml:"arch"`
	Dependencies yaml.Node `yaml:"dependencies"`
	Profiles     map[string]struct {
		RPMs []string `yaml:"rpms"`
	} `yaml:"profiles"`
	Artifacts struct {
		RPMs []string `yaml:"rpms"`
	} `yaml:"artifacts"`
	Demodularized struct {
		RPMs []string `yaml:"rpms"`
	} `yaml:"demodularized"`
}

type defaultYAML struct {
	Module   string              `yaml:"module"`
	Stream   yaml.Node           `yaml:"stream"`
	Profiles map[string][]string `yaml:"profiles"`
}

// Parse reads modules.yaml.
func Parse(text []byte) (*Set, error) {
	s := &Set{Defaults: map[string]Default{}}
	n := 0
	for offset, part := range documents(text) {
		if n++; n > maxDocuments {
			return nil, &FormatError{int64(offset), errors.New("too many documents")}
		}
		if err := s.document(part); err != nil {
			return nil, &FormatError{int64(offset), err}
		}
	}
	return s, nil
}

// documents cuts a stream at its "---" lines, so that an error has a place and
// one document's anchors do not reach into the next.
func documents(text []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		start := 0
		for pos := 0; pos < len(text); {
			end := len(text)
			if i := bytes.IndexByte(text[pos:], '\n'); i >= 0 {
				end = pos + i + 1
			}
			if pos > start && bytes.HasPrefix(text[pos:end], []byte("---")) {
				if !yield(start, text[start:pos]) {
					return
				}
				start = pos
			}
			pos = end
		}
		if len(bytes.TrimSpace(text[start:])) > 0 {
			yield(start, text[start:])
		}
	}
}

func (s *Set) document(text []byte) error {
	var d documentYAML
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&d); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	switch d.Document {
	case "modulemd":
		return s.module(&d)
	case "modulemd-defaults":
		return s.defaults(&d)
	}
	return nil
}

func (s *Set) module(d *documentYAML) error {
	var m moduleYAML
	if err := d.Data.Decode(&m); err != nil {
		return err
	}
	out := Module{
		Name: m.Name, Stream: m.Stream.Value, Context: m.Context, Arch: m.Arch, Version: m.Version,
		Profiles: map[string][]string{}, Demodularized: m.Demodularized.RPMs,
	}
	if out.Name == "" || out.Stream == "" {
		return nil // a document that a build system has not finished
	}
	for name, p := range m.Profiles {
		out.Profiles[name] = p.RPMs
	}
	for _, a := range m.Artifacts.RPMs {
		nevra, ok := withEpoch(a)
		if !ok {
			return fmt.Errorf("artifact %q of module %s is not a package", a, out.NameStream())
		}
		out.Artifacts = append(out.Artifacts, nevra)
	}
	var err error
	if out.Requires, err = requires(d.Version, &m.Dependencies); err != nil {
		return fmt.Errorf("module %s: %w", out.NameStream(), err)
	}
	s.Modules = append(s.Modules, out)
	return nil
}

// requires reads the run time dependencies: version 1 maps names to one stream,
// version 2 lists alternatives of names to streams.
func requires(version int, node *yaml.Node) ([]map[string][]string, error) {
	if node.IsZero() {
		return nil, nil
	}
	if version < 2 {
		var v1 struct {
			Requires map[string]string `yaml:"requires"`
		}
		err := node.Decode(&v1)
		out := map[string][]string{}
		for name, stream := range v1.Requires {
			out[name] = []string{stream}
		}
		return []map[string][]string{out}, err
	}
	var v2 []struct {
		Requires map[string][]string `yaml:"requires"`
	}
	err := node.Decode(&v2)
	var out []map[string][]string
	for _, d := range v2 {
		out = append(out, d.Requires)
	}
	return out, err
}

func (s *Set) defaults(d *documentYAML) error {
	var m defaultYAML
	if err := d.Data.Decode(&m); err != nil {
		return err
	}
	if m.Module == "" {
		return errors.New("defaults of a module without a name")
	}
	s.addDefault(m.Module, Default{m.Stream.Value, m.Profiles})
	return nil
}

// addDefault merges; two different default streams cancel each other out.
func (s *Set) addDefault(name string, d Default) {
	have, ok := s.Defaults[name]
	if !ok {
		s.Defaults[name] = d
		return
	}
	merged := Default{Stream: have.Stream, Profiles: map[string][]string{}}
	switch {
	case have.Stream == "":
		merged.Stream = d.Stream
	case d.Stream != "" && d.Stream != have.Stream:
		merged.Stream = ""
	}
	for _, from := range []map[string][]string{d.Profiles, have.Profiles} {
		for stream, profiles := range from {
			merged.Profiles[stream] = profiles
		}
	}
	s.Defaults[name] = merged
}

// Merge adds the modules of another repository.
func (s *Set) Merge(other *Set) {
	s.Modules = append(s.Modules, other.Modules...)
	if s.Defaults == nil {
		s.Defaults = map[string]Default{}
	}
	for name, d := range other.Defaults {
		s.addDefault(name, d)
	}
}

// withEpoch checks the form name-[epoch:]version-release.arch and adds an epoch
// of zero where there is none.
func withEpoch(nevra string) (string, bool) {
	release := strings.LastIndexByte(nevra, '-')
	if release <= 0 || strings.LastIndexByte(nevra[release:], '.') < 0 {
		return "", false
	}
	version := strings.LastIndexByte(nevra[:release], '-')
	if version <= 0 {
		return "", false
	}
	epoch, _, found := strings.Cut(nevra[version+1:release], ":")
	if !found {
		return nevra[:version+1] + "0:" + nevra[version+1:], true
	}
	_, err := strconv.ParseUint(epoch, 10, 32)
	return nevra, err == nil
}
