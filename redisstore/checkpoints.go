package redisstore

import (
	"context"
	"fmt"
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

// Swap sets a text if it is as it was; "" stands for none.
func (c Checkpoints) Swap(ctx context.Context, hub, name, was, is string) (bool, error) {
	done, err := swapScript.Run(ctx, c.rdb, []string{c.schema.eventHub(hub)}, name, was, is, "").Int()
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
