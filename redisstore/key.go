package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Key is the fingerprint of the key whose work this Redis remembers; "" while nobody has said.
func (s *Store) Key(ctx context.Context) (string, error) {
	noted, err := s.rdb.Get(ctx, s.schema.key()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("asking whose key redis belongs to: %w", down(err))
	}
	return noted, nil
}

// NoteKey notes a fingerprint where none is noted, and gives the one that is noted then: of several that come at once the first.
func (s *Store) NoteKey(ctx context.Context, fingerprint string) (noted string, err error) {
	if noted, err = s.Key(ctx); err != nil || noted != "" {
		return noted, err
	}
	if err := s.rdb.SetNX(ctx, s.schema.key(), fingerprint, 0).Err(); err != nil {
		return "", fmt.Errorf("noting whose key redis belongs to: %w", down(err))
	}
	return s.Key(ctx)
}
