package redisstore

import "github.com/redis/go-redis/v9"

// claimScript takes the lease of a mailbox and reads what a sweep begins with.
//
//	KEYS  the mailbox's keys
//	ARGV  owner (new for every claim), lease in milliseconds, index of the last waiting event to read
//	gives {lease value, cursor hash, ids and times to try again, held ids, resync request}, or {false, who holds it}
//
// A claim whose answer got lost and which is sent again finds its own owner and succeeds.
var claimScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if lease and string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then
	return {false, lease}
end
if not lease then
	lease = ARGV[1] .. ' ' .. redis.call('INCR', KEYS[2])
end
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
return {
	lease,
	redis.call('HGETALL', KEYS[3]),
	redis.call('ZRANGE', KEYS[6], 0, ARGV[3], 'WITHSCORES'),
	redis.call('ZRANGE', KEYS[7], 0, -1),
	redis.call('GET', KEYS[8])}
`)

// fencedScript carries out writes to a mailbox's keys if the lease is still the writer's, and prolongs it.
//
//	KEYS  the mailbox's keys
//	ARGV  lease value, lease in milliseconds, JSON array of commands, each with the number of its key in second place
//	gives 1, or 0 if the lease is another's
//
// Besides Redis's own commands it knows DELIF key value, which deletes a string that still has that value.
var fencedScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for _, command in ipairs(cjson.decode(ARGV[3])) do
	command[2] = KEYS[tonumber(command[2])]
	if command[1] ~= 'DELIF' then
		redis.call(unpack(command))
	elseif redis.call('GET', command[2]) == command[3] then
		redis.call('DEL', command[2])
	end
end
return 1
`)
