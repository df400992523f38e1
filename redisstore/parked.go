package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/delta"
)

// Park remembers why a name cannot be served for which there is no mailbox yet: an address, or a group of the configuration. next is
// when it is tried again; zero where the schedule says.
func (s *Store) Park(ctx context.Context, name string, state delta.State, why delta.Reason, now, next time.Time) error {
	fields := encodeCursor(delta.Cursor{Address: name, State: state, Reason: why, SweptAt: now, NextAt: next})
	if err := s.rdb.HSet(ctx, s.schema.of(name, "cursor"), fields).Err(); err != nil {
		return fmt.Errorf("parking %s: %w", name, err)
	}
	return nil
}

// Unpark forgets that of names.
func (s *Store) Unpark(ctx context.Context, names ...string) error {
	var errs []error
	for _, name := range names { // in a cluster each may have another home
		if err := s.rdb.Del(ctx, s.schema.of(name, "cursor")).Err(); err != nil {
			errs = append(errs, fmt.Errorf("%s is not parked any more: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
