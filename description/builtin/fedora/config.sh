#!/bin/bash
# Runs inside the image after all packages are installed. kiwi_profiles says which
# image is being made; every step does without tools that the image lacks.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
profile() { [[ ",${kiwi_profiles:-}," == *",$1,"* ]]; }

echo "Configure ${kiwi_iname:-image} for ${kiwi_profiles:-no profile}"

# A machine gets its identity at first boot.
rm -f /var/lib/systemd/random-seed /etc/ssh/ssh_host_*key*
if profile BootCore; then
	echo uninitialized >/etc/machine-id
else
	: >/etc/machine-id
fi

if profile CloudCore; then
	# Nobody can log in as root with a password; cloud-init sets up a user.
	if has passwd; then
		passwd -l root || true
	fi
	if has systemctl; then
		systemctl set-default multi-user.target
		for unit in systemd-networkd.service tmp.mount; do
			systemctl disable "$unit" 2>/dev/null || true
		done
	fi
	# New kernels become the default, and keep the serial console.
	mkdir -p /etc/sysconfig
	printf 'UPDATEDEFAULT=yes\nDEFAULTKERNEL=kernel-core\n' >/etc/sysconfig/kernel
	rm -f /etc/hostname
fi

if profile VagrantCore; then
	# Vagrant's well-known key is replaced by Vagrant when a box is first used.
	install -d -m 0700 /home/vagrant/.ssh
	cat >/home/vagrant/.ssh/authorized_keys <<-'KEY'
	ssh-rsa AAAAB3NzaC1yc2EAAAABIwAAAQEA6NF8iallvQVp22WDkTkyrtvp9eWW6A8YVr+kz4TjGYe7gHzIw+niNltGEFHzD8+v1I2YJ6oXevct1YeS0o9HZyN1Q9qgCgzUFtdOKLv6IedplqoPkcmF0aYet2PkEDo3MlTBckFXPITAMzF8dJSIFo9D8HfdOV0IAdx4O7PtixWKn5y2hMNG0zQPyUecp4pzC6kivAIhyfHilFR61RGL+GPXQ2MWZWFYbAGjyiYJnAmCP3NOTd0jMZEnDkbUvxhMmBYSdETk1rRgm+R4LOzFUGaHqHDLKLX+FIPKcF96hrucXzcWyLbIbEgE98OHlnVYCzRdK8jlqm8tehUc9c9WhQ== vagrant insecure public key
	KEY
	chmod 0600 /home/vagrant/.ssh/authorized_keys
	chown -R vagrant:vagrant /home/vagrant/.ssh
	install -d -m 0750 /etc/sudoers.d
	printf 'vagrant ALL=(ALL) NOPASSWD: ALL\nDefaults:vagrant !requiretty\n' >/etc/sudoers.d/vagrant-nopasswd
	chmod 0440 /etc/sudoers.d/vagrant-nopasswd
	if [ -f /etc/ssh/sshd_config ]; then
		install -d -m 0700 /etc/ssh/sshd_config.d
		echo 'UseDNS no' >/etc/ssh/sshd_config.d/10-vagrant.conf
	fi
fi

if profile ContainerCore; then
	# A container has no disks, no consoles and no systemd of its own.
	: >/etc/fstab
	rm -rf /etc/systemd/network/* /boot/* /usr/lib/modules/*
	if [ -d /etc/dnf ] && ! grep -qs '^tsflags=' /etc/dnf/dnf.conf; then
		grep -qs '^\[main\]' /etc/dnf/dnf.conf || echo '[main]' >>/etc/dnf/dnf.conf
		echo 'tsflags=nodocs' >>/etc/dnf/dnf.conf
	fi
fi

if profile BootCore; then
	# The EFI system partition is root's alone. This runs when fstab is written.
	cat >/etc/fstab.script <<-'SCRIPT'
	#!/bin/sh
	sed -i '/ \/boot\/efi /s/ defaults / umask=0077,shortname=winnt /' /etc/fstab
	SCRIPT
	chmod 0755 /etc/fstab.script
fi

# What package managers and logs left behind is not part of an image.
rm -rf /var/log/dnf* /var/log/hawkey.log /var/cache/dnf/* /var/cache/libdnf5/*
rm -f /var/log/wtmp /var/log/btmp /var/log/lastlog

exit 0
