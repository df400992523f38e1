package redisstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// enrollScript enrolls mailboxes, and says that the list changed where it did.
//
//	KEYS  who is enrolled, its mark
//	ARGV  a new word, then for each: address, id
//	gives the epoch of the list
var enrollScript = redis.NewScript(`
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
for i = 2, #ARGV, 2 do
	if redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then
		redis.call('HSET', KEYS[2], 'change', ARGV[1])
		redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
	end
end
return redis.call('HGET', KEYS[2], 'epoch')
`)

// unenrollScript takes addresses off the list, likewise.
//
//	KEYS  who is enrolled, its mark
//	ARGV  a new word, then addresses
var unenrollScript = redis.NewScript(`
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
for i = 2, #ARGV do
	if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then redis.call('HSET', KEYS[2], 'change', ARGV[1]) end
end
return 1
`)

// newWord is the new word of these scripts.
func newWord() string { return rand.Text() }

// onList runs one of these scripts.
func (s *Store) onList(ctx context.Context, script *redis.Script, names []any) *redis.Cmd {
	keys := []string{s.schema.mailboxes(), s.schema.changed()}
	return call{script, keys, append([]any{newWord()}, names...)}.run(ctx, s.rdb)
}

// Mailboxes lists what is enrolled, by address. A mailbox enrolled under two addresses comes once.
func (s *Store) Mailboxes(ctx context.Context) ([]delta.Mailbox, error) {
	enrolled, _, err := s.readAll(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the enrolled mailboxes: %w", err)
	}
	return once(enrolled), nil
}

func byAddress(a, b delta.Mailbox) int { return strings.Compare(a.Address, b.Address) }

// once leaves out what is enrolled under an address before.
func once(enrolled []delta.Mailbox) []delta.Mailbox {
	seen := make(map[string]bool, len(enrolled))
	return slices.DeleteFunc(enrolled, func(m delta.Mailbox) bool {
		twice := seen[m.Key()]
		seen[m.Key()] = true
		return twice
	})
}

// Enroll adds a mailbox. One that was being withdrawn begins anew.
func (s *Store) Enroll(ctx context.Context, m delta.Mailbox) error {
	if err := s.stay(ctx, m); err != nil {
		return err
	}
	if err := s.onList(ctx, enrollScript, []any{m.Address, m.ID}).Err(); err != nil {
		return fmt.Errorf("enrolling %s: %w", m.Address, err)
	}
	if m.ID != "" { // where it was parked while it was not found
		if err := s.rdb.Del(ctx, s.schema.of(m.Address, "cursor")).Err(); err != nil {
			return fmt.Errorf("enrolling %s: %w", m.Address, err)
		}
	}
	return s.hastenSubscriptions(ctx, "stay", []string{m.Key()})
}

// enrollAll enrolls mailboxes after the list was lost, and gives the epoch of the list that they are on now.
func (s *Store) enrollAll(ctx context.Context, mailboxes []delta.Mailbox) (epoch string, err error) {
	for first := 0; first == 0 || first < len(mailboxes); first += mostAtOnce {
		var names []any
		for _, m := range mailboxes[first:min(first+mostAtOnce, len(mailboxes))] {
			names = append(names, m.Address, m.ID)
		}
		now, err := s.onList(ctx, enrollScript, names).Text()
		switch {
		case err != nil:
			return "", fmt.Errorf("enrolling what was known: %w", err)
		case first > 0 && now != epoch:
			return "", fmt.Errorf("enrolling what was known: %w again", ErrEmptied)
		}
		epoch = now
	}
	return epoch, nil
}

// Unenroll removes a mailbox, under all its addresses, and what is remembered of it. Its meetings and join details stay;
// enrolled again, it finds them.
func (s *Store) Unenroll(ctx context.Context, m delta.Mailbox) error {
	enrolled, _, err := s.readAll(ctx)
	if err != nil {
		return fmt.Errorf("unenrolling %s: %w", m.Address, err)
	}
	addresses := []any{m.Address}
	for _, one := range enrolled {
		if one.ID != "" && one.ID == m.ID && one.Address != m.Address {
			addresses = append(addresses, one.Address)
		}
	}
	if err := s.onList(ctx, unenrollScript, addresses).Err(); err != nil {
		return fmt.Errorf("unenrolling %s: %w", m.Address, err)
	}
	if err := s.forgetAliases(ctx, m); err != nil {
		return err
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
