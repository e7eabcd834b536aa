-- KEYS: a user's index. ARGV: the user; the time. Gives key and text of each record.
-- What became another user's, or ended, may still be in the index.
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf')) do
  local kept = redis.call('HMGET', 'shortcrust:' .. key, 'user', 'record')
  if kept[1] == ARGV[1] and kept[2] then table.insert(found, {key, kept[2]}) end
end
return found
