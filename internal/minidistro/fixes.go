package minidistro

import (
	"os"
	"strings"
)

func fixGlibc(m *maker, p *pkg) {
	full := p.version + "-" + p.release
	p.provides = append(p.provides, "rtld(GNU_HASH)", "glibc-minimal = "+full)
	p.preRequires = append(p.preRequires, [2]string{"pre", "filesystem"})
	p.requires = append(p.requires, "glibc-langpack = "+full)
	p.recommends = append(p.recommends, "glibc-gconv-extra")
	p.suggests = []string{"glibc-minimal-langpack = " + p.full()}
	p.script("%post -p <lua>", m.file("exec.lua")+m.file("glibc-post.lua"))
}

func fixGlibcCommon(_ *maker, p *pkg) {
	p.write("etc/nsswitch.conf", p.read("usr/share/libc-bin/nsswitch.conf"), 0o644)
	p.mkdir("etc/ld.so.conf.d", 0o755)
	if p.has("usr/sbin/ldconfig.real") { // Debian wraps it
		os.Remove(p.path("usr/sbin/ldconfig"))
		p.rename("usr/sbin/ldconfig.real", "usr/sbin/ldconfig")
	}
	p.provides = append(p.provides, "/sbin/ldconfig")
	p.ghost("%attr(0644,root,root) %verify(not md5 size mtime)", "etc/ld.so.cache")
	p.ghost("%dir %attr(0700,root,root)", "var/cache/ldconfig")
	p.script("%transfiletriggerin -P 2000000 -- /lib /usr/lib /lib64 /usr/lib64", "/usr/sbin/ldconfig\n")
	p.script("%transfiletriggerpostun -P 2000000 -- /lib /usr/lib /lib64 /usr/lib64", "/usr/sbin/ldconfig\n")
}

func fixLibgcc(m *maker, p *pkg) {
	p.script("%post -p <lua>", m.file("exec.lua")+"if posix.access (\"/usr/sbin/ldconfig\", \"x\") then\n  post_exec (\"/usr/sbin/ldconfig\")\nend\n")
}

func fixBash(m *maker, p *pkg) {
	p.symlink("usr/bin/sh", "bash")
	p.provides = append(p.provides, "/bin/sh", "/bin/bash")
	p.remove("etc/skel/.bash*")
	p.write("etc/skel/.bashrc", "# .bashrc\nif [ -f /etc/bashrc ]; then\n    . /etc/bashrc\nfi\n", 0o644)
	p.write("etc/skel/.bash_profile", "# .bash_profile\nif [ -f ~/.bashrc ]; then\n    . ~/.bashrc\nfi\n", 0o644)
	p.write("etc/skel/.bash_logout", "# ~/.bash_logout\n", 0o644)
	p.remove("etc/bash.bashrc")
	p.script("%post -p <lua>", m.file("bash-post.lua"))
	p.script("%postun -p <lua>", m.file("bash-postun.lua"))
}

func fixPAM(m *maker, p *pkg) {
	for _, n := range []string{"common-auth", "common-account", "common-password", "common-session", "common-session-noninteractive"} {
		p.write("etc/pam.d/"+n, m.file("pam-"+n), 0o644)
	}
	p.remove("usr/share/pam-configs*")
	p.remove("usr/sbin/pam-auth-update")
	p.provides = append(p.provides, "config(pam) = "+p.version+"-"+p.release)
}

func fixShadow(_ *maker, p *pkg) {
	p.preRequires = append(p.preRequires, [2]string{"pre", "setup"})
	p.remove("etc/cron.daily/*")
}

