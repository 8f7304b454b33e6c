#!/bin/sh
# Stands in for partx(8) where the kernel cannot add partitions to a loop device:
# kiwi gets one loop device for each partition, under the name partx would make.
set -e
action=$1
dev=$2
if [ "$action" = --add ] && "$REAL_PARTX" --add "$dev" 2>/dev/null && ls "$dev"p* >/dev/null 2>&1; then
    exit 0
fi
case $action in
--add)
    sfdisk -d "$dev" | sed -n 's/^\([^ ]*\) *: *start= *\([0-9]*\), *size= *\([0-9]*\).*/\1 \2 \3/p' |
    while read -r node start size; do
        ln -sf "$(losetup -f --show -o $((start * 512)) --sizelimit $((size * 512)) "$dev")" "$node"
    done ;;
--delete)
    for node in "$dev"p*; do
        if [ -L "$node" ]; then
            losetup -d "$(readlink "$node")"
            rm -f "$node"
        else
            exec "$REAL_PARTX" --delete "$dev"
        fi
    done ;;
esac
