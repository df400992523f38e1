package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// Mailboxes lists what is enrolled, by address. A mailbox enrolled under two addresses comes once.
func (s *Store) Mailboxes(ctx context.Context) ([]delta.Mailbox, error) {
	enrolled, err := s.rdb.HGetAll(ctx, s.schema.mailboxes()).Result()
	if err != nil {
		return nil, fmt.Errorf("reading the enrolled mailboxes: %w", err)
	}
	out := make([]delta.Mailbox, 0, len(enrolled))
	for address, id := range enrolled {
		out = append(out, delta.Mailbox{Address: address, ID: id})
	}
	slices.SortFunc(out, func(a, b delta.Mailbox) int { return strings.Compare(a.Address, b.Address) })
	seen := map[string]bool{}
	return slices.DeleteFunc(out, func(m delta.Mailbox) bool {
		twice := seen[m.Key()]
		seen[m.Key()] = true
		return twice
	}), nil
}

// Enroll adds a mailbox. One that was being withdrawn begins anew.
func (s *Store) Enroll(ctx context.Context, m delta.Mailbox) error {
	if err := s.stay(ctx, m); err != nil {
		return err
	}
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, s.schema.mailboxes(), m.Address, m.ID)
		if m.ID != "" {
			p.Del(ctx, s.schema.of(m.Address, "cursor")) // where it was parked while it was not found
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enrolling %s: %w", m.Address, err)
	}
	return s.hastenSubscriptions(ctx, "stay", []string{m.Key()})
}

// Unenroll removes a mailbox, under all its addresses, and what is remembered of it. Its meetings and join details stay;
// enrolled again, it finds them.
func (s *Store) Unenroll(ctx context.Context, m delta.Mailbox) error {
	enrolled, err := s.rdb.HGetAll(ctx, s.schema.mailboxes()).Result()
	if err != nil {
		return fmt.Errorf("unenrolling %s: %w", m.Address, err)
	}
	addresses := []string{m.Address}
	for address, id := range enrolled {
		if id != "" && id == m.ID {
			addresses = append(addresses, address)
		}
	}
	if err := s.rdb.HDel(ctx, s.schema.mailboxes(), addresses...).Err(); err != nil {
		return fmt.Errorf("unenrolling %s: %w", m.Address, err)
	}
	leaving, err := s.leaving(ctx, m)
	if err != nil {
		return err
	}
	var keys []string
	for i, name := range mailboxKeys {
		// A sweep may be under way; the fence must not go back.
		if i+1 != keyLease && i+1 != keyFence && (i+1 != keyCursor || !leaving) {
			keys = append(keys, s.schema.of(m.Key(), name))
		}
	}
	if err := s.rdb.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("forgetting %s: %w", m.Address, err)
	}
	return s.LeaveSubscriptions(ctx, []string{m.Key()})
}

// WebexPause is until when Webex wants to be left alone; zero for now.
func (s *Store) WebexPause(ctx context.Context) (time.Time, error) {
	text, err := s.rdb.Get(ctx, s.schema.webexNextAt()).Result()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading Webex's pause: %w", err)
	}
	until, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not a time in RFC 3339: %q", s.schema.webexNextAt(), text)
	}
	return until, nil
}

// PauseWebex remembers that Webex wants to be left alone.
func (s *Store) PauseWebex(ctx context.Context, until time.Time) error {
	until = until.Add(time.Second).UTC().Truncate(time.Second) // what is stored has no fractions, and must not be early
	if err := s.rdb.Set(ctx, s.schema.webexNextAt(), until.Format(time.RFC3339), time.Until(until)).Err(); err != nil {
		return fmt.Errorf("remembering Webex's pause: %w", err)
	}
	return nil
}
