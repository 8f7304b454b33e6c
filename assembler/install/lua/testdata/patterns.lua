local subjects = {"", "a", "hello world", "THE (quick) fox (jumps (over)) it", "key = value", "  trim  ", "a.b.c", "\0x\0", "aaa", "x1y22z333", "[%]^$", "foo.bar(baz)", "äöü", "THE (quick) fox", "abcabc", "--x--"}
local patterns = {"", "a", ".", "a*", "a-", "a+", "a?", "%a+", "%w*", "(%w+)%s*=%s*(%w+)", "^%s*(.-)%s*$", "%b()", "%f[%w]%w+", "%f[%z]", "()", "()a()", "(a)(b)(c)%1", "(.)%1", "[^%s]+", "[]]", "[^]]", "[%]]", "[a-c]", "[a-]", "[-a]", "[%a-z]", "%d+", "%D", "%x%x", "%p", "%g+", "%c", "%u%l*", "^a", "a$", "^$", "$", "^", "a^", "$a", "(", ")", "(()", "%", "[", "[a", "[^", "[]", "%b", "%bx", "%f", "%fa", "%1", "(%1)", "(a)%2", "((a)b)", "(a*(.)%w(%s*))", ".-", ".-b", "a.-c", "%.", "%(%)", "[%w_]+", "%s*$", "x*", "%-", "\0", "%S+$", "[0-9]+", "(h)(e)(l)(l)(o)", "(()()())", "%z"}
local repls = {"", "x", "%0", "%1", "<%0>", "%%", "%2", "%", "%a", {a="T", hello="H", key=false}, function(...) return select("#", ...) .. tostring((...)) end, function() end, function() return false end, 5}
local function show(...) local t = {} for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end return table.concat(t, ",") end
-- What all calls with a pattern return is folded into one number.
local sum = 0
local function out(...)
  local text = show(...):gsub("^false,.-:%d+: ", "false,")
  for i = 1, #text do sum = (sum * 31 + text:byte(i)) % 4294967296 end
end
for _, p in ipairs(patterns) do sum = 0 for _, s in ipairs(subjects) do
  for _, i in ipairs{1, 2, -1, -100, 100, 0} do out(pcall(string.find, s, p, i)) out(pcall(string.match, s, p, i)) end
  out(pcall(string.find, s, p, 1, true))
  out(pcall(function() local t = {} for a, b in string.gmatch(s, p) do t[#t+1] = show(a, b) end return table.concat(t, ";") end))
  for _, r in ipairs(repls) do out(pcall(string.gsub, s, p, r)) end
  out(pcall(string.gsub, s, p, "x", 1)) out(pcall(string.gsub, s, p, "x", 0)) out(pcall(string.gsub, s, p, "x", -1))
end print((p:gsub("%z", "0")), sum) end
