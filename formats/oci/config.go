// Package oci makes container images of root trees (OCI image specification 1.1
// and the archives of "docker save") and reads those that others build on: OCI
// layouts and archives, docker archives, and registries (OCI distribution
// specification 1.1). Only images of one platform with tar layers are known.
package oci

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config is what a description says of a container, as kiwi's containerconfig.
type Config struct {
	Name string // empty means "kiwi-container"
	Tag  string // empty means "latest"
	// AdditionalNames are further references, for docker archives only:
	// ":tag" is NAME:tag, "name" is name:TAG, "name:tag" is taken as it is.
	AdditionalNames []string

	Author     string // maintainer, else "author <contact>" of the description
	User       string
	WorkingDir string
	StopSignal string
	// Entrypoint and Cmd are nil when the description says nothing and empty
	// when it clears them. With neither and no base image, Cmd is /bin/bash.
	Entrypoint []string
	Cmd        []string
	Env        map[string]string // exactly what is listed; no PATH is added
	Labels     map[string]string
	Ports      []string // "80/tcp", "53/udp", "8080"
	Volumes    []string

	// CreatedBy, HistoryAuthor and Comment are those of the layer's history.
	CreatedBy     string // empty means "fimg"
	HistoryAuthor string // empty means Author
	Comment       string

	Arch    string    // of the target, as rpm names it
	Created time.Time // SOURCE_DATE_EPOCH
}

// Reference is NAME:TAG.
func (c Config) Reference() string { return c.name() + ":" + c.tag() }

func (c Config) name() string { return or(c.Name, "kiwi-container") }
func (c Config) tag() string  { return or(c.Tag, "latest") }

// References are all names a docker archive gives the image.
func (c Config) References() []string {
	refs := []string{c.Reference()}
	for _, n := range c.AdditionalNames {
		name, tag, found := strings.Cut(n, ":")
		switch {
		case n == "":
			continue
		case !found:
			tag = c.tag()
		case name == "":
			name = c.name()
		}
		if ref := name + ":" + tag; !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// imageConfig is the image configuration (image specification, "Image
// Configuration").
type imageConfig struct {
	Created      string     `json:"created,omitempty"`
	Author       string     `json:"author,omitempty"`
	Architecture string     `json:"architecture"`
	Variant      string     `json:"variant,omitempty"`
	OS           string     `json:"os"`
	Config       execution  `json:"config"`
	RootFS       rootFS     `json:"rootfs"`
	History      []*history `json:"history,omitempty"`
}

type execution struct {
	User         string              `json:"User,omitempty"`
	ExposedPorts map[string]struct{} `json:"ExposedPorts,omitempty"`
	Env          []string            `json:"Env,omitempty"`
	Entrypoint   []string            `json:"Entrypoint,omitempty"`
	Cmd          []string            `json:"Cmd,omitempty"`
	Volumes      map[string]struct{} `json:"Volumes,omitempty"`
	WorkingDir   string              `json:"WorkingDir,omitempty"`
	Labels       map[string]string   `json:"Labels,omitempty"`
	StopSignal   string              `json:"StopSignal,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	Created    string `json:"created,omitempty"`
	CreatedBy  string `json:"created_by,omitempty"`
	Author     string `json:"author,omitempty"`
	Comment    string `json:"comment,omitempty"`
	EmptyLayer bool   `json:"empty_layer,omitempty"`
}

// platforms maps rpm's architectures to those of Go, which images use.
var platforms = map[string][2]string{
	"x86_64": {"amd64"}, "i386": {"386"}, "i586": {"386"}, "i686": {"386"}, "aarch64": {"arm64"},
	"armv7l": {"arm", "v7"}, "armv7hl": {"arm", "v7"}, "armv6l": {"arm", "v6"}, "armv6hl": {"arm", "v6"},
	"ppc64": {"ppc64"}, "ppc64le": {"ppc64le"}, "s390x": {"s390x"}, "riscv64": {"riscv64"}, "loongarch64": {"loong64"},
}

// apply lays the description's words over a configuration.
func (c Config) apply(i *imageConfig, derived bool) error {
	platform, known := platforms[c.Arch]
	if !known {
		return fmt.Errorf("architecture %q has no name for container images", c.Arch)
	}
	created := c.created()
	i.Created, i.OS = created, "linux"
	i.Architecture, i.Variant = platform[0], platform[1]
	i.Author = or(c.Author, i.Author)
	c.execution(&i.Config, derived)
	i.History = append(i.History, &history{Created: created, CreatedBy: or(c.CreatedBy, "fimg"),
		Author: or(c.HistoryAuthor, c.Author), Comment: c.Comment})
	return nil
}

func (c Config) created() string { return c.Created.UTC().Truncate(time.Second).Format(time.RFC3339) }

func (c Config) execution(e *execution, derived bool) {
	e.User = or(c.User, e.User)
	e.WorkingDir = or(c.WorkingDir, e.WorkingDir)
	e.StopSignal = or(c.StopSignal, e.StopSignal)
	switch {
	case c.Entrypoint != nil || c.Cmd != nil:
		c.command(e)
	case !derived:
		e.Cmd = []string{"/bin/bash"}
	}
	e.Env = mergeEnv(e.Env, c.Env)
	e.Labels = merge(e.Labels, c.Labels)
	e.ExposedPorts = addKeys(e.ExposedPorts, c.Ports)
	e.Volumes = addKeys(e.Volumes, c.Volumes)
}

// command sets what is given. A new entry point drops the command of a base
// image, whose arguments would make no sense to it, unless one is given too.
func (c Config) command(e *execution) {
	if c.Entrypoint != nil {
		e.Entrypoint, e.Cmd = c.Entrypoint, nil
	}
	if c.Cmd != nil {
		e.Cmd = c.Cmd
	}
}
