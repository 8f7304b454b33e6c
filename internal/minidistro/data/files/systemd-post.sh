systemd-machine-id-setup &>/dev/null || :
systemctl daemon-reexec &>/dev/null || :
journalctl --update-catalog &>/dev/null || :
systemd-tmpfiles --create &>/dev/null || :
# create /var/log/journal only on initial installation,
# and only if it's writable (it won't be in rpm-ostree).
if [ $1 -eq 1 ] ; then
    [ -w /var/log/ ] && mkdir -p /var/log/journal
    # Initial installation: everything according to the presets
    systemctl preset-all &>/dev/null || :
    systemctl --global preset-all &>/dev/null || :
    ln -sf /usr/lib/systemd/system/multi-user.target /etc/systemd/system/default.target
fi
