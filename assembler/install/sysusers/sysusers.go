// Package sysusers creates the users and groups of sysusers.d(5) lines in a root
// tree, choosing numbers and writing entries as systemd-sysusers(8) does: from
// the top of the system range of login.defs down, the same number for a user and
// his group where it is free, locked passwords in the shadow files.
//
// Left out: specifiers but "%%", numbers taken from the owner of a path that is
// not there, the backups ("passwd-") and the lock file.
package sysusers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fimg/fimg/tree/rootfs"
)

// item is one user or group to create.
type item struct {
	name        string
	uid, gid    int // wanted or found; -1 for none
	strict      bool
	groupName   string // primary group by name
	gecos       string
	home, shell string
	locked      bool
}

// work is one call of Apply.
type work struct {
	root          *rootfs.Root
	db            *database
	users, groups []*item
	members       [][2]string // user, group
	ranges        [][2]int
	search        int
	today         int
}

// Apply creates what the lines of a sysusers.d file ask for. Numbers already in
// use are respected; existing users and groups stay as they are. Now becomes the
// day of the last password change.
func Apply(root *rootfs.Root, lines []string, now time.Time) error {
	w := &work{root: root, db: readDatabase(root), search: -1, today: int(now.Unix() / 86400)}
	for _, line := range lines {
		if err := w.line(line); err != nil {
			return fmt.Errorf("create users: %w", err)
		}
	}
	w.implicit()
	for _, g := range w.groups {
		if err := w.addGroup(g); err != nil {
			return err
		}
	}
	for _, u := range w.users {
		if err := w.addUser(u); err != nil {
			return err
		}
	}
	for _, m := range w.members {
		w.db.addMember(m[0], m[1])
	}
	return w.db.write(w.root)
}

// line reads one line.
func (w *work) line(text string) error {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") {
		return nil
	}
	f := fields(text)
	for len(f) < 6 {
		f = append(f, "")
	}
	for i := range f {
		f[i] = strings.ReplaceAll(f[i], "%%", "%")
		if f[i] == "-" {
			f[i] = ""
		}
	}
	if strings.ContainsAny(f[3]+f[4]+f[5], ":\n\x00") {
		return fmt.Errorf("line %q has a colon", text)
	}
	if f[0] != "r" && !validName(f[1]) || f[0] == "m" && !validName(f[2]) {
		return fmt.Errorf("line %q has no valid name", text)
	}
	switch f[0] {
	case "u", "u!":
		return w.userLine(f)
	case "g":
		g := &item{name: f[1], uid: -1, gid: -1}
		if id, err := strconv.Atoi(f[2]); err == nil {
			g.gid = id
		} else if strings.HasPrefix(f[2], "/") {
			g.gid = w.pathOwner(f[2], true)
		} else if f[2] != "" {
			return fmt.Errorf("line %q has no number", text)
		}
		w.groups = append(w.groups, g)
	case "m":
		w.members = append(w.members, [2]string{f[1], f[2]})
	case "r":
		return w.rangeLine(f[2])
	default:
		return fmt.Errorf("line %q is of an unknown type", text)
	}
	return nil
}

// validName tells whether a name can stand in the account files.
func validName(name string) bool {
	if name == "" || len(name) > 256 || name == "." || name == ".." || strings.HasPrefix(name, "-") {
		return false
	}
	if _, err := strconv.Atoi(name); err == nil {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(":,/", r)
	}) < 0
}

func (w *work) userLine(f []string) error {
	u := &item{name: f[1], uid: -1, gid: -1, gecos: f[3], home: f[4], shell: f[5], locked: f[0] == "u!"}
	id, group, both := strings.Cut(f[2], ":")
	switch {
	case strings.HasPrefix(id, "/"):
		u.uid, u.gid = w.pathOwner(id, false), w.pathOwner(id, true)
	case id != "" && id != "-":
		n, err := strconv.Atoi(id)
		if err != nil {
			return fmt.Errorf("user %s: %q is no number", f[1], id)
		}
		u.uid = n
		if !both {
			u.gid = n
		}
	}
	if both {
		u.strict = true
		if n, err := strconv.Atoi(group); err == nil {
			u.gid = n
		} else {
			u.groupName = group
		}
	}
	w.users = append(w.users, u)
	return nil
}

func (w *work) rangeLine(text string) error {
	low, high, both := strings.Cut(text, "-")
	if !both {
		high = low
	}
	a, errA := strconv.Atoi(low)
	b, errB := strconv.Atoi(high)
	if errA != nil || errB != nil || a > b {
		return fmt.Errorf("%q is no range", text)
	}
	w.ranges = append(w.ranges, [2]int{a, b})
	return nil
}

func (w *work) pathOwner(name string, group bool) int {
	st, err := w.root.Stat(name)
	switch {
	case err != nil:
		return -1
	case group:
		return int(st.Gid)
	}
	return int(st.Uid)
}

