local function post_exec (program, ...)
  if rpm.spawn ~= nil then
    local status = rpm.spawn ({program, ...})
    assert (status == nil or status == 0)
  else
    local pid = posix.fork ()
    if pid == 0 then
      posix.exec (program, ...)
      assert (nil)
    elseif pid > 0 then
      posix.wait (pid)
    end
  end
end
