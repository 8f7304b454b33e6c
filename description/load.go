package description

import (
	"context"
	"io/fs"
)

// Options says what to load and what to select. The zero value loads the
// description in the working directory for no profile and no particular type;
// Arch must be given.
type Options struct {
	Dir  string // description directory; "" is the working directory
	FS   fs.FS  // instead of Dir, for embedded descriptions
	File string // main file, relative to the directory; "": config.xml, image/config.xml, first *.kiwi

	Arch     string   // machine name, as uname -m prints it
	Profiles []string // requested profiles; none: those with import="true"
	Type     string   // image attribute of the wanted type; "": primary or first

	Overrides Overrides
}

// Overrides are the command line's changes to a description, applied to the
// selected image in kiwi's order.
type Overrides struct {
	TypeAttributes          []string // attr=value, converted to the attribute's type and checked
	ReleaseVersion          string
	IgnoreRepos             bool     // drop all repositories of the description
	IgnoreReposUsedForBuild bool     // drop those not kept in the image only
	SetRepo                 string   // kiwi's comma tuple: edits the first active repository
	SetRepoCredentials      string   // user:password, or a file whose first line holds them
	AddRepos                []string // tuples, appended
	AddRepoCredentials      []string // for AddRepos by position
	AddPackages             []string // image phase
	AddBootstrapPackages    []string
	DeletePackages          []string // uninstalled
	SigningKeys             []string // before the description's
	ContainerTag            string
	ContainerLabels         []string // name=value
	DerivedFrom             string
	CACertificates          []string
	CATargetDistribution    string
	Name                    string // image name, as Koji overwrites it
	Version                 string // of the first preferences
}

// Load reads, validates and selects one image. A wrong description is reported
// by a *Invalid that lists every mistake; an unknown profile or type, or no type at
// all, by *ProfileError or *TypeError. All are of fault class Description.
func Load(ctx context.Context, opt Options) (*Image, error) {
	doc, err := Open(ctx, opt)
	if err != nil {
		return nil, err
	}
	return doc.Select(opt)
}
