package pool

import (
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/pool/evr"
	"github.com/fimg/fimg/repo/repodata"
)

// Subset makes an index of some packages of a universe, as the installed system
// that a transaction of them leaves behind: by name, as libsolv reads it. It knows
// the files that the universe knows.
func Subset(u *Universe, ids []ID) (*Index, error) {
	ids = sortIDs(slices.Clone(ids))
	slices.SortStableFunc(ids, func(a, b ID) int { return strings.Compare(u.String(u.Name0(a)), u.String(u.Name0(b))) })
	files := u.filesOf(ids)
	b := NewBuilder("")
	for _, id := range ids {
		p := u.repodata(id)
		p.Files = files[id]
		if err := b.Add(p); err != nil {
			return nil, err
		}
	}
	return b.Index(), nil
}

// repodata is the package as its repository described it, without its files.
func (u *Universe) repodata(id ID) *repodata.Package {
	e, v, r := evr.Split(u.String(u.EVR0(id)))
	d := u.Details(id)
	return &repodata.Package{
		Name: []byte(u.String(u.Name0(id))), Arch: []byte(u.String(u.Arch0(id))),
		Epoch: []byte(e), Version: []byte(v), Release: []byte(r), Vendor: []byte(u.String(u.Vendor0(id))),
		ChecksumType: []byte(d.ChecksumType), Checksum: []byte(d.Checksum), Location: []byte(d.Location), Base: []byte(d.Base),
		SourceRPM: []byte(d.SourceRPM), License: []byte(d.License), Summary: []byte(d.Summary),
		PackageSize: d.PackageSize, InstalledSize: d.InstalledSize, BuildTime: d.BuildTime,
		HeaderStart: d.HeaderStart, HeaderEnd: d.HeaderEnd,
		Requires: u.repodataDeps(id, Requires), Provides: u.repodataDeps(id, Provides),
		Conflicts: u.repodataDeps(id, Conflicts), Obsoletes: u.repodataDeps(id, Obsoletes),
		Recommends: u.repodataDeps(id, Recommends), Suggests: u.repodataDeps(id, Suggests),
		Supplements: u.repodataDeps(id, Supplements), Enhances: u.repodataDeps(id, Enhances),
	}
}

func (u *Universe) repodataDeps(id ID, kind Kind) (out []repodata.Dep) {
	pre := u.Deps(id, PreRequires)
	for d := range u.List(id, kind).All() {
		op, name, version, _, _ := u.Rel(d)
		if !op.Compares() {
			out = append(out, repodata.Dep{Name: []byte(u.Text(d))})
			continue
		}
		e, v, r := evr.Split(version)
		out = append(out, repodata.Dep{
			Name: []byte(name), Flags: flags(op), Epoch: []byte(e), Version: []byte(v), Release: []byte(r),
			Pre: kind == Requires && slices.Contains(pre, d),
		})
	}
	return out
}

// flags is the opposite of comparison.
func flags(op Op) (f repodata.Flags) {
	if op&opLT != 0 {
		f |= repodata.Less
	}
	if op&opGT != 0 {
		f |= repodata.Greater
	}
	if op&opEQ != 0 {
		f |= repodata.Equal
	}
	return f
}

// filesOf collects the known files of some packages.
func (u *Universe) filesOf(ids []ID) map[ID][]repodata.File {
	wanted := map[ID]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	out := map[ID][]repodata.File{}
	for i := range u.sources {
		s := &u.sources[i]
		x := s.Index
		if s.files != nil {
			x = s.files.x
		}
		for _, f := range x.files {
			if id := s.first + ID(f.Pkg); wanted[id] {
				path := strings.Join([]string{string(x.text(f.Dir)), string(x.text(f.Base))}, "/")
				out[id] = append(out[id], repodata.File{Path: []byte(path)})
			}
		}
	}
	return out
}
