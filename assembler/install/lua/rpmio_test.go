package lua

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRPMOpen has what rpmlua 4.20 and 6.1 print.
func TestRPMOpen(t *testing.T) {
	for source, want := range map[string]string{
		`local f = rpm.open("/t", "w") print(f, f:write("hello\nworld\n")) print(f:flush(), f:close()) print(f, f:close(), (pcall(f.read, f)))`:       "/t\t12|0\t0|[none]\t-1\tfalse",
		`local f = rpm.open("/etc/shells") print(f:seek("set", 2), f:read(3), f:seek("cur"), f:seek("end"), f:seek("cur", -3), f:read(-1), f:read())`: "2\tin/\t5\t17\t14\tsh\n\t",
		`for _, k in ipairs{"ufdio", "fdio", "gzdio", "zstdio", "xzdio", "lzdio"} do for _, l in ipairs{"", "1", "9", "6T2"} do ` +
			`local f = rpm.open("/t", "w" .. l .. "." .. k) f:write("some ") f:write("text and more", 4) f:close() f = rpm.open("/t", "r." .. k) ` +
			`assert(f:read(3) == "som" and f:read() == "e text" and f:read() == "" and f:close() == 0) end end print("ok")`: "ok",
		`local f = rpm.open("/t", "w") f:write("plain") f:reopen("w.gzdio"):write("packed") f:close() f = rpm.open("/t") print(f:read(5), f:reopen("r.gzdio"):read())`: "plain\tpacked",
		`rpm.open("/t", "w.gzdio"):write("left open")`:                                         "",
		`local f = rpm.open("/t", "w.gzdio") f:write("x") print(pcall(f.seek, f, "set"))`:      "false\ttest:1: /t: seek failed: Illegal seek",
		`local f = rpm.open("/etc/shells") print(pcall(f.write, f, "x"))`:                      "false\ttest:1: error writing /etc/shells: Bad file descriptor",
		`print(pcall(rpm.open, "/none"))`:                                                      "false\ttest:1: /none open failed: No such file or directory",
		`print(pcall(rpm.open, "/etc", "w"))`:                                                  "false\ttest:1: /etc open failed: Is a directory",
		`print(pcall(rpm.open, "/etc/shells", "wx"))`:                                          "false\ttest:1: /etc/shells open failed: File exists",
		`print((pcall(rpm.open, "/t", "w.bzdio")), pcall(rpm.open, "/etc/shells", "r.bogus"))`: "false\tfalse\ttest:1: /etc/shells open failed: Invalid argument",
		`print((pcall(function() return rpm.open("/etc/shells", "r.xzdio"):read() end)))`:      "false",
		`print(#rpm.open("/etc/shells", "r.gzdio"):read(), #rpm.open("/dev/null"):read())`:     "17\t0",
		`local f = rpm.open("/dev/null", "w.gzdio") print(f:write("x"), f:close())`:            "1\t0",
		`local f = rpm.open("/t", "w1.gzdio") for i = 1, 70 do f:write(("\0"):rep(1e6)) end f:close() print(pcall(function() return rpm.open("/t", "r.gzdio"):read() end))`: "false\ttest:1: error reading /t: File too large",
	} {
		w := newWorld(t)
		if err := w.run(t, source); err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := strings.Join(w.lines, "|"); got != strings.ReplaceAll(want, "\n", "|") {
			t.Errorf("%s:\n got %q\nwant %q", source, got, want)
		}
	}
}

// TestRPMOpenInside tries to reach the host, and leaves a packed file open.
func TestRPMOpenInside(t *testing.T) {
	w := newWorld(t)
	secret := filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("host"), 0o644)
	os.Symlink(secret, filepath.Join(w.dir, "link"))
	source := `for _, n in ipairs{"/link", "../../../../..` + secret + `"} do print((pcall(rpm.open, n))) end ` +
		`rpm.open("/left", "w.gzdio"):write("open")`
	if err := w.run(t, source); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.lines, " "); got != "false false" {
		t.Errorf("got %q", got)
	}
	if err := w.run(t, `print(rpm.open("/left", "r.gzdio"):read())`); err != nil || w.lines[0] != "open" {
		t.Errorf("got %q, %v", w.lines, err)
	}
}

func FuzzFdMode(f *testing.F) {
	for _, s := range []string{"r", "w9.gzdio", "a+", "w6T2.xzdio", "r.:x", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := parseFdMode(s); err == nil && m.kind != "ufdio" && m.flags&os.O_RDWR != 0 {
			t.Errorf("%q packs what is read and written", s)
		}
	})
}
