package minidistro

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ownPackages adds the packages that Debian has no counterpart of.
func (m *maker) ownPackages() error {
	m.setup()
	m.filesystem()
	m.release()
	if err := m.releaseKeys(); err != nil {
		return err
	}
	m.smallPackages()
	return m.langpacks()
}

func (m *maker) setup() {
	p := m.newPkg("setup", "2.15.0", "13"+m.dist, "", "noarch", "setup")
	p.summary = "A set of system configuration and setup files"
	passwd, group := m.file("passwd"), m.file("group")
	p.write("etc/passwd", passwd, 0o644)
	p.write("etc/group", group, 0o644)
	p.write("etc/shadow", lockedAccounts(passwd, ":*::0:99999:7:::\n"), 0)
	p.write("etc/gshadow", lockedAccounts(group, ":::\n"), 0)
	for _, name := range []string{"subuid", "subgid", "motd", "fstab", "environment", "exports"} {
		p.write("etc/"+name, "", 0o644)
	}
	p.write("etc/hosts", "127.0.0.1   localhost localhost.localdomain\n::1         localhost localhost.localdomain\n", 0o644)
	p.write("etc/host.conf", "multi on\n", 0o644)
	p.write("etc/filesystems", "xfs\next4\next3\next2\nnodev proc\nnodev devpts\niso9660\nvfat\n*\n", 0o644)
	p.write("etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n", 0o644)
	p.write("etc/profile", m.file("profile"), 0o644)
	p.write("etc/bashrc", "# /etc/bashrc\n[ \"$PS1\" ] && PS1=\"[\\u@\\h \\W]\\\\$ \"\n", 0o644)
	p.write("etc/profile.d/lang.sh", "[ -f /etc/locale.conf ] && . /etc/locale.conf && export LANG\n", 0o644)
	p.requires = []string{"fedora-release"}
	p.provides = []string{"config(setup) = " + p.full()}
	for _, u := range sortedKeys(m.users) {
		p.provides = append(p.provides, "user("+u+")")
	}
	for _, g := range sortedKeys(m.groups) {
		p.provides = append(p.provides, "group("+g+")")
	}
	p.script("%post -p <lua>", m.file("setup-post.lua"))
}

// lockedAccounts gives every name of a passwd-like text the same rest of a line.
func lockedAccounts(text, rest string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, ":")
		b.WriteString(name + rest)
	}
	return b.String()
}

func (m *maker) filesystem() {
	p := m.newPkg("filesystem", "3.18", "42"+m.dist, "", m.arch.name, "filesystem")
	p.summary = "The basic directory layout for a Linux system"
	for _, dir := range sortedKeys(m.dirs) {
		p.mkdir(dir, m.dirs[dir])
	}
	for _, l := range [][2]string{{"bin", "usr/bin"}, {"sbin", "usr/sbin"}, {"lib", "usr/lib"}, {"lib64", "usr/lib64"},
		{"var/run", "../run"}, {"var/lock", "../run/lock"}, {"usr/tmp", "../var/tmp"}, {"var/mail", "spool/mail"}} {
		p.symlink(l[0], l[1])
	}
	p.mkdirOwned("var/spool/mail", 0o775, "root", "mail")
	p.preRequires = [][2]string{{"pre", "setup"}}
	p.provides = []string{"filesystem(unmerged-sbin-symlinks)"}
	p.script("%pretrans -p <lua>", m.file("filesystem-pretrans.lua"))
	p.script("%posttrans", "if [ -x /usr/sbin/restorecon ]; then\n    /usr/sbin/restorecon /var 2>/dev/null >/dev/null || :\nfi\n")
}

