package sweep

import (
	"context"
	"errors"
	"fmt"

	"syncd/delta"
)

// write remembers something, unless this is a dry run.
func (r *run) write(ctx context.Context, b delta.Batch) error {
	if r.dry || b.Empty() {
		return nil
	}
	return r.memory.Write(ctx, b)
}

// remember is write for one settled event.
func (r *run) remember(ctx context.Context, id string, record delta.Record) error {
	r.records[id] = record
	return r.write(ctx, delta.Batch{Records: map[string]delta.Record{id: record}})
}

// interim remembers how far an event is, in case this is as far as it gets.
func (r *run) interim(ctx context.Context, id string, record delta.Record) error {
	r.records[id] = record
	return ofStore(r.write(ctx, delta.Batch{Interim: map[string]delta.Record{id: record}}))
}

func (r *run) forget(ctx context.Context, id string) error {
	delete(r.records, id)
	return r.write(ctx, delta.Batch{Forget: []string{id}})
}

// ofStore marks an error of our own memory.
func ofStore(err error) error {
	if err == nil || errors.Is(err, delta.ErrLeaseLost) {
		return err
	}
	return fmt.Errorf("%w: %w", errStore, err)
}

// errStore marks an error of our own memory, without which no event can be settled.
var errStore = errors.New("store")

// recallMore reads the records of events that the round did not bring.
func (r *run) recallMore(ctx context.Context, ids []string) error {
	if r.all || len(ids) == 0 {
		return nil
	}
	records, err := r.memory.Records(ctx, ids)
	if err != nil {
		return ofStore(err)
	}
	var series []string
	for id, record := range records {
		r.records[id] = record
		if _, known := r.records[record.Series]; record.Series != "" && !known {
			series = append(series, record.Series)
		}
	}
	return r.recallMore(ctx, series)
}
