// Package description understands kiwi image descriptions as kiwi-ng 10 does:
// schema versions 7.4 to 8.5, includes, schema upgrade, validation, and the
// selection of one image by profiles, architecture and build type. The result is
// an Image: plain values, all choices made, each with the file and line it came
// from. What kiwi reads is read, also what fimg does not build; a build refuses
// that by name.
//
// The format is kiwi's: https://osinside.github.io/kiwi/image_description.html
// and its RELAX NG schema of version 8.5. Only the XML form is read; YAML, JSON,
// TOML and INI (an optional module of kiwi) are not, and a vendor's <extension>
// block is accepted without looking inside.
package description

import (
	"io/fs"
	"strconv"
)

// Image is one selected image: a description after includes, upgrade and
// validation, reduced to what the chosen profiles, architecture and type make
// active. It marshals to deterministic JSON and holds no path of the machine
// except in repositories and keys that the description itself keeps locally.
type Image struct {
	Name          string `json:"name"`         // image/@name
	DisplayName   string `json:"display_name"` // image/@displayname, else empty
	ID            string `json:"id,omitempty"` // image/@id, for /etc/ImageID
	SchemaVersion string `json:"schema_version"`
	Arch          string `json:"arch"`    // machine name, as given
	File          string `json:"file"`    // main file, relative to the directory
	About         About  `json:"about"`   // the <description> element
	Version       string `json:"version"` // first active <version>
	Type          Type   `json:"type"`    // the selected <type>
	Types         []Kind `json:"types"`   // all active types, document order
	Source        Source `json:"source"`  // of the selected <type>
	Notes         []Note `json:"notes"`   // oddities worth telling

	// Profiles in kiwi's order: requested, its requirements, next requested…
	Profiles []string `json:"profiles"`

	Preferences  Preferences   `json:"preferences"`
	Packages     Packages      `json:"packages"`
	Repositories []Repository  `json:"repositories"` // active ones, document order
	SigningKeys  []string      `json:"signing_keys"` // of all repositories, unique
	Users        []User        `json:"users"`        // one entry per name
	Drivers      []string      `json:"drivers"`      // document order
	Strip        Strip         `json:"strip"`
	Containers   []Containers  `json:"containers"`   // images to load into the image
	Certificates *Certificates `json:"certificates"` // CA certificates, nil when none
	Scripts      []Script      `json:"scripts"`      // the standard scripts that exist
	Overlays     []Overlay     `json:"overlays"`     // in the order they are applied

	// Environment is the content of /.profile, sorted by name; see ProfileText.
	Environment []Variable `json:"environment"`

	state *state // what the image was made from, for WriteXML

	// Files is the description directory: scripts, overlays, archives and files
	// named by relative paths are opened here.
	Files fs.FS `json:"-"`
	// Dir is the description directory's path; empty when Options.FS was used.
	Dir string `json:"-"`
}

// About is the <description> element of the main file.
type About struct {
	Type          string   `json:"type"` // system or boot
	Author        string   `json:"author"`
	Contact       []string `json:"contact"`
	Specification string   `json:"specification"` // leading and trailing blanks removed
	License       string   `json:"license,omitempty"`
}

// Source tells where a value was written and what made it active.
type Source struct {
	File    string `json:"file,omitempty"`    // relative to the description directory where below it
	Line    int    `json:"line,omitempty"`    // from 1; 0 for values that were not written
	Profile string `json:"profile,omitempty"` // the first selected profile that made it active; empty: always active
}

