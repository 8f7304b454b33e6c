package description

import (
	"cmp"
	"slices"
	"strings"
)

// inSections returns the active <packages> sections of some types.
func (s *state) inSections(types ...string) []active {
	var out []active
	for _, p := range s.packages {
		if slices.Contains(types, collapse(p.get("type"))) {
			out = append(out, p)
		}
	}
	return out
}

// names gathers the name attributes of elements whose arch matches; adjust is
// applied to each.
func (s *state) names(sections []active, element string, archMatters bool, adjust func(string) string) []Package {
	list := []Package{}
	for _, sec := range sections {
		for k := range sec.every(element) {
			if !archMatters || s.matches(k) {
				list = append(list, Package{adjust(k.get("name")), s.from(sec, k)})
			}
		}
	}
	return list
}

func asWritten(s string) string { return s }

// sorted orders by name, keeping the first of equal ones in front.
func sorted(list []Package) []Package {
	slices.SortStableFunc(list, func(a, b Package) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// unique sorts and keeps the first entry of each name.
func unique(list []Package) []Package {
	return slices.CompactFunc(sorted(list), func(a, b Package) bool { return a.Name == b.Name })
}

// fillPackages reads all <packages> sections by kiwi's rules: a section named
// after the selected type counts for the image phase, and its collections, products
// and ignores for the bootstrap phase as well.
func (s *state) fillPackages(img *Image, over Overrides) {
	typed := collapse(s.typ.get("image"))
	boot, image := s.inSections("bootstrap"), s.inSections("image", typed)
	bootTyped := s.inSections("bootstrap", typed)
	p := &img.Packages
	p.Bootstrap = s.phase(boot, bootTyped)
	p.Image = s.phase(image, image)
	s.addManager(img)
	for _, name := range over.AddPackages {
		p.Image.Packages = append(p.Image.Packages, Package{name, commandLine("add-package")})
	}
	for _, name := range over.AddBootstrapPackages {
		p.Bootstrap.Packages = append(p.Bootstrap.Packages, Package{name, commandLine("add-bootstrap-package")})
	}
	p.Bootstrap.Packages, p.Image.Packages = unique(p.Bootstrap.Packages), unique(p.Image.Packages)
	p.Delete = unique(s.names(s.inSections("delete"), "package", true, asWritten))
	p.Uninstall = unique(s.names(s.inSections("uninstall"), "package", true, asWritten))
	p.Remove = []Package{}
	for _, name := range over.DeletePackages {
		p.Remove = append(p.Remove, Package{name, commandLine("delete-package")})
	}
	p.Remove = unique(p.Remove)
	p.SystemFilesIgnore = Names(sorted(s.names(s.inSections("systemfiles", typed), "ignore", true, strings.TrimSpace)))
	for _, sec := range bootTyped {
		if name := sec.get("bootstrap_package"); name != "" {
			p.BootstrapPackage = name
			break
		}
	}
	s.modules(boot, p)
}

// addManager puts the package manager into the bootstrap phase, when that phase has
// packages and the image phase has some to install with it.
func (s *state) addManager(img *Image) {
	p := &img.Packages
	if len(p.Bootstrap.Packages) == 0 || len(p.Image.Packages) == 0 {
		return
	}
	name := img.Preferences.PackageManager
	switch name {
	case "dnf4":
		name = "dnf"
	case "apk":
		name = "apk-tools"
	}
	p.Bootstrap.Packages = append(p.Bootstrap.Packages, Package{name, img.Preferences.Sources["package_manager"]})
}

// phase reads one transaction: own are the sections of its packages, wide those of
// collections, products and ignores.
func (s *state) phase(own, wide []active) Phase {
	p := Phase{
		Packages:    s.names(own, "package", true, strings.TrimSpace),
		Collections: unique(s.names(wide, "namedCollection", true, asWritten)),
		Products:    unique(s.names(wide, "product", false, asWritten)),
		Ignore:      sorted(s.names(wide, "ignore", true, strings.TrimSpace)),
		Archives:    s.archives(own),
		Files:       s.files(own),
	}
	for _, sec := range wide {
		if pattern := collapse(sec.get("patternType")); pattern != "" {
			p.Recommended = pattern == "plusRecommended"
			break
		}
	}
	return p
}

// archives lists archives by name; of equal names the last target counts for all.
func (s *state) archives(sections []active) []Archive {
	target := map[string]string{}
	list := []Archive{}
	for _, sec := range sections {
		for k := range sec.every("archive") {
			name := strings.TrimSpace(k.get("name"))
			target[name] = k.get("target_dir")
			list = append(list, Archive{Name: name, Source: s.from(sec, k)})
		}
	}
	slices.SortStableFunc(list, func(a, b Archive) int { return cmp.Compare(a.Name, b.Name) })
	for i := range list {
		list[i].TargetDir = target[list[i].Name]
	}
	return list
}

// files lists files by name; of equal names the last counts. The arch attribute
// has no effect on them.
func (s *state) files(sections []active) []File {
	byName := map[string]File{}
	for _, sec := range sections {
		for k := range sec.every("file") {
			s.archPassedOver(sec, k)
			byName[k.get("name")] = File{k.get("name"), k.get("target"), k.get("owner"), k.get("permissions"), s.from(sec, k)}
		}
	}
	list := make([]File, 0, len(byName))
	for _, f := range byName {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// archPassedOver notes an element that counts although its arch attribute does not
// name the image's architecture: kiwi does not look at it there.
func (s *state) archPassedOver(sec active, k *node) {
	if !s.matches(k) {
		s.notes = append(s.notes, Note{"arch of <" + k.name() + "> has no effect: " + k.get("name") + " counts on " + s.arch + " too", s.from(sec, k)})
	}
}

// modules collects dnf modules; only an explicit false disables, arch has no effect.
func (s *state) modules(boot []active, p *Packages) {
	p.EnableModules, p.DisableModules = []string{}, []string{}
	for _, sec := range boot {
		for k := range sec.every("collectionModule") {
			s.archPassedOver(sec, k)
			name, stream := collapse(k.get("name")), collapse(k.get("stream"))
			switch {
			case !truth(k.get("enable")):
				p.DisableModules = append(p.DisableModules, name)
			case stream != "":
				p.EnableModules = append(p.EnableModules, name+":"+stream)
			default:
				p.EnableModules = append(p.EnableModules, name)
			}
		}
	}
}
