-- KEYS: a user's index. ARGV: keys of records there that were not the user's when they were read.
-- Each gets a mark, and goes a minute later if its index was not written since: a write that is on its way has written
-- the index, and not yet the record, which lies on another node. A mark's score is the time, below 0, by Redis' clock.
local now = redis.call('TIME')[1]
for _, key in ipairs(ARGV) do
  local mark = '?' .. key
  local since = redis.call('ZSCORE', KEYS[1], mark)
  if not since then
    if redis.call('ZSCORE', KEYS[1], key) then redis.call('ZADD', KEYS[1], -now, mark) end
  elseif now + since > 60 then
    redis.call('ZREM', KEYS[1], key, mark)
  end
end
return 'done'
