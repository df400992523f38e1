package redisstore

import (
	"context"
	"fmt"

	"syncd/delta"
)

// Records reads the records of some events; ids without one are absent. A damaged record counts as lost.
func (c *Claim) Records(ctx context.Context, ids []string) (map[string]delta.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	values, err := c.store.rdb.HMGet(ctx, c.keys[keyEvents-1], ids...).Result()
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	records := make(map[string]delta.Record, len(ids))
	for i, value := range values {
		if raw, ok := value.(string); ok {
			decodeRecord(records, ids[i], raw)
		}
	}
	return records, nil
}

// AllRecords reads the records of all events of the mailbox.
func (c *Claim) AllRecords(ctx context.Context) (map[string]delta.Record, error) {
	values, err := c.store.rdb.HGetAll(ctx, c.keys[keyEvents-1]).Result()
	if err != nil {
		return nil, fmt.Errorf("reading all records: %w", err)
	}
	records := make(map[string]delta.Record, len(values))
	for id, raw := range values {
		decodeRecord(records, id, raw)
	}
	return records, nil
}

func decodeRecord(into map[string]delta.Record, id, raw string) {
	if record, err := delta.DecodeRecord(raw); err == nil {
		into[id] = record
	}
}
