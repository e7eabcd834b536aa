-- KEYS: a record. ARGV: a user. Removes the record if it is the user's, and gives how many were removed.
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
