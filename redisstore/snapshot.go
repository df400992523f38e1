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
	"time"

	"github.com/redis/go-redis/v9"
)

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
	if err := dumpShared(ctx, rdb, out, shared); err != nil {
		return err
	}
	out.mark(markShared)
	// All keys of a mailbox at one moment, so that no cursor is ahead of its records. How many mailboxes at a time is a
	// compromise between this and how long others have to wait.
	const together = 16
	for some := range slices.Chunk(mailboxes, together) {
		var keys []snapshotKey
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

// snapshotKey is a key with its type and the time it has to live, 0 for ever.
type snapshotKey struct {
	name, kind string
	ttl        time.Duration
}

// keyBase is what the keys of one mailbox begin with.
type keyBase string

// keys are all that the mailbox may have, also those that came after the keys were listed. Its lease is left out: nobody holds
// one after a restart.
func (b keyBase) keys() []snapshotKey {
	var keys []snapshotKey
	for i, name := range mailboxKeys {
		if i+1 != keyLease {
			keys = append(keys, snapshotKey{name: string(b) + name, kind: mailboxKinds[i]})
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

// dumpShared writes the commands that make keys of any type what they are.
func dumpShared(ctx context.Context, rdb *redis.Client, out *snapshotWriter, names []string) error {
	keys := make([]snapshotKey, len(names))
	for i, name := range names {
		kind, err := rdb.Type(ctx, name).Result()
		if err != nil {
			return fmt.Errorf("reading the type of a key: %w", err)
		}
		ttl, err := rdb.PTTL(ctx, name).Result()
		if err != nil {
			return fmt.Errorf("reading how long a key lives: %w", err)
		}
		keys[i] = snapshotKey{name, kind, max(0, ttl)}
	}
	return dump(ctx, rdb, out, keys)
}

// dump writes the commands that make some keys what they are at one moment. A key that is of another type than it should be is
// of no use to anybody, and left out.
func dump(ctx context.Context, rdb *redis.Client, out *snapshotWriter, keys []snapshotKey) error {
	values := make([]redis.Cmder, len(keys))
	_, _ = rdb.TxPipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		for i, key := range keys {
			values[i] = key.read(ctx, p)
		}
		return nil
	})
	for i, key := range keys {
		if values[i] == nil {
			continue
		}
		switch err := values[i].Err(); {
		case err == nil:
			out.key(key, values[i])
		case !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "WRONGTYPE"):
			return fmt.Errorf("reading keys: %w", err)
		}
	}
	return nil
}

// read asks for a key's value; nil for a type that we have no use for.
func (k snapshotKey) read(ctx context.Context, p redis.Pipeliner) redis.Cmder {
	switch k.kind {
	case "string":
		return p.Get(ctx, k.name)
	case "hash":
		return p.HGetAll(ctx, k.name)
	case "list":
		return p.LRange(ctx, k.name, 0, -1)
	case "zset":
		return p.ZRangeWithScores(ctx, k.name, 0, -1)
	case "stream":
		return p.XRange(ctx, k.name, "-", "+")
	default:
		return nil
	}
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
