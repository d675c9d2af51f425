--[[ permissions — whether the store's user may call what the other scripts call, since a script that is stopped
     half-way leaves half of its writes.

KEYS  1   hash        hash        keys.probe(partition, 'hash')
      2   set         sorted set  keys.probe(partition, 'set')
      3   text        string      keys.probe(partition, 'text')
ARGV  1   publish     PUBLISH or SPUBLISH
      2   channel     keys.probe(partition, 'channel')
Returns  {'OK'}                      it may call all of them
         {'REFUSED', command, why}   it may not call this one
Writes to its own keys only, and leaves none. O(1). ]]
local hash, set, text = KEYS[1], KEYS[2], KEYS[3]
local publish, channel = ARGV[1], ARGV[2]

local answer = {'OK'}
local function try(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err and #answer == 1 then answer = {'REFUSED', command, reply.err} end
end

try('DEL', hash, set, text)
if #answer > 1 then return answer end -- what is written below could not be taken away
try('TIME')
try('HSET', hash, 'f', '1')
try('HGET', hash, 'f')
try('HMGET', hash, 'f')
try('HGETALL', hash)
try('HDEL', hash, 'f')
try('ZADD', set, 0, 'm')
try('ZREM', set, 'm')
try('ZCARD', set)
try('ZLEXCOUNT', set, '-', '+')
try('ZRANGEBYLEX', set, '-', '+')
try('ZREVRANGEBYLEX', set, '+', '-')
try('ZRANGEBYSCORE', set, '-inf', '+inf')
try('SET', text, '1')
try('GET', text)
try('INCR', text)
try('INCRBY', text, 1)
try('EXISTS', text)
try(publish, channel, '')
try('DEL', hash, set, text)
return answer
