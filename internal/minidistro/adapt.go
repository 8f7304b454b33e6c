package minidistro

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// adapt does what Debian's maintainer scripts and Fedora's packaging would do,
// adds the packages Debian has no counterpart of, and gives accounts and services
// their scriptlets.
func (m *maker) adapt() error {
	for _, name := range m.names() {
		if fix, ok := fixes[name]; ok {
			fix(m, m.pkgs[name])
		}
	}
	if p, ok := m.pkgs["kernel-core"]; ok {
		m.splitKernel(p)
	}
	if err := m.bootPackages(); err != nil {
		return err
	}
	if err := m.ownPackages(); err != nil {
		return err
	}
	for _, name := range m.names() {
		p := m.pkgs[name]
		m.findAccounts(p)
		unitScripts(p)
		m.accountScripts(p)
	}
	return m.dropClashes()
}

// fixes are the changes to packages that exist in both distributions.
var fixes = map[string]func(*maker, *pkg){
	"glibc": fixGlibc, "glibc-common": fixGlibcCommon, "libgcc": fixLibgcc, "bash": fixBash, "pam": fixPAM,
	"shadow-utils": fixShadow, "systemd": fixSystemd, "systemd-udev": fixUdev, "dbus": fixDBus,
	"openssh-server": fixSSHServer, "sudo": fixSudo, "ca-certificates": fixCA, "iputils": fixIputils,
	"dracut": fixDracut, "grub2-tools": fixGrubTools, "rpm": fixRPM, "dnf": fixDNF, "dnf-data": fixDNFData,
	"gawk": fixGawk, "debianutils": fixDebianutils, "chrony": fixChrony, "cloud-init": fixCloudInit,
	"perl-interpreter": provide("perl = 4:5.36.0", "perl:any"),
	"python3":          provide("python3 = 3.11", "python(abi) = 3.11", "/usr/bin/python"),
	"polkit":           fixPolkit,
	"NetworkManager":   func(_ *maker, p *pkg) { delete(p.nodes, "var/lib/polkit-1") }, // polkit's
	"procps-ng":        linkUnless("usr/bin/w.procps", "usr/bin/w", "w.procps"),
	"vim-minimal":      links("usr/bin/vi", "vim.tiny", "usr/bin/vim", "vim.tiny"),
	"less":             links("usr/bin/pager", "less"),
	"nano":             links("usr/bin/editor", "nano"),
	"pinentry":         links("usr/bin/pinentry", "pinentry-curses"),
	"libxml2":          ldconfigScripts, "glib2": ldconfigScripts, "libarchive": ldconfigScripts,
}

func provide(names ...string) func(*maker, *pkg) {
	return func(_ *maker, p *pkg) { p.provides = append(p.provides, names...) }
}

func links(pairs ...string) func(*maker, *pkg) {
	return func(_ *maker, p *pkg) {
		for pair := range slices.Chunk(pairs, 2) {
			p.symlink(pair[0], pair[1])
		}
	}
}

func linkUnless(needed, name, target string) func(*maker, *pkg) {
	return func(_ *maker, p *pkg) {
		if p.has(needed) {
			p.symlink(name, target)
		}
	}
}

func ldconfigScripts(_ *maker, p *pkg) {
	p.script("%post -p /sbin/ldconfig", "")
	p.script("%postun -p /sbin/ldconfig", "")
}

var sysuserWords = regexp.MustCompile(`"[^"]*"|\S+`)

// findAccounts collects the users and groups a package's files and sysusers.d
// snippets need.
func (m *maker) findAccounts(p *pkg) {
	for _, name := range p.paths() {
		if strings.HasPrefix(name, "usr/lib/sysusers.d/") && strings.HasSuffix(name, ".conf") && !strings.HasSuffix(name, "/basic.conf") {
			for line := range strings.Lines(p.read(name)) {
				m.sysuser(p, strings.TrimSpace(line))
			}
		}
	}
	for _, name := range p.paths() {
		n := p.nodes[name]
		if _, ok := p.users[n.user]; !ok && !m.users[n.user] {
			p.users[n.user] = account{home: "/"}
		}
		_, group := p.groups[n.group]
		_, user := p.users[n.group]
		if !group && !user && !m.groups[n.group] {
			p.groups[n.group] = ""
		}
	}
}

