package sysusers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fimg/fimg/tree/rootfs"
)

// entry is a line of passwd(5) or group(5).
type entry struct {
	name    string
	id, gid int
	new     bool
}

// database is what the account files say, and what is to be added to them.
type database struct {
	files      map[string][]string // lines by path
	changed    map[string]bool
	users      []*entry
	groups     []*entry
	uids, gids map[int]bool
	owners     map[int]string // name of the user of a number
	groupNames map[int]string
}

const (
	passwd  = "etc/passwd"
	group   = "etc/group"
	shadow  = "etc/shadow"
	gshadow = "etc/gshadow"
)

func readDatabase(root *rootfs.Root) *database {
	d := &database{files: map[string][]string{}, changed: map[string]bool{}, uids: map[int]bool{}, gids: map[int]bool{},
		owners: map[int]string{}, groupNames: map[int]string{}}
	for _, name := range []string{passwd, group, shadow, gshadow} {
		data, _ := root.ReadFile(name)
		if len(data) > 0 {
			d.files[name] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		}
	}
	for _, line := range d.files[passwd] {
		if f := strings.Split(line, ":"); len(f) > 3 {
			id, err := strconv.Atoi(f[2])
			gid, _ := strconv.Atoi(f[3])
			if err == nil {
				d.addUser(&entry{name: f[0], id: id, gid: gid})
			}
		}
	}
	for _, line := range d.files[group] {
		if f := strings.Split(line, ":"); len(f) > 2 {
			if id, err := strconv.Atoi(f[2]); err == nil {
				d.addGroup(&entry{name: f[0], id: id})
			}
		}
	}
	return d
}

func (d *database) addUser(e *entry) {
	d.users = append(d.users, e)
	d.uids[e.id] = true
	if _, ok := d.owners[e.id]; !ok {
		d.owners[e.id] = e.name
	}
}

func (d *database) addGroup(e *entry) {
	d.groups = append(d.groups, e)
	d.gids[e.id] = true
	if _, ok := d.groupNames[e.id]; !ok {
		d.groupNames[e.id] = e.name
	}
}

func (d *database) user(name string) *entry  { return findEntry(d.users, name) }
func (d *database) group(name string) *entry { return findEntry(d.groups, name) }

func findEntry(list []*entry, name string) *entry {
	for _, e := range list {
		if e.name == name {
			return e
		}
	}
	return nil
}

// uidFree tells whether a number can be a user's: nobody has it and, with both
// set, no group of another name.
func (d *database) uidFree(id int, name string, both bool) bool {
	return id >= 0 && id != 65535 && !d.uids[id] && (!both || !d.gids[id] || d.groupNames[id] == name)
}

func (d *database) gidFree(id int, name string, both bool) bool {
	return id >= 0 && id != 65535 && !d.gids[id] && (!both || !d.uids[id] || d.owners[id] == name)
}

func (d *database) append(file, line string) {
	d.files[file] = append(d.files[file], line)
	d.changed[file] = true
}

const locked = "!*"

func (d *database) newGroup(name string, gid int) {
	d.addGroup(&entry{name: name, id: gid, new: true})
	d.append(group, fmt.Sprintf("%s:x:%d:", name, gid))
	d.append(gshadow, fmt.Sprintf("%s:%s::", name, locked))
}

func (d *database) newUser(u *item, today int) {
	d.addUser(&entry{name: u.name, id: u.uid, gid: u.gid, new: true})
	home, shell := u.home, u.shell
	if home == "" {
		home = "/"
		if u.uid == 0 {
			home = "/root"
		}
	}
	if shell == "" {
		shell = "/usr/sbin/nologin"
		if u.uid == 0 {
			shell = "/bin/bash"
		}
	}
	expire := ""
	if u.locked {
		expire = "1"
	}
	d.append(passwd, fmt.Sprintf("%s:x:%d:%d:%s:%s:%s", u.name, u.uid, u.gid, u.gecos, home, shell))
	d.append(shadow, fmt.Sprintf("%s:%s:%d:::::%s:", u.name, locked, today, expire))
}

// addMember adds a user to the list at the end of a group's lines.
func (d *database) addMember(user, name string) {
	for _, file := range []string{group, gshadow} {
		for i, line := range d.files[file] {
			f := strings.Split(line, ":")
			if f[0] != name || len(f) < 4 {
				continue
			}
			list := strings.FieldsFunc(f[3], func(r rune) bool { return r == ',' })
			if slices.Contains(list, user) {
				continue
			}
			f[3] = strings.Join(append(list, user), ",")
			d.files[file][i] = strings.Join(f, ":")
			d.changed[file] = true
		}
	}
}

// write replaces the files that changed, keeping their modes.
func (d *database) write(root *rootfs.Root) error {
	if len(d.changed) == 0 {
		return nil
	}
	if err := root.MkdirAll("etc", 0o755); err != nil {
		return fmt.Errorf("write accounts: %w", err)
	}
	for _, name := range []string{passwd, shadow, group, gshadow} {
		if !d.changed[name] {
			continue
		}
		mode := uint32(0o644)
		if name == shadow || name == gshadow {
			mode = 0
		}
		if st, err := root.Stat(name); err == nil {
			mode = st.Mode & 0o7777
		}
		if err := replace(root, name, strings.Join(d.files[name], "\n")+"\n", mode); err != nil {
			return fmt.Errorf("write accounts: %w", err)
		}
	}
	return nil
}