// String returns file:line, or "default" for a value nobody wrote.
func (s Source) String() string {
	if s.Line == 0 {
		if s.File != "" {
			return s.File
		}
		return "default"
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}

// Note is something a person should know although the description is valid.
type Note struct {
	Text   string `json:"text"`
	Source Source `json:"source"`
}

// Kind is one active <type>, to list what could be selected.
type Kind struct {
	Image   string `json:"image"`
	Format  string `json:"format,omitempty"`
	Primary bool   `json:"primary,omitempty"`
	Source  Source `json:"source"`
}

// Preferences holds the preference values, each chosen by kiwi's own rule.
type Preferences struct {
	PackageManager   string   `json:"package_manager"`        // first; default dnf4
	ReleaseVersion   string   `json:"release_version"`        // first; "0" when none is written (Sources tells)
	LastVersion      string   `json:"last_version"`           // last, as kiwi_iversion has it
	Locale           string   `json:"locale,omitempty"`       // last, as applied to the tree: comma list without .UTF-8
	LocaleFirst      string   `json:"locale_first,omitempty"` // first, for rpm's _install_langs
	Keytable         string   `json:"keytable,omitempty"`     // last
	Timezone         string   `json:"timezone,omitempty"`     // last
	KeytableFirst    string   `json:"keytable_first,omitempty"`
	TimezoneFirst    string   `json:"timezone_first,omitempty"`
	LocaleFiltering  bool     `json:"rpm_locale_filtering"`        // first section that has it
	ExcludeDocs      bool     `json:"rpm_excludedocs"`             // first
	CheckSignatures  bool     `json:"rpm_check_signatures"`        // first
	ShowLicense      []string `json:"showlicense,omitempty"`       // of the last section
	BootsplashThemes []string `json:"bootsplash_themes,omitempty"` // every section in turn
	BootloaderTheme  string   `json:"bootloader_theme,omitempty"`  // last

	// Sources maps a JSON name above to where its value was written.
	Sources map[string]Source `json:"sources,omitempty"`
}

// User is one account; entries of the same name are joined as kiwi joins them
// (first entry's attributes, all groups).
type User struct {
	Name     string   `json:"name"`
	Password string   `json:"password"`
	Format   string   `json:"pwdformat"` // encrypted (default) or plain
	UID      Number   `json:"id,omitzero"`
	Groups   []string `json:"groups"` // "name" or "name:gid"; the first is the login group
	RealName string   `json:"realname,omitempty"`
	Home     string   `json:"home,omitempty"`
	Shell    string   `json:"shell,omitempty"`
	Source   Source   `json:"source"`
}

// Strip lists the names of the <strip> sections in document order.
type Strip struct {
	Delete []string `json:"delete"`
	Tools  []string `json:"tools"`
	Libs   []string `json:"libs"`
}

// Containers is one <containers> section: images loaded at first boot.
type Containers struct {
	From    string      `json:"source"`  // registry
	Backend string      `json:"backend"` // podman, docker or container-snap
	Images  []Container `json:"images"`
	Source  Source      `json:"defined_at"`
}

// Container is one <container> of a <containers> section.
type Container struct {
	Name      string `json:"name"`
	Path      string `json:"path,omitempty"`
	Tag       string `json:"tag"` // default latest
	FetchOnly bool   `json:"fetch_only,omitempty"`
	Source    Source `json:"source"`
}

// Certificates are CA certificates to be trusted in the image.
type Certificates struct {
	TargetDistribution string   `json:"target_distribution"` // suse, redhat, debian, archlinux
	Files              []string `json:"files"`               // sorted
	Source             Source   `json:"source"`
}

// Script is a standard script of the description directory, see section
// "Scripts" of kiwi's documentation. Name is the standard name (config.sh,
// images.sh, post_bootstrap.sh, pre_disk_sync.sh, disk.sh, config-overlay.sh,
// config-host-overlay.sh, edit_boot_config.sh, edit_boot_install.sh), Path the file
// in the description directory, or an absolute path.
type Script struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Script returns the script with the standard name, and whether there is one.
func (img *Image) Script(name string) (Script, bool) {
	for _, s := range img.Scripts {
		if s.Name == name {
			return s, true
		}
	}
	return Script{}, false
}

// Overlay is a directory (or the archive root.tar.gz) copied over the tree.
type Overlay struct {
	Path    string `json:"path"` // relative to the description directory
	Archive bool   `json:"archive,omitempty"`
	Profile string `json:"profile,omitempty"` // of a profile overlay
}

// Variable is one line of /.profile before quoting.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
