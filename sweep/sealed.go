package sweep

import (
	"context"

	"syncd/delta"
)

// sealed is a memory in which nobody else can name meetings: what it says of an event that syncd did not write counts as lost, and comes
// back from the event's mark and the meeting's tag.
type sealed struct {
	Memory
	sweeper *Sweeper
	mailbox delta.Mailbox
}

func (s sealed) Records(ctx context.Context, ids []string) (map[string]delta.Record, error) {
	records, err := s.Memory.Records(ctx, ids)
	return s.ours(records), err
}

func (s sealed) AllRecords(ctx context.Context) (map[string]delta.Record, error) {
	records, err := s.Memory.AllRecords(ctx)
	return s.ours(records), err
}

func (s sealed) ours(records map[string]delta.Record) map[string]delta.Record {
	for id, record := range records {
		if !s.sweeper.Keys.Sealed(s.mailbox.ID, id, record) {
			delete(records, id)
			s.sweeper.Log.Warn().Str("mailbox", s.mailbox.Address).Str("event", id).Msg("a record names what syncd did not write into it: taken for lost")
		}
	}
	return records
}

func (s sealed) Write(ctx context.Context, b delta.Batch) error {
	for _, records := range []map[string]delta.Record{b.Records, b.Interim} {
		for id, record := range records {
			records[id] = s.sweeper.Keys.Seal(s.mailbox.ID, id, record)
		}
	}
	for id, retry := range b.Retries {
		retry.Record = s.sweeper.Keys.Seal(s.mailbox.ID, id, retry.Record)
		b.Retries[id] = retry
	}
	return s.Memory.Write(ctx, b)
}
