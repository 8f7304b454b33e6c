package lua

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestContained runs scripts that would go on for ever, take all memory or end the
// program. What is asserted is that each ends with an error, and which.
func TestContained(t *testing.T) {
	for source, want := range map[string]string{
		`local s = ("a"):rep(60) s:find(("a*"):rep(60) .. "b")`:                    "limit|longer",
		`local s = ("a"):rep(60) s:gsub(("a-"):rep(60) .. "b", "")`:                "limit|longer",
		`("a"):rep(1000):find(("(a"):rep(31) .. (")"):rep(31) .. ("a?"):rep(500))`: "pattern too complex",
		`("x"):rep(1e9)`: "too large",
		`local s = "x" while true do s = s .. s end`:                                                                              "memory limit",
		`local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) t[1] = t[1]`:                                  "stack overflow",
		`local m = {} m.__lt = function(a, b) return a < b end local t = setmetatable({}, m) t = t < t`:                           "stack overflow",
		`local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) coroutine.wrap(function() return t[1] end)()`: "stack overflow",
		`local function f() string.gsub("x", "x", f) end f()`:                                                                     "stack overflow",
		`assert(load(("("):rep(1e5)))`:                                                                                            "syntax levels",
		`assert(load("return " .. ("{"):rep(1e5)))`:                                                                               "syntax levels",
		`assert(load("return " .. ("not "):rep(1e5) .. "1"))`:                                                                     "syntax levels",
		`assert(load("return " .. ("a.."):rep(1e5) .. "a"))`:                                                                      "syntax levels",
		`assert(load(("if x then "):rep(1e5)))`:                                                                                   "syntax levels",
		`assert(load(("do "):rep(1e5)))`:                                                                                          "syntax levels",
		`assert(load("x" .. ("()"):rep(1e5)))`:                                                                                    "syntax levels",
		`assert(load("x=" .. ("function() return "):rep(1e4)))`:                                                                   "syntax levels",
		`assert(load("x=" .. ("(1,"):rep(1e4)))`:                                                                                  "syntax levels",
		`assert(load(("x=1 "):rep(1e6)))`:                                                                                         "bytes",
		`assert(load("\27Lua"))`:                                                                                                  "binary chunk",
		`for i = 1, 1e6 do coroutine.wrap(function() coroutine.yield() end)() end`:                                                "too many coroutines",
		`local function f() return coroutine.wrap(f)() end f()`:                                                                   "too many coroutines",
		`while true do posix.getprocessid("pid") end`:                                                                             "limit|longer",
		`while true do rpm.register("a", function() end) end`:                                                                     "limit|longer",
		`local s = ("x"):rep(1e6) for i = 1, 100 do assert(io.write(s)) end`:                                                      "output|error",
		`local f, s = io.popen("x", "w"), ("x"):rep(1e6) for i = 1, 100 do assert(f:write(s)) end`:                                "too large|error",
		`for i = 1, 1e9 do rpm.define("a" .. i .. " " .. ("x"):rep(1e5)) end`:                                                     "macros take more",
		`rpm.define("a0 x") for i = 1, 60 do rpm.define("a"..i.." %{a"..(i-1).."}%{a"..(i-1).."}") end rpm.expand("%a60")`:        "error expanding macro",
		`setmetatable({}, {__gc = function() while true do end end})`:                                                             "limit|longer",
		`local a <close> = setmetatable({}, {__close = function() while true do end end})`:                                        "limit|longer",
		`local c = coroutine.create(function() local a <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end) ` +
			`coroutine.resume(c) coroutine.close(c)`: "to be closed",
		`string.format("%d")`: "no value", `string.pack("c100000000000", "x")`: "limit",
	} {
		w, timeout := newWorld(t), 10*time.Minute
		if strings.Contains(want, "longer") {
			timeout = time.Second / 2
		}
		w.tweak = func(s *Script) { s.Timeout = timeout }
		err := w.run(t, source)
		found := false
		for part := range strings.SplitSeq(want, "|") {
			found = found || err != nil && strings.Contains(err.Error(), part)
		}
		if !found {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// TestAllowed has what looks like the above and is not.
func TestAllowed(t *testing.T) {
	var long strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&long, "posix.symlink(\"etc\", \"/l%d\")\nif posix.stat(\"/l%d\") then os.remove(\"/l%d\") end\nt = t .. 'x'\n", i, i, i)
	}
	for _, source := range []string{
		`local t = "" ` + long.String(), `return {` + strings.Repeat(`{a = 1, b = {2, 3}, "x"}, `, 10000) + `}`,
		`local x = 1` + strings.Repeat(" + 1", 4000) + ` assert(x == 4001)`,
		`local x = ""` + strings.Repeat(` .. "a"`, 150) + ` assert(#x == 150)`,
		strings.Repeat("if true then ", 150) + strings.Repeat("end ", 150),
		`for i = 1, 5000 do local c = coroutine.wrap(function() coroutine.yield(i) end) assert(c() == i) c() end`,
		`assert(load(function() end)) local n = 0 local f = load(function() n = n + 1 return ({"return ", "1 + ", "1"})[n] end) assert(f() == 2)`,
		`local e = {} load("x = 1", "c", "t", e)() assert(e.x == 1 and x == nil) local f, m = load("= =") assert(not f and m)`,
		`local f = coroutine.wrap(function() local a <close> = setmetatable({}, {__close = function() end}) coroutine.yield() end) f()`,
		`assert(("x"):rep(3, ",") == "x,x,x" and ("x"):rep(0) == "" and ("x"):rep(-1) == "" and (""):rep(1e9, "") == "")`,
	} {
		if err := newWorld(t).run(t, source); err != nil {
			t.Errorf("%.80s: %v", source, err)
		}
	}
}

// TestNoGoroutineLeft counts goroutines after scripts that leave coroutines behind.
func TestNoGoroutineLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		if err := newWorld(t).run(t, `for i = 1, 100 do local c = coroutine.wrap(function() coroutine.yield() end) c() end`); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

// TestPatterns compares what patterns match with what Lua 5.4 printed
// for
// testdata/patterns.lua.
func TestPatterns(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("testdata", "patterns.lua"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("testdata", "patterns.txt"))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if err := w.run(t, string(source)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.lines, "\n") + "\n"; got != string(want) {
		t.Errorf("got\n%s", got)
	}
}
