-- KEYS: names of records. Gives each one's version and text.
local found = {}
for at, name in ipairs(KEYS) do found[at] = redis.call('HMGET', name, 'version', 'record') end
return found
