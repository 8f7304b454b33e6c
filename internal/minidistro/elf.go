package minidistro

import (
	"debug/elf"
	"os"
	"slices"
	"strings"
)

// scanDependencies finds soname dependencies in the form of rpm's ELF generator,
// and the interpreters of scripts.
func (m *maker) scanDependencies() error {
	files := map[string]string{}
	for _, name := range m.names() {
		for f := range m.pkgs[name].nodes {
			files["/"+f] = name
		}
	}
	provided := map[string]bool{"rtld(GNU_HASH)": true}
	for _, name := range m.names() {
		p := m.pkgs[name]
		m.scanPackage(p, files)
		for _, s := range p.elfProvides {
			provided[s] = true
		}
	}
	for _, name := range m.names() {
		p := m.pkgs[name]
		p.elfRequires = slices.DeleteFunc(p.elfRequires, func(s string) bool { return !provided[s] || slices.Contains(p.elfProvides, s) })
	}
	return nil
}

func (m *maker) scanPackage(p *pkg, files map[string]string) {
	provides, requires, interpreters := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, name := range p.paths() {
		if p.nodes[name].kind != 'f' {
			continue
		}
		head := readHead(p.path(name))
		switch {
		case strings.HasPrefix(head, "\x7fELF") && isProgram(name):
			scanELF(p.path(name), provides, requires)
		case strings.HasPrefix(head, "#!") && p.nodes[name].mode&0o111 != 0:
			if i := interpreter(head); i != "" && files[i] != "" && files[i] != p.name {
				interpreters[i] = true
			}
		}
	}
	p.elfProvides, p.elfRequires, p.fileRequires = sortedKeys(provides), sortedKeys(requires), sortedKeys(interpreters)
}

func readHead(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	buf := make([]byte, 128)
	n, _ := f.Read(buf)
	return string(buf[:n])
}

// isProgram leaves out what has ELF form but no dynamic dependencies.
func isProgram(name string) bool {
	for _, suffix := range []string{".ko", ".ko.xz", ".mod", ".o", ".module"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	return !strings.HasPrefix(name, "usr/lib/grub") && !strings.HasPrefix(name, "boot/")
}

func interpreter(head string) string {
	line, _, _ := strings.Cut(head[2:], "\n")
	f := strings.Fields(line)
	if len(f) == 0 {
		return ""
	}
	if strings.HasSuffix(f[0], "/env") && len(f) > 1 {
		return "/usr/bin/" + f[1]
	}
	return "/" + merged(strings.TrimPrefix(f[0], "/"))
}

// scanELF adds name(version)(64bit) words of one file.
func scanELF(path string, provides, requires map[string]bool) {
	f, err := elf.Open(path)
	if err != nil || (f.Type != elf.ET_DYN && f.Type != elf.ET_EXEC) {
		return
	}
	defer f.Close()
	word := func(lib, version string) string { return lib + "(" + version + ")(64bit)" }
	sonames, _ := f.DynString(elf.DT_SONAME)
	for _, s := range sonames {
		provides[word(s, "")] = true
		versions, _ := f.DynamicVersions()
		for _, v := range versions {
			if v.Flags&elf.VER_FLG_BASE == 0 {
				provides[word(s, v.Name)] = true
			}
		}
	}
	libs, _ := f.ImportedLibraries()
	for _, l := range libs {
		requires[word(l, "")] = true
	}
	needs, _ := f.DynamicVersionNeeds()
	for _, n := range needs {
		for _, v := range n.Needs {
			requires[word(n.Name, v.Dep)] = true
		}
	}
	if hash := f.Section(".gnu.hash"); hash != nil && f.Section(".hash") == nil && len(libs) > 0 {
		requires["rtld(GNU_HASH)"] = true
	}
}
