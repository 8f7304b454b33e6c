package description

// Packages is what goes into the two transactions and what is removed again.
// Every list is sorted as kiwi sorts it (by code point) and free of duplicates
// unless noted.
type Packages struct {
	Bootstrap Phase `json:"bootstrap"`
	Image     Phase `json:"image"`

	// Modules are dnf modules, all handled in the bootstrap phase.
	EnableModules  []string `json:"enable_modules"` // name or name:stream
	DisableModules []string `json:"disable_modules"`

	Uninstall []Package `json:"uninstall"` // removed with unneeded dependencies after config.sh
	Delete    []Package `json:"delete"`    // then removed by force, without scriptlets

	// Remove is uninstalled right after the image transaction (--delete-package).
	Remove []Package `json:"remove"`

	// SystemFilesIgnore belongs to delta containers.
	SystemFilesIgnore []string `json:"systemfiles_ignore"`
	// BootstrapPackage is the bootstrap_package attribute (apt only).
	BootstrapPackage string `json:"bootstrap_package,omitempty"`
}

// Phase is one transaction: host-side bootstrap or image.
type Phase struct {
	Packages    []Package `json:"packages"`    // names, globs, name.arch, capabilities: verbatim
	Collections []Package `json:"collections"` // groups and environments of comps
	Products    []Package `json:"products"`    // ignored by dnf
	Ignore      []Package `json:"ignore"`      // excludes; duplicates kept
	Recommended bool      `json:"recommended"` // weak dependencies wanted (plusRecommended)
	Archives    []Archive `json:"archives"`    // document order
	Files       []File    `json:"files"`       // sorted by name
}

// Package is one requested name.
type Package struct {
	Name   string `json:"name"`
	Source Source `json:"source"`
}

// Names returns the names of a list.
func Names(list []Package) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = p.Name
	}
	return names
}

// Archive is a tar archive unpacked into the tree after its phase.
type Archive struct {
	Name      string `json:"name"`       // relative to the description directory, or absolute
	TargetDir string `json:"target_dir"` // below the image's root; empty: the root
	Source    Source `json:"source"`
}

// File is a file copied into the tree.
type File struct {
	Name        string `json:"name"`   // relative to the description directory, or absolute
	Target      string `json:"target"` // path in the image; empty: the root directory
	Owner       string `json:"owner,omitempty"`
	Permissions string `json:"permissions,omitempty"`
	Source      Source `json:"source"`
}

// Repository is one active repository.
type Repository struct {
	Path       string   `json:"path"`       // as written
	URL        string   `json:"url"`        // translated: https://…, or a local absolute path; $releasever, $basearch and $arch unexpanded
	Local      bool     `json:"local"`      // URL is a local path
	Type       string   `json:"type"`       // rpm-md, …; empty when not written
	SourceType string   `json:"sourcetype"` // baseurl (also when not written), metalink, mirrorlist
	Alias      string   `json:"alias"`      // empty when not written: kiwi takes a random one
	Priority   Number   `json:"priority,omitzero"`
	Keys       []string `json:"keys"` // signing keys, translated, release version expanded

	UseForBuild bool `json:"use_for_build"` // not imageonly
	KeepInImage bool `json:"keep_in_image"` // imageinclude or imageonly
	ImageOnly   bool `json:"image_only"`

	PackageGPGCheck Flag `json:"package_gpgcheck,omitzero"`
	RepoGPGCheck    Flag `json:"repository_gpgcheck,omitzero"`

	Username      string `json:"username,omitempty"`
	Password      string `json:"password,omitempty"`
	Credentials   string `json:"credentials,omitempty"` // name of a credentials file (zypper)
	Components    string `json:"components,omitempty"`
	Distribution  string `json:"distribution,omitempty"`
	Architectures string `json:"architectures,omitempty"`
	Customize     string `json:"customize,omitempty"` // host script for the repo file

	// Problem says why the path or a key cannot be used; empty when all is well. A
	// build that needs the repository must stop there.
	Problem string `json:"problem,omitempty"`

	Source Source `json:"source"`
}
