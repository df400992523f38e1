package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// leftFor is how long the cursor of a withdrawn mailbox is kept. A daemon that has not heard yet that the mailbox is not enrolled any
// more would put everything back.
const leftFor = time.Hour

// leaving reports whether a mailbox is being withdrawn. Where it is, its cursor is kept a while from now on.
func (s *Store) leaving(ctx context.Context, m delta.Mailbox) (bool, error) {
	cursor := s.schema.of(m.Key(), "cursor")
	reason, err := s.rdb.HGet(ctx, cursor, "reason").Result()
	leaves := err == nil && reason == string(delta.Withdrawing)
	if leaves {
		err = s.rdb.Expire(ctx, cursor, leftFor).Err()
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, fmt.Errorf("keeping the cursor of %s: %w", m.Address, err)
	}
	return leaves, nil
}

// stay takes back that a mailbox is being withdrawn.
func (s *Store) stay(ctx context.Context, m delta.Mailbox) error {
	leaving, err := s.leaving(ctx, m)
	if err != nil || !leaving {
		return err
	}
	if err := s.rdb.Del(ctx, s.schema.of(m.Key(), "cursor")).Err(); err != nil {
		return fmt.Errorf("enrolling %s: %w", m.Address, err)
	}
	return nil
}
