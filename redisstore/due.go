package redisstore

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/schedules"
)

// Queue is the timetable's queue: for each lane some sorted sets, mailbox → Unix time at which it is due, by Redis's clock. A
// mailbox is in one lane; where a crash leaves it in two it is swept once too often. Every script has one key, since each set has
// a slot of its own in a cluster; the scripts of all sets go in one pipeline.
type Queue struct {
	rdb    redis.UniversalClient
	schema schema
	turn   atomic.Uint32 // the set that is asked first, next time
}

// Queue gives the timetable's queue.
func (s *Store) Queue() *Queue { return &Queue{rdb: s.rdb, schema: s.schema} }

// shards is how many sets a lane has. It spreads them over a cluster, and bounds how long one script takes. All daemons that share
// a Redis must agree on it.
const shards = 16

// shard is the set of a mailbox.
func shard(mailbox string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(mailbox))
	return int(h.Sum32() % shards)
}

// lanes are all there are.
var lanes = []schedules.Lane{schedules.Ordinary, schedules.Full}

// clock begins every script: Redis's time, and how a time is written, so that it reads the same when it comes back.
const clock = `
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
local function at(seconds) return string.format('%.6f', seconds) end
`

// takeScript hands out what is due.
//
//	KEYS  a set
//	ARGV  how many at most, by how many seconds to put off what is handed out
//	gives {new time of what is handed out, how many are left, size, seconds until the next or "", mailbox, seconds late, time it had, ...}
var takeScript = redis.NewScript(clock + `
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at(now), 'WITHSCORES', 'LIMIT', 0, ARGV[1])
local held = at(now + tonumber(ARGV[2]))
local out = {held, 0, 0, ''}
for i = 1, #due, 2 do
	redis.call('ZADD', KEYS[1], held, due[i])
	out[#out + 1] = due[i]
	out[#out + 1] = at(now - tonumber(due[i + 1]))
	out[#out + 1] = at(tonumber(due[i + 1]))
end
out[2] = redis.call('ZCOUNT', KEYS[1], '-inf', at(now))
out[3] = redis.call('ZCARD', KEYS[1])
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first > 0 then out[4] = at(tonumber(first[2]) - now) end
return out
`)

// putScript says when mailboxes are due.
//
//	KEYS  a set
//	ARGV  for each: mailbox, the time it got when it was handed out, seconds from now, or "gone"
//
// Where its time is another than it was given, somebody hastened it, or another daemon has it: the sooner time counts.
var putScript = redis.NewScript(clock + `
for i = 1, #ARGV, 3 do
	local is = redis.call('ZSCORE', KEYS[1], ARGV[i])
	local same = is and tonumber(is) == tonumber(ARGV[i + 1])
	if ARGV[i + 2] == 'gone' then
		if same then redis.call('ZREM', KEYS[1], ARGV[i]) end
	else
		local next = now + tonumber(ARGV[i + 2])
		if not is or same or tonumber(is) > next then redis.call('ZADD', KEYS[1], at(next), ARGV[i]) end
	end
end
return 1
`)

// hastenScript makes those mailboxes of a set due now that would be later.
//
//	KEYS  a set
//	ARGV  mailboxes
var hastenScript = redis.NewScript(clock + `
for i = 1, #ARGV do
	local is = redis.call('ZSCORE', KEYS[1], ARGV[i])
	if is and tonumber(is) > now then redis.call('ZADD', KEYS[1], at(now), ARGV[i]) end
end
return 1
`)

// addScript adds what is in no set yet.
//
//	KEYS  a set
//	ARGV  for each: mailbox, seconds from now
var addScript = redis.NewScript(clock + `
for i = 1, #ARGV, 2 do
	redis.call('ZADD', KEYS[1], 'NX', at(now + tonumber(ARGV[i + 1])), ARGV[i])
end
return 1
`)

// mostAtOnce bounds how many mailboxes one script gets; a longer one would keep everybody else waiting.
const mostAtOnce = 1000

