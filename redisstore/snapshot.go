package redisstore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A snapshot is a file of JSON lines: a header, one line a key, and a last line that counts them, without which the file is
// damaged. All keys of a mailbox are read in one transaction, so that no cursor is ahead of its records.

type snapshotHeader struct {
	Syncd string `json:"syncd"` // "snapshot 1"
}

type snapshotKey struct {
	Key    string             `json:"key"`
	String *string            `json:"string,omitempty"`
	Hash   map[string]string  `json:"hash,omitempty"`
	List   []string           `json:"list,omitempty"`
	ZSet   map[string]float64 `json:"zset,omitempty"`
	Stream []redis.XMessage   `json:"stream,omitempty"`
	TTL    int64              `json:"ttl_ms,omitempty"`
}

type snapshotEnd struct {
	Keys *int `json:"keys"`
}

const snapshotName = "snapshot 1"

// save writes everything that rdb holds to a file, whole or not at all.
func save(ctx context.Context, rdb *redis.Client, file string) (err error) {
	groups, err := keysByMailbox(ctx, rdb)
	if err != nil {
		return err
	}
	tmp, err := os.OpenFile(file+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("writing the snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close())
		}
	}()
	out := bufio.NewWriter(tmp)
	lines := json.NewEncoder(out)
	count := 0
	if err := lines.Encode(snapshotHeader{snapshotName}); err != nil {
		return fmt.Errorf("writing the snapshot: %w", err)
	}
	for _, keys := range groups {
		values, err := readKeys(ctx, rdb, keys)
		if err != nil {
			return err
		}
		for _, v := range values {
			if err := lines.Encode(v); err != nil {
				return fmt.Errorf("writing the snapshot: %w", err)
			}
			count++
		}
	}
	if err := errors.Join(lines.Encode(snapshotEnd{&count}), out.Flush(), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("writing the snapshot: %w", err)
	}
	return os.Rename(file+".new", file)
}

// keysByMailbox groups all keys by what stands in their braces.
func keysByMailbox(ctx context.Context, rdb *redis.Client) (map[string][]string, error) {
	groups := map[string][]string{}
	keys := rdb.Scan(ctx, 0, "", 1000).Iterator()
	for keys.Next(ctx) {
		if strings.HasSuffix(keys.Val(), "}:lease") {
			continue // nobody holds one after a restart
		}
		name, _, _ := strings.Cut(keys.Val(), "}")
		groups[name] = append(groups[name], keys.Val())
	}
	if err := keys.Err(); err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	return groups, nil
}

// readKeys reads some keys in one transaction. Their types are fixed by name, so they can be asked for before.
func readKeys(ctx context.Context, rdb *redis.Client, keys []string) ([]snapshotKey, error) {
	types, ttls := make([]*redis.StatusCmd, len(keys)), make([]*redis.DurationCmd, len(keys))
	_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			types[i], ttls[i] = p.Type(ctx, key), p.PTTL(ctx, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the types of keys: %w", err)
	}
	reads := make([]redis.Cmder, len(keys))
	_, err = rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			reads[i] = readKey(ctx, p, key, types[i].Val())
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	var out []snapshotKey
	for i, key := range keys {
		if v, ok := keyValue(key, reads[i]); ok {
			v.TTL = max(0, ttls[i].Val().Milliseconds())
			out = append(out, v)
		}
	}
	return out, nil
}

func readKey(ctx context.Context, p redis.Pipeliner, key, kind string) redis.Cmder {
	switch kind {
	case "hash":
		return p.HGetAll(ctx, key)
	case "list":
		return p.LRange(ctx, key, 0, -1)
	case "zset":
		return p.ZRangeWithScores(ctx, key, 0, -1)
	case "stream":
		return p.XRange(ctx, key, "-", "+")
	default:
		return p.Get(ctx, key)
	}
}

func keyValue(key string, read redis.Cmder) (snapshotKey, bool) {
	v := snapshotKey{Key: key}
	switch cmd := read.(type) {
	case *redis.StringCmd:
		s, err := cmd.Result()
		v.String = &s
		return v, err == nil
	case *redis.MapStringStringCmd:
		v.Hash = cmd.Val()
		return v, len(v.Hash) > 0
	case *redis.StringSliceCmd:
		v.List = cmd.Val()
		return v, len(v.List) > 0
	case *redis.ZSliceCmd:
		v.ZSet = map[string]float64{}
		for _, z := range cmd.Val() {
			v.ZSet[fmt.Sprint(z.Member)] = z.Score
		}
		return v, len(v.ZSet) > 0
	case *redis.XMessageSliceCmd:
		v.Stream = cmd.Val()
		return v, len(v.Stream) > 0
	default:
		return v, false
	}
}

// load fills rdb from a snapshot. No file is an empty store; a damaged one is an error, and what it left in rdb of no use.
func load(ctx context.Context, rdb *redis.Client, file string) error {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the snapshot: %w", err)
	}
	defer f.Close()
	lines := json.NewDecoder(bufio.NewReader(f))
	var head snapshotHeader
	if err := lines.Decode(&head); err != nil || head.Syncd != snapshotName {
		return fmt.Errorf("snapshot does not begin with %q", snapshotName)
	}
	for count := 0; ; count++ {
		var line struct {
			snapshotKey
			snapshotEnd
		}
		if err := lines.Decode(&line); err != nil {
			return fmt.Errorf("snapshot is damaged: %w", err)
		}
		if line.Keys != nil {
			if *line.Keys != count {
				return fmt.Errorf("snapshot is damaged: %d keys of %d", count, *line.Keys)
			}
			return nil
		}
		if err := restore(ctx, rdb, line.snapshotKey); err != nil {
			return err
		}
	}
}

func restore(ctx context.Context, rdb *redis.Client, v snapshotKey) error {
	_, err := rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		switch {
		case v.String != nil:
			p.Set(ctx, v.Key, *v.String, 0)
		case v.Hash != nil:
			p.HSet(ctx, v.Key, v.Hash)
		case v.List != nil:
			p.RPush(ctx, v.Key, v.List)
		}
		for member, score := range v.ZSet {
			p.ZAdd(ctx, v.Key, redis.Z{Score: score, Member: member})
		}
		for _, entry := range v.Stream {
			p.XAdd(ctx, &redis.XAddArgs{Stream: v.Key, ID: entry.ID, Values: entry.Values})
		}
		if v.TTL > 0 {
			p.PExpire(ctx, v.Key, time.Duration(v.TTL)*time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("restoring key %s: %w", v.Key, err)
	}
	return nil
}
