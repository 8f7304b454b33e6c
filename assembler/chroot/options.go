package chroot

import "log/slog"

// Options shape a Session. The zero value gives /proc and /dev, no network and
// nothing else.
type Options struct {
	// Network leaves the host's network reachable; otherwise there is only lo.
	Network bool
	// ResolvConf is what /etc/resolv.conf shows inside; nil leaves it as it is
	// in the tree. A link into /run needs Run.
	ResolvConf []byte
	// Run and Tmp put an empty tmpfs on /run and on /tmp and /var/tmp.
	Run, Tmp bool
	// Sys shows the host's /sys read-only. Its content differs between
	// machines, so by default /sys is as in the tree.
	Sys bool
	// Files show other, read-only and executable content for files of the
	// tree, keyed by their path inside; links are followed inside the tree.
	Files map[string][]byte
	// Binds are shown inside in order.
	Binds []Bind
	// Hostname as seen inside; empty is "localhost".
	Hostname string
	// Privileged leaves programs all capabilities of the caller. Otherwise
	// those that reach beyond the tree are dropped: mounting, devices of the
	// machine, kernel modules, clock, reboot, network administration, tracing.
	Privileged bool
	// Arch is the architecture of the tree's programs in rpm's terms; empty is
	// the host's. Open checks that the kernel can run it.
	Arch string
	// Log receives what was done otherwise than asked; nil discards.
	Log *slog.Logger
}

// Bind shows a file or directory of the host inside the root.
type Bind struct {
	Source string // path on the host
	Target string // path inside; must exist in the tree, links are not followed
	Write  bool   // allow writing
}

func (o *Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}
