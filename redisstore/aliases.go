package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// Other addresses. A mailbox is enrolled under its primary address; that by which somebody asked for it is remembered, so that it is
// found by it, and not looked up again. An alias of what is not enrolled means nothing.

// aliasScript makes a name an alias, and takes it off the list where it was on it while nobody was found by it.
//
//	KEYS  who is enrolled, its mark, the aliases
//	ARGV  a new word, the name, the directory id
var aliasScript = redis.NewScript(`
local had = redis.call('HGET', KEYS[1], ARGV[2])
if had == '' or had == ARGV[2] then
	redis.call('HSET', KEYS[2], 'change', ARGV[1])
	redis.call('HDEL', KEYS[1], ARGV[2])
end
if ARGV[2] ~= ARGV[3] then redis.call('HSET', KEYS[3], ARGV[2], ARGV[3]) end
return 1
`)

// EnrollAs enrolls a mailbox that somebody called by some name: an address of it, or its directory id.
func (s *Store) EnrollAs(ctx context.Context, m delta.Mailbox, name string) error {
	if err := s.Enroll(ctx, m); err != nil {
		return err
	}
	// If we crash here, the name is looked up again.
	if name = strings.ToLower(name); name == m.Address {
		return nil
	}
	keys := []string{s.schema.mailboxes(), s.schema.changed(), s.schema.aliases()}
	if err := (call{aliasScript, keys, []any{newWord(), name, m.ID}}).run(ctx, s.rdb).Err(); err != nil {
		return fmt.Errorf("enrolling %s as %s: %w", name, m.Address, err)
	}
	if name == strings.ToLower(m.ID) {
		return nil
	}
	if err := s.rdb.Del(ctx, s.schema.of(name, "cursor")).Err(); err != nil { // where it was parked while it was not found
		return fmt.Errorf("enrolling %s as %s: %w", name, m.Address, err)
	}
	return nil
}

// Aliases gives the directory ids of those among some names, in lower case, that are aliases.
func (s *Store) Aliases(ctx context.Context, names []string) (map[string]string, error) {
	found := map[string]string{}
	for some := range slices.Chunk(names, mostAtOnce) {
		ids, err := s.rdb.HMGet(ctx, s.schema.aliases(), some...).Result()
		if err != nil {
			return nil, fmt.Errorf("reading aliases: %w", err)
		}
		for i, id := range ids {
			if id, ok := id.(string); ok {
				found[some[i]] = id
			}
		}
	}
	return found, nil
}

// AllAliases gives all: name → directory id.
func (s *Store) AllAliases(ctx context.Context) (map[string]string, error) {
	all, err := s.rdb.HGetAll(ctx, s.schema.aliases()).Result()
	if err != nil {
		return nil, fmt.Errorf("reading aliases: %w", err)
	}
	return all, nil
}

// forgetAliases forgets those of a mailbox.
func (s *Store) forgetAliases(ctx context.Context, m delta.Mailbox) error {
	if m.ID == "" {
		return nil
	}
	all, err := s.AllAliases(ctx)
	if err != nil {
		return err
	}
	var names []string
	for name, id := range all {
		if id == m.ID {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := s.rdb.HDel(ctx, s.schema.aliases(), names...).Err(); err != nil {
		return fmt.Errorf("forgetting aliases of %s: %w", m.Address, err)
	}
	return nil
}

// Recall enrolls mailboxes, and their aliases, after Redis was emptied. Whoever else is enrolled stays.
func (s *Store) Recall(ctx context.Context, mailboxes []delta.Mailbox, aliases map[string]string) error {
	if _, err := s.enrollAll(ctx, mailboxes); err != nil {
		return err
	}
	var pairs []string
	for name, id := range aliases {
		pairs = append(pairs, name, id)
	}
	for some := range slices.Chunk(pairs, mostAtOnce) {
		if err := s.rdb.HSet(ctx, s.schema.aliases(), some).Err(); err != nil {
			return fmt.Errorf("restoring aliases: %w", err)
		}
	}
	return nil
}
