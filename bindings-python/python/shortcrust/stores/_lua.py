"""What Redis does in one step. The layout is in docs/record-v1.md."""

PREFIX = "shortcrust:"

# A lifetime is handed to Redis as a span: its clock is not the application's.
WRITE = """
local record, index = KEYS[1], KEYS[2]
local mode, key, text, ends, now, user = unpack(ARGV)
local version = redis.call('HGET', record, 'version')
if mode == 'create' then
  if version then return 'exists' end
elseif mode ~= 'put' then
  if not version then return 'gone' end
  if version ~= mode then return redis.call('HMGET', record, 'version', 'record') end
end
if index then
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. now)
  redis.call('ZADD', index, ends, key)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
  if last == 'inf' then
    redis.call('PERSIST', index)
  else
    redis.call('PEXPIRE', index, string.format('%d', last - now + 1))
  end
  redis.call('HSET', record, 'user', user)
else
  redis.call('HDEL', record, 'user')
end
redis.call('HINCRBY', record, 'version', 1)
redis.call('HSET', record, 'record', text)
if ends == 'inf' then
  redis.call('PERSIST', record)
else
  redis.call('PEXPIRE', record, string.format('%d', ends - now + 1))
end
return 'done'
"""

# What became another user's, or ended, may still be in the index.
LIST = """
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf')) do
  local kept = redis.call('HMGET', 'shortcrust:' .. key, 'user', 'record')
  if kept[1] == ARGV[1] then
    table.insert(found, key)
    table.insert(found, kept[2])
  end
end
return found
"""

REVOKE = """
local count = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local record = 'shortcrust:' .. key
  if redis.call('HGET', record, 'user') ~= ARGV[1] then
    redis.call('ZREM', KEYS[1], key)
  elseif key ~= ARGV[2] then
    redis.call('ZREM', KEYS[1], key)
    count = count + redis.call('DEL', record)
  end
end
return count
"""
