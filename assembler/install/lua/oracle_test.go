package lua

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/internal/testtool"
)

// asRPM are scripts whose output is that of rpmlua.
var asRPM = []string{
	`print(type(macros), type(macros.x), rpm.macros)`,
	`rpm.define("loop %{loop}") print((pcall(rpm.expand, "%loop")), (pcall(function() return macros.loop end))) print(rpm.expand("%%loop"))`,
	`rpm.define("x() a=%1 n=%# all=%* o=%0 s=%**") print(macros.x("p q"), macros.x(""), macros.x({}), macros.x({"s t", "u"}), macros.x(3))`,
	`rpm.define("x(fg:) 1=%1 n=%# all=%* f=%{-f:yes}%{!-f:no} g=%{-g*} gg=%{-g} **=%** 2=%{?2}") print(macros.x("-f p q")) ` +
		`print(macros.x({"-g", "v", "s t", "u"})) print(macros.x("-fg v -f")) print(macros.x("-gv -- -f"))`,
	`rpm.define("x(-) 1=%1 all=%*") print(macros.x("-f p"), rpm.expand("%{x a b}|%{?x:y}|%{x}"))`,
	`rpm.define("x() %{?1:[%1]}%{!?2:none}%{?3}") print(macros.x("p"), macros.x("p q r"), macros.x("100%% %_bindir"))`,
	`rpm.define("yyy plain %1") print(type(macros.yyy), macros.yyy)`,
	`rpm.define("x() %1") print(pcall(macros.x, "a", "b")) print(pcall(macros.x))`,
	`rpm.define("x(o:) %1") print(pcall(macros.x, "-q"))`,
	`print(posix.times("utime") >= 0, math.type(posix.times("elapsed")), select("#", posix.times("utime", "stime")))`,
	`print(pcall(posix.times, "bogus")) local k = {} for n in pairs(posix.times()) do k[#k+1] = n end table.sort(k) print(table.concat(k, " "))`,
	`local h = rpm.register("foo", function(...) local t = ... print(select("#", ...), #t, t[1], t[2]) end) ` +
		`print(rpm.call("foo", "a", 2)) print(rpm.unregister("foo", h)) print(rpm.call("foo", "x"))`,
	`rpm.register("b", function(a) error("bad") end) rpm.register("b", function(a) print("second") return 1 end) ` +
		`rpm.register("b", function(a) print("third") end) rpm.call("b")`,
	`print(pcall(rpm.register)) print(pcall(rpm.register, "a")) print(pcall(rpm.call)) print(pcall(rpm.call, "a", {})) print(pcall(rpm.unregister, "a"))`,
}

