package lua

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fimg/fimg/seed"
)

// drawing leaves behind whatever could differ from run to run.
const drawing = `
local out = io.open("/out", "w")
local function note(...) out:write(table.concat({...}, " "), "\n") end
local name = posix.mkstemp("/tmp/x.XXXXXX")
note(name, os.tmpname(), (posix.mkstemp("/tmp/x.XXXXXX")))
note(math.random(), math.random(10), math.random(-5, 5), math.random(0))
math.randomseed() note(math.random(1000000)) math.randomseed() note(math.random(1000000))
local t, f = {}, function() end
note(tostring(t), tostring(f), string.format("%s %p %s", t, t, print), tostring(coroutine.create(f)))
note(("%p"):format(t), tostring(io.stdout), tostring(setmetatable({}, {__name = "Mine"})))
for i = 1, 50 do t["k" .. i * 7919 % 1000] = i end
for k, v in pairs(t) do note(k, v) end
for k, v in next, t do note(k, v) end
for k in pairs(string) do note(k) end
local s = posix.stat("/tmp")
note(s.ino, s.dev, s.ctime, s.atime, s.mtime, posix.stat(name).ino, os.time(), os.clock(), os.date())
for i = 1, 3 do if posix.fork() == 0 then os.exit(0) end end note(posix.wait(-1), posix.wait(-1))
note(collectgarbage("count"), collectgarbage())
local pid = posix.fork()
if pid == 0 then note("child", math.random(), (posix.mkstemp("/tmp/c.XXXXXX"))) os.exit(0) end
note("parent", math.random(), (posix.mkstemp("/tmp/c.XXXXXX")))
out:close()`

// TestSteady runs a script twice, in trees of different age and place, and with
// another seed.
func TestSteady(t *testing.T) {
	run := func(facts string) (string, []string) {
		w := newWorld(t)
		w.tweak = func(s *Script) { s.Seed = seed.New(facts) }
		if err := w.run(t, drawing); err != nil {
			t.Fatal(err)
		}
		out, _ := os.ReadFile(filepath.Join(w.dir, "out"))
		names, _ := filepath.Glob(filepath.Join(w.dir, "tmp/*"))
		for i := range names {
			names[i] = filepath.Base(names[i])
		}
		return string(out), names
	}
	a, aNames := run("a")
	again, againNames := run("a")
	if a != again || !slices.Equal(aNames, againNames) {
		t.Errorf("two runs differ:\n%s\n%s\n%v\n%v", a, again, aNames, againNames)
	}
	if len(aNames) != 5 || !strings.Contains(a, "1700000000") {
		t.Errorf("wrote %q and made %v", a, aNames)
	}
	if b, bNames := run("b"); a == b || slices.Equal(aNames, bNames) {
		t.Error("another seed gives the same")
	}
}

// TestMkstempTakesNone meets names that are taken: by a file, by a link that leads
// nowhere.
func TestMkstempTakesNone(t *testing.T) {
	w := newWorld(t)
	source := `print((posix.mkstemp("/tmp/x.XXXXXX")))`
	var names []string
	for range 3 {
		if err := w.run(t, source); err != nil {
			t.Fatal(err)
		}
		names = append(names, w.lines[0])
		path := filepath.Join(w.dir, w.lines[0])
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("nowhere", path); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 3 {
		t.Errorf("names were taken twice: %v", names)
	}
	if _, err := os.Lstat(filepath.Join(w.dir, "tmp/nowhere")); err == nil {
		t.Error("a link was followed")
	}
}

// TestLikeLua has what Lua 5.4 prints; addresses apart.
func TestLikeLua(t *testing.T) {
	for source, want := range map[string]string{
		`math.randomseed(42) print(math.random(1000), math.random(1000), math.random(0), (pcall(math.randomseed, 1.5)))`: `742\t50\t-8358531260401861301\tfalse`,
		`print(pcall(math.random, 2, 1))`: `false\ttest:1: bad argument #2 to 'random' \(interval is empty\)`,
		`local t = {5, 6, b=1, a=2, [-1]=0} for k, v in pairs(t) do io.write(k, "=", v, " ") end print()`:                                                   `-1=0 1=5 2=6 a=2 b=1 `,
		`local t = {a=1, b=2, c=3} for k in pairs(t) do t[k] = nil end print(next(t), next({}))`:                                                            `nil\tnil`,
		`local t = {1, 2, [2.5]=3} for k in next, t do io.write(k, " ") end print(pcall(next, t, 9))`:                                                       `1 2 2.5 false\ttest:1: invalid key to 'next'`,
		`for k, v in pairs(setmetatable({}, {__pairs=function(t) return function(_, k) if not k then return 1, 2 end end, t, nil end})) do print(k, v) end`: `1\t2`,
		`print({})`: `table: 0x[0-9a-f]+`, `print(pcall(string.format, "%"))`: `false\ttest:1: invalid conversion '%' to 'format'`,
		`print(pcall(string.format, "%p"))`:                                                                        `false\ttest:1: bad argument #2 to 'format' \(no value\)`,
		`print(("%5s|%-5s|%5.1f|%%|%p"):format("a", "b", 1.25, 1))`:                                                `    a\|b    \|  1.2\|%\|\(null\)`,
		`local f = string.format print(f("%p", "x") == f("%p", "x"), f("%p", {}) == f("%p", {}))`:                  `true\tfalse`,
		`print(pcall(pairs)) print(pcall(pairs, 1))`:                                                               `false\t.*table expected, got no value\)false\t.*table expected, got number\)`,
		`print(collectgarbage("step"), collectgarbage("isrunning"), collectgarbage(), pcall(collectgarbage, "x"))`: `true\ttrue\t0\tfalse\t.*invalid option 'x'\)`,
		`print(tostring(setmetatable({}, {__tostring=function() return "mine" end})), pcall(tostring))`:            `mine\tfalse\t.*value expected\)`,
	} {
		w := newWorld(t)
		if err := w.run(t, source); err != nil {
			t.Errorf("%s: %v", source, err)
		} else if got := strings.Join(w.lines, ""); !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%s:\n got %q\nwant %q", source, got, want)
		}
	}
}
