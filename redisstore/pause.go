package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Pause is until when a vendor wants some part of it, "webex" or "directory", to be left alone; zero for now.
func (s *Store) Pause(ctx context.Context, of string) (time.Time, error) {
	key := s.schema.nextAt(of)
	text, err := s.rdb.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading a pause: %w", err)
	}
	until, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not a time in RFC 3339: %q", key, text)
	}
	return until, nil
}

// SetPause remembers that it wants to be left alone.
func (s *Store) SetPause(ctx context.Context, of string, until time.Time) error {
	until = until.Add(time.Second).UTC().Truncate(time.Second) // what is stored has no fractions, and must not be early
	if err := s.rdb.Set(ctx, s.schema.nextAt(of), until.Format(time.RFC3339), time.Until(until)).Err(); err != nil {
		return fmt.Errorf("remembering a pause: %w", err)
	}
	return nil
}
