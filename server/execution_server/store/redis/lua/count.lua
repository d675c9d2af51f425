--[[ count — how many ids of one partition are in each of several sets.

KEYS  1+  sets        sorted sets  keys.index_set(partition, name)
ARGV  1   lowest      lexicographic bound
      2   highest     lexicographic bound
Returns  a number per set. One script, so that a record which moves from set to set is counted once.
Writes nothing. O(sets * log N). ]]
local lowest, highest = ARGV[1], ARGV[2]

local counts = {}
for i = 1, #KEYS do counts[i] = redis.call('ZLEXCOUNT', KEYS[i], lowest, highest) end
return counts
