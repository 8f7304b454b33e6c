package lua

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/assembler/install/macro"
	"github.com/fimg/fimg/tree/rootfs"
)

// world is a root and what scripts did to programs.
type world struct {
	dir   string
	lines []string
	execs []string
	tweak func(*Script)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	for _, d := range []string{"etc", "tmp", "usr/bin"} {
		os.MkdirAll(filepath.Join(w.dir, d), 0o755)
	}
	os.WriteFile(filepath.Join(w.dir, "etc/shells"), []byte("/bin/sh\n/bin/zsh\n"), 0o644)
	os.WriteFile(filepath.Join(w.dir, "etc/passwd"), []byte("root:x:0:0:r:/root:/bin/sh\nme:x:7:8::/:/bin/sh\n"), 0o644)
	os.WriteFile(filepath.Join(w.dir, "usr/bin/tool"), nil, 0o755)
	return w
}

// exec stands for the programs of the root: "false" fails, "cat" copies.
func (w *world) exec(_ context.Context, c chroot.Command) (chroot.Result, error) {
	w.execs = append(w.execs, strings.Join(append([]string{c.Path}, c.Args...), " "))
	switch {
	case strings.HasSuffix(c.Path, "false"):
		return chroot.Result{Status: 3}, &chroot.ExitError{Path: c.Path, Status: 3}
	case strings.HasSuffix(c.Path, "missing"):
		return chroot.Result{Status: -1}, &chroot.ExecError{Path: c.Path, Err: os.ErrNotExist}
	case strings.HasSuffix(c.Path, "/sh"):
		if c.Stdout != nil {
			io.WriteString(c.Stdout, "from shell\n")
		}
	}
	return chroot.Result{}, nil
}

