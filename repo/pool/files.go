package pool

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/fimg/fimg/repo/repodata"
)

// InPrimary reports whether createrepo_c puts the path into primary.xml: what
// lies in /etc or in a directory whose name ends in "bin", and sendmail.
func InPrimary(name string) bool {
	return strings.HasPrefix(name, "/etc/") || strings.Contains(name, "bin/") || name == "/usr/lib/sendmail"
}

// owners adds the packages that own the file to those that provide its name.
func (u *Universe) owners(out []ID, name string) []ID {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	for i := range u.sources {
		out = u.ownersIn(out, &u.sources[i], u.sources[i].Index.owners(dir, base))
	}
	if len(out) == 0 && !InPrimary(name) {
		for i := range u.sources {
			if f := u.fileLists(&u.sources[i]); f != nil {
				out = u.ownersIn(out, &u.sources[i], f.owners(dir, base))
			}
		}
	}
	return sortIDs(out)
}

func (u *Universe) ownersIn(out []ID, s *source, pkgs []uint32) []ID {
	for _, n := range pkgs {
		if id := s.first + ID(n); u.ArchScore(id) != 0 {
			out = append(out, id)
		}
	}
	return out
}

// fileLists loads the full file lists of a source, nil when it has none.
func (u *Universe) fileLists(s *source) *FileIndex {
	if !s.loaded && s.Source.Files != nil {
		f, err := s.Source.Files()
		if err != nil && u.err == nil {
			u.err = err
		}
		if f != nil && f.x.Len() == s.Index.Len() {
			s.files = f
		}
	}
	s.loaded = true
	return s.files
}

// owners returns the packages of an index that own dir/base.
func (x *Index) owners(dir, base string) (pkgs []uint32) {
	d, ok := x.find(dir)
	b, ok2 := x.find(base)
	if !ok || !ok2 {
		return nil
	}
	at, _ := slices.BinarySearchFunc(x.files, file{d, b, 0}, func(f, want file) int {
		return cmp.Or(cmp.Compare(f.Dir, want.Dir), cmp.Compare(f.Base, want.Base), cmp.Compare(f.Pkg, want.Pkg))
	})
	for ; at < len(x.files) && x.files[at].Dir == d && x.files[at].Base == b; at++ {
		pkgs = append(pkgs, x.files[at].Pkg)
	}
	return pkgs
}

// FileIndex is the full file lists of one repository, an index of its own.
type FileIndex struct{ x *Index }

func (f *FileIndex) owners(dir, base string) []uint32 { return f.x.owners(dir, base) }

// AsFiles takes an index built from file lists alone. Its packages must be those
// of the repository's index, in the same order.
func AsFiles(x *Index) *FileIndex { return &FileIndex{x} }

// AddFiles appends one package of a file list index.
func (b *Builder) AddFiles(files []repodata.File) error {
	return b.Add(&repodata.Package{Files: files})
}
