-- Run it only if we are uninstalling
if arg[2] == 0
then
  t={}
  for line in io.lines("/etc/shells")
  do
    if line ~= "/bin/bash" and line ~= "/bin/sh"
    then
      table.insert(t,line)
    end
  end
  f = io.open("/etc/shells", "w+")
  for n,line in pairs(t)
  do
    f:write(line,"\n")
  end
  f:close()
end
