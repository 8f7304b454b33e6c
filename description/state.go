package description

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/fimg/fimg/fault"
)

// state is one selection: which parts of a document are active. A selection that the
// command line changes has a document of its own.
type state struct {
	doc      *Document
	arch     string
	profiles []string

	typ   activeType
	types []activeType

	prefs, packages, repos, users   []active
	drivers, strip, containers, cas []active

	notes []Note
}

// active is an active section and the profile that made it so.
type active struct {
	*node
	by string
}

// source is where a node was written; by is the profile that made it active.
func (d *Document) source(n *node, by string) Source {
	p := d.origins.at(n)
	return Source{File: p.file, Line: p.line, Profile: by}
}

func (s *state) source(n *node, by string) Source { return s.doc.source(n, by) }

// from is the source of a node inside an active section.
func (s *state) from(a active, n *node) Source { return s.source(n, a.by) }

// Select chooses one image by opt.Arch, opt.Profiles and opt.Type and applies
// opt.Overrides.
func (d *Document) Select(opt Options) (*Image, error) {
	if !reflect.ValueOf(opt.Overrides).IsZero() {
		d = d.copy()
	}
	s, err := d.choose(opt)
	if err != nil {
		return nil, err
	}
	if err := s.override(opt.Overrides); err != nil {
		return nil, err
	}
	return s.image(opt.Overrides), nil
}

// choose resolves profiles and type.
func (d *Document) choose(opt Options) (*state, error) {
	if opt.Arch == "" {
		return nil, fault.New(fault.Usage, errNoArch)
	}
	profiles, err := d.resolve(opt.Profiles, opt.Arch)
	if err != nil {
		return nil, err
	}
	types := d.types(profiles, opt.Arch)
	typ, ok := pickType(types, opt.Type)
	if !ok {
		return nil, d.noType(profiles, opt.Arch, opt.Type, types)
	}
	s := &state{doc: d, arch: opt.Arch, profiles: profiles, typ: typ, types: types}
	for from, to := range map[*[]*section]*[]active{
		&d.prefs: &s.prefs, &d.packages: &s.packages, &d.repos: &s.repos, &d.users: &s.users,
		&d.drivers: &s.drivers, &d.strip: &s.strip, &d.containers: &s.containers, &d.cas: &s.cas,
	} {
		*to = s.filter(*from)
	}
	return s, nil
}

func (s *state) filter(all []*section) []active {
	var list []active
	set := choose(s.profiles)
	for _, sec := range all {
		if by, ok := sec.active(set, s.arch); ok {
			list = append(list, active{sec.node, by})
		}
	}
	return list
}

// matches tells whether a node's own arch attribute allows the architecture.
func (s *state) matches(n *node) bool {
	if v, ok := n.attr("arch"); ok {
		return matches(commas(collapse(v)), s.arch)
	}
	return true
}

// firstPref returns the first active preference element of that name.
func (s *state) firstPref(name string) (*node, Source) {
	for _, p := range s.prefs {
		if k := p.first(name); k != nil {
			return k, s.from(p, k)
		}
	}
	return nil, Source{}
}

// lastPref returns the first element of that name in the last active section that
// has one.
func (s *state) lastPref(name string) (*node, Source) {
	for _, p := range slices.Backward(s.prefs) {
		if k := p.first(name); k != nil {
			return k, s.from(p, k)
		}
	}
	return nil, Source{}
}

// image builds the value from the selection.
func (s *state) image(over Overrides) *Image {
	root := s.doc.root
	img := &Image{
		Name: collapse(root.get("name")), DisplayName: root.get("displayname"), ID: root.get("id"),
		SchemaVersion: collapse(root.get("schemaversion")), Arch: s.arch, File: s.doc.file,
		Profiles: list(s.profiles), Source: s.source(s.typ.node, s.typ.by), state: s,
		Files: s.doc.files.fsys, Dir: s.doc.files.dir,
	}
	for _, t := range s.types {
		img.Types = append(img.Types, Kind{collapse(t.get("image")), collapse(t.get("format")), truth(t.get("primary")), s.source(t.node, t.by)})
	}
	s.about(img)
	s.preferences(img, over)
	s.fillPackages(img, over)
	s.repositories(img, over)
	s.accounts(img)
	s.rest(img)
	s.buildType(img)
	s.scripts(img)
	img.Environment = s.environment(img)
	s.remark(img)
	img.Notes = list(s.notes)
	return img
}

// list makes nil an empty list, so that JSON has [] and not null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func (s *state) about(img *Image) {
	n := s.doc.root.first("description")
	a := About{Type: n.get("type")}
	a.Author, _ = n.child("author")
	for k := range n.every("contact") {
		a.Contact = append(a.Contact, k.text())
	}
	a.Specification, _ = n.child("specification")
	a.Specification = strings.TrimSpace(a.Specification)
	a.License, _ = n.child("license")
	img.About = a
}

