package install

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A set of random files has metSize packages, of which those from metStays on are
// never updated, but may be obsoleted.
const (
	metSize  = 6
	metStays = 4
)

// metPaths are where the packages meet: what is a directory for one may be a file
// or a link for another. Parents come first.
var metPaths = strings.Fields("/f/p /f/q /f/r /f/s /f/p/u /f/p/v /f/p/w /f/q/u /f/q/v /f/r/x /f/p/u/x /f/p/u/y /f/q/u/x /f/e /f/q/e")

// smallELF are the smallest programs rpm takes for ones of 32 and of 64 bits.
var smallELF = []string{
	"f0VMRgEBAQAAAAAAAAAAAAMAAwABAAAAAAAAAAAAAAAAAAAAAAAAADQAAAAAAAAAAAAAAA==",
	"f0VMRgIBAQAAAAAAAAAAAAMAPgABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAA==",
}

// metFiles writes packages that have files in common, alike or not.
type metFiles struct {
	*rand.Rand
	kinds map[string]byte // what most packages have at a path
	wild  int             // one in so many of a first version has something else
}

func newMetFiles(seed uint64) *metFiles {
	m := &metFiles{rand.New(rand.NewPCG(seed, 77)), map[string]byte{}, 0}
	m.wild = []int{5, 30, 60, 1000}[m.IntN(4)]
	for _, p := range metPaths {
		m.kinds[p] = m.kind(p)
	}
	return m
}

func (m *metFiles) chance(oneIn int) bool { return m.IntN(oneIn) == 0 }

func (m *metFiles) oneOf(words string) string {
	list := strings.Fields(words)
	return list[m.IntN(len(list))]
}

// kind draws f (file), e (a program of either word size), l (link) or d (directory). What links lead to is no link.
func (m *metFiles) kind(p string) byte {
	switch p {
	case "/f/q", "/f/q/u":
		return "fdd"[m.IntN(3)]
	case "/f/e", "/f/q/e":
		return 'e'
	}
	if strings.Count(p, "/") == 2 {
		return "flddddddd"[m.IntN(9)]
	}
	return "fffffldd"[m.IntN(8)]
}

// content is mostly the same for all packages.
func (m *metFiles) content() string { return m.oneOf("a a a a a a b c") }

func (m *metFiles) target() string { return m.oneOf("q q q q nowhere ../q /f/q /f/q/u") }

// spec writes package i of a version.
func (m *metFiles) spec(i, version int) string {
	var s, files strings.Builder
	fmt.Fprintf(&s, "Name: f%d\nVersion: %d\nRelease: 1\nSummary: Random\nLicense: MIT\nAutoReqProv: no\nBuildArch: noarch\n"+
		"%%global __os_install_post %%{nil}\n%%global _binaries_in_noarch_packages_terminate_build 0\n", i, version)
	if version > 1 && m.chance(3) {
		fmt.Fprintf(&s, "Obsoletes: f%d\n", metStays+m.IntN(metSize-metStays))
	}
	s.WriteString("%description\nRandom.\n%install\nr=%{buildroot}\nmkdir -p $r/f\n")
	mine, regular := map[string]byte{}, []string(nil)
	for _, p := range metPaths {
		if blocked(mine, p) || blocked(m.kinds, p) && !m.chance(m.wild) || m.chance(2) {
			continue
		}
		kind := m.kinds[p]
		if m.chance(m.wild) || version > 1 && m.chance(20) {
			kind = m.kind(p)
		}
		mine[p] = kind
		marks := m.attributes(kind)
		others := regular
		if kind == 'f' && mayHaveNames(marks) {
			regular = append(regular, p)
		} else {
			others = nil
		}
		fmt.Fprintf(&s, "mkdir -p $r%s\n%s\n", path.Dir(p), m.command(p, kind, others))
		files.WriteString(marks + p + "\n")
	}
	fmt.Fprintf(&s, "find $r -mindepth 1 -exec touch -h -d @%d {} +\n", 1234567890+m.IntN(2))
	return s.String() + "%files\n" + files.String()
}

// mayHaveNames tells whether a file may have several names without rpm failing: it
// leaves one empty when another name is a configuration file that stays, and cannot
// take the set-id bits off one that is replaced while the tree has no /proc.
func mayHaveNames(marks string) bool {
	return !strings.Contains(marks, "%config") && !strings.Contains(marks, "4755") && !strings.Contains(marks, "2755")
}

