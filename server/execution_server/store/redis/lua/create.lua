--[[ create — store a new record, its index entries and its claim.

KEYS  1   record      hash        keys.record(id)
      2   due         sorted set  keys.due(partition)
      3   sequence    integer     keys.sequence(partition)
      4   tombstone   string      keys.tombstone(id)
      5   claim       string      keys.claim(name); the record's key again if nothing is claimed
      6   types       sorted set  keys.types(partition)
      7+  entered     sorted sets keys.index_set(partition, name)
ARGV  1   version     the record's first
      2   not_after   epoch milliseconds
      3   id
      4   due_ms      epoch milliseconds, '' = nothing due
      5   publish     PUBLISH or SPUBLISH
      6   channel     keys.channel(partition)
      7   notice      what to publish behind the sequence number
      8   claim_ms    how long the claim lasts, '' = as long as the record, 'none' = nothing is claimed
      9   type        the record's
      10  most        how many types are known by name
      11+ the score in each set entered, then fields and values of the record in turn
Returns  {'OK'}              stored, now or by an earlier try of this very call
         {'TAKEN', holder}   the claim is another record's, or an earlier try of this very call stored the record
                             and it has been changed or deleted since; nothing written
         {'LATE'}            it is later than not_after; nothing written
Writes only after every check has passed. O(log N) in the partition's records. ]]
local record, due, sequence, tombstone, claim, types = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local version, not_after, id, due_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local publish, channel, notice, claim_ms = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local type, most = ARGV[9], tonumber(ARGV[10])

local standing = redis.call('HGET', record, 'v')
if standing == version then return {'OK'} end
if standing or redis.call('EXISTS', tombstone) == 1 then return {'TAKEN', id} end
if claim_ms ~= 'none' then
  local holder = redis.call('GET', claim)
  if holder then return {'TAKEN', holder} end
end
local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > not_after then return {'LATE'} end

local entering = #KEYS - 6
redis.call('HSET', record, 'v', version, unpack(ARGV, 11 + entering))
for i = 1, entering do redis.call('ZADD', KEYS[6 + i], ARGV[10 + i], id) end
if redis.call('ZCARD', types) < most then redis.call('ZADD', types, 0, type) end
if due_ms ~= '' then redis.call('ZADD', due, due_ms, id) end
if claim_ms == '' then
  redis.call('SET', claim, id)
elseif claim_ms ~= 'none' then
  redis.call('SET', claim, id, 'PX', claim_ms)
end
local basic = redis.call('HMGET', record, 'head', 'metadata', 'labels')
local number = redis.call('INCR', sequence)
redis.call(publish, channel, number .. ' ' .. notice .. basic[1] .. (basic[2] or '') .. (basic[3] or ''))
return {'OK'}
