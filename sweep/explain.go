package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"syncd/delta"
)

// Explanation is why an event is as it is.
type Explanation struct {
	Seen     delta.Seen
	Decision delta.Decision // what a sweep would do about it now
	Known    bool           // there is a record, in Decision.Have
	Held     bool           // its removal waits for an operator
	Waits    time.Time      // until its next try; zero where it does not wait
	Gone     bool           // Graph has no such event; Seen is empty then
}

// Explain looks at one event as a sweep would, and writes nothing anywhere.
func (s *Sweeper) Explain(ctx context.Context, m delta.Mailbox, id string) (x Explanation, err error) {
	memory, err := s.Peek(ctx, m)
	if err != nil {
		return x, err
	}
	r := &run{Sweeper: s, mailbox: m, calendar: s.Open(m), memory: memory, report: newReport(), now: time.Now(), dry: true, reset: map[string]bool{}}
	for _, w := range memory.Waiting() {
		if w.ID == id {
			x.Waits = w.At
		}
	}
	x.Held = slices.Contains(memory.HeldRemovals(), id)
	r.cursor = memory.Cursor()
	if err := r.bound(); err != nil {
		return x, err
	}
	e, err := r.read(ctx, id)
	x.Gone = errors.Is(err, delta.ErrGone)
	if err != nil && !x.Gone {
		return x, err
	}
	r.records, err = memory.Records(ctx, slices.Compact([]string{id, cmp.Or(e.SeriesID, id)}))
	if err != nil {
		return x, fmt.Errorf("recalling what is known: %w", err)
	}
	x.Decision.Have, x.Known = r.records[id]
	if x.Gone {
		x.Decision = delta.PlanVanished(x.Decision.Have)
		return x, nil
	}
	x.Seen, x.Decision = r.decide(e, false)
	return x, nil
}
