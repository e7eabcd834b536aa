-- KEYS: a user's index. ARGV: the user; the key of the record that stays, or nothing. Gives how many were removed.
-- A client may put a prefix before KEYS: that of the records is what stands before `user:` and 64 digits.
local prefix, count = string.sub(KEYS[1], 1, -70), 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local record = prefix .. key
  local is_theirs = redis.call('HGET', record, 'user') == ARGV[1]
  if is_theirs and key ~= ARGV[2] then count = count + redis.call('DEL', record) end
  if not is_theirs or key ~= ARGV[2] then redis.call('ZREM', KEYS[1], key) end
end
return count
