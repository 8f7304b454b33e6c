-- (1) the loader cache
if posix.access ("/etc/ld.so.cache", "r") == nil then
  local f = io.open ("/etc/ld.so.conf", "a")
  if f ~= nil then f:close () end
end
if posix.access ("/usr/sbin/ldconfig", "x") then
  post_exec ("/usr/sbin/ldconfig")
end
