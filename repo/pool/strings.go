package pool

import "github.com/fimg/fimg/repo/pool/evr"

// str gives string i of a source its number in the universe: that of the first
// source that has it.
func (u *Universe) str(si int, i uint32) Str {
	s := &u.sources[si]
	if v := s.toStr[i]; v != 0 {
		return v - 1
	}
	v := Str(s.strBase + i)
	if i == 0 {
		v = 0
	} else if si > 0 {
		text := string(s.Index.text(i))
		for j := range si {
			if k, ok := u.sources[j].Index.find(text); ok {
				v = Str(u.sources[j].strBase + k)
				break
			}
		}
	}
	s.toStr[i] = v + 1
	return v
}

// local is the number of a universe string in a source.
func (u *Universe) local(si int, v Str) (uint32, bool) {
	s := &u.sources[si]
	if uint32(v) >= s.strBase && uint32(v)-s.strBase < uint32(len(s.Index.strOff)-1) {
		return uint32(v) - s.strBase, true
	}
	return s.Index.find(u.String(v))
}

// Lookup returns the number of a string and whether any source has it.
func (u *Universe) Lookup(text string) (Str, bool) {
	for i := range u.sources {
		if k, ok := u.sources[i].Index.find(text); ok {
			return u.str(i, k), true
		}
	}
	return 0, false
}

// String is the text of v.
func (u *Universe) String(v Str) string {
	for i := len(u.sources) - 1; i >= 0; i-- {
		if s := &u.sources[i]; uint32(v) >= s.strBase {
			return string(s.Index.text(uint32(v) - s.strBase))
		}
	}
	return ""
}

// Name0, Arch0, EVR0 and Vendor0 are the package's name, architecture,
// "epoch:version-release" and vendor as numbers.
func (u *Universe) Name0(id ID) Str {
	s, n := u.at(id)
	return u.str(u.SourceOf(id), s.Index.packages[n].Name)
}

// Arch0 is the architecture.
func (u *Universe) Arch0(id ID) Str {
	s, n := u.at(id)
	return u.str(u.SourceOf(id), s.Index.packages[n].Arch)
}

// EVR0 is the version.
func (u *Universe) EVR0(id ID) Str {
	s, n := u.at(id)
	return u.str(u.SourceOf(id), s.Index.packages[n].EVR)
}

// Vendor0 is the vendor.
func (u *Universe) Vendor0(id ID) Str {
	s, n := u.at(id)
	return u.str(u.SourceOf(id), s.Index.packages[n].Vendor)
}

// Package is the identity of a package.
type Package struct {
	Name, Arch              string
	Epoch, Version, Release string // the epoch is "0" where there is none
}

// NEVRA is name-epoch:version-release.arch, always with the epoch.
func (p Package) NEVRA() string {
	return p.Name + "-" + p.Epoch + ":" + p.Version + "-" + p.Release + "." + p.Arch
}

// Package returns the identity of a package.
func (u *Universe) Package(id ID) Package {
	e, v, r := evr.Split(u.String(u.EVR0(id)))
	if e == "" {
		e = "0"
	}
	return Package{u.String(u.Name0(id)), u.String(u.Arch0(id)), e, v, r}
}

// Details returns what is known of a package beyond its dependencies.
func (u *Universe) Details(id ID) Details {
	s, n := u.at(id)
	return s.Index.Details(int(n))
}

// CompareEVR orders two packages by version.
func (u *Universe) CompareEVR(a, b ID) int {
	x, y := u.EVR0(a), u.EVR0(b)
	if x == y {
		return 0
	}
	return evr.Compare(u.String(x), u.String(y))
}
