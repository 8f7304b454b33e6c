package repo

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/fimg/fimg/repo/repodata"
	"github.com/fimg/fimg/repo/rpm"
)

// fromHeader describes a package as primary.xml would, with all its files.
func fromHeader(h *rpm.Header) (*repodata.Package, error) {
	id := h.Identity()
	p := &repodata.Package{
		Name: []byte(id.Name), Arch: []byte(id.Arch), Epoch: strconv.AppendUint(nil, uint64(id.Epoch), 10),
		Version: []byte(id.Version), Release: []byte(id.Release),
		Summary: []byte(h.String(rpm.TagSummary)), License: []byte(h.String(rpm.TagLicense)),
		Vendor: []byte(h.String(rpm.TagVendor)), SourceRPM: []byte(h.String(rpm.TagSourceRPM)),
	}
	p.BuildTime, _ = h.Number(rpm.TagBuildTime)
	var ok bool
	if p.InstalledSize, ok = h.Number(rpm.TagLongSize); !ok {
		p.InstalledSize, _ = h.Number(rpm.TagSize)
	}
	for kind, list := range map[rpm.DependencyKind]*[]repodata.Dep{
		rpm.Requires: &p.Requires, rpm.Provides: &p.Provides, rpm.Conflicts: &p.Conflicts,
		rpm.Obsoletes: &p.Obsoletes, rpm.Recommends: &p.Recommends, rpm.Suggests: &p.Suggests,
		rpm.Supplements: &p.Supplements, rpm.Enhances: &p.Enhances,
	} {
		for _, d := range h.Dependencies(kind) {
			*list = append(*list, fromDependency(d))
		}
	}
	files, err := h.Files()
	if err != nil {
		return nil, err
	}
	for i := range files {
		f := repodata.File{Path: []byte(files[i].Path())}
		switch {
		case files[i].Flags&rpm.FileGhost != 0:
			f.Kind = repodata.Ghost
		case files[i].Type() == rpm.ModeDir:
			f.Kind = repodata.Directory
		}
		p.Files = append(p.Files, f)
	}
	p.Requires = slices.DeleteFunc(p.Requires, func(d repodata.Dep) bool { return fulfilsItself(p, &d) })
	return p, nil
}

// fulfilsItself says whether the package provides exactly what the requirement
// asks for; primary.xml leaves such requirements out.
func fulfilsItself(p *repodata.Package, d *repodata.Dep) bool {
	return slices.ContainsFunc(p.Provides, func(own repodata.Dep) bool {
		return own.Flags == d.Flags && bytes.Equal(own.Name, d.Name) && bytes.Equal(own.Epoch, d.Epoch) &&
			bytes.Equal(own.Version, d.Version) && bytes.Equal(own.Release, d.Release)
	}) || slices.ContainsFunc(p.Files, func(f repodata.File) bool { return bytes.Equal(f.Path, d.Name) })
}

// fromDependency translates one dependency of a header.
func fromDependency(d rpm.Dependency) repodata.Dep {
	out := repodata.Dep{
		Name: []byte(d.Name),
		Pre:  d.Flags&(rpm.SensePreReq|rpm.SensePre|rpm.SensePost) != 0,
	}
	if d.Version == "" || d.Flags&rpm.SenseCompare == 0 {
		return out
	}
	for bit, flag := range map[rpm.Sense]repodata.Flags{
		rpm.SenseLess: repodata.Less, rpm.SenseGreater: repodata.Greater, rpm.SenseEqual: repodata.Equal,
	} {
		if d.Flags&bit != 0 {
			out.Flags |= flag
		}
	}
	epoch, rest, found := strings.Cut(d.Version, ":")
	if !found {
		epoch, rest = "0", d.Version
	}
	version, release, _ := strings.Cut(rest, "-")
	out.Epoch, out.Version, out.Release = []byte(epoch), []byte(version), []byte(release)
	return out
}
