-- KEYS: a user's index. ARGV: the user; the time. Gives key and text of each record.
-- What became another user's, or ended, may still be in the index.
-- A client may put a prefix before KEYS: that of the records is what stands before `user:` and 64 digits.
local prefix, found = string.sub(KEYS[1], 1, -70), {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf')) do
  local kept = redis.call('HMGET', prefix .. key, 'user', 'record')
  if kept[1] == ARGV[1] and kept[2] then table.insert(found, {key, kept[2]}) end
end
return found
