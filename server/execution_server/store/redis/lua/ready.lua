--[[ ready — what workers may get of one partition.

KEYS  1+  sets        sorted sets  keys.index_set(partition, name), the most urgent first
ARGV  1   now_ms      epoch milliseconds
      2   few         how many of each set at most
Returns  {{set, id, available_ms, ...}, {set, id, available_ms}}: what is available, and what of the rest becomes so
         next, if anything does; the set by its number. Writes nothing. O(sets * (log N + few)). ]]
local now_ms, few = ARGV[1], ARGV[2]

local now, later = {}, {}
for i = 1, #KEYS do
  local found = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now_ms, 'WITHSCORES', 'LIMIT', 0, few)
  for j = 1, #found, 2 do
    now[#now + 1] = i
    now[#now + 1] = found[j]
    now[#now + 1] = found[j + 1]
  end
  local next = redis.call('ZRANGEBYSCORE', KEYS[i], '(' .. now_ms, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if next[2] and (not later[3] or tonumber(next[2]) < tonumber(later[3])) then later = {i, next[1], next[2]} end
end
return {now, later}
