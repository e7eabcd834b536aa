-- Stands behind once.lua. KEYS: the row of another library.
-- ARGV: the mark of once.lua; what was read there; what is to be there, or nothing where it is to be removed; for how
-- many milliseconds, or '' for ever.
-- Answers whether that was still there which was read.
local row = KEYS[1]
local _, old, new, left = unpack(ARGV)
return once(function()
  if redis.call('GET', row) ~= old then
    return 0
  end
  if not new then
    redis.call('DEL', row)
  elseif left == '' then
    redis.call('SET', row, new)
  else
    redis.call('SET', row, new, 'PX', left)
  end
  return 1
end)
