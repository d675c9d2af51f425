--[[ page — the next ids of one partition that are in any of several sets, in order.

KEYS  1+  sets        sorted sets  keys.index_set(partition, name)
ARGV  1   start       lexicographic bound to begin at
      2   stop        lexicographic bound to end at
      3   command     ZRANGEBYLEX or ZREVRANGEBYLEX
      4   few         how many ids at most
Returns  the ids. One script, so that a record which moves from set to set is seen in one of them.
Writes nothing. O(sets * (log N + few)). ]]
local start, stop, command, few = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local ids = {}
for i = 1, #KEYS do
  for _, id in ipairs(redis.call(command, KEYS[i], start, stop, 'LIMIT', 0, few)) do ids[#ids + 1] = id end
end
if command == 'ZRANGEBYLEX' then
  table.sort(ids)
else
  table.sort(ids, function(a, b) return a > b end)
end
for i = #ids, few + 1, -1 do ids[i] = nil end
return ids