// filesAsRPM work on files of their own below /tmp.
var filesAsRPM = []string{
	`local f = rpm.open("/tmp/rpmio", "w") print(f, f:write("hello\nworld\n")) print(f:flush(), f:close()) print(f, f:close()) print((pcall(f.read, f)))`,
	`print(rpm.open("/tmp/rpmio"):read()) local f = rpm.open("/tmp/rpmio") print(f:seek("set", 2), f:read(3), f:seek("cur"), f:seek("end"), f:seek("cur", -3)) print(f:read(-1), f:read(0), f:read(5))`,
	`print(pcall(rpm.open, "/none")) print(pcall(rpm.open, "/tmp", "w")) print(pcall(rpm.open, "/tmp/rpmio", "wx")) print((pcall(rpm.open)))`,
	`print(pcall(function() return rpm.open("/tmp"):read() end)) print((pcall(rpm.open("/tmp/rpmio").seek, rpm.open("/tmp/rpmio"), "bogus")))`,
	`local f = rpm.open("/tmp/rpmio") print(pcall(f.write, f, "x")) print((pcall(f.write, f))) f:close()`,
	`for _, k in ipairs{"ufdio", "fdio", "gzdio", "zstdio", "xzdio", "lzdio"} do for _, l in ipairs{"", "1", "9", "b", "6T2"} do ` +
		`local f = rpm.open("/tmp/rpmio", "w" .. l .. "." .. k) print(k, f:write("some "), f:write("text and more", 4), f:close()) ` +
		`f = rpm.open("/tmp/rpmio", "r." .. k) print(f:read(3), f:read(), f:read(), f:close()) end end`,
	`local f = rpm.open("/tmp/rpmio", "w") f:write("plain") print(f:reopen("w.gzdio")) f:write("packed") f:close() f = rpm.open("/tmp/rpmio") print(f:read(5)) print(f:reopen("r.gzdio")) print(f:read())`,
	`for i = 1, 2 do local f = rpm.open("/tmp/rpmio", i == 1 and "w.gzdio" or "a.gzdio") f:write("part" .. i) f:close() end print(rpm.open("/tmp/rpmio", "r.gzdio"):read())`,
	`local f = rpm.open("/tmp/rpmio", "w+") f:write("abc") print(f:seek("set"), f:read()) f:close() f = rpm.open("/tmp/rpmio", "a") f:write("d") f:close() f = rpm.open("/tmp/rpmio", "r+") print(f:read(1), f:write("Z")) f:close() print(rpm.open("/tmp/rpmio"):read())`,
	`for _, k in ipairs{"gzdio", "zstdio", "xzdio", "lzdio", "bzdio"} do local f = rpm.open("/tmp/rpmio", "w") f:write("something else than " .. k) f:close() print(k, (pcall(function() return rpm.open("/tmp/rpmio", "r." .. k):read() end))) end`,
	`print(getmetatable(rpm.open("/tmp/rpmio")).__name, (pcall(rpm.open, "/tmp/rpmio", ""))) posix.unlink("/tmp/rpmio")`,
}

// TestLikeRPMLua compares with rpmlua, which the oracles since 4.20 have, but for
// what is said on standard error and the position before some messages.
func TestLikeRPMLua(t *testing.T) {
	for _, o := range testtool.Oracles(t) {
		if !o.AtLeast(t, 4, 20) {
			continue
		}
		w := newWorld(t)
		for _, source := range slices.Concat(asRPM, filesAsRPM) {
			want := string(o.Run(t, "rpmlua", "-e", source))
			if err := w.run(t, source); err != nil {
				t.Errorf("%s: %v", source, err)
				continue
			}
			var got strings.Builder
			for _, l := range w.lines {
				if !strings.HasPrefix(l, "error: ") {
					got.WriteString(l + "\n")
				}
			}
			want = strings.ReplaceAll(want, `[string "<execute>"]:1: `, "")
			if strings.ReplaceAll(got.String(), "test:1: ", "") != want {
				t.Errorf("%s:\n%s\nrpmlua has\n%s", source, got.String(), want)
			}
		}
	}
}

// TestSpawn redirects the files of programs.
func TestSpawn(t *testing.T) {
	w := newWorld(t)
	source := `
print(rpm.spawn({"/bin/sh"}, {stdout="/out"}))
print(rpm.spawn({"/bin/sh"}, {stdin="/etc/shells", stdout="/out", stderr="/err"}))
print(rpm.spawn({"/bin/sh"}, {stderr="/err"}))
print(rpm.spawn({"/bin/sh"}, {stdin="/none"}))
print(rpm.spawn({"/bin/sh"}, {stdout="/dev/null"}))
print(pcall(rpm.spawn, {"/bin/sh"}, {bogus="x"}))
print(pcall(rpm.spawn, {}))`
	if err := w.run(t, source); err != nil {
		t.Fatal(err)
	}
	want := "0|0|from shell|0|nil\tNo such file or directory\t2|0|false\tinvalid spawn directive: bogus|false\tcommand not supplied"
	if got := regexp.MustCompile(`test:\d: `).ReplaceAllString(strings.Join(w.lines, "|"), ""); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, want := range map[string]string{"out": "from shell\nfrom shell\n", "err": ""} {
		if got, err := os.ReadFile(filepath.Join(w.dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
