--[[ delete — remove a record with all that belongs to it.

KEYS  1   record      hash        keys.record(id)
      2   due         sorted set  keys.due(partition)
      3   sequence    integer     keys.sequence(partition)
      4   tombstone   string      keys.tombstone(id)
      5   claim       string      keys.claim(name); the record's key again if it holds none
      6+  left        sorted sets keys.index_set(partition, name)
ARGV  1   expected    the version that must stand
      2   not_after   epoch milliseconds
      3   id
      4   request     the digest of the request that deletes
      5   tombstone_ms  how long to remember it
      6   publish     PUBLISH or SPUBLISH
      7   channel     keys.channel(partition)
      8   notice      what to publish behind the sequence number
Returns  {'OK'}                        removed, now or by an earlier try of this very request
         {'CONFLICT', version, head}   another version stands; nothing written
         {'MISSING'}                   no such record, and not by this request; nothing written
         {'LATE'}                      it is later than not_after; nothing written
Writes only after every check has passed. O(log N) in the partition's records. ]]
local record, due, sequence, tombstone, claim = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local expected, not_after, id, request, tombstone_ms = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local publish, channel, notice = ARGV[6], ARGV[7], ARGV[8]

local standing = redis.call('HGET', record, 'v')
if not standing then
  if redis.call('GET', tombstone) == request then return {'OK'} end
  return {'MISSING'}
end
if standing ~= expected then return {'CONFLICT', standing, redis.call('HGET', record, 'head')} end
local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > not_after then return {'LATE'} end

local head = redis.call('HGET', record, 'head')
if claim ~= record and redis.call('GET', claim) == id then redis.call('DEL', claim) end
redis.call('DEL', record)
redis.call('ZREM', due, id)
for i = 6, #KEYS do redis.call('ZREM', KEYS[i], id) end
redis.call('SET', tombstone, request, 'PX', tombstone_ms)
redis.call(publish, channel, redis.call('INCR', sequence) .. ' ' .. notice .. head)
return {'OK'}
