-- KEYS: the record, and its user's index where it has a user.
-- ARGV: create, put or the version that must be there; the record's key; its text; when it ends, in milliseconds, or
-- inf; the time; its user; what no other write has, by which a write is known that a client sends once more since the
-- answer was lost.
-- A lifetime is handed to Redis as a span, since its clock is not the application's.
local record, index = KEYS[1], KEYS[2]
local mode, key, text, ends, now, user, write = unpack(ARGV)

local function expire(name, ends)
  if ends == 'inf' then
    redis.call('PERSIST', name)
  else
    redis.call('PEXPIRE', name, string.format('%.0f', ends - now + 1))
  end
end

local version, last = unpack(redis.call('HMGET', record, 'version', 'write'))
if last == write then return 'done' end
if mode == 'create' then
  if version then return 'exists' end
elseif mode ~= 'put' and version ~= mode then
  return redis.call('HMGET', record, 'version', 'record')
end
if index then
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. now)
  redis.call('ZADD', index, ends, key)
  expire(index, redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2])
  redis.call('HSET', record, 'user', user)
else
  redis.call('HDEL', record, 'user')
end
redis.call('HINCRBY', record, 'version', 1)
redis.call('HSET', record, 'record', text, 'write', write)
expire(record, ends)
return 'done'
