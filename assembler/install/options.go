package install

import (
	"log/slog"
	"time"

	"github.com/fimg/fimg/event"
	"github.com/fimg/fimg/repo/rpm"
	"github.com/fimg/fimg/seed"
	"github.com/fimg/fimg/tree"
)

// Item is one package to install.
type Item struct {
	// Path is the package file on the host.
	Path string
	// Repository the package came from, for dnf's records.
	Repository string
	// InstallOnly keeps installed packages of the same name (kernels).
	InstallOnly bool
	// Reason is why it is installed, for dnf's records: "user", "dependency",
	// "weak-dependency", "group". Empty is "user".
	Reason string
}

// Options shape a transaction. The zero value verifies digests, runs all
// scriptlets and installs everything.
type Options struct {
	// Arch is the architecture of the tree in rpm's terms ("x86_64"); empty is
	// that of the host.
	Arch string
	// Erase names installed packages to remove: NAME, NAME.ARCH or NEVRA.
	Erase []string
	// Keys and Level say which packages are accepted.
	Keys  *rpm.Keyring
	Level rpm.Level
	// ImportKeys puts Keys into the package database, as "rpm --import" does.
	ImportKeys bool
	// DBPath is the directory of the package database inside the root; empty is
	// what the rpm of the tree expects.
	DBPath string
	// NoDocs leaves out documentation (rpm's _excludedocs).
	NoDocs bool
	// Langs keeps only files for these locales (rpm's _install_langs); none, or
	// one named "all", keeps all.
	Langs []string
	// ExcludePaths leaves out these paths and everything below them.
	ExcludePaths []string
	// NoScripts runs neither scriptlets nor triggers.
	NoScripts bool
	// ReplaceFiles lets packages overwrite files of others.
	ReplaceFiles bool
	// Time is recorded as the time of installation. Zero is the current time.
	Time time.Time
	// Seed is where Lua scriptlets take names and numbers from that would be random.
	Seed seed.Seed
	// Store is the directory of unpacked packages, shared between builds; empty
	// keeps nothing.
	Store string
	// StoreLimit bounds the store in bytes: what was not used for longest goes
	// after the transaction. Zero is DefaultStoreLimit, less than zero no limit.
	StoreLimit int64
	// Handover takes up what the store lacks, for [Handover.Store] to move it there out of
	// the tree, where that can be. Nil writes it into the store now.
	Handover *Handover
	// Jobs is how many packages are unpacked at once; zero is one for each core.
	Jobs int
	// Ledger receives what the kernel refuses; nil makes that an error.
	Ledger *tree.Ledger
	// Env is added to the environment of scriptlets, as NAME=value.
	Env []string
	// Macros are known to scriptlets with the expand flag and to Lua, without
	// "%", in addition to the usual directories.
	Macros map[string]string
	// ScriptTimeout bounds one scriptlet; zero is chroot.DefaultTimeout.
	ScriptTimeout time.Duration
	// Events receives progress and the output of scriptlets.
	Events event.Func
	// Log receives details; nil discards.
	Log *slog.Logger
}

func (o *Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Result tells what a transaction did.
type Result struct {
	Installed []Installed    // in the order of installation
	Erased    []string       // NEVRAs in the order of erasure
	Removed   []rpm.Identity // the same
	Warnings  []string       // what rpm would have warned about
	Times     []PhaseTime    // in the order of the phases
	Scriptlet time.Duration  // spent in programs of the image, within the phases
	FromStore int            // packages that were neither decompressed nor hashed
	Bytes     int64          // of file contents put into place
	Files     int            // put into place
	// Before and After are the cookies of the package database (rpmdb.Cookie).
	Before, After string
}

// Installed is a package in the result.
type Installed struct {
	Item   Item
	Header *rpm.Header
	// States has one of the State values for each file, nil without files.
	States []byte
}

// PhaseTime is the wall time of one phase: "read", "pretrans", "prepare",
// "install", "database", "posttrans".
type PhaseTime struct {
	Phase string
	Time  time.Duration
}

// File states as the database records them (rpmfileState in rpmfiles.h).
const (
	StateNormal       = 0
	StateReplaced     = 1
	StateNotInstalled = 2
	StateNetShared    = 3
	StateWrongColor   = 4
)