func (m *maker) release() {
	rv := m.opts.Releasever
	p := m.mit("fedora-release-common")
	p.summary = "Fedora release files"
	p.write("etc/fedora-release", "Fedora release "+rv+" (Test)\n", 0o644)
	p.symlink("etc/redhat-release", "fedora-release")
	p.symlink("etc/system-release", "fedora-release")
	p.write("etc/system-release-cpe", "cpe:/o:fedoraproject:fedora:"+rv+"\n", 0o644)
	p.write("etc/issue", "\\S\nKernel \\r on \\m (\\l)\n\n", 0o644)
	p.write("etc/issue.net", "\\S\nKernel \\r on \\m (\\l)\n", 0o644)
	p.mkdir("etc/issue.d", 0o755)
	p.write("usr/lib/rpm/macros.d/macros.dist", fmt.Sprintf("%%fedora              %s\n%%dist                %%{?distprefix}.fc%s\n", rv, rv), 0o644)
	p.write("usr/lib/systemd/system-preset/90-default.preset", m.file("90-default.preset"), 0o644)
	p.write("usr/lib/systemd/system-preset/80-cloud.preset", m.file("80-cloud.preset"), 0o644)
	p.write("usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n", 0o644)
	p.provides = []string{"system-release", "system-release(" + rv + ")", "redhat-release",
		"system-release(releasever) = " + rv, "base-module(platform:f" + rv + ")"}
	p.requires = []string{"fedora-repos(" + rv + ")", "fedora-release-variant = " + rv + "-1",
		"(fedora-release-identity-cloud = " + rv + "-1 if fedora-release-cloud)"}
	identity := m.mit("fedora-release-identity-cloud")
	identity.write("usr/lib/os-release", m.file("os-release"), 0o644)
	identity.symlink("etc/os-release", "../usr/lib/os-release")
	identity.provides = []string{"fedora-release-identity = " + rv + "-1"}
	cloud := m.mit("fedora-release-cloud")
	cloud.provides = []string{"fedora-release = " + rv + "-1", "fedora-release-variant = " + rv + "-1"}
	cloud.requires = []string{"fedora-release-common = " + rv + "-1"}
	cloud.recommends = []string{"fedora-release-identity-cloud = " + rv + "-1"}
}

func (m *maker) mit(name string) *pkg {
	p := m.newPkg(name, m.opts.Releasever, "1", "", "noarch", name)
	p.license = "MIT"
	return p
}

func (m *maker) releaseKeys() error {
	rv := m.opts.Releasever
	repos := m.mit("fedora-repos")
	repos.write("etc/yum.repos.d/fedora.repo", m.file("fedora.repo"), 0o644)
	repos.provides = []string{"fedora-repos(" + rv + ")"}
	repos.requires = []string{"system-release(" + rv + ")", "fedora-gpg-keys >= " + rv + "-1"}
	keys := m.mit("fedora-gpg-keys")
	text, err := os.ReadFile(m.pubkey)
	if err != nil {
		return err
	}
	const dir = "etc/pki/rpm-gpg"
	keys.mkdir(dir, 0o755)
	keys.write(dir+"/RPM-GPG-KEY-fedora-"+rv+"-primary", string(text), 0o644)
	keys.symlink(dir+"/RPM-GPG-KEY-fedora-"+rv+"-"+m.arch.name, "RPM-GPG-KEY-fedora-"+rv+"-primary")
	return nil
}

func (m *maker) smallPackages() {
	base := m.newPkg("basesystem", "11", "22"+m.dist, "", "noarch", "basesystem")
	base.summary = "The skeleton package which defines a simple Fedora system"
	base.preRequires = [][2]string{{"pre", "setup"}, {"pre", "filesystem"}}
	if dracut, ok := m.pkgs["dracut"]; ok {
		for _, c := range [][3]string{{"generic", "02-generic-image.conf", "hostonly=\"no\"\ndracut_rescue_image=\"no\"\n"},
			{"rescue", "02-rescue.conf", "dracut_rescue_image=\"yes\"\n"}} {
			p := m.newPkg("dracut-config-"+c[0], dracut.version, dracut.release, "", "noarch", "dracut")
			p.write("usr/lib/dracut/dracut.conf.d/"+c[1], c[2], 0o644)
			p.requires = []string{"dracut = " + dracut.full()}
		}
		dracut.recommends = append(dracut.recommends, "(dracut-config-rescue if kernel)")
	}
	if m.arch.efi != "" {
		efi := m.newPkg("efi-filesystem", "6", "3"+m.dist, "", "noarch", "efi-filesystem")
		efi.summary = "The basic directory layout for EFI machines"
		for _, dir := range []string{"boot/efi/EFI", "boot/efi/EFI/BOOT", "boot/efi/EFI/fedora"} {
			efi.mkdir(dir, 0o700)
		}
		efi.requires = []string{"filesystem"}
	}
	grubby := m.newPkg("grubby", "8.40", "80"+m.dist, "", "noarch", "grubby")
	grubby.summary = "Command line tool for updating bootloader configs"
	grubby.write("usr/sbin/grubby", "#!/usr/bin/bash\n# stands in for the real one: lists the loader entries\n"+
		"ls /boot/loader/entries/*.conf 2>/dev/null\nexit 0\n", 0o755)
	grubby.requires = []string{"findutils", "util-linux"}
}

