package redisstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// dumpScript reads keys, all at one moment.
//
//	KEYS  any keys; they need not be there
//	gives of each {type, milliseconds to live, value as the type's own command gives it}
var dumpScript = redis.NewScript(`
local read = {
	string = function(key) return redis.call('GET', key) end,
	hash = function(key) return redis.call('HGETALL', key) end,
	list = function(key) return redis.call('LRANGE', key, 0, -1) end,
	zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
	stream = function(key) return redis.call('XRANGE', key, '-', '+') end,
}
local out = {}
for i, key in ipairs(KEYS) do
	local kind = redis.call('TYPE', key)['ok']
	if read[kind] then
		out[i] = {kind, redis.call('PTTL', key), read[kind](key)}
	else
		out[i] = {kind}
	end
end
return out
`)

// save writes everything that rdb holds to a file, whole or not at all.
func save(ctx context.Context, rdb *redis.Client, file string) (err error) {
	keys, err := rdb.Keys(ctx, "*").Result()
	if err != nil {
		return fmt.Errorf("listing keys: %w", err)
	}
	tmp, err := os.OpenFile(file+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing the snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing the snapshot: %w", err), tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	out := newSnapshotWriter(bufio.NewWriterSize(tmp, 1<<16))
	shared, mailboxes := sortKeys(keys)
	if err := dump(ctx, rdb, out, shared); err != nil {
		return err
	}
	out.mark(markShared)
	// All keys of a mailbox in one go, so that no cursor is ahead of its records. How many mailboxes at a time is a compromise
	// between this and how long others have to wait.
	const together = 16
	for some := range slices.Chunk(mailboxes, together) {
		var keys []string
		for _, mailbox := range some {
			keys = append(keys, mailbox.keys()...)
		}
		if err := dump(ctx, rdb, out, keys); err != nil {
			return err
		}
	}
	out.mark(markEnd)
	if err := errors.Join(out.flush(), tmp.Sync()); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

// keyBase is what the keys of one mailbox begin with.
type keyBase string

// keys are all that the mailbox may have, also those that came after the keys were listed. Its lease is left out: nobody holds
// one after a restart.
func (b keyBase) keys() []string {
	var keys []string
	for i, name := range mailboxKeys {
		if i+1 != keyLease {
			keys = append(keys, string(b)+name)
		}
	}
	return keys
}

// sortKeys tells the keys of mailboxes from those that all share, and from what is none of ours.
func sortKeys(keys []string) (shared []string, mailboxes []keyBase) {
	seen := map[keyBase]bool{}
	for _, key := range keys {
		i := strings.LastIndex(key, "}:")
		if i < 0 || !slices.Contains(mailboxKeys, key[i+2:]) {
			shared = append(shared, key)
			continue
		}
		if b := keyBase(key[:i+2]); !seen[b] {
			seen[b] = true
			mailboxes = append(mailboxes, b)
		}
	}
	return shared, mailboxes
}

// dump writes the commands that make some keys what they are.
func dump(ctx context.Context, rdb *redis.Client, out *snapshotWriter, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	values, err := dumpScript.RunRO(ctx, rdb, keys).Slice()
	if err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	if len(values) != len(keys) {
		return fmt.Errorf("reading keys: %d values of %d keys", len(values), len(keys))
	}
	for i, value := range values {
		if v, _ := value.([]any); len(v) == 3 {
			ttl, _ := v[1].(int64)
			out.key(keys[i], fmt.Sprint(v[0]), v[2], ttl)
		}
	}
	return nil
}

// load fills rdb, which is empty, from a snapshot. No file is an empty store. A damaged one is [errDamaged]: then rdb has only
// what all mailboxes share, if that could be read, so that it is still known which mailboxes there are.
func load(ctx context.Context, rdb *redis.Client, file string) (kept bool, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the snapshot: %w", err)
	}
	defer f.Close()
	raw, err := readSnapshot(f)
	if err != nil && !errors.Is(err, errDamaged) {
		return false, fmt.Errorf("reading the snapshot: %w", err)
	}
	commands, damage := parseSnapshot(raw)
	damage = errors.Join(err, damage)
	if err := restore(ctx, rdb, commands); err != nil {
		return false, err
	}
	return len(commands) > 0, damage
}

// restore carries out commands.
func restore(ctx context.Context, rdb *redis.Client, commands [][]string) error {
	for some := range slices.Chunk(commands, 256) {
		_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, command := range some {
				args := make([]any, len(command))
				for i, arg := range command {
					args[i] = arg
				}
				p.Do(ctx, args...)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("restoring the snapshot: %w", err)
		}
	}
	return nil
}