func (s *state) rest(img *Image) {
	for _, d := range s.drivers {
		for f := range d.every("file") {
			img.Drivers = append(img.Drivers, f.get("name"))
		}
	}
	img.Drivers = list(img.Drivers)
	for _, st := range s.strip {
		to := map[string]*[]string{"delete": &img.Strip.Delete, "tools": &img.Strip.Tools, "libs": &img.Strip.Libs}[collapse(st.get("type"))]
		for f := range st.every("file") {
			*to = append(*to, f.get("name"))
		}
	}
	img.Strip = Strip{list(img.Strip.Delete), list(img.Strip.Tools), list(img.Strip.Libs)}
	s.loadContainers(img)
	s.certificates(img)
}

func (s *state) loadContainers(img *Image) {
	for _, sec := range s.containers {
		c := Containers{From: sec.get("source"), Backend: collapse(sec.get("backend")), Source: s.from(sec, sec.node)}
		for k := range sec.every("container") {
			if !s.matches(k) {
				continue
			}
			tag := k.get("tag")
			if tag == "" {
				tag = "latest"
			}
			c.Images = append(c.Images, Container{k.get("name"), k.get("path"), tag, truth(k.get("fetch_only")), s.from(sec, k)})
		}
		c.Images = list(c.Images)
		img.Containers = append(img.Containers, c)
	}
	img.Containers = list(img.Containers)
}

// certificates takes the first active section.
func (s *state) certificates(img *Image) {
	if len(s.cas) == 0 {
		return
	}
	c := &Certificates{TargetDistribution: collapse(s.cas[0].get("target_distribution")), Source: s.from(s.cas[0], s.cas[0].node)}
	for k := range s.cas[0].every("certificate") {
		c.Files = append(c.Files, k.get("name"))
	}
	slices.Sort(c.Files)
	c.Files = slices.Compact(c.Files)
	img.Certificates = c
}

// accounts joins user entries of the same name.
func (s *state) accounts(img *Image) {
	index := map[string]int{}
	member := map[[2]string]bool{}
	for _, sec := range s.users {
		for k := range sec.every("user") {
			name := k.get("name")
			at, known := index[name]
			if !known {
				at = len(img.Users)
				index[name] = at
				img.Users = append(img.Users, newUser(k, s.from(sec, k)))
			}
			for _, g := range commas(collapse(k.get("groups"))) {
				if key := [2]string{name, g}; !member[key] {
					member[key] = true
					img.Users[at].Groups = append(img.Users[at].Groups, g)
				}
			}
		}
	}
	img.Users = list(img.Users)
}

func newUser(k *node, from Source) User {
	u := User{Name: k.get("name"), Password: k.get("password"), Format: collapse(k.get("pwdformat")),
		UID: numberAttr(k, "id"), Groups: []string{}, RealName: k.get("realname"), Home: k.get("home"),
		Shell: k.get("shell"), Source: from}
	if u.Format == "" {
		u.Format = "encrypted"
	}
	return u
}

// scripts lists the standard scripts and overlays that exist.
func (s *state) scripts(img *Image) {
	f, base := s.doc.files, path.Dir(s.doc.file)
	find := func(name, file string) {
		if file != "" && f.exists(f.locate(file, base)) {
			img.Scripts = append(img.Scripts, Script{name, f.locate(file, base)})
		}
	}
	for _, name := range []string{"config.sh", "config-overlay.sh", "config-host-overlay.sh", "images.sh",
		"post_bootstrap.sh", "pre_disk_sync.sh", "disk.sh"} {
		find(name, name)
	}
	find("edit_boot_config.sh", img.Type.Attr.EditBootConfig)
	find("edit_boot_install.sh", img.Type.Attr.EditBootInstall)
	img.Scripts = list(img.Scripts)
	if dir := f.locate("root", base); f.isDir(dir) {
		img.Overlays = append(img.Overlays, Overlay{Path: dir})
	} else if file := f.locate("root.tar.gz", base); f.exists(file) {
		img.Overlays = append(img.Overlays, Overlay{Path: file, Archive: true})
	}
	for _, p := range s.profiles {
		if p == "" || strings.ContainsAny(p, "/\\") || p == "." || p == ".." {
			continue
		}
		if dir := f.locate(p, base); f.isDir(dir) {
			img.Overlays = append(img.Overlays, Overlay{Path: dir, Profile: p})
		}
	}
	img.Overlays = list(img.Overlays)
}
