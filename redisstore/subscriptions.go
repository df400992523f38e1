package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/subscriptions"
)

// Subscriptions are kept in a few keys of one slot: what is known of each, when each is looked at next, which are to be given up, and
// when a hint was last heard of each mailbox. There is one small entry a mailbox; a script looks at as many as it hands out.

// takeSubscriptionsScript hands out what is due.
//
//	KEYS  when to look, what is known, what leaves
//	ARGV  how many at most, by how many seconds to put off what is handed out
//	gives {new time of what is handed out, seconds until the next or "", mailbox, record, 1 if it leaves, ...}
var takeSubscriptionsScript = redis.NewScript(clock + `
local held = at(now + tonumber(ARGV[2]))
local out = {held, ''}
for _, mailbox in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at(now), 'LIMIT', 0, ARGV[1])) do
	redis.call('ZADD', KEYS[1], held, mailbox)
	out[#out + 1] = mailbox
	out[#out + 1] = redis.call('HGET', KEYS[2], mailbox) or ''
	out[#out + 1] = redis.call('ZSCORE', KEYS[3], mailbox) and 1 or 0
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #first > 0 then out[2] = at(tonumber(first[2]) - now) end
return out
`)

// putSubscriptionsScript takes back what was handed out.
//
//	KEYS  when to look, what is known, what leaves, what was heard
//	ARGV  for each: mailbox, the time it got when it was handed out, seconds from now or "gone", record
//
// What was hastened meanwhile, or unenrolled, is looked at again at once.
var putSubscriptionsScript = redis.NewScript(clock + `
for i = 1, #ARGV, 4 do
	local mailbox = ARGV[i]
	local is = redis.call('ZSCORE', KEYS[1], mailbox)
	local same = is and tonumber(is) == tonumber(ARGV[i + 1])
	if ARGV[i + 2] == 'gone' then
		redis.call('ZREM', KEYS[1], mailbox)
		redis.call('HDEL', KEYS[2], mailbox)
		redis.call('ZREM', KEYS[3], mailbox)
		redis.call('HDEL', KEYS[4], mailbox)
	else
		redis.call('HSET', KEYS[2], mailbox, ARGV[i + 3])
		local next = now + tonumber(ARGV[i + 2])
		if not is or same or tonumber(is) > next then redis.call('ZADD', KEYS[1], at(next), mailbox) end
	end
end
return 1
`)

// addSubscriptionsScript adds what is not there yet.
//
//	KEYS  when to look, what is known, what leaves
//	ARGV  for each: mailbox, seconds from now
//
// What was leaving stays.
var addSubscriptionsScript = redis.NewScript(clock + `
for i = 1, #ARGV, 2 do
	redis.call('ZADD', KEYS[1], 'NX', at(now + tonumber(ARGV[i + 1])), ARGV[i])
	redis.call('ZREM', KEYS[3], ARGV[i])
end
return 1
`)

// hastenSubscriptionsScript has mailboxes looked at now, of which something is known.
//
//	KEYS  when to look, what is known, what leaves
//	ARGV  "leave", "stay" or "", then mailboxes
var hastenSubscriptionsScript = redis.NewScript(clock + `
for i = 2, #ARGV do
	if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
		redis.call('ZADD', KEYS[1], at(now), ARGV[i])
		if ARGV[1] == 'leave' then redis.call('ZADD', KEYS[3], at(now), ARGV[i]) end
		if ARGV[1] == 'stay' then redis.call('ZREM', KEYS[3], ARGV[i]) end
	end
end
return 1
`)

// subscriptionKeys are the keys that these scripts work on, in their order.
func (s *Store) subscriptionKeys() []string {
	return []string{s.schema.subscriptions("due"), s.schema.subscriptions("all"), s.schema.subscriptions("leaving"), s.schema.subscriptions("heard")}
}

// TakeSubscriptions implements [subscriptions.Store].
func (s *Store) TakeSubscriptions(ctx context.Context, n int, hold time.Duration) (due []subscriptions.Due, next time.Duration, err error) {
	parts, err := takeSubscriptionsScript.Run(ctx, s.rdb, s.subscriptionKeys(), n, seconds(hold)).Slice()
	if err != nil || len(parts) < 2 {
		return nil, 0, fmt.Errorf("asking which subscriptions are due: %w", err)
	}
	claim, _ := parts[0].(string)
	next = -1
	if text, _ := parts[1].(string); text != "" {
		next = max(0, duration(text))
	}
	for i := 2; i+2 < len(parts); i += 3 {
		d := subscriptions.Due{Claim: claim}
		d.Mailbox, _ = parts[i].(string)
		raw, _ := parts[i+1].(string)
		d.Record = decodeSubscription(raw)
		leaves, _ := parts[i+2].(int64)
		d.Leaves = leaves == 1
		due = append(due, d)
	}
	return due, next, nil
}

// decodeSubscription reads what is remembered. What is damaged counts as lost: the subscription is found again at Graph.
func decodeSubscription(raw string) (r subscriptions.Record) {
	if raw == "" || json.Unmarshal([]byte(raw), &r) != nil {
		return subscriptions.Record{}
	}
	return r
}

// PutSubscriptions implements [subscriptions.Store].
func (s *Store) PutSubscriptions(ctx context.Context, done []subscriptions.Return) error {
	for some := range slices.Chunk(done, mostAtOnce) {
		var args []any
		for _, r := range some {
			raw, err := json.Marshal(r.Record)
			if err != nil {
				return fmt.Errorf("remembering subscriptions: %w", err)
			}
			when := "gone"
			if !r.Gone {
				when = seconds(time.Until(r.At))
			}
			args = append(args, r.Mailbox, r.Claim, when, raw)
		}
		if err := putSubscriptionsScript.Run(ctx, s.rdb, s.subscriptionKeys(), args...).Err(); err != nil {
			return fmt.Errorf("remembering subscriptions: %w", err)
		}
	}
	return nil
}

