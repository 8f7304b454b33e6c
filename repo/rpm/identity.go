package rpm

import (
	"strconv"
	"strings"
)

// Identity names a package: what "%{NEVRA}" prints and what tells two packages
// apart.
type Identity struct {
	Name     string
	Epoch    uint32
	HasEpoch bool // an explicit epoch, which may be zero
	Version  string
	Release  string
	Arch     string // of a source package that of the machine it was made on
}

// Identity returns the name, epoch, version, release and architecture.
func (h *Header) Identity() Identity {
	epoch, ok := h.Number(TagEpoch)
	id := Identity{
		Name: h.String(TagName), Epoch: uint32(epoch), HasEpoch: ok,
		Version: h.String(TagVersion), Release: h.String(TagRelease), Arch: h.String(TagArch),
	}
	if id.Arch == "" && h.Source() {
		id.Arch = "src"
	}
	return id
}

// EVR returns "epoch:version-release", the epoch only where there is one.
func (id Identity) EVR() string {
	evr := id.Version + "-" + id.Release
	if id.HasEpoch {
		return strconv.FormatUint(uint64(id.Epoch), 10) + ":" + evr
	}
	return evr
}

// NEVRA returns "name-epoch:version-release.arch" as rpm prints it, without the
// architecture where there is none.
func (id Identity) NEVRA() string {
	s := id.Name + "-" + id.EVR()
	if id.Arch != "" {
		s += "." + id.Arch
	}
	return s
}

// NVRA is NEVRA without the epoch.
func (id Identity) NVRA() string {
	id.HasEpoch = false
	return id.NEVRA()
}

// Source reports whether the header is a source package's.
func (h *Header) Source() bool {
	if h.Has(TagSourceRPM) {
		return false
	}
	if h.Has(TagSourcePackage) {
		return true
	}
	// Old packages have neither: source files have no directory.
	if h.Has(TagDirNames) {
		return h.Count(TagDirNames) == 1 && h.String(TagDirNames) == ""
	}
	for _, name := range h.All(TagOldFileNames) {
		if strings.Contains(name, "/") {
			return false
		}
	}
	return h.Has(TagOldFileNames)
}

// Format returns the version of the package format: 3, 4 or 6.
func (h *Header) Format() int {
	if v, ok := h.Number(TagRPMFormat); ok {
		return int(v)
	}
	if h.region != RegionImmutable {
		return 3
	}
	return 4
}
