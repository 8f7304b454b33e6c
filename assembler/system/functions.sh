#!/bin/bash
# Functions for the scripts of an image description, sourced as /.kconfig.
# The names and effects are those that kiwi documents; the words are fimg's.

export LANG=C
export LC_ALL=C

Echo() {
    local newline=()
    if [ "$1" = "-n" ] || [ "$1" = "-e" ] || [ "$1" = "-b" ]; then newline=("$1"); shift; fi
    [ "${newline[0]}" = "-b" ] && { echo "$*"; return; }
    echo "${newline[@]}" "$*"
}

Debug() { if [ "${debug:-0}" = 1 ]; then Echo "$@"; fi; }

Rm() { rm -f "$@"; }

deprecated() { Echo "$1 is deprecated" >&2; }

baseSystemdServiceInstalled() {
    local service=$1 dir
    for dir in usr/lib etc run lib; do
        for name in "/$dir/systemd/system/$service" "/$dir/systemd/system/$service.service" \
            "/$dir/systemd/system/$service.mount" "/$dir/systemd/system/$service.timer"; do
            if [ -e "$name" ]; then basename "$name"; return 0; fi
        done
    done
    return 1
}

baseSysVServiceInstalled() { [ -x "/etc/init.d/${1%.service}" ] && echo "${1%.service}"; }

baseSystemdCall() {
    local service operation=$2
    service=$(baseSystemdServiceInstalled "$1") || return 0
    shift 2
    systemctl "$operation" "$service" "$@"
}

baseInsertService() { baseSystemdCall "$1" enable; }
baseRemoveService() { baseSystemdCall "$1" disable; }

baseService() {
    case $2 in
        on) baseInsertService "$1" ;;
        off) baseRemoveService "$1" ;;
        *) Echo "baseService: $1: on or off is expected" >&2; return 1 ;;
    esac
}

suseInsertService() { baseInsertService "$@"; }
suseRemoveService() { baseRemoveService "$@"; }
suseService() { baseService "$@"; }

baseSetRunlevel() {
    case $1 in
        1 | s | rescue.target) systemctl set-default rescue.target ;;
        2 | 3 | multi-user.target) systemctl set-default multi-user.target ;;
        5 | graphical.target) systemctl set-default graphical.target ;;
        *) Echo "baseSetRunlevel: $1 is not known" >&2; return 1 ;;
    esac
}

baseUpdateSysConfig() {
    local file=$1 name=$2 value=$3
    [ -f "$file" ] || return 0
    if grep -q "^$name=" "$file"; then
        sed -i "s|^$name=.*|$name=\"$value\"|" "$file"
    else
        echo "$name=\"$value\"" >> "$file"
    fi
}

baseSetupBuildDay() {
    local day
    day=$(LC_ALL=C date -u ${SOURCE_DATE_EPOCH:+-d "@$SOURCE_DATE_EPOCH"} +%Y%m%d)
    echo "build_day=$day" > /build_day
}

baseStripLocales() {
    local keep=" $* " path name
    for path in /usr/share/locale/*; do
        name=${path##*/}
        [[ $keep == *" $name "* || $keep == *" ${name%%_*} "* || $name == locale.alias ]] || rm -rf "$path"
    done
}

baseStripTranslations() {
    local keep=" ${*:-kiwi.mo} "
    find /usr/share/locale -name '*.mo' -type f -print0 2>/dev/null |
        while IFS= read -r -d '' path; do
            [[ $keep == *" ${path##*/} "* ]] || rm -f "$path"
        done
}

baseStripFirmware() {
    local module name
    mkdir -p /lib/firmware-required
    find /lib/modules -name '*.ko*' -type f -print0 | while IFS= read -r -d '' module; do
        for name in $(modinfo -F firmware "$module" 2>/dev/null); do
            if [ -e "/lib/firmware/$name" ]; then
                mkdir -p "/lib/firmware-required/$(dirname "$name")"
                mv "/lib/firmware/$name" "/lib/firmware-required/$name"
            fi
        done
    done
    rm -rf /lib/firmware
    mv /lib/firmware-required /lib/firmware
}

baseUpdateModuleDependencies() {
    local dir
    for dir in /lib/modules/*; do
        [ -d "$dir" ] && depmod -a "${dir##*/}"
    done
}

baseQuoteFile() {
    local file=$1 copy=$1.quoted
    sed -e '/^#/d' -e "s/^\([^=]*\)='\(.*\)'\$/\1=\2/" -e "s/'/'\\\\''/g" \
        -e "s/^\([^=]*\)=\(.*\)\$/\1='\2'/" "$file" > "$copy"
    mv "$copy" "$file"
}

baseVagrantSetup() {
    local home=/home/vagrant
    mkdir -p "$home/.ssh"
    chmod 0700 "$home/.ssh"
    if [ -n "${VAGRANT_PUBLIC_KEY:-}" ]; then
        echo "$VAGRANT_PUBLIC_KEY" > "$home/.ssh/authorized_keys"
        chmod 0600 "$home/.ssh/authorized_keys"
    fi
    chown -R vagrant:vagrant "$home"
    echo 'vagrant ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/vagrant
    chmod 0440 /etc/sudoers.d/vagrant
    baseInsertService sshd
}

# Names that kiwi has retired: using one is a mistake in the description.
_retired() { Echo "$1 is no longer there" >&2; exit 1; }
for _name in baseCleanMount baseMount suseActivateDefaultServices baseSetupUserPermissions \
    suseConfig baseGetPackagesForDeletion baseGetProfilesUsed baseStripMans baseStripDocs \
    baseStripInfos Rpm rhelStripInitrd debianStripInitrd rhelStripKernel debianStripKernel \
    rhelSplashToGrub suseSetupProductInformation baseCleanup suseCleanup suseRemoveYaST; do
    eval "$_name() { _retired $_name; }"
done

# Names that kiwi has and fimg does not: going on without what they do would make
# another image than the description means.
_absent() { Echo "$1: this function of kiwi is not there" >&2; exit 1; }
for _name in mountCgroups umountCgroups setupContainerRuntime baseStripUnusedLibs baseStripInitrd \
    baseStripModules baseStripKernelModules baseStripKernel baseStripAndKeep baseStripTools \
    baseCreateKernelTree baseSyncKernelTree baseFixupKernelModuleDependencies \
    baseKernelDriverMatches suseImportBuildKey suseSetupProduct suseStripInitrd suseStripKernel; do
    eval "$_name() { _absent $_name; }"
done
unset _name

# /proc is there already.
mountProc() { :; }
