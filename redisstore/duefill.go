package redisstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// members reads a sorted set in pieces, by rank. What moves within it meanwhile may come twice or not at all.
func members(ctx context.Context, rdb redis.UniversalClient, key string) (found []string, err error) {
	for {
		some, err := rdb.ZRange(ctx, key, int64(len(found)), int64(len(found)+mostAtOnce-1)).Result()
		if found = append(found, some...); err != nil || len(some) < mostAtOnce {
			return found, err
		}
	}
}

// absent are those of some mailboxes that are not in a set.
func (q *Queue) absent(ctx context.Context, key string, mailboxes []string) (out []string, err error) {
	for some := range slices.Chunk(mailboxes, mostAtOnce) {
		scores := make([]*redis.FloatCmd, len(some))
		_, _ = q.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
			for i, mailbox := range some {
				scores[i] = p.ZScore(ctx, key, mailbox)
			}
			return nil
		})
		for i, mailbox := range some {
			switch err := scores[i].Err(); {
			case errors.Is(err, redis.Nil):
				out = append(out, mailbox)
			case err != nil:
				return nil, err
			}
		}
	}
	return out, nil
}

// fill fills one set of each lane. What was not seen in either is looked for in that of ordinary sweeps before it is added to that of
// full rounds: it may have moved while they were read.
func (q *Queue) fill(ctx context.Context, i int, wanted []string, first func(string) time.Duration) (added, removed int, err error) {
	there := make([][]string, len(lanes))
	for _, lane := range lanes {
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
	if len(missing) == 0 {
		return 0, removed, nil
	}
	unseen, err := q.absent(ctx, q.schema.due(schedules.Ordinary, i), slices.Collect(maps.Keys(missing)))
	if err != nil || len(unseen) == 0 {
		return 0, removed, err
	}
	b := batches{schema: q.schema}
	for _, mailbox := range unseen {
		b.add(addScript, schedules.Full, mailbox, seconds(first(mailbox)))
	}
	_, err = q.run(ctx, b.calls)
	return len(unseen), removed, err
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
