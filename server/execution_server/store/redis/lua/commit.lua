--[[ commit — swap a record for its next version.

KEYS  1   record      hash        keys.record(id)
      2   due         sorted set  keys.due(partition)
      3   sequence    integer     keys.sequence(partition)
      4+  left, then entered      sorted sets, keys.index_set(partition, name)
ARGV  1   expected    the version that must stand
      2   version     the version that shall stand
      3   not_after   epoch milliseconds
      4   id
      5   due_ms      epoch milliseconds, '' = nothing due any more, 'same' = as it was
      6   part        how much to answer: head, basic or full
      7   publish     PUBLISH or SPUBLISH
      8   channel     keys.channel(partition)
      9   notice      what to publish behind the sequence number
      10  leaving     how many sets are left
      11  dropping    how many fields are dropped
      12+ the score in each set entered, then fields to drop, then fields and values to write in turn
Returns  {'OK', ...}                   swapped, now or by an earlier try of this very call; then for basic
                                       metadata and labels, for full all fields and values
         {'CONFLICT', version, head}   another version stands; nothing written
         {'MISSING'}                   no such record; nothing written
         {'LATE'}                      it is later than not_after; nothing written
Writes only after every check has passed. O(log N) in the partition's records. ]]
local record, due, sequence = KEYS[1], KEYS[2], KEYS[3]
local expected, version, not_after, id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local due_ms, part, publish, channel, notice = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local leaving, dropping = tonumber(ARGV[10]), tonumber(ARGV[11])
local entering = #KEYS - 3 - leaving
local first_drop = 12 + entering

local standing = redis.call('HGET', record, 'v')
if not standing then return {'MISSING'} end
if standing ~= version then
  if standing ~= expected then return {'CONFLICT', standing, redis.call('HGET', record, 'head')} end
  local time = redis.call('TIME')
  if time[1] * 1000 + math.floor(time[2] / 1000) > not_after then return {'LATE'} end

  redis.call('HSET', record, 'v', version, unpack(ARGV, first_drop + dropping))
  if dropping > 0 then redis.call('HDEL', record, unpack(ARGV, first_drop, first_drop + dropping - 1)) end
  for i = 4, 3 + leaving do redis.call('ZREM', KEYS[i], id) end
  for i = 1, entering do redis.call('ZADD', KEYS[3 + leaving + i], ARGV[11 + i], id) end
  if due_ms == '' then
    redis.call('ZREM', due, id)
  elseif due_ms ~= 'same' then
    redis.call('ZADD', due, due_ms, id)
  end
  local basic = redis.call('HMGET', record, 'head', 'metadata', 'labels')
  local number = redis.call('INCR', sequence)
  redis.call(publish, channel, number .. ' ' .. notice .. basic[1] .. (basic[2] or '') .. (basic[3] or ''))
  if part == 'basic' then return {'OK', basic[2], basic[3]} end
end
if part == 'full' then return {'OK', unpack(redis.call('HGETALL', record))} end
if part == 'basic' then return {'OK', unpack(redis.call('HMGET', record, 'metadata', 'labels'))} end
return {'OK'}
