-- KEYS: a record. Gives its user and its text.
return redis.call('HMGET', KEYS[1], 'user', 'record')
