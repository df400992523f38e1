package redisstore

import "github.com/redis/go-redis/v9"

// requests reads and writes the resync request that waits at a mailbox: "<stream id>", and behind it "accept-removals <stream id>"
// of the last request that accepts and "rewrite <stream id>" of the last one that rewrites, if any does. An id is "<milliseconds>-<number>".
const requests = `
local function later(a, b)
	if not a or not b then return a or b end
	local at, an = string.match(a, '^(%d+)-(%d+)$')
	local bt, bn = string.match(b, '^(%d+)-(%d+)$')
	if not at or not bt then return at and a or b end
	at, an, bt, bn = tonumber(at), tonumber(an), tonumber(bt), tonumber(bn)
	if at > bt or (at == bt and an > bn) then return a end
	return b
end
local function read(key)
	local waiting = redis.call('GET', key)
	if not waiting then return nil, nil, nil end
	local id = string.match(waiting, '^(%S+)') or ''
	local accept = string.match(waiting, ' accept%-removals (%d+%-%d+)')
	if not accept and string.find(waiting, ' accept-removals', 1, true) then accept = id end
	local rewrite = string.match(waiting, ' rewrite (%d+%-%d+)')
	if not rewrite and string.find(waiting, ' rewrite', 1, true) then rewrite = id end
	return id, accept, rewrite
end
local function write(key, id, accept, rewrite)
	if accept then id = id .. ' accept-removals ' .. accept end
	if rewrite then id = id .. ' rewrite ' .. rewrite end
	redis.call('SET', key, id)
end
`

// claimScript takes the lease of a mailbox and reads what a sweep begins with.
//
//	KEYS  the mailbox's keys
//	ARGV  owner (new for every claim), lease in milliseconds, index of the last waiting event to read
//	gives the lease value and the cursor's values as one text, for [writtenAs]; where anything else waits {that text, ids and times to
//	try again, held ids and times, resync request}; or {false, who holds it}
//
// Most sweeps find nothing, and one text costs a client a third of what the values cost it one by one.
//
// A claim whose answer got lost and which is sent again finds its own owner and succeeds. It reads before it takes the lease:
// where something cannot be read, nobody has to wait for a lease that nobody uses.
var claimScript = redis.NewScript(`
local lease = redis.call('GET', KEYS[1])
if lease and string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. ' ' then
	return {false, lease}
end
local cursor = ` + readCursor + `
local waiting = redis.call('ZRANGE', KEYS[6], 0, ARGV[3], 'WITHSCORES')
local held = redis.call('ZRANGE', KEYS[7], 0, -1, 'WITHSCORES')
local resync = redis.call('GET', KEYS[8])
if not lease then
	lease = ARGV[1] .. ' ' .. redis.call('INCR', KEYS[2])
end
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
local texts, lengths = {lease, unpack(cursor)}, {}
for i = 1, #cursor + 1 do
	local n = texts[i] and #texts[i] or 0xffffff
	lengths[3*i-2], lengths[3*i-1], lengths[3*i] = math.floor(n / 65536), math.floor(n / 256) % 256, n % 256
	texts[i] = texts[i] or ''
end
local text = string.char(unpack(lengths)) .. table.concat(texts)
if #waiting == 0 and #held == 0 and not resync then
	return text
end
return {text, waiting, held, resync}
`)

// fencedScript carries out writes to a mailbox's keys if the lease is still the writer's, and prolongs it.
//
//	KEYS  the mailbox's keys
//	ARGV  lease value, lease in milliseconds, and commands: of each how many arguments follow, its name, the number of its key,
//	      the others
//	gives 1, or 0 if the lease is another's
//
// Besides Redis's own commands it knows
//
//	HOLD key id...   adds what is not held yet, with the server's time
//	KEEP key n text  puts a text at the head of a list of n; one that is there already, from a batch whose answer got lost, moves
//	SERVED key id    takes a resync request off; of a later one only what it has from this
var fencedScript = redis.NewScript(requests + `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local own = {}
function own.HOLD(command)
	local now = redis.call('TIME')
	now = now[1] .. '.' .. string.format('%06d', tonumber(now[2]))
	for i = 3, #command do
		redis.call('ZADD', command[2], 'NX', now, command[i])
	end
end
function own.KEEP(command)
	redis.call('LREM', command[2], 0, command[4])
	redis.call('LPUSH', command[2], command[4])
	redis.call('LTRIM', command[2], 0, command[3] - 1)
end
function own.SERVED(command)
	local id, accept, rewrite = read(command[2])
	if id == command[3] then
		redis.call('DEL', command[2])
	elseif id then
		if accept and later(accept, command[3]) == command[3] then accept = nil end
		if rewrite and later(rewrite, command[3]) == command[3] then rewrite = nil end
		write(command[2], id, accept, rewrite)
	end
end
local at = 3
while at <= #ARGV do
	local last = at + tonumber(ARGV[at])
	local command = {unpack(ARGV, at + 1, last)}
	at = last + 1
	command[2] = KEYS[tonumber(command[2])]
	if own[command[1]] then
		own[command[1]](command)
	else
		redis.call(unpack(command))
	end
end
return 1
`)

// deliverScript puts a resync request at a mailbox, together with the one that waits there.
//
//	KEYS  the mailbox's resync key
//	ARGV  id of the last request, id of the last one that accepts what is held or "", id of the last one that rewrites or ""
var deliverScript = redis.NewScript(requests + `
local id, accept, rewrite = read(KEYS[1])
write(KEYS[1], later(id, ARGV[1]), later(accept, ARGV[2] ~= '' and ARGV[2] or nil), later(rewrite, ARGV[3] ~= '' and ARGV[3] or nil))
return 1
`)

// swapScript sets a field of a hash, if it is as it was.
//
//	KEYS  the hash
//	ARGV  field, what it was ('' for none), what it is to be, a field that counts such changes ('' for none)
var swapScript = redis.NewScript(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] ~= '' then redis.call('HINCRBY', KEYS[1], ARGV[4], 1) end
return 1
`)
