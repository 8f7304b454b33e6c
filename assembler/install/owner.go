package install

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fimg/fimg/tree/rootfs"
)

// names looks up users or groups in a file of the tree, as it is at the moment:
// scriptlets change it.
type names struct {
	root *rootfs.Root
	file string
	seen unix.Stat_t
	ids  map[string]uint32
}

func (n *names) lookup(name string) (uint32, bool) {
	if name == "" || name == "root" {
		return 0, true
	}
	st, err := n.root.Stat(n.file)
	if err != nil {
		return 0, false
	}
	if n.ids == nil || st.Ino != n.seen.Ino || st.Mtim != n.seen.Mtim || st.Size != n.seen.Size || st.Ctim != n.seen.Ctim {
		n.read()
		n.seen = st
	}
	id, ok := n.ids[name]
	return id, ok
}

// read parses passwd(5) or group(5): in both the id is the third field.
func (n *names) read() {
	n.ids = map[string]uint32{}
	data, _ := n.root.ReadFile(n.file)
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) < 3 {
			continue
		}
		id, err := strconv.ParseUint(f[2], 10, 32)
		if _, known := n.ids[f[0]]; err == nil && !known {
			n.ids[f[0]] = uint32(id)
		}
	}
}

// owner is who a file belongs to, and what is left of its mode: the set-id bits
// of an unknown owner are dropped, who is then root, as in rpm.
type owner struct {
	uid, gid uint32
	mode     uint32
	unknown  []string // "user x", "group y"
}

func (t *transaction) owner(user, group string, mode uint32) owner {
	o := owner{mode: mode}
	var ok bool
	if o.uid, ok = t.users.lookup(user); !ok {
		o.mode &^= unix.S_ISUID
		o.unknown = append(o.unknown, "user "+user)
	}
	if o.gid, ok = t.groups.lookup(group); !ok {
		o.mode &^= unix.S_ISGID
		o.unknown = append(o.unknown, "group "+group)
	}
	return o
}
