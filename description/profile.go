package description

import (
	"maps"
	"slices"
)

// available returns the declarations that count for an architecture; of one name
// the last.
func (d *Document) available(arch string) map[string]*profile {
	if have := d.byArch[arch]; have != nil {
		return have
	}
	have := make(map[string]*profile, len(d.profiles))
	for _, p := range d.profiles {
		if matches(p.arch, arch) {
			have[p.name] = p
		}
	}
	return have
}

// resolve returns the profiles that a request stands for: each name followed, depth
// first, by what it requires. Without a request it is those with import="true",
// whose requirements are not followed.
func (d *Document) resolve(requested []string, arch string) ([]string, error) {
	if len(requested) == 0 {
		var list []string
		for _, p := range d.profiles {
			if p.imported && matches(p.arch, arch) {
				list = append(list, p.name)
			}
		}
		return list, nil
	}
	r := resolver{doc: d, arch: arch, have: d.available(arch), seen: map[string]bool{}}
	for _, name := range requested {
		if err := r.add(name, ""); err != nil {
			return nil, err
		}
	}
	return r.list, nil
}

// resolver follows requirements; a profile already listed is skipped, which also
// ends cycles. There are at most maxProfile of them.
type resolver struct {
	doc  *Document
	arch string
	have map[string]*profile
	seen map[string]bool
	list []string
}

func (r *resolver) add(name, by string) error {
	p := r.have[name]
	if p == nil {
		return r.doc.unknownProfile(name, by, r.arch)
	}
	if r.seen[name] {
		return nil
	}
	r.seen[name] = true
	r.list = append(r.list, name)
	for _, q := range p.requires {
		if !matches(q.arch, r.arch) || r.seen[q.name] {
			continue
		}
		if err := r.add(q.name, name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) unknownProfile(name, by, arch string) error {
	e := &ProfileError{Name: name, RequiredBy: by, Arch: arch}
	var names []string
	for _, p := range d.profiles {
		if p.name == name {
			e.OtherArch = append(e.OtherArch, p.arch...)
		}
		if matches(p.arch, arch) {
			names = append(names, p.name)
		}
	}
	e.Near = nearestFew(name, names, 5)
	return e
}

// ProfileInfo describes one profile for a list.
type ProfileInfo struct {
	Name        string        `json:"name"`
	Description string        `json:"description"`
	Requires    []string      `json:"requires,omitempty"` // directly
	Import      bool          `json:"import,omitempty"`   // active when none is requested
	Images      []ProfileType `json:"images"`             // none: a helper profile
	Source      Source        `json:"source"`
}

// ProfileType is a build type that choosing a profile alone would select.
type ProfileType struct {
	Image  string   `json:"image"`
	Format string   `json:"format,omitempty"`
	Arches []string `json:"arches"` // sorted
}

// commonArches are the architectures that a listing looks at: Fedora's.
var commonArches = []string{"aarch64", "ppc64le", "riscv64", "s390x", "x86_64"}

// Profiles lists every profile in order of its first declaration, with the images
// it gives on each architecture. Those without images are helpers.
func (d *Document) Profiles() []ProfileInfo {
	arches := d.arches
	var list []ProfileInfo
	seen := map[string]bool{}
	for _, p := range d.profiles {
		if seen[p.name] {
			continue
		}
		seen[p.name] = true
		info := ProfileInfo{Name: p.name, Description: p.description, Import: p.imported, Source: d.source(p.node, "")}
		for _, q := range p.requires {
			if !slices.Contains(info.Requires, q.name) {
				info.Requires = append(info.Requires, q.name)
			}
		}
		for _, arch := range arches {
			info.addImage(d, arch)
		}
		list = append(list, info)
	}
	return list
}

func (p *ProfileInfo) addImage(d *Document, arch string) {
	profiles, err := d.resolve([]string{p.Name}, arch)
	if err != nil {
		return
	}
	typ, ok := pickType(d.types(profiles, arch), "")
	if !ok {
		return
	}
	image, format := collapse(typ.get("image")), collapse(typ.get("format"))
	for i := range p.Images {
		if p.Images[i].Image == image && p.Images[i].Format == format {
			p.Images[i].Arches = append(p.Images[i].Arches, arch)
			return
		}
	}
	p.Images = append(p.Images, ProfileType{image, format, []string{arch}})
}

// findArches lists the common architectures and every other that the document
// names.
func (d *Document) findArches() []string {
	seen := map[string]bool{}
	for _, arch := range commonArches {
		seen[arch] = true
	}
	d.root.walk(func(n *node) {
		if _, ok := n.attr("arch"); ok && n.name() != "machine" {
			for _, arch := range archOf(n) {
				seen[arch] = true
			}
		}
	})
	return slices.Sorted(maps.Keys(seen))
}
