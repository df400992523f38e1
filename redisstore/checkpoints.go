package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Checkpoints keeps how far event hubs were read and by whom: one hash for each consumer group of a hub.
type Checkpoints struct{ *Store }

// Checkpoints gives them.
func (s *Store) Checkpoints() Checkpoints { return Checkpoints{s} }

// Load gives all that is kept of a hub.
func (c Checkpoints) Load(ctx context.Context, hub string) (map[string]string, error) {
	kept, err := c.rdb.HGetAll(ctx, c.schema.eventHub(hub)).Result()
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	return kept, nil
}

// swapScript sets a field of a hash, if it is as it was.
//
//	KEYS  the hash
//	ARGV  field, what it was or "", what it is to be
var swapScript = redis.NewScript(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`)

// Swap sets a text if it is as it was; "" stands for none.
func (c Checkpoints) Swap(ctx context.Context, hub, name, was, is string) (bool, error) {
	done, err := swapScript.Run(ctx, c.rdb, []string{c.schema.eventHub(hub)}, name, was, is).Int()
	if err != nil {
		return false, fmt.Errorf("claiming a partition: %w", err)
	}
	return done == 1, nil
}

// Set sets a text.
func (c Checkpoints) Set(ctx context.Context, hub, name, text string) error {
	if err := c.rdb.HSet(ctx, c.schema.eventHub(hub), name, text).Err(); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	return nil
}
