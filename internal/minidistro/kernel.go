package minidistro

import (
	"path"
	"strings"
)

// splitKernel makes kernel-core, kernel-modules-core, kernel-modules and kernel
// of Debian's kernel image, with Fedora's loop between the first two.
func (m *maker) splitKernel(p *pkg) {
	for _, name := range p.paths() {
		if f := kernelImage.FindStringSubmatch(name); f != nil {
			m.kernel = f[1]
			p.rename(name, "usr/lib/modules/"+m.kernel+"/vmlinuz")
		}
	}
	dir := "usr/lib/modules/" + m.kernel
	n := p.nodes[dir+"/vmlinuz"]
	n.mode = 0o755
	p.nodes[dir+"/vmlinuz"] = n
	for _, name := range []string{"config", "System.map"} {
		if p.has("boot/" + name + "-" + m.kernel) {
			p.rename("boot/"+name+"-"+m.kernel, dir+"/"+name)
		}
	}
	p.remove("usr/share/bug*")
	delete(p.nodes, "usr/lib/modules")
	p.name, p.source = "kernel-core", "kernel"
	core := m.newPkg("kernel-modules-core", p.version, p.release, p.epoch, m.arch.name, "kernel")
	rest := m.newPkg("kernel-modules", p.version, p.release, p.epoch, m.arch.name, "kernel")
	meta := m.newPkg("kernel", p.version, p.release, p.epoch, m.arch.name, "kernel")
	m.moveModules(p, core, rest, dir)
	m.kernelRelations(p, core, rest, meta)
	m.kernelScripts(p, core, rest)
	for _, k := range []*pkg{p, core, rest, meta} {
		k.summary = "The Linux kernel (" + k.name + ")"
	}
}

func (m *maker) moveModules(p, core, rest *pkg, dir string) {
	patterns := make([]string, len(coreModules))
	for i, c := range coreModules {
		patterns[i] = dir + "/kernel/" + c
	}
	m.splitOff(p, core, patterns, nil)
	m.splitOff(p, rest, []string{dir + "/kernel/*"}, nil)
	for _, name := range p.paths() {
		if p.nodes[name].kind == 'd' && strings.HasPrefix(name, dir+"/kernel") {
			if !core.has(name) {
				core.nodes[name] = p.nodes[name]
			}
			delete(p.nodes, name)
		}
	}
	for _, k := range []*pkg{core, rest} {
		dropEmpty(k, func(d string) bool { return path.Dir(d) != "." })
	}
}

func (m *maker) kernelRelations(p, core, rest, meta *pkg) {
	uname := strings.Replace(m.kernel, "-", "%", 1)
	uname = strings.Replace(strings.ReplaceAll(uname, "-", "."), "%", "-", 1)
	p.requires = []string{"kernel-modules-core-uname-r = " + uname, "dracut", "grub2-tools", "systemd", "coreutils"}
	if m.arch.name == "s390x" {
		p.requires[2] = "s390utils-core"
	}
	p.preRequires = [][2]string{{"pre", "coreutils"}, {"posttrans", "systemd"}, {"pre", "systemd"}, {"posttrans", "dracut"}, {"preun", "systemd"}}
	p.preRequires = append(p.preRequires, [2]string{"posttrans", p.requires[2]})
	p.recommends, p.conflicts = nil, nil
	p.provides = []string{"kernel-core-uname-r = " + uname, "kernel-uname-r = " + uname, "installonlypkg(kernel)",
		"kernel-" + m.arch.name + " = " + p.full()}
	core.provides = []string{"kernel-modules-core-uname-r = " + uname, "installonlypkg(kernel-module)"}
	core.requires = []string{"kernel-core-uname-r = " + uname, "kmod"} // a loop, as in Fedora
	core.preRequires = [][2]string{{"pre", "kmod"}, {"post", "kmod"}, {"posttrans", "kmod"}}
	rest.provides = []string{"kernel-modules-uname-r = " + uname, "installonlypkg(kernel-module)"}
	rest.requires = []string{"kernel-core-uname-r = " + uname, "kernel-modules-core-uname-r = " + uname, "kmod"}
	meta.provides = []string{"kernel-meta = " + p.full()}
	meta.requires = []string{"kernel-core-uname-r = " + uname, "kernel-modules-core-uname-r = " + uname, "kernel-modules-uname-r = " + uname}
}

func (m *maker) kernelScripts(p, core, rest *pkg) {
	p.ghost("%attr(0755,root,root)", "boot/vmlinuz-"+m.kernel)
	p.ghost("%attr(0600,root,root)", "boot/initramfs-"+m.kernel+".img")
	p.ghost("%attr(0644,root,root)", "boot/System.map-"+m.kernel)
	p.ghost("%attr(0644,root,root)", "boot/config-"+m.kernel)
	fill := strings.NewReplacer("{state}", "/var/lib/rpm-state/kernel", "{v}", m.kernel)
	p.script("%post", fill.Replace("mkdir -p {state}\ntouch {state}/installing_core_{v}\n"))
	p.script("%preun", fill.Replace("if [ -x /usr/bin/kernel-install ]; then\n  /usr/bin/kernel-install remove {v} || exit $?\nfi\n"))
	p.script("%posttrans", fill.Replace("rm -f {state}/installing_core_{v}\n"+
		"/usr/bin/kernel-install add {v} /lib/modules/{v}/vmlinuz || exit $?\n"))
	core.script("%posttrans", fill.Replace("/usr/sbin/depmod -a {v}\n"))
	rest.script("%post", fill.Replace("if [ ! -f {state}/installing_core_{v} ]; then\n    mkdir -p {state}\n"+
		"    touch {state}/need_to_run_dracut_{v}\nfi\n"))
	rest.script("%posttrans", fill.Replace("/usr/sbin/depmod -a {v} || :\nif [ -f {state}/need_to_run_dracut_{v} ]; then\n"+
		"    rm -f {state}/need_to_run_dracut_{v}\n    dracut -f --kver \"{v}\" || :\nfi\n"))
}