func (w *world) run(t testing.TB, source string) error {
	t.Helper()
	root, err := rootfs.Open(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	w.lines = nil
	s := Script{Name: "test", Source: source, Args: []string{"<lua>"}, Arg1: 1, Arg2: -1, Root: root,
		Macros: macro.New("x86_64", nil), Env: []string{"HOME=/root"}, Exec: w.exec, Timeout: 10 * time.Minute,
		Line: func(l string) { w.lines = append(w.lines, l) }, Now: time.Unix(1700000000, 0)}
	if w.tweak != nil {
		w.tweak(&s)
	}
	return Run(t.Context(), s)
}

// TestExpressions prints a value each.
func TestExpressions(t *testing.T) {
	for source, want := range map[string]string{
		`print(arg[1], arg[2], #arg)`:                                                                                              "<lua>\t1\t2",
		`print(7 // 2, 7 % 3, 1 << 4  , 5 & 6, 2^0.5 > 1)`:                                                                         "3\t1\t16\t4\ttrue",
		`print(string.format("%5.2f|%d|%s", 1.5, 3, "x"))`:                                                                         " 1.50|3|x",
		`print(("a,b,c"):gsub(",", "-"))`:                                                                                          "a-b-c\t2",
		`print(rpm.vercmp("1.0~rc1", "1.0"), rpm.vercmp("2:1", "1:9"))`:                                                            "-1\t1",
		`print(rpm.expand("%{_bindir} %{nothing} %{?x:y} %{!?x:z} 100%%"))`:                                                        "/usr/bin %{nothing}  z 100%",
		`local a, b = rpm.ver("1:2.0-3"), rpm.ver(nil, "2.0", "4") print(a.e, a.v, a.r, b.e, tostring(a), tostring(b))`:            "1\t2.0\t3\tnil\t1:2.0-3\t2.0-4",
		`local a = rpm.ver("1.0~rc1") print(a < rpm.ver("1.0"), a <= "1.0", a > "0.9", a == rpm.ver("0:1.0~rc1"))`:                 "true\ttrue\ttrue\ttrue",
		`print((pcall(rpm.ver)), pcall(function() return rpm.ver("1").x end))`:                                                     "false\tfalse\ttest:1: invalid attribute: x",
		`macros.foo = "bar" print(macros.foo, rpm.expand("%foo")) macros.foo = nil print(macros.foo, rpm.macros)`:                  "bar\tbar\nnil\tnil",
		`print(posix.times("utime") >= 0, posix.times().elapsed > 0, (pcall(posix.times, "x")))`:                                   "true\ttrue\tfalse",
		`rpm.define("foo bar baz") print(rpm.expand("%foo"), rpm.isdefined("foo"))`:                                                "bar baz\ttrue\tfalse",
		`print(rpm.b64decode(rpm.b64encode("hello")))`:                                                                             "hello",
		`print(posix.stat("/etc").type, posix.stat("/etc/shells", "size"))`:                                                        "directory\t17",
		`print(posix.stat("/nothing"))`:                                                                                            "nil\t/nothing: No such file or directory\t2",
		`print(posix.stat("/etc/shells", "mode"))`:                                                                                 "rw-r--r--",
		`print(posix.access("/usr/bin/tool", "x"), posix.access("/etc/shells", "x"))`:                                              "0\tnil\t/etc/shells: Permission denied\t13",
		`print(posix.getenv("HOME"), os.getenv("NOPE"))`:                                                                           "/root\tnil",
		`print(posix.mkdir("/d"), posix.mkdir("/d"))`:                                                                              "0\tnil\t/d: File exists\t17",
		`posix.symlink("etc", "/l") print(posix.readlink("/l"), posix.stat("/l").type)`:                                            "etc\tlink",
		`posix.mkdir("/d") print(posix.rmdir("/d"), posix.rmdir("/etc"))`:                                                          "0\tnil\t/etc: Directory not empty\t39",
		`print(posix.umask(), posix.umask("rwx------"), posix.umask(755))`:                                                         "rwxr-xr-x\trwx------\trwxr-xr-x",
		`posix.chmod("/etc/shells", "u+x,go-r") print(posix.stat("/etc/shells", "mode"))`:                                          "rwx------",
		`posix.chmod("/etc/shells", 0644) print(posix.stat("/etc/shells", "mode"))`:                                                "rw-r--r--",
		`print(posix.getpasswd("me", "uid", "gid"))`:                                                                               "7\t8",
		`print(os.time(), os.date("%Y-%m-%d"), os.time{year=2000,month=1,day=1,hour=0})`:                                           "1700000000\t2023-11-14\t946684800",
		`print(io.open("/none"))`:                                                                                                  "nil\t/none: No such file or directory\t2",
		`for l in io.lines("/etc/shells") do io.write(l, ";") end print()`:                                                         "/bin/sh;/bin/zsh;",
		`local f = io.open("/etc/shells") print(f:read("n", 1)) print(f:seek("set", 5), f:read("a")) print(f:close(), io.type(f))`: "nil|5\tsh\n/bin/zsh\n|true\tclosed file",
		`local f = io.open("/t", "w+") f:write("x", 12, "\n") f:seek("set") print(f:read("L"))`:                                    "x12\n",
		`local f = io.open("/t", "a") f:write("more") f:close() print(#io.open("/t"):read("*a"))`:                                  "4",
		`local n = 0 for f in posix.files("/etc") do n = n + 1 end print(n, #posix.dir("/etc"))`:                                   "4\t4",
		`print(table.concat(rpm.glob("/etc/sh*"), " "), rpm.glob("/zz*"), rpm.glob("/zz*", "c")[1])`:                               "/etc/shells\tnil\t/zz*",
		`print(rpm.execute("/usr/bin/tool", "a"), rpm.execute("/bin/false"))`:                                                      "0\tnil\texit code\t3",
		`print(rpm.spawn({"tool", "b"}, {stdout="/dev/null"}), (rpm.spawn{"missing"}))`:                                            "0\tnil",
		`print(io.popen("x"):read("l"), os.execute("y"))`:                                                                          "from shell\ttrue\texit\t0",
		`print(pcall(posix.exec, "/bin/sh"))`:                                                                                      "false\ttest:1: exec not permitted in this context",
		`print(dofile, loadfile, package.loadlib)`:                                                                                 "nil\tnil\tnil",
		`print(table.concat(rpm.splitargs([[a 'b c' "d\"e"]]), "|"))`:                                                              `a|b c|d"e`,
		`print(rpm.unsplitargs{"a", "b c"})`:                                                                                       "a 'b c'",
		`print(utf8.char(228), string.pack("<I2", 258):byte(1, -1))`:                                                               "ä\t2\t1",
	} {
		w := newWorld(t)
		if err := w.run(t, source); err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := strings.Join(w.lines, "|"); strings.ReplaceAll(got, "|", "\n") != strings.ReplaceAll(strings.TrimSuffix(want, "\n"), "|", "\n") && got != strings.ReplaceAll(want, "\n", "|") {
			t.Errorf("%s:\n got %q\nwant %q", source, got, want)
		}
	}
}

// TestFork runs the idioms of Fedora's scriptlets.
func TestFork(t *testing.T) {
	w := newWorld(t)
	source := `
print("before")
local seen = posix.stat("/etc/shells").size
local f = io.open("/count", "a") f:write("x") f:close()
local pid = posix.fork()
if pid == 0 then
  print("child " .. seen)
  posix.redirect2null(1)
  posix.exec("/usr/bin/tool", "arg")
  assert(nil)
elseif pid > 0 then
  print("waited", posix.wait(pid) == pid)
end
local p2 = posix.fork()
if p2 == 0 then os.exit(1) end
posix.wait(p2)
print("after")`
	if err := w.run(t, source); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.lines, "|"); got != "before|child 17|waited\ttrue|after" {
		t.Errorf("output %q", got)
	}
	if got := strings.Join(w.execs, "|"); got != "/usr/bin/tool arg" {
		t.Errorf("programs %q", got)
	}
	if data, _ := os.ReadFile(filepath.Join(w.dir, "count")); string(data) != "x" {
		t.Errorf("what came before the fork was done again: %q", data)
	}
}