// langpacks split glibc's locales and converters as Fedora does.
func (m *maker) langpacks() error {
	gl := m.pkgs["glibc"]
	locales := map[string][]string{"glibc-langpack-en": {"en_US", "en_GB"}, "glibc-langpack-de": {"de_DE"},
		"glibc-langpack-fr": {"fr_FR"}, "glibc-minimal-langpack": nil, "glibc-all-langpacks": nil}
	need := []string{"glibc = " + gl.full(), "glibc-common = " + gl.full()}
	for _, name := range sortedKeys(locales) {
		p := m.newPkg(name, gl.version, gl.release, gl.epoch, m.arch.name, "glibc")
		p.provides = []string{"glibc-langpack = " + gl.full()}
		p.requires = need
		p.summary = "Locale data: " + name
		p.mkdir("usr/share/licenses/"+name, 0o755)
		p.write("usr/share/licenses/"+name+"/README", "Locale data of glibc.\n", 0o644)
		for _, l := range locales[name] {
			if err := m.compileLocale(p, l); err != nil {
				return err
			}
		}
	}
	conv := m.newPkg("glibc-gconv-extra", gl.version, gl.release, gl.epoch, m.arch.name, "glibc")
	m.splitOff(gl, conv, []string{"usr/lib/" + m.arch.triplet + "/gconv/*"},
		[]string{"*/UTF-*", "*/ISO8859-1.so", "*/ISO8859-15.so", "*/CP1252.so", "*/UNICODE.so", "*/ANSI_X3.110.so", "*/gconv-modules*"})
	conv.requires = need
	conv.summary = "Converters outside the core set"
	return nil
}

// compileLocale compiles a locale from the sources in Debian's locales package,
// in the byte order of the architecture.
func (m *maker) compileLocale(p *pkg, locale string) error {
	order := "--little-endian"
	if m.arch.name == "s390x" {
		order = "--big-endian"
	}
	sources := m.path("stage/.locales")
	if _, err := os.Stat(sources); err != nil {
		if _, err := m.run("", nil, "dpkg-deb", "-x", m.path("debs/"+m.debName("locales")), sources); err != nil {
			return err
		}
	}
	top := "usr/lib/locale/" + locale + ".utf8"
	if err := os.MkdirAll(p.path("usr/lib/locale"), 0o755); err != nil {
		return err
	}
	if _, err := m.run("", []string{"I18NPATH=" + sources + "/usr/share/i18n"},
		"localedef", "--no-archive", order, "-c", "-i", locale, "-f", "UTF-8", p.path(top)); err != nil {
		if _, made := os.Stat(p.path(top)); made != nil {
			return err
		}
	}
	return p.adopt(top)
}

// adopt takes files that a tool made in the stage into the package.
func (p *pkg) adopt(top string) error {
	return filepath.WalkDir(p.path(top), func(full string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(p.stage, full)
		if err != nil || p.has(name) {
			return err
		}
		n := node{kind: 'f', mode: 0o644, user: "root", group: "root"}
		if d.IsDir() {
			n.kind, n.mode = 'd', 0o755
		}
		p.nodes[name] = n
		return os.Chtimes(full, buildTime, buildTime)
	})
}

// byteCompile adds the byte code that Fedora's python packages carry.
func (m *maker) byteCompile() error {
	for _, name := range m.names() {
		p := m.pkgs[name]
		if !slices.ContainsFunc(p.paths(), func(f string) bool { return strings.HasSuffix(f, ".py") }) {
			continue
		}
		for _, dir := range []string{"usr/lib/python3", "usr/lib/python3.11", "usr/share/dnf"} {
			if _, err := os.Stat(p.path(dir)); err != nil {
				continue
			}
			// Some files are for other Python versions; what compiles is taken.
			m.run("", nil, "/usr/bin/python3", "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "checked-hash", "-s", p.stage, "-p", "/", p.path(dir))
			if err := p.adoptCaches(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pkg) adoptCaches(dir string) error {
	return filepath.WalkDir(p.path(dir), func(full string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "__pycache__" {
			return err
		}
		name, err := filepath.Rel(p.stage, full)
		if err != nil {
			return err
		}
		return p.adopt(name)
	})
}