// run runs scripts, all or some of them where there is an error.
func (q *Queue) run(ctx context.Context, calls []call) ([]*redis.Cmd, error) {
	answers := runAll(ctx, q.rdb, calls)
	for _, answer := range answers {
		if err := answer.Err(); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// Take implements [schedules.Queue]. It asks all sets at once, each for its part; where n is small they get theirs in turn.
func (q *Queue) Take(ctx context.Context, lane schedules.Lane, n int, hold time.Duration) (schedules.Taken, error) {
	taken := schedules.Taken{Next: -1}
	turn := int(q.turn.Add(uint32(n)))
	calls := make([]call, shards)
	for i := range calls {
		share := n / shards
		if i < n%shards {
			share++
		}
		calls[i] = call{takeScript, []string{q.schema.due(lane, (turn+i)%shards)}, []any{share, seconds(hold)}}
	}
	answers, err := q.run(ctx, calls)
	if err != nil {
		return taken, fmt.Errorf("asking what is due: %w", err)
	}
	for _, answer := range answers {
		if err := take(answer, lane, &taken); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// take reads the answer of one set.
func take(answer *redis.Cmd, lane schedules.Lane, into *schedules.Taken) error {
	parts, err := answer.Slice()
	if err != nil || len(parts) < 4 {
		return fmt.Errorf("asking what is due: an answer of %d parts: %w", len(parts), err)
	}
	held, _ := parts[0].(string)
	waiting, _ := parts[1].(int64)
	size, _ := parts[2].(int64)
	into.Waiting += int(waiting)
	into.Size += int(size)
	if text, _ := parts[3].(string); text != "" {
		if next := max(0, duration(text)); into.Next < 0 || next < into.Next {
			into.Next = next
		}
	}
	for i := 4; i+2 < len(parts); i += 3 {
		mailbox, _ := parts[i].(string)
		late, _ := parts[i+1].(string)
		was, _ := parts[i+2].(string)
		into.Jobs = append(into.Jobs, schedules.Job{Mailbox: mailbox, Lane: lane, Late: duration(late), Claim: held, Was: was})
	}
	return nil
}

// Put implements [schedules.Queue].
func (q *Queue) Put(ctx context.Context, returns []schedules.Return) error {
	b := batches{schema: q.schema}
	for _, r := range returns {
		switch {
		case r.Gone:
			b.add(putScript, r.Lane, r.Mailbox, r.Claim, "gone")
		case r.To == r.Lane:
			b.add(putScript, r.Lane, r.Mailbox, r.Claim, seconds(time.Until(r.At)))
		default: // first there, then away from here: a crash in between leaves it in both
			b.add(putScript, r.To, r.Mailbox, "0", seconds(time.Until(r.At)))
		}
	}
	for _, r := range returns {
		if r.To != r.Lane && !r.Gone {
			b.add(putScript, r.Lane, r.Mailbox, r.Claim, "gone")
		}
	}
	if _, err := q.run(ctx, b.calls); err != nil {
		return fmt.Errorf("saying what is due when: %w", err)
	}
	return nil
}

// Hasten implements [schedules.Queue].
func (q *Queue) Hasten(ctx context.Context, mailboxes []string) error {
	b := batches{schema: q.schema}
	for _, mailbox := range mailboxes {
		for _, lane := range lanes {
			b.add(hastenScript, lane, mailbox)
		}
	}
	if _, err := q.run(ctx, b.calls); err != nil {
		return fmt.Errorf("making mailboxes due: %w", err)
	}
	return nil
}

// batches puts the arguments of many mailboxes into few scripts.
type batches struct {
	schema schema
	calls  []call
	open   map[string]int // script and key → index of the call that may grow
}

func (b *batches) add(script *redis.Script, lane schedules.Lane, mailbox string, more ...any) {
	key := b.schema.due(lane, shard(mailbox))
	name := script.Hash() + key
	i, ok := b.open[name]
	if !ok || len(b.calls[i].args) >= mostAtOnce*(1+len(more)) {
		if b.open == nil {
			b.open = map[string]int{}
		}
		i = len(b.calls)
		b.open[name] = i
		b.calls = append(b.calls, call{script: script, keys: []string{key}})
	}
	b.calls[i].args = append(append(b.calls[i].args, mailbox), more...)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// duration reads seconds; what is no number is none.
func duration(seconds string) time.Duration {
	f, _ := strconv.ParseFloat(seconds, 64)
	return time.Duration(f * float64(time.Second))
}