func fixSystemd(m *maker, p *pkg) {
	full := p.version + "-" + p.release
	p.preRequires = append(p.preRequires, [2]string{"post", "coreutils"}, [2]string{"post", "grep"},
		[2]string{"pre", "shadow-utils"}, [2]string{"pre", "coreutils"}, [2]string{"posttrans", "coreutils"})
	p.requires = append(p.requires, "systemd-libs = "+full, "systemd-pam = "+full, "dbus", "fedora-release")
	p.provides = append(p.provides, "/bin/systemctl", "default-logind", "logind", "systemd-units = "+full)
	p.recommends = append(p.recommends, "systemd-udev", "systemd-resolved")
	p.write("usr/lib/kernel/install.conf", "layout=other\n", 0o644)
	p.remove("usr/lib/kernel/install.d/55-initrd.install")
	p.remove("usr/lib/sysusers.d/debian*")
	p.write("usr/lib/sysusers.d/basic.conf", "g input - - -\ng kvm 36 - -\ng render - - -\n"+
		"g sgx - - -\ng utmp 22 - -\ng audio 63 - -\ng disk 6 - -\ng tty 5 - -\n", 0o644)
	p.mkdir("var/lib/systemd/catalog", 0o755)
	p.mkdirOwned("var/log/journal", 0o2755, "root", "systemd-journal")
	p.ghost("%config(noreplace) %attr(0444,root,root)", "etc/machine-id")
	p.ghost("%config(noreplace) %attr(0644,root,root)", "etc/hostname")
	p.ghost("%config(noreplace) %attr(0644,root,root)", "etc/locale.conf")
	p.ghost("%attr(0644,root,root)", "var/lib/systemd/catalog/database")
	p.script("%post", m.file("systemd-post.sh"))
	p.script("%transfiletriggerin -P 900900 -- /usr/lib/systemd/system/ /etc/systemd/system/",
		"if test -d \"/run/systemd/system\"; then\n  systemctl daemon-reload || :\nfi\n")
	p.script("%transfiletriggerin -P 1000700 -- /usr/lib/sysusers.d/", "/usr/bin/systemd-sysusers || :\n")
	p.script("%transfiletriggerin -P 1000500 -- /usr/lib/tmpfiles.d/", "/usr/bin/systemd-tmpfiles --create &>/dev/null || :\n")
	p.script("%transfiletriggerin -P 1000700 -- /usr/lib/systemd/catalog/", "/usr/bin/journalctl --update-catalog &>/dev/null || :\n")
}

func fixUdev(_ *maker, p *pkg) {
	p.provides = append(p.provides, "udev = "+p.version+"-"+p.release)
	p.ghost("%attr(0444,root,root)", "etc/udev/hwdb.bin")
	p.mkdir("etc/kernel/install.d", 0o755)
	p.script("%post", "systemd-hwdb update &>/dev/null || :\n")
	p.script("%transfiletriggerin -P 1000700 -- /usr/lib/udev/hwdb.d/", "systemd-hwdb update || :\n")
}

func fixDBus(_ *maker, p *pkg) {
	p.users["messagebus"] = account{"System message bus", "/", "81"}
}

func fixSSHServer(m *maker, p *pkg) {
	p.requires = append(p.requires, "openssh = "+m.evrText(m.index.packages["openssh-sftp-server"]["Version"], true))
	if p.has("usr/lib/systemd/system/ssh.service") {
		p.rename("usr/lib/systemd/system/ssh.service", "usr/lib/systemd/system/sshd.service")
	}
	p.edit("usr/lib/systemd/system/sshd.service", `Alias=sshd.service\n`, "",
		`ExecStartPre=`, "ExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=")
	p.remove("usr/lib/systemd/system/rescue-ssh.target")
	p.write("etc/ssh/sshd_config", p.read("usr/share/openssh/sshd_config"), 0o600)
	p.mkdir("etc/ssh/sshd_config.d", 0o700)
	p.mkdir("usr/share/empty.sshd", 0o711)
	p.users["sshd"] = account{"Privilege-separated SSH", "/usr/share/empty.sshd", "74"}
}

func fixSudo(m *maker, p *pkg) { p.write("etc/sudoers", m.file("sudoers"), 0o440) }

func fixCA(_ *maker, p *pkg) {
	const dir = "usr/share/ca-certificates/"
	var certs []string
	for _, name := range p.paths() {
		if strings.HasPrefix(name, dir) && strings.HasSuffix(name, ".crt") {
			certs = append(certs, strings.TrimPrefix(name, dir))
		}
	}
	p.write("etc/ca-certificates.conf", strings.Join(certs, "\n")+"\n", 0o644)
	p.mkdir("etc/ssl/certs", 0o755)
	p.mkdir("etc/ca-certificates/update.d", 0o755)
	for _, need := range []string{"openssl", "coreutils", "findutils", "sed", "grep"} {
		p.preRequires = append(p.preRequires, [2]string{"post", need})
	}
	p.script("%post", "/usr/sbin/update-ca-certificates --fresh >/dev/null 2>&1 || :\n")
}

func fixIputils(_ *maker, p *pkg) {
	if n, ok := p.nodes["usr/bin/ping"]; ok {
		n.caps, n.mode = "cap_net_raw=ep", 0o755
		p.nodes["usr/bin/ping"] = n
	}
}

