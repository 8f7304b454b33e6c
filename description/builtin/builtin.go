// Package builtin carries the description that fimg uses when none is given:
// Fedora's cloud images (Cloud-Base for any hypervisor, Amazon EC2, Azure and
// Google, Vagrant boxes, base containers and WSL) for x86_64, aarch64, ppc64le and
// s390x, in our own words. It is a package of its own so that importing
// description stays light.
package builtin

import (
	"embed"
	"io/fs"
)

// DefaultProfile is the profile that is built when none is chosen.
const DefaultProfile = "Cloud-Base-Generic"

// File is the main file within FS.
const File = "config.xml"

//go:embed fedora
var files embed.FS

// FS is the description directory, for description.Options.FS.
func FS() fs.FS {
	sub, err := fs.Sub(files, "fedora")
	if err != nil {
		return files // cannot happen: the directory is embedded
	}
	return sub
}