// SubscriptionKeys implements [subscriptions.Store].
func (s *Store) SubscriptionKeys(ctx context.Context) ([]string, error) {
	ids, err := members(ctx, s.rdb, s.schema.subscriptions("due"))
	if err != nil {
		return nil, fmt.Errorf("reading which mailboxes have subscriptions: %w", err)
	}
	return ids, nil
}

// AddSubscriptions implements [subscriptions.Store].
func (s *Store) AddSubscriptions(ctx context.Context, mailboxes []string, first func(string) time.Duration) error {
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		var args []any
		for _, m := range some {
			args = append(args, m, seconds(first(m)))
		}
		if err := addSubscriptionsScript.Run(ctx, s.rdb, s.subscriptionKeys(), args...).Err(); err != nil {
			return fmt.Errorf("adding subscriptions: %w", err)
		}
	}
	return nil
}

// LeaveSubscriptions implements [subscriptions.Store].
func (s *Store) LeaveSubscriptions(ctx context.Context, mailboxes []string) error {
	return s.hastenSubscriptions(ctx, "leave", mailboxes)
}

// HastenSubscriptions has the subscriptions of mailboxes looked at now.
func (s *Store) HastenSubscriptions(ctx context.Context, mailboxes []string) error {
	return s.hastenSubscriptions(ctx, "", mailboxes)
}

// HastenElsewhere implements [subscriptions.Store].
func (s *Store) HastenElsewhere(ctx context.Context, to string) error {
	ids, err := s.SubscriptionKeys(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(ids, mostAtOnce) {
		known, err := s.Subscriptions(ctx, some, false)
		if err != nil {
			return err
		}
		var elsewhere []string
		for i, one := range known {
			if one.ID != "" && one.To != to {
				elsewhere = append(elsewhere, some[i])
			}
		}
		if err := s.HastenSubscriptions(ctx, elsewhere); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) hastenSubscriptions(ctx context.Context, how string, mailboxes []string) error {
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		args := []any{how}
		for _, m := range some {
			args = append(args, m)
		}
		if err := hastenSubscriptionsScript.Run(ctx, s.rdb, s.subscriptionKeys(), args...).Err(); err != nil {
			return fmt.Errorf("hastening subscriptions: %w", err)
		}
	}
	return nil
}

// Heard notes that hints came, at a time.
func (s *Store) Heard(ctx context.Context, mailboxes []string, at time.Time) error {
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		var args []any
		for _, m := range some {
			args = append(args, m, stamp(at))
		}
		if err := s.rdb.HSet(ctx, s.schema.subscriptions("heard"), args...).Err(); err != nil {
			return fmt.Errorf("noting hints: %w", err)
		}
	}
	return nil
}

// Subscription is what operators and the timetable see of a mailbox's subscription.
type Subscription struct {
	subscriptions.Record
	Known bool      // there is one, or is to be one
	Heard time.Time // when a hint came last, whoever gave it; zero for never
	Next  time.Time // when it is looked at again; only where asked for
}

// Subscriptions tells of the subscriptions of some mailboxes, by their ids, in the same order.
func (s *Store) Subscriptions(ctx context.Context, mailboxes []string, next bool) ([]Subscription, error) {
	out := make([]Subscription, 0, len(mailboxes))
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		pipe := s.rdb.Pipeline()
		records := pipe.HMGet(ctx, s.schema.subscriptions("all"), some...)
		heard := pipe.HMGet(ctx, s.schema.subscriptions("heard"), some...)
		var scores []*redis.FloatCmd
		for _, m := range some {
			if next {
				scores = append(scores, pipe.ZScore(ctx, s.schema.subscriptions("due"), m))
			}
		}
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("reading subscriptions: %w", err)
		}
		for i := range some {
			one := Subscription{}
			raw, known := records.Val()[i].(string)
			one.Record, one.Known = decodeSubscription(raw), known
			text, _ := heard.Val()[i].(string)
			one.Heard, _ = time.Parse(time.RFC3339, text) // zero where there is none
			if next {
				if score, err := scores[i].Result(); err == nil {
					one.Next, one.Known = time.UnixMilli(int64(score*1000)).UTC(), true
				}
			}
			out = append(out, one)
		}
	}
	return out, nil
}

// hintsLifetime is for how long word that hints are being read is good.
const hintsLifetime = 2 * time.Minute

// HintsRead notes that hints can be read now, if any come. It holds for two minutes.
func (s *Store) HintsRead(ctx context.Context, now time.Time) error {
	if err := s.rdb.Set(ctx, s.schema.subscriptions("read"), stamp(now), hintsLifetime).Err(); err != nil {
		return fmt.Errorf("noting that hints are read: %w", err)
	}
	return nil
}

// HintsWereRead reports whether some daemon could read hints lately.
func (s *Store) HintsWereRead(ctx context.Context) (bool, error) {
	n, err := s.rdb.Exists(ctx, s.schema.subscriptions("read")).Result()
	if err != nil {
		return false, fmt.Errorf("asking whether hints are read: %w", err)
	}
	return n > 0, nil
}

// AddHints puts hints for mailboxes, by their ids, where all daemons find them.
func (s *Store) AddHints(ctx context.Context, mailboxes []string, source string) error {
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		pipe := s.rdb.Pipeline()
		for _, m := range some {
			pipe.XAdd(ctx, &redis.XAddArgs{
				Stream: s.schema.hints(), MaxLen: mostHints, Approx: true, Values: []string{"mailbox", m, "from", source},
			})
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("passing hints on: %w", err)
		}
	}
	return nil
}
