package repo

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/digest"
	"github.com/fimg/fimg/repo/repodata"
)

// Source is one repository as its user configured it. Addresses may contain
// $releasever, $releasever_major, $releasever_minor, $basearch, $arch and the
// variables of Options.Vars, each also written ${so}.
type Source struct {
	// ID is the name of the repository in messages, locks and PackageRef. It must
	// be unique among the sources of one client.
	ID string
	// BaseURLs are tried in order: http, https, file or dir URLs, or absolute
	// paths. A directory without repodata that holds packages is read as it is.
	BaseURLs []string
	// Mirrorlist is the address of a list of base URLs, Metalink that of a
	// metalink document of repomd.xml. Their mirrors come after BaseURLs.
	Mirrorlist, Metalink string

	Priority int // lower wins; zero means 99
	Cost     int // lower wins between equal packages; zero means 1000

	// Keys are the files or URLs of OpenPGP public keys, armored or not.
	Keys []string
	// RepoGPGCheck demands a good signature by one of Keys on repomd.xml.
	RepoGPGCheck bool
	// PackageGPGCheck is for whoever reads the packages: the client itself only
	// compares checksums.
	PackageGPGCheck bool

	Username, Password string // for HTTP basic authentication; also read from URLs
	// ModuleHotfixes exempts the packages of this repository from the filtering
	// by module streams.
	ModuleHotfixes bool
	// SkipIfUnavailable is kiwi's way with a local directory that does not exist:
	// Load then returns an empty repository and emits a warning.
	SkipIfUnavailable bool
}

// Options are what all sources of a client share. The zero value works: a cache
// below the user's cache directory and direct access to the network.
type Options struct {
	CacheDir string
	// Offline forbids every access to the network: what is not in the cache or
	// on a local path is an error.
	Offline bool
	Jobs    int // transfers and verifications at a time; zero means 8
	PerHost int // transfers at a time from one host; zero means 4

	Releasever string            // replaces $releasever
	Arch       string            // the machine: x86_64, aarch64, …; gives $arch and $basearch
	Vars       map[string]string // further variables, and replacements of the above

	// Proxy is a proxy URL for all transfers; "none" forbids one; empty takes the
	// usual environment variables (HTTPS_PROXY, NO_PROXY …).
	Proxy string
	// CACert is the file of further certificate authorities in PEM form.
	CACert string
	// Retries is how often a transfer that broke is tried again after all mirrors
	// have had their turn; zero means 3, negative none.
	Retries int
	// StallTimeout ends a transfer that has moved less than a kilobyte a second
	// for that long; zero means 30 seconds.
	StallTimeout time.Duration
	// Backoff is the pause before the first retry; it doubles with each, up to 30
	// seconds. Zero means half a second.
	Backoff time.Duration

	Events event.Func // phases "metadata" and "download"
	Log    *slog.Logger
}

// PackageRef names one package file: what metadata or a lock says about it.
type PackageRef struct {
	Source   *Source         // the repository it comes from
	Name     string          // for messages
	Location string          // path below the repository
	Base     string          // URL that replaces the repository's own, usually empty
	Checksum digest.Checksum // of the whole file
	Size     int64           // bytes
}

// Local is a package file that is here and verified.
type Local struct {
	Ref  PackageRef
	Path string // absolute; ends in the original file name
	// Cached is false for a file of a local repository, which is used where it is
	// and must not be linked or moved.
	Cached bool
}

// check refuses a reference that could not be verified or would leave the
// repository, such as one from a lock that was edited.
func (p *PackageRef) check() error {
	id := ""
	if p.Source != nil {
		id = p.Source.ID
	}
	if reason := repodata.LocationFault([]byte(p.Location)); reason != "" {
		return &SourceError{id, fmt.Errorf("package %s: location %q %s", p.Name, p.Location, reason)}
	}
	if _, err := digest.New(p.Checksum.Type, p.Checksum.Hex); err != nil {
		return &SourceError{id, fmt.Errorf("package %s: %w", p.Name, err)}
	}
	return nil
}
