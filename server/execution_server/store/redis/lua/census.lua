--[[ census — how many ids of one partition are in each set of several groups of sets, a group per type.

KEYS  1   types       sorted set   keys.types(partition)
      2+  sets        sorted sets  keys.index_set(partition, name), group by group
ARGV  1   sets_each   how many sets are in a group
      2+  the type of each group
Returns  a number per set. One script, so that a record which moves from set to set is counted once.
Forgets the types that have no record. O(sets). ]]
local types, sets_each = KEYS[1], tonumber(ARGV[1])

local counts = {}
for group = 2, #ARGV do
  local first, total = 2 + (group - 2) * sets_each, 0
  for i = first, first + sets_each - 1 do
    counts[i - 1] = redis.call('ZCARD', KEYS[i])
    total = total + counts[i - 1]
  end
  if total == 0 then redis.call('ZREM', types, ARGV[group]) end
end
return counts
