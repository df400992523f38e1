package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Webex's daily quota of calls that make meetings, for an administrator's token (Meetings guide).
const (
	quotaAll  = 3000
	quotaHost = 800
)

const (
	quotaDay = 24 * time.Hour
	// quotaPause is how long nobody asks after Webex itself refused: whose day it counts is not said.
	quotaPause = time.Hour
	// quotaNear is the part of a quota, counted over two days, from which on a refusal is taken for one because of it.
	quotaNear = 0.9
)

// quota names the counters of a day, by UTC: of all mailboxes, of one, and what says that Webex refused either.
func (s schema) quota(day time.Time, mailbox string) []string {
	all := s.prefix + "quota:{" + day.UTC().Format(time.DateOnly) + "}"
	return []string{all, all + ":" + mailbox, all + ":refused", all + ":" + mailbox + ":refused"}
}

// reserveScript counts a call, if there is one left.
//
//	KEYS  counters of all and of the mailbox, what says that either was refused
//	ARGV  how many of all and of the mailbox there may be, lifetime of a counter in seconds
//	gives {1}; or {0, which is used up, how much of it, milliseconds until a refusal is over}
var reserveScript = redis.NewScript(`
for i = 1, 2 do
	local wait = redis.call('PTTL', KEYS[i + 2])
	if wait > 0 then return {0, i, 0, wait} end
end
for i = 1, 2 do
	local used = tonumber(redis.call('GET', KEYS[i]) or '0')
	if used >= tonumber(ARGV[i]) then return {0, i, used, 0} end
end
for i = 1, 2 do
	redis.call('INCR', KEYS[i])
	redis.call('EXPIRE', KEYS[i], ARGV[3])
end
return {1}
`)

// ReserveCreate counts a call that makes a meeting, for a mailbox and for all. share is the part of all that may be used up
// before; where that is why there is none left, until is when so much of the day is over.
func (s *Store) ReserveCreate(ctx context.Context, mailbox string, share float64) (ok bool, until time.Time, err error) {
	now := time.Now()
	day := now.UTC().Truncate(quotaDay)
	most := int(share * quotaAll)
	answer, err := reserveScript.Run(ctx, s.rdb, s.schema.quota(day, mailbox), most, quotaHost, int((2*quotaDay + time.Hour).Seconds())).Int64Slice()
	if err != nil {
		return false, until, fmt.Errorf("counting a meeting: %w", err)
	}
	switch {
	case len(answer) > 0 && answer[0] == 1:
		return true, until, nil
	case len(answer) != 4:
		return false, until, fmt.Errorf("counting a meeting: an answer of %d parts", len(answer))
	case answer[3] > 0:
		return false, now.Add(time.Duration(answer[3]) * time.Millisecond), nil
	case answer[1] == 1 && answer[2] < quotaAll:
		until = day.Add(quotaDay * time.Duration(answer[2]+1) / quotaAll)
		return false, later(until, now.Add(time.Minute)), nil
	}
	return false, day.Add(quotaDay), nil
}

// CreateRefused notes that Webex refused to make a meeting. Whether that is because of a quota it does not say: what was counted
// does. A quota that is all but used up is left alone for an hour, until then.
func (s *Store) CreateRefused(ctx context.Context, mailbox string) (until time.Time, err error) {
	now := time.Now()
	today, before := s.schema.quota(now, mailbox), s.schema.quota(now.Add(-quotaDay), mailbox)
	for i, most := range []int{quotaAll, quotaHost} {
		used := 0
		for _, key := range []string{today[i], before[i]} {
			n, err := s.rdb.Get(ctx, key).Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return until, fmt.Errorf("reading a quota: %w", err)
			}
			used += n
		}
		if float64(used) < quotaNear*float64(most) {
			continue
		}
		if err := s.rdb.Set(ctx, today[i+2], "refused by Webex", quotaPause).Err(); err != nil {
			return until, fmt.Errorf("noting a refusal: %w", err)
		}
		until = now.Add(quotaPause)
	}
	return until, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