// implicit adds what memberships need and a group for each user.
func (w *work) implicit() {
	for _, m := range w.members {
		if find(w.users, m[0]) == nil && w.db.user(m[0]) == nil {
			w.users = append(w.users, &item{name: m[0], uid: -1, gid: -1})
		}
		if find(w.groups, m[1]) == nil {
			w.groups = append(w.groups, &item{name: m[1], uid: -1, gid: -1})
		}
	}
}

func find(items []*item, name string) *item {
	for _, i := range items {
		if i.name == name {
			return i
		}
	}
	return nil
}

// addGroup gives a group its number and notes it for writing.
func (w *work) addGroup(g *item) error {
	if old := w.db.group(g.name); old != nil {
		g.gid = old.id
		return nil
	}
	if g.gid >= 0 && !w.db.gidFree(g.gid, g.name, !g.strict) {
		if g.strict && w.db.gids[g.gid] {
			return nil // somebody else's group is the user's: as he asked for
		}
		g.gid = -1
	}
	if g.gid < 0 {
		if u := w.db.user(g.name); u != nil && w.db.gidFree(u.id, g.name, true) {
			g.gid = u.id
		}
	}
	if g.gid < 0 {
		id, err := w.next(func(id int) bool { return w.db.gidFree(id, g.name, true) })
		if err != nil {
			return fmt.Errorf("create group %s: %w", g.name, err)
		}
		g.gid = id
	}
	w.db.newGroup(g.name, g.gid)
	return nil
}

// addUser gives a user his group and number and notes him for writing.
func (w *work) addUser(u *item) error {
	if old := w.db.user(u.name); old != nil {
		return w.addGroupOf(u, old)
	}
	if err := w.primaryGroup(u); err != nil {
		return err
	}
	if u.uid >= 0 && !w.db.uidFree(u.uid, u.name, !u.strict) {
		u.uid = -1
	}
	if u.uid < 0 && w.db.uidFree(u.gid, u.name, true) {
		u.uid = u.gid
	}
	if u.uid < 0 {
		id, err := w.next(func(id int) bool { return w.db.uidFree(id, u.name, true) })
		if err != nil {
			return fmt.Errorf("create user %s: %w", u.name, err)
		}
		u.uid = id
	}
	w.db.newUser(u, w.today)
	return nil
}

// addGroupOf makes the group of a user that exists already without one.
func (w *work) addGroupOf(u *item, old *entry) error {
	if u.groupName != "" || w.db.group(u.name) != nil {
		return nil
	}
	if u.gid < 0 {
		u.gid = old.gid
	}
	if w.db.gids[u.gid] {
		return nil
	}
	return w.addGroup(u)
}

func (w *work) primaryGroup(u *item) error {
	if u.groupName == "" {
		if queued := find(w.groups, u.name); queued != nil {
			u.gid, u.strict = queued.gid, true
			return nil
		}
		return w.addGroup(u)
	}
	g := w.db.group(u.groupName)
	if g == nil {
		return fmt.Errorf("create user %s: there is no group %s", u.name, u.groupName)
	}
	u.gid = g.id
	return nil
}

// next searches a number from the top of the ranges down.
func (w *work) next(free func(int) bool) (int, error) {
	if len(w.ranges) == 0 {
		w.ranges = [][2]int{systemRange(w.root)}
	}
	top := 0
	for _, r := range w.ranges {
		top = max(top, r[1])
	}
	if w.search < 0 || w.search > top {
		w.search = top + 1
	}
	for w.search--; w.search > 0; w.search-- {
		inside := false
		for _, r := range w.ranges {
			inside = inside || w.search >= r[0] && w.search <= r[1]
		}
		if inside && free(w.search) {
			return w.search, nil
		}
	}
	return 0, fmt.Errorf("no number is free")
}

// systemRange is that of system accounts in login.defs(5).
func systemRange(root *rootfs.Root) [2]int {
	limits := [2]int{1, 999}
	data, _ := root.ReadFile("etc/login.defs")
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, err := strconv.Atoi(f[1])
		switch {
		case err != nil:
		case f[0] == "SYS_UID_MIN":
			limits[0] = n
		case f[0] == "SYS_UID_MAX":
			limits[1] = n
		}
	}
	return limits
}

// fields cuts a line at blanks, with quotes and backslashes.
func fields(line string) []string {
	var out []string
	var word []byte
	var quote byte
	in := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(line):
			i++
			word, in = append(word, line[i]), true
		case quote != 0:
			word = append(word, c)
		case c == '"' || c == '\'':
			quote, in = c, true
		case c == ' ' || c == '\t':
			if in {
				out, word, in = append(out, string(word)), nil, false
			}
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		out = append(out, string(word))
	}
	return out
}
