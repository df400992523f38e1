package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"syncd/schedules"
)

// nobody is in no set of the timetable.
const nobody = ""

// ErrNoWrites says that Redis answers, and takes no writes.
var ErrNoWrites = errors.New("redis takes no writes")

// noWrites are the words by which a server refuses whatever is written: a replica, one whose memory is full, one that cannot save to
// its disk, and one with too few replicas (redis.io/docs, configuration: replica-read-only, maxmemory, stop-writes-on-bgsave-error,
// min-replicas-to-write).
var noWrites = []string{"READONLY", "OOM", "MISCONF", "NOREPLICAS"}

// Writable asks whether Redis takes writes, which a read does not tell: a replica after a failover, or a server whose memory is full,
// answers reads. It writes to each set of the timetable, wherever in a cluster that is, and changes nothing. The error wraps [ErrDown]
// where there was no answer, and [ErrNoWrites]; what else a server says is of one set, a key of another type say.
func (q *Queue) Writable(ctx context.Context) error {
	pipe := q.rdb.Pipeline()
	for i := range shards {
		pipe.ZAddXX(ctx, q.schema.due(schedules.Ordinary, i), redis.Z{Member: nobody}) // XX: who is not in a set stays out
	}
	answers, err := pipe.Exec(ctx)
	var other error
	for _, answer := range answers {
		var said redis.Error
		switch err := answer.Err(); {
		case err == nil:
		case !errors.As(err, &said):
			return fmt.Errorf("%w: %w", ErrDown, err)
		case refusesWrites(err):
			return fmt.Errorf("%w: %w", ErrNoWrites, err)
		default:
			other = fmt.Errorf("%v: %w", answer.Args()[1], err)
		}
	}
	if err != nil && other == nil {
		return fmt.Errorf("%w: %w", ErrDown, err)
	}
	return other
}

func refusesWrites(err error) bool {
	return slices.ContainsFunc(noWrites, func(word string) bool { return redis.HasErrorPrefix(err, word) })
}
