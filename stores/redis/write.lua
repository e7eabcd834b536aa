-- KEYS: the record, and its user's index where it has a user and both lie on one server; with `index`, the index alone.
-- ARGV: create, put or the version that must be there, or index; the record's key; its text; when it ends, in
-- milliseconds, or inf; the time; what no other write has, by which a write is known that a client sends once more since
-- the answer was lost; its user, if it has one.
-- A lifetime is handed to Redis as a span, since its clock is not the application's.
local record, index = KEYS[1], KEYS[2]
local mode, key, text, ends, now, write, user = unpack(ARGV)

local function expire(name, ends)
  if ends == 'inf' then
    redis.call('PERSIST', name)
  else
    redis.call('PEXPIRE', name, string.format('%.0f', ends - now + 1))
  end
end

-- Below 0 lie the marks of drop.lua.
local function remember(index)
  redis.call('ZREMRANGEBYSCORE', index, 0, '(' .. now)
  redis.call('ZREM', index, '?' .. key)
  local known = redis.call('ZSCORE', index, key)
  -- Where it is written before the record, the record may stay as it is, and must be found until its end.
  if mode ~= 'index' or not known or tonumber(known) < tonumber(ends) then
    redis.call('ZADD', index, ends, key)
  end
  expire(index, redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2])
end

if mode == 'index' then
  remember(KEYS[1])
  return 'done'
end
-- The last eight writes, the newest first: others may have come before a write is sent once more.
local version, writes = unpack(redis.call('HMGET', record, 'version', 'write'))
if writes and string.find(writes, write, 1, true) then
  -- Written once more, so that a WAIT behind it waits for it.
  redis.call('HSET', record, 'write', writes)
  return 'done'
end
if mode == 'create' then
  if version then return 'exists' end
elseif mode ~= 'put' and version ~= mode then
  return redis.call('HMGET', record, 'version', 'record')
end
if index then remember(index) end
if user then
  redis.call('HSET', record, 'user', user)
else
  redis.call('HDEL', record, 'user')
end
redis.call('HINCRBY', record, 'version', 1)
writes = writes and string.sub(write .. ' ' .. writes, 1, 8 * (#write + 1) - 1) or write
redis.call('HSET', record, 'record', text, 'write', writes)
expire(record, ends)
return 'done'
