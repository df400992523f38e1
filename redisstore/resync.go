package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// acceptField in a request, with any value, carries out what is held.
const acceptField = "accept-removals"

// RequestResync puts a request for a mailbox, an address or directory id, into the stream.
func (s *Store) RequestResync(ctx context.Context, mailbox string, accept bool) (id string, err error) {
	values := []any{"mailbox", mailbox}
	if accept {
		values = append(values, acceptField, "yes")
	}
	id, err = s.rdb.XAdd(ctx, &redis.XAddArgs{Stream: s.schema.resync(), Values: values}).Result()
	if err != nil {
		return "", fmt.Errorf("asking for a resync of %s: %w", mailbox, err)
	}
	return id, nil
}

// TakeResyncs moves the requests of the stream to the mailboxes they are for and returns those mailboxes, and what names
// no enrolled one. A request is taken off only after it has arrived; arriving twice does no harm.
func (s *Store) TakeResyncs(ctx context.Context, enrolled []delta.Mailbox) (asked []delta.Mailbox, unknown []string, err error) {
	entries, err := s.rdb.XRangeN(ctx, s.schema.resync(), "-", "+", 1000).Result()
	if err != nil || len(entries) == 0 {
		return nil, nil, err
	}
	byName := map[string]delta.Mailbox{}
	for _, m := range enrolled {
		byName[m.Address], byName[m.ID] = m, m
	}
	var done []string
	for _, entry := range entries {
		name, _ := entry.Values["mailbox"].(string)
		m, ok := byName[strings.ToLower(strings.TrimSpace(name))]
		if !ok {
			unknown = append(unknown, name)
		} else if err := s.deliver(ctx, m, delta.Resync{ID: entry.ID, Accept: entry.Values[acceptField] != nil}); err != nil {
			return asked, unknown, err
		} else {
			asked = append(asked, m)
		}
		done = append(done, entry.ID)
	}
	if err := s.rdb.XDel(ctx, s.schema.resync(), done...).Err(); err != nil {
		return asked, unknown, fmt.Errorf("taking resync requests off: %w", err)
	}
	return asked, unknown, nil
}

func (s *Store) deliver(ctx context.Context, m delta.Mailbox, r delta.Resync) error {
	key := s.schema.of(m.ID, "resync")
	waiting, err := s.rdb.Get(ctx, key).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("reading the resync request of %s: %w", m.Address, err)
	}
	if w := delta.ParseResync(waiting); w != nil {
		r.Accept = r.Accept || w.Accept
	}
	if err := s.rdb.Set(ctx, key, r.String(), 0).Err(); err != nil {
		return fmt.Errorf("passing on the resync request of %s: %w", m.Address, err)
	}
	return nil
}