// TestInsideOnly tries to reach the host.
func TestInsideOnly(t *testing.T) {
	w := newWorld(t)
	secret := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("host"), 0o644)
	os.Symlink(secret, filepath.Join(w.dir, "link"))
	os.Symlink("../../../../../../../../../..", filepath.Join(w.dir, "up"))
	err := w.run(t, `
for _, n in ipairs{"/link", "/up`+secret+`", "../../../../../../..`+secret+`"} do
  local f = io.open(n) if f then print("read " .. n) end
end
local f = io.open("/up/written", "w") f:write("x") f:close()
os.remove("/up`+secret+`") os.rename("/etc/shells", "/up/../moved")
print(pcall(require, "os") and "" , pcall(require, "nothing"))`)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range w.lines {
		if strings.HasPrefix(l, "read") {
			t.Error(l)
		}
	}
	for _, name := range []string{"written", "moved"} {
		if _, err := os.Stat(filepath.Join(w.dir, name)); err != nil {
			t.Errorf("not inside: %v", err)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

func TestErrorsAndLimits(t *testing.T) {
	w := newWorld(t)
	for source, want := range map[string]string{
		`error("broken")`: "broken", `local x = = 1`: "syntax", `nothing()`: "call a nil value",
		`posix.chmod("/etc", "wrong!")`: "bad mode",
	} {
		if err := w.run(t, source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
	w.tweak = func(s *Script) { s.Timeout = 300 * time.Millisecond }
	start := time.Now()
	for _, source := range []string{`while true do end`, `while true do posix.stat("/") end`, `posix.sleep(100)`} {
		if err := w.run(t, source); err == nil {
			t.Errorf("not stopped: %s", source)
		}
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("stopping took %v", d)
	}
	w.tweak = nil
	if err := w.run(t, `local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(1000000) .. i end`); err == nil {
		t.Error("memory is not limited")
	}
	if err := w.run(t, `while true do local p = posix.fork() if p == 0 then os.exit(0) end end`); err == nil {
		t.Error("forks are not limited")
	}
}

func TestNextFile(t *testing.T) {
	w := newWorld(t)
	w.tweak = func(s *Script) {
		s.Lines = func(yield func(string) bool) { _ = yield("/a") && yield("/b") }
		s.Prefixes = []string{"/opt"}
	}
	if err := w.run(t, `for f in rpm.next_file do print(f) end print(RPM_INSTALL_PREFIX[1])`); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.lines, " "); got != "/a /b /opt" {
		t.Errorf("got %q", got)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	root, _ := rootfs.Open(w.dir)
	defer root.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Run(ctx, Script{Source: `posix.stat("/")`, Root: root, Macros: macro.New("x86_64", nil)})
	if !errors.Is(err, context.Canceled) && (err == nil || !strings.Contains(err.Error(), "canceled")) {
		t.Errorf("got %v", err)
	}
}

func FuzzModes(f *testing.F) {
	for _, s := range []string{"0755", "rwxr-xr-x", "u+x,go-w", "a=r", "rwsr-sr-x", "+x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if mode, err := parseMode(0o644, s); err == nil && mode > 0o7777 {
			t.Errorf("%q gives %o", s, mode)
		}
		splitArgs(s)
	})
}
