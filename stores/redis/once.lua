-- Stands before a script that changes a row of another library, which has no place for a mark of ours.
-- ARGV: first what no other write has. A client sends a script once more when its answer was lost: the answer is kept
-- beside the row for a minute, on the same node of a cluster, and is given again.
local function once(change)
  local tag = string.find(KEYS[1], '{[^}]+}') and KEYS[1] or '{' .. KEYS[1] .. '}'
  local mark = 'shortcrust:written:' .. tag .. ':' .. ARGV[1]
  -- Where only the rows may be written, there is no mark.
  local known = redis.pcall('GET', mark)
  if type(known) == 'string' then return tonumber(known) end
  local answer = change()
  redis.pcall('SET', mark, answer, 'EX', 60)
  return answer
end
