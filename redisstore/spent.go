package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// SpendGraph counts requests to Graph in the day (UTC) of now, and tells how many all daemons together made in it.
func (s *Store) SpendGraph(ctx context.Context, requests int64, now time.Time) (today int64, err error) {
	key := s.schema.graphQuota(now)
	pipe := s.rdb.Pipeline()
	sum := pipe.IncrBy(ctx, key, requests)
	pipe.Expire(ctx, key, 48*time.Hour)
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, fmt.Errorf("counting requests: %w", err)
	}
	return sum.Val(), nil
}

// SpentGraph is how many requests to Graph were counted in the day of now.
func (s *Store) SpentGraph(ctx context.Context, now time.Time) (int64, error) {
	n, err := s.rdb.Get(ctx, s.schema.graphQuota(now)).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, fmt.Errorf("reading the count of requests: %w", err)
	}
	return n, nil
}

// Known reports whether this Redis has been in use before. One that was emptied has not.
func (s *Store) Known(ctx context.Context) (bool, error) {
	n, err := s.rdb.Exists(ctx, s.schema.since()).Result()
	if err != nil {
		return false, fmt.Errorf("asking redis whether it was emptied: %w", err)
	}
	return n > 0, nil
}

// SetKnown remembers that this Redis is in use.
func (s *Store) SetKnown(ctx context.Context, now time.Time) error {
	if err := s.rdb.SetNX(ctx, s.schema.since(), stamp(now), 0).Err(); err != nil {
		return fmt.Errorf("remembering that redis is in use: %w", err)
	}
	return nil
}
