-- KEYS: a user's index. ARGV: from when on. Gives the keys of the records that end then or later.
return redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')
