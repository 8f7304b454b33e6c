// Package assembler is the front door of fimg and the only place where its rooms
// meet: it turns a description and repositories into a Plan, and a Plan into
// images.
//
//	img, err := description.Load(ctx, description.Options{…})
//	plan, err := assembler.MakePlan(ctx, img, assembler.Options{…})
//	result, err := assembler.Build(ctx, plan, assembler.BuildOptions{TargetDir: "out"})
//
// A Plan is a value: equal inputs give byte-equal JSON, and Build takes nothing
// else from the outside world but bytes whose checksums the plan names.
package assembler

import (
	"log/slog"
	"time"

	"github.com/fimg/fimg/assembler/manifest"
	"github.com/fimg/fimg/event"
)

// Event is something that happened during planning or building.
type Event = event.Event

// Options say how to plan. The zero value plans with the description's own
// repositories and a cache below the user's cache directory.
type Options struct {
	CacheDir string
	Offline  bool // never touch the network
	Proxy    string
	// InsecureRegistries (HOST or HOST:PORT) may be spoken to without TLS.
	InsecureRegistries []string

	// Lock, when given, replaces resolving: the plan uses exactly its packages.
	Lock *manifest.Lock
	// Formats are made in addition to the description's own.
	Formats []string
	// Seed is the user's own word in all identifiers of the image.
	Seed string
	// Epoch bounds every time in the image; zero takes the newest build time
	// of the packages, so that it depends on the inputs alone.
	Epoch time.Time

	Events event.Func
	Log    *slog.Logger
}

// BuildOptions say where and how to carry out a plan.
type BuildOptions struct {
	TargetDir string // results appear here; made when missing
	// WorkDir holds the root tree while it is built; empty is a directory
	// inside TargetDir, so that space is taken where it was asked for.
	WorkDir string
	// PrivateMounts says that no other process sees the mounts of this one
	// (chroot.EnterPrivateMounts). Then the root tree is kept in memory when
	// there is plenty and neither WorkDir nor KeepRoot asks for it on disk.
	PrivateMounts bool
	CacheDir      string
	Offline       bool
	Jobs          int
	Proxy         string
	// InsecureRegistries (HOST or HOST:PORT) may be spoken to without TLS.
	InsecureRegistries []string
	KeepRoot           bool // leave the root tree in WorkDir
	// KeepPackages, when given, receives every installed package file under
	// its own name (Koji reads them from /var/cache/kiwi).
	KeepPackages string

	Events event.Func
	Log    *slog.Logger
}