func fixDracut(m *maker, p *pkg) {
	p.edit("usr/bin/dracut", `initrd\.img-\$\{kernel\}`, "initramfs-$${kernel}.img")
	p.write("usr/lib/dracut/dracut.conf.d/01-dist.conf", m.file("dracut-01-dist.conf"), 0o644)
	p.write("usr/lib/kernel/install.d/50-dracut.install", m.file("50-dracut.install"), 0o755)
	p.remove("usr/share/initramfs-tools*")
	p.remove("etc/kernel*")
	p.requires = append(p.requires, "xz", "zstd", "cpio", "findutils", "util-linux", "systemd-udev",
		"kmod", "gzip", "procps-ng", "file", "sed", "grep", "coreutils")
}

func fixRPM(_ *maker, p *pkg) {
	const dbpath = `(?m)^%_dbpath\s.*$`
	for _, name := range p.paths() { // Debian's rpm keeps its database in the home directory
		if strings.HasPrefix(name, "usr/lib/rpm/") && p.nodes[name].kind == 'f' {
			p.edit(name, dbpath, "%_dbpath\t\t/usr/lib/sysimage/rpm")
		}
	}
	p.mkdir("usr/lib/sysimage/rpm", 0o755)
	p.remove("var/lib/rpm*")
	os.RemoveAll(p.path("var/lib/rpm"))
	p.symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm")
	for _, suffix := range []string{"", "-shm", "-wal"} {
		p.ghost("%attr(0644,root,root)", "usr/lib/sysimage/rpm/rpmdb.sqlite"+suffix)
	}
}

func fixDNF(_ *maker, p *pkg) {
	p.mkdir("var/cache/dnf", 0o755)
	p.mkdir("var/lib/dnf", 0o755)
}

func fixDNFData(_ *maker, p *pkg) {
	p.write("etc/dnf/dnf.conf", "# see `man dnf.conf` for defaults and possible options\n\n[main]\ngpgcheck=True\n"+
		"installonly_limit=3\nclean_requirements_on_remove=True\nbest=False\nskip_if_unavailable=True\n", 0o644)
}

// fixPolkit owns its directories as its tmpfiles.d snippet makes them.
func fixPolkit(_ *maker, p *pkg) {
	p.users["polkitd"] = account{"User for polkitd", "/", ""}
	p.mkdirOwned("etc/polkit-1/rules.d", 0o700, "polkitd", "root")
	p.mkdirOwned("var/lib/polkit-1", 0o700, "polkitd", "root")
}

func fixGawk(_ *maker, p *pkg) {
	p.symlink("usr/bin/awk", "gawk")
	p.provides = append(p.provides, "/bin/awk", "/bin/gawk", "awk = "+p.full())
}

func fixDebianutils(_ *maker, p *pkg) {
	p.symlink("usr/bin/which", "which.debianutils")
	p.remove("usr/sbin/*-shell")
	p.remove("usr/bin/savelog")
	p.provides = append(p.provides, "which = "+p.full())
}

func fixChrony(_ *maker, p *pkg) {
	p.users["_chrony"] = account{"Chrony daemon", "/var/lib/chrony", ""}
	p.mkdirOwned("var/lib/chrony", 0o750, "_chrony", "_chrony")
	p.mkdirOwned("var/log/chrony", 0o750, "_chrony", "_chrony")
	p.mkdir("etc/chrony", 0o755)
	p.writeOwned("etc/chrony/chrony.keys", "", 0o640, "root", "_chrony")
	p.write("etc/chrony/chrony.conf", "pool 2.fedora.pool.ntp.org iburst\nsourcedir /run/chrony-dhcp\n"+
		"driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\nkeyfile /etc/chrony/chrony.keys\n"+
		"ntsdumpdir /var/lib/chrony\nleapsectz right/UTC\nlogdir /var/log/chrony\n", 0o644)
	if p.has("usr/lib/systemd/system/chrony.service") {
		p.rename("usr/lib/systemd/system/chrony.service", "usr/lib/systemd/system/chronyd.service")
		p.edit("usr/lib/systemd/system/chronyd.service", `(?m)^Alias=.*\n`, "")
	}
}

func fixCloudInit(_ *maker, p *pkg) {
	p.remove("etc/cloud/cloud.cfg.d/90_dpkg.cfg")
	p.edit("etc/cloud/cloud.cfg", "distro: debian", "distro: fedora")
}
