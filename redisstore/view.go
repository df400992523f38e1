package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// View is what operators see of a mailbox.
type View struct {
	Mailbox  delta.Mailbox
	Cursor   delta.Cursor
	Retrying int
	Held     []string // event ids
	// Waiting and Reasons tell of the events that wait; only where details were asked for.
	Waiting []delta.Waiting
	Reasons map[string]delta.Reason // event id → why it waits
}

// Views reads some mailboxes, without a lease.
func (s *Store) Views(ctx context.Context, mailboxes []delta.Mailbox, details bool) ([]View, error) {
	views := make([]View, 0, len(mailboxes))
	const batch = 500
	for len(mailboxes) > 0 {
		n := min(batch, len(mailboxes))
		some, err := s.views(ctx, mailboxes[:n])
		if err != nil {
			return nil, err
		}
		views, mailboxes = append(views, some...), mailboxes[n:]
	}
	if !details {
		return views, nil
	}
	for i := range views {
		if err := s.details(ctx, &views[i]); err != nil {
			return nil, err
		}
	}
	return views, nil
}

func (s *Store) views(ctx context.Context, mailboxes []delta.Mailbox) ([]View, error) {
	cursors := make([]*redis.MapStringStringCmd, len(mailboxes))
	retries := make([]*redis.IntCmd, len(mailboxes))
	held := make([]*redis.StringSliceCmd, len(mailboxes))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, m := range mailboxes {
			id := m.Key()
			cursors[i] = p.HGetAll(ctx, s.schema.of(id, "cursor"))
			retries[i] = p.ZCard(ctx, s.schema.of(id, "retry"))
			held[i] = p.ZRange(ctx, s.schema.of(id, "held"), 0, -1)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading mailboxes: %w", err)
	}
	views := make([]View, len(mailboxes))
	for i, m := range mailboxes {
		cursor, err := decodeCursor(cursors[i].Val())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Address, err)
		}
		views[i] = View{Mailbox: m, Cursor: cursor, Retrying: int(retries[i].Val()), Held: held[i].Val()}
	}
	return views, nil
}

// details reads which events of a mailbox wait, and why.
func (s *Store) details(ctx context.Context, v *View) error {
	id := v.Mailbox.Key()
	waiting, err := s.rdb.ZRangeWithScores(ctx, s.schema.of(id, "retry"), 0, mostWaiting-1).Result()
	if err != nil {
		return fmt.Errorf("reading what waits: %w", err)
	}
	v.Reasons = map[string]delta.Reason{}
	for _, z := range waiting {
		event := fmt.Sprint(z.Member)
		v.Waiting = append(v.Waiting, delta.Waiting{ID: event, At: time.Unix(int64(z.Score), 0)})
		raw, err := s.rdb.HGet(ctx, s.schema.of(id, "events"), event).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("reading what waits: %w", err)
		}
		if record, err := delta.DecodeRecord(raw); err == nil {
			v.Reasons[event] = record.Reason
		}
	}
	return nil
}

// ParkUnknown remembers of an address that no mailbox was found for it.
func (s *Store) ParkUnknown(ctx context.Context, address string, now time.Time) error {
	fields := encodeCursor(delta.Cursor{Address: address, State: delta.Parked, Reason: delta.NoMailbox, SweptAt: now})
	if err := s.rdb.HSet(ctx, s.schema.of(address, "cursor"), fields).Err(); err != nil {
		return fmt.Errorf("parking %s: %w", address, err)
	}
	return nil
}
