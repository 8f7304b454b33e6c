package sysusers

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fimg/fimg/internal/testtool"
	"github.com/fimg/fimg/tree/rootfs"
)

var initial = map[string]string{
	"etc/passwd":  "root:x:0:0:root:/root:/bin/bash\ntaken:x:998:998::/:/bin/sh\nlonely:x:400:100::/:/bin/sh\n",
	"etc/group":   "root:x:0:\ntaken:x:998:\nusers:x:100:taken\nodd:x:997:\n",
	"etc/shadow":  "root:*:19000::::::\ntaken:!:19000::::::\nlonely:!:19000::::::\n",
	"etc/gshadow": "root:::\ntaken:!::\nusers:::taken\nodd:!::\n",
}

// cases are compared with systemd-sysusers.
var cases = map[string][]string{
	"plain":                   {`u chrony - "chrony system user" /var/lib/chrony`},
	"fixed":                   {"u sshd 74 \"Privilege-separated SSH\" /usr/share/empty.sshd"},
	"fixed taken":             {"u sshd 998 -"},
	"group":                   {"g kvm 36", "g render -"},
	"group and user":          {"g render 105", "u render - - /"},
	"other group":             {"u one -:users \"One\" /home/one /bin/bash"},
	"both numbers":            {"u two 300:100 - /two"},
	"members":                 {"m taken odd", "u three -", "m three users"},
	"several":                 {"u a -", "u b -", "g c -", "u d 500"},
	"existing":                {"u taken -", "g odd -"},
	"range":                   {"r - 200-210", "u e -", "u f -"},
	"user of group":           {"u odd - odd"},
	"quotes":                  {"u g - \"With 'quotes' inside\""},
	"implicit":                {"m newuser newgroup"},
	"number of a group":       {"u x 997"},
	"number of a user":        {"u x 400"},
	"number of both":          {"u x 100"},
	"group number taken":      {"g x 998", "g y 100"},
	"pair taken":              {"u x 998:997", "u y 401:998"},
	"twice":                   {"u s 500", "u s 501", "u s 500"},
	"twice, comments":         {"u s - \"one\"", "u s - \"two\""},
	"member twice":            {"m taken odd", "m taken odd", "m taken users"},
	"member before user":      {"m late odd", "u late 600"},
	"group after user":        {"u late 600", "g late 601"},
	"group before user":       {"g late 601", "u late 600"},
	"two users of one number": {"u x 700", "u y 700", "g z 700"},
	"ranges":                  {"r - 300", "r - 310-311", "u x -", "g y -", "u z -"},
	"long names":              {"u abcdefghijklmnopqrstuvwxyz12345 -"},
	"odd shells":              {"u x - - - -", "u y - \"\" / /bin/false"},
	"escapes":                 {"u x - \"tab\\there\" /x"},
	"group by name only":      {"u x -:odd", "u y 402:odd"},
}

func makeRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "etc"), 0o755)
	for name, data := range initial {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func apply(t *testing.T, dir string, lines []string) {
	t.Helper()
	root, err := rootfs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := Apply(root, lines, time.Unix(1700000000, 0)); err != nil {
		t.Fatal(err)
	}
}

func TestAgainstSystemd(t *testing.T) {
	testtool.Need(t, "systemd-sysusers")
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	for name, lines := range cases {
		t.Run(name, func(t *testing.T) {
			ours, theirs := makeRoot(t), makeRoot(t)
			apply(t, ours, lines)
			args := []string{"--root=" + theirs, "--inline"}
			testtool.Run(t, "systemd-sysusers", append(args, lines...)...)
			for file := range initial {
				a, _ := os.ReadFile(filepath.Join(ours, file))
				b, _ := os.ReadFile(filepath.Join(theirs, file))
				if string(a) != string(b) {
					t.Errorf("%s:\n%s\nsystemd-sysusers:\n%s", file, a, b)
				}
			}
		})
	}
}

func TestAgain(t *testing.T) {
	dir := makeRoot(t)
	apply(t, dir, cases["several"])
	before, _ := os.ReadFile(filepath.Join(dir, "etc/passwd"))
	apply(t, dir, cases["several"])
	if after, _ := os.ReadFile(filepath.Join(dir, "etc/passwd")); string(after) != string(before) {
		t.Errorf("the second time changed it:\n%s", after)
	}
}

func TestBadLines(t *testing.T) {
	root, err := rootfs.Open(makeRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, line := range []string{"x y", "u a b", "g a b", "r - 9-1", "u a - \"ge:cos\"", "u a -:nogroup"} {
		if Apply(root, []string{line}, time.Now()) == nil {
			t.Errorf("accepted: %s", line)
		}
	}
}

func TestComments(t *testing.T) {
	dir := makeRoot(t)
	apply(t, dir, []string{"# u x -", "", "; u y -"})
	if after, _ := os.ReadFile(filepath.Join(dir, "etc/passwd")); string(after) != initial["etc/passwd"] {
		t.Errorf("comments changed it:\n%s", after)
	}
}

func FuzzLine(f *testing.F) {
	for _, lines := range cases {
		f.Add(lines[0])
	}
	root, err := rootfs.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		Apply(root, []string{line}, time.Unix(0, 0))
	})
}
