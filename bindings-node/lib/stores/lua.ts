// What Redis does in one step.
import { createHash } from 'node:crypto'

export interface Script {
  text: string
  sha: string
}

export const PREFIX = 'shortcrust:'

export const LOAD = script(`
local found = {}
for at, name in ipairs(KEYS) do found[at] = redis.call('HMGET', name, 'version', 'record') end
return found`)

/**
 * `mode` is create, put or the version that must be there. A lifetime is told as a span, as Redis' clock is not the
 * application's.
 */
export const WRITE = script(`
local name, index = KEYS[1], KEYS[2]
local mode, key, text, ends, now, user = unpack(ARGV)

local function expire(name, ends)
  if ends == 'inf' then
    redis.call('PERSIST', name)
  else
    redis.call('PEXPIRE', name, string.format('%.0f', ends - now + 1))
  end
end

local version = redis.call('HGET', name, 'version')
if mode == 'create' then
  if version then return 'exists' end
elseif mode ~= 'put' and version ~= mode then
  return redis.call('HMGET', name, 'version', 'record')
end
if index then
  redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. now)
  redis.call('ZADD', index, ends, key)
  expire(index, redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2])
  redis.call('HSET', name, 'user', user)
else
  redis.call('HDEL', name, 'user')
end
redis.call('HINCRBY', name, 'version', 1)
redis.call('HSET', name, 'record', text)
expire(name, ends)
return 'done'`)

export const REMOVE = script(`return redis.call('DEL', KEYS[1])`)

/** What became another user's, or ended, may still be in the index. */
export const LIST = script(`
local found = {}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], 'inf')) do
  local kept = redis.call('HMGET', '${PREFIX}' .. key, 'user', 'record')
  if kept[1] == ARGV[1] and kept[2] then table.insert(found, {key, kept[2]}) end
end
return found`)

export const REVOKE = script(`
local count = 0
for _, key in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local is_theirs = redis.call('HGET', '${PREFIX}' .. key, 'user') == ARGV[1]
  if is_theirs and key ~= ARGV[2] then count = count + redis.call('DEL', '${PREFIX}' .. key) end
  if not is_theirs or key ~= ARGV[2] then redis.call('ZREM', KEYS[1], key) end
end
return count`)

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