// sysuser reads one line of sysusers.d(5).
func (m *maker) sysuser(p *pkg, line string) {
	if line == "" || line[0] == '#' {
		return
	}
	f := append(sysuserWords.FindAllString(line, -1), "-", "-", "-", "-", "-", "-")
	id := f[2]
	if strings.Trim(id, "0123456789") != "" {
		id = ""
	}
	switch {
	case f[0] == "g" && !m.groups[f[1]]:
		p.groups[f[1]] = id
	case f[0] == "u" && !m.users[f[1]]:
		home := f[4]
		if home == "-" {
			home = "/"
		}
		p.users[f[1]] = account{strings.Trim(strings.TrimPrefix(f[3], "-"), `"`), home, id}
	}
}

// accountScripts makes accounts in %pre, as Fedora's packages do.
func (m *maker) accountScripts(p *pkg) {
	if len(p.users)+len(p.groups) == 0 {
		return
	}
	var b strings.Builder
	addGroup := func(name, id string) {
		if id != "" {
			id = "-g " + id + " "
		}
		fmt.Fprintf(&b, "getent group %s >/dev/null || groupadd -r %s%s\n", name, id, name)
	}
	for _, g := range sortedKeys(p.groups) {
		if _, both := p.users[g]; !both {
			addGroup(g, p.groups[g])
		}
		p.provides = append(p.provides, "group("+g+")")
	}
	for _, u := range sortedKeys(p.users) {
		a := p.users[u]
		addGroup(u, a.uid)
		id := ""
		if a.uid != "" {
			id = "-u " + a.uid + " "
		}
		if a.gecos == "" {
			a.gecos = u
		}
		fmt.Fprintf(&b, "getent passwd %s >/dev/null || \\\n    useradd -r %s-g %s -d %s -s /usr/sbin/nologin -c \"%s\" %s\n",
			u, id, u, a.home, a.gecos, u)
		p.provides = append(p.provides, "user("+u+")", "group("+u+")")
	}
	b.WriteString("exit 0\n")
	p.provides = unique(p.provides)
	p.scripts = slices.Insert(p.scripts, 0, script{"%pre", b.String()})
	p.preRequires = append(p.preRequires, [2]string{"pre", "shadow-utils"}, [2]string{"pre", "glibc-common"})
}

var unitName = regexp.MustCompile(`^usr/lib/systemd/system/([^/@]+\.(?:service|socket|timer|path|target))$`)

// unitScripts applies presets to the units a package brings.
func unitScripts(p *pkg) {
	var units []string
	for _, name := range p.paths() {
		f := unitName.FindStringSubmatch(name)
		if f != nil && p.nodes[name].kind == 'f' && p.name != "systemd" && strings.Contains(p.read(name), "[Install]") {
			units = append(units, f[1])
		}
	}
	if len(units) == 0 {
		return
	}
	list := strings.Join(units, " ")
	p.script("%post", "if [ $1 -eq 1 ] && [ -x /usr/bin/systemctl ]; then\n    # Initial installation\n"+
		"    /usr/bin/systemctl --no-reload preset "+list+" >/dev/null 2>&1 || :\nfi\n")
	p.script("%preun", "if [ $1 -eq 0 ] && [ -x /usr/bin/systemctl ]; then\n"+
		"    /usr/bin/systemctl --no-reload disable --now "+list+" >/dev/null 2>&1 || :\nfi\n")
	p.script("%postun", "if [ $1 -ge 1 ] && [ -x /usr/bin/systemctl ] && [ -d /run/systemd/system ]; then\n"+
		"    /usr/bin/systemctl try-restart "+list+" >/dev/null 2>&1 || :\nfi\n")
}

// dropClashes leaves a file that two packages carry to the first of them.
func (m *maker) dropClashes() error {
	owner := map[string]string{}
	for _, name := range m.names() {
		p := m.pkgs[name]
		for _, file := range p.paths() {
			if p.nodes[file].kind == 'd' {
				continue
			}
			if first, taken := owner[file]; taken {
				m.log("  %s is in %s and %s; the first keeps it", file, first, name)
				os.Remove(p.path(file))
				delete(p.nodes, file)
				continue
			}
			owner[file] = name
		}
	}
	return nil
}