// command makes what is at a path, perhaps another name of a file made before.
func (m *metFiles) command(p string, kind byte, regular []string) string {
	switch {
	case kind == 'd':
		return "mkdir -p $r" + p
	case kind == 'l':
		return "ln -s " + m.target() + " $r" + p
	case kind == 'e':
		return fmt.Sprintf("echo %s | base64 -d > $r%s; chmod +x $r%s", smallELF[m.IntN(2)], p, p)
	case len(regular) > 0 && m.chance(5):
		return "ln $r" + regular[m.IntN(len(regular))] + " $r" + p
	}
	return "echo " + m.content() + " > $r" + p
}

// blocked tells whether something above a path is no directory.
func blocked(mine map[string]byte, p string) bool {
	for p = path.Dir(p); p != "/"; p = path.Dir(p) {
		if kind := mine[p]; kind != 0 && kind != 'd' {
			return true
		}
	}
	return false
}

// marks are what may stand before a name in the list of files; those of directories
// come from marks[2] on.
var marks = [...]string{"%doc ", "%ghost ", "%ghost ", "%config ", "%config ", "%config(noreplace) ", "%config(noreplace) ",
	"%config(missingok) ", "%license ", "%lang(de) ", "%lang(en) ", "%verify(not mtime) ", "", "", "", ""}

// attributes draws what stands before a name in the list of files.
func (m *metFiles) attributes(kind byte) string {
	s := marks[m.IntN(len(marks))]
	if kind == 'd' {
		s = "%dir " + marks[2+m.IntN(len(marks)-2)]
	}
	switch {
	case kind != 'l' && m.chance(8):
		s += "%attr(" + m.oneOf("0700 4755 2755 0640") + "," + m.oneOf("root tester") + "," + m.oneOf("root testers") + ") "
	case kind == 'f' && m.chance(16):
		s += "%caps(cap_net_raw=" + m.oneOf("p ep") + ") "
	}
	return s
}

// watcher is a package with file triggers of all kinds on the paths.
func (m *metFiles) watcher(modern bool) string {
	var s strings.Builder
	s.WriteString("Name: watcher\nVersion: 1\nRelease: 1\nSummary: Random\nLicense: MIT\nBuildArch: noarch\n%description\nRandom.\n%files\n")
	for _, kind := range []string{"filetriggerin", "filetriggerun", "filetriggerpostun",
		"transfiletriggerin", "transfiletriggerun", "transfiletriggerpostun"} {
		body := strings.Replace(loggingLua, "tostring(arg[2]), tostring(arg[3])", "", 1)
		where := m.oneOf("/f /f/p /f/q/u /f/p/")
		if modern {
			body, where = loggingLua, where+" "+m.oneOf("/f/r /f/p/u /f")
		}
		fmt.Fprintf(&s, "%%%s -p <lua> -P %d -- %s\n"+body, kind, []int{100, 20000}[m.IntN(2)], where, "watcher-1 "+kind)
	}
	return s.String()
}

// meddle changes both trees as somebody might between transactions.
func (m *metFiles) meddle(t *testing.T, roots ...string) {
	t.Helper()
	for _, p := range metPaths {
		if !m.chance(5) {
			continue
		}
		op, content, target := m.IntN(6), m.content(), m.oneOf("nowhere /f/q/u")
		if strings.HasPrefix(target, p) { // rpm fails at a link to itself
			target = "nowhere"
		}
		for _, root := range roots {
			full := filepath.Join(root, p)
			above, err := filepath.EvalSymlinks(filepath.Dir(full))
			if info, statErr := os.Stat(above); err != nil || statErr != nil || !info.IsDir() || !strings.HasPrefix(above, root) {
				continue
			}
			info, err := os.Lstat(full)
			if op > 1 {
				os.RemoveAll(full)
			}
			switch {
			case op == 0 && err == nil && info.Mode().IsRegular():
				must(t, os.Chmod(full, 0o4711))
			case op <= 1 && (err != nil || info.Mode().IsRegular()), op == 2:
				must(t, os.WriteFile(full, []byte(content+"\n"), 0o644))
			case op == 3:
				must(t, os.Mkdir(full, 0o755))
			case op == 4:
				must(t, os.Symlink(target, full))
			default:
				continue
			}
			at := []unix.Timespec{{Sec: 1500000000}, {Sec: 1500000000}}
			unix.UtimesNanoAt(unix.AT_FDCWD, full, at, unix.AT_SYMLINK_NOFOLLOW)
		}
	}
}
