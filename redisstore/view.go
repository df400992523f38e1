package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Err says what of this could not be read, since somebody damaged it; the rest is there.
	Err error
	// Waiting and Reasons tell of the events that wait; only where details were asked for.
	Waiting []delta.Waiting
	Reasons map[string]delta.Reason // event id → why it waits
}

// Views reads some mailboxes, without a lease. The error says that Redis could not be asked; what is wrong with one mailbox is
// in its view.
func (s *Store) Views(ctx context.Context, mailboxes []delta.Mailbox, details bool) ([]View, error) {
	views := make([]View, 0, len(mailboxes))
	for some := range slices.Chunk(mailboxes, atOnce/2) {
		v, err := s.views(ctx, some)
		if err != nil {
			return nil, err
		}
		views = append(views, v...)
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
	pipe := s.rdb.Pipeline()
	for i, m := range mailboxes {
		id := m.Key()
		cursors[i] = pipe.HGetAll(ctx, s.schema.of(id, "cursor"))
		retries[i] = pipe.ZCard(ctx, s.schema.of(id, "retry"))
		held[i] = pipe.ZRange(ctx, s.schema.of(id, "held"), 0, -1)
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	views := make([]View, len(mailboxes))
	for i, m := range mailboxes {
		damage, err := damaged(cursors[i], retries[i], held[i])
		if err != nil {
			return nil, fmt.Errorf("reading mailboxes: %w", err)
		}
		v := View{Mailbox: m, Retrying: int(retries[i].Val()), Held: held[i].Val()}
		has := writtenIn(cursors[i].Val())
		v.Cursor, err = decodeCursor(&has.value)
		v.Err = errors.Join(damage, err)
		views[i] = v
	}
	return views, nil
}

// damaged tells a key of the wrong type, which concerns one mailbox, from an error of Redis.
func damaged(read ...redis.Cmder) (damage, err error) {
	for _, command := range read {
		switch err := command.Err(); {
		case err == nil:
		case redis.HasErrorPrefix(err, "WRONGTYPE"):
			damage = errors.Join(damage, fmt.Errorf("%v holds the wrong type", command.Args()[1]))
		default:
			return nil, err
		}
	}
	return damage, nil
}

// details reads which events of a mailbox wait, and why.
func (s *Store) details(ctx context.Context, v *View) error {
	id := v.Mailbox.Key()
	read := s.rdb.ZRangeWithScores(ctx, s.schema.of(id, "retry"), 0, mostWaiting-1)
	if damage, err := damaged(read); damage != nil || err != nil {
		return err // the damage is known
	}
	v.Reasons = map[string]delta.Reason{}
	var events []string
	for _, z := range read.Val() {
		event := fmt.Sprint(z.Member)
		events = append(events, event)
		v.Waiting = append(v.Waiting, delta.Waiting{ID: event, At: time.Unix(int64(z.Score), 0)})
	}
	if len(events) == 0 {
		return nil
	}
	records := s.rdb.HMGet(ctx, s.schema.of(id, "events"), events...)
	damage, err := damaged(records)
	if err != nil {
		return fmt.Errorf("reading what waits: %w", err)
	}
	v.Err = errors.Join(v.Err, damage)
	for i, value := range records.Val() {
		raw, _ := value.(string)
		if record, err := delta.DecodeRecord(raw); err == nil {
			v.Reasons[events[i]] = record.Reason
		}
	}
	return nil
}
