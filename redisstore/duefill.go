package redisstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/schedules"
)

// Fill implements [schedules.Queue]. Two daemons that fill at once come to the same.
func (q *Queue) Fill(ctx context.Context, mailboxes []string, first func(string) time.Duration) (added, removed int, err error) {
	wanted := make([][]string, shards)
	for _, mailbox := range mailboxes {
		wanted[shard(mailbox)] = append(wanted[shard(mailbox)], mailbox)
	}
	for i := range shards { // one at a time: a hundred thousand names are megabytes
		more, less, err := q.fill(ctx, i, wanted[i], first)
		if err != nil {
			return added, removed, fmt.Errorf("filling the queue: %w", err)
		}
		added, removed = added+more, removed+less
	}
	return added, removed, nil
}

// members reads a sorted set in pieces. Who is in it all the while comes, unless the set is lost or moves to another server meanwhile;
// some come twice.
func members(ctx context.Context, rdb redis.UniversalClient, key string) (found []string, err error) {
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		var pairs []string
		if pairs, cursor, err = rdb.ZScan(ctx, key, cursor, "", mostAtOnce).Result(); err != nil {
			return nil, err
		}
		for i := 0; i < len(pairs); i += 2 { // name, score
			found = append(found, pairs[i])
		}
	}
	return found, nil
}

// fill fills one set of each lane. What is missed there is added again, and swept once too often. That of full rounds is read first:
// what leaves it is in the other one before, and what comes into it meanwhile is not added a second time.
func (q *Queue) fill(ctx context.Context, i int, wanted []string, first func(string) time.Duration) (added, removed int, err error) {
	there := make([][]string, len(lanes))
	for _, lane := range []schedules.Lane{schedules.Full, schedules.Ordinary} {
		if there[lane], err = members(ctx, q.rdb, q.schema.due(lane, i)); err != nil {
			return 0, 0, err
		}
	}
	missing := make(map[string]bool, len(wanted))
	for _, mailbox := range wanted {
		missing[mailbox] = true
	}
	var present []string
	for _, lane := range lanes {
		var gone []any
		for _, mailbox := range there[lane] {
			if _, ok := missing[mailbox]; !ok {
				gone = append(gone, mailbox)
				continue
			}
			present = append(present, mailbox)
		}
		for some := range slices.Chunk(gone, mostAtOnce) {
			if err := q.rdb.ZRem(ctx, q.schema.due(lane, i), some...).Err(); err != nil {
				return added, removed, err
			}
			removed += len(some)
		}
	}
	for _, mailbox := range present {
		delete(missing, mailbox)
	}
	b := batches{schema: q.schema}
	for mailbox := range missing {
		b.add(addScript, schedules.Full, mailbox, seconds(first(mailbox)))
	}
	if len(b.calls) == 0 {
		return 0, removed, nil
	}
	_, err = q.run(ctx, b.calls)
	return len(missing), removed, err
}

// DueAt tells when some mailboxes are due, by their ids; absent are those that are in no lane.
func (s *Store) DueAt(ctx context.Context, mailboxes []string) (map[string]time.Time, error) {
	scores := make([][]*redis.FloatCmd, len(mailboxes))
	pipe := s.rdb.Pipeline()
	for i, mailbox := range mailboxes {
		for _, lane := range lanes {
			scores[i] = append(scores[i], pipe.ZScore(ctx, s.schema.due(lane, shard(mailbox)), mailbox))
		}
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	due := map[string]time.Time{}
	for i, mailbox := range mailboxes {
		for _, score := range scores[i] {
			switch at, err := score.Result(); {
			case err == nil:
				t := time.UnixMilli(int64(at * 1000)).UTC()
				if known, ok := due[mailbox]; !ok || t.Before(known) {
					due[mailbox] = t
				}
			case err != redis.Nil && !redis.HasErrorPrefix(err, "WRONGTYPE"):
				return nil, fmt.Errorf("reading what is due when: %w", err)
			}
		}
	}
	return due, nil
}
