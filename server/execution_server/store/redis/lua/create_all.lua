--[[ create_all — store new records of one partition, each with its index entries and claim, each by itself.

KEYS  1   due         sorted set  keys.due(partition)
      2   sequence    integer     keys.sequence(partition)
      3   types       sorted set  keys.types(partition)
      4+  per record keys.record(id), keys.tombstone(id), keys.claim(name), or the record's key again if nothing is
          claimed; then the sets that any of them enters, keys.index_set(partition, name)
ARGV  1   not_after   epoch milliseconds
      2   publish     PUBLISH or SPUBLISH
      3   channel     keys.channel(partition)
      4   count       how many records
      5   most        how many types are known by name
      6+  per record: its first version; id; type; due_ms, '' = nothing due; notice, to publish behind the sequence number;
          claim_ms, how long the claim lasts, '' = as long as the record, 'none' = nothing is claimed; how many sets it
          enters, and for each its number among the sets and the score there; how many fields and values follow, how
          many of these are those of the BASIC part, and they in turn, these first
Returns  for each record in turn
         {'OK'}              stored, now or by an earlier try of this very call
         {'TAKEN', holder}   the claim is another record's, or an earlier try of this very call stored the record
                             and it has been changed or deleted since; it is not written
         {'LATE'}            it is later than not_after; it is not written
Writes only after every check has passed. O(log N) in the partition's records, for each. ]]
local due, sequence, types = KEYS[1], KEYS[2], KEYS[3]
local not_after, publish, channel = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local count, most = tonumber(ARGV[4]), tonumber(ARGV[5])

local time = redis.call('TIME')
local late = time[1] * 1000 + math.floor(time[2] / 1000) > not_after

local function standing(record, tombstone, claim, version, id)
  if redis.call('EXISTS', record, tombstone, claim) == 0 then return nil end
  local stored = redis.call('HGET', record, 'v')
  if stored == version then return {'OK'} end
  if stored or redis.call('EXISTS', tombstone) == 1 then return {'TAKEN', id} end
  return {'TAKEN', redis.call('GET', claim)}
end

local answers, claimed, fresh, at = {}, {}, {}, 6
for i = 1, count do
  local record, claim, id = KEYS[3 * i + 1], KEYS[3 * i + 3], ARGV[at + 1]
  local answer = standing(record, KEYS[3 * i + 2], claim, ARGV[at], id)
  if not answer and claimed[claim] then answer = {'TAKEN', claimed[claim]} end
  if not answer and late then answer = {'LATE'} end
  if not answer then
    fresh[#fresh + 1] = {record, claim, at}
    claimed[claim] = id
  end
  answers[i] = answer or {'OK'}
  at = at + 7 + 2 * ARGV[at + 6]
  at = at + 2 + ARGV[at]
end
if #fresh == 0 then return answers end

local number = redis.call('INCRBY', sequence, #fresh) - #fresh
local members, met = {}, {}
local function enter(set, score, id)
  local entering = members[set] or {}
  members[set] = entering
  entering[#entering + 1], entering[#entering + 2] = score, id
end
for i, one in ipairs(fresh) do
  local record, claim, at = unpack(one)
  local id, type, due_ms, body = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local claim_ms, sets = ARGV[at + 5], ARGV[at + 6]
  if not met[type] and redis.call('ZCARD', types) < most then redis.call('ZADD', types, 0, type) end
  met[type] = true
  if due_ms ~= '' then enter(due, due_ms, id) end
  for set = at + 7, at + 5 + 2 * sets, 2 do enter(KEYS[3 + 3 * count + ARGV[set]], ARGV[set + 1], id) end
  local fields = at + 7 + 2 * sets
  redis.call('HSET', record, 'v', ARGV[at], unpack(ARGV, fields + 2, fields + 1 + ARGV[fields]))
  if claim_ms == '' then
    redis.call('SET', claim, id)
  elseif claim_ms ~= 'none' then
    redis.call('SET', claim, id, 'PX', claim_ms)
  end
  for value = fields + 3, fields + 1 + ARGV[fields + 1], 2 do body = body .. ARGV[value] end
  redis.call(publish, channel, number + i .. ' ' .. body)
end
for set, entering in pairs(members) do redis.call('ZADD', set, unpack(entering)) end
return answers
