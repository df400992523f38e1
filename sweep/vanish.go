package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"

	"syncd/delta"
)

// Limit is how many events may vanish in one sweep of one mailbox before they are held for an operator's word. Both must be
// exceeded; a Share of 0 leaves it to Count.
type Limit struct {
	Count int
	Share float64 // of the events that have a record
}

func (l Limit) exceeded(gone, known int) bool {
	return gone > l.Count && float64(gone) > l.Share*float64(known)
}

// vanished settles the known events that are not there any more. A round does not say why: an event that left the window
// looks deleted, and a full round is silent. Each is asked for, and only Graph's own word that it is gone counts.
func (r *run) vanished(ctx context.Context, c *changes) error {
	held := map[string]bool{}
	for _, id := range r.memory.HeldRemovals() {
		held[id] = true
	}
	var back []string
	for id := range held {
		if c.seen[id] {
			back = append(back, id) // it came back, and was settled like any other
			delete(held, id)
		}
	}
	gone, err := r.confirm(ctx, r.missing(c, held))
	if err != nil {
		return err
	}
	for _, id := range r.gone {
		if r.records[id].State != delta.NoRecord && !held[id] {
			gone = append(gone, id)
		}
	}
	accepted, err := r.accepted(ctx, held)
	if err != nil {
		return err
	}
	back = append(back, accepted...)
	if err := ofStore(r.write(ctx, delta.Batch{Release: back})); err != nil {
		return err
	}
	known, err := r.known(ctx, len(gone))
	if err != nil {
		return err
	}
	// What was known before a store was lost is not known any more, so a limit says nothing of a calendar that is empty then, and was
	// never seen to be otherwise.
	since := r.cursor.Generation == 0 || !r.cursor.EmptySince.IsZero()
	unsure := since && len(c.seen) == 0 && len(gone) > 0 && r.memory.Resync() == nil
	if unsure || r.Limit.exceeded(len(gone), known) {
		return r.hold(ctx, gone, held)
	}
	r.report.Held = len(held)
	for _, id := range gone {
		if err := r.deletedEvent(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// missing lists the known events that a round says, or by silence suggests, are gone.
func (r *run) missing(c *changes, held map[string]bool) []string {
	var out []string
	for id, record := range r.records {
		e, told := c.events[id]
		switch {
		case held[id], slices.Contains(r.gone, id), told && !e.Removed, c.seen[id]:
		case told:
			out = append(out, id)
		case r.full && r.outlived(record), c.resent(record.Series), r.orphaned(c, record):
			out = append(out, id)
		}
	}
	return out
}

// outlived reports whether an event that a full round did not bring ought to have been in it. What ended before the window
// began has only left it.
func (r *run) outlived(record delta.Record) bool {
	return record.End.IsZero() || record.End.After(r.cursor.WindowStart)
}

// orphaned reports whether a round took the series of an occurrence away that alone asked for a meeting. What belongs to a series that
// asked itself goes with that.
func (r *run) orphaned(c *changes, record delta.Record) bool {
	series, told := c.events[record.Series]
	return told && series.Removed && r.records[record.Series].State == delta.NoRecord
}

// resent reports whether a round brought a series. All that is left of it comes then, so what does not come is gone.
func (c *changes) resent(series string) bool {
	_, master := c.events[series]
	return series != "" && (master || len(c.plain[series]) > 0)
}

// confirm asks for each of some events and returns those that Graph says are gone. An event that is there has left the window,
// and is followed all the same: Graph reports each further change of it in this way.
func (r *run) confirm(ctx context.Context, ids []string) ([]string, error) {
	var gone []string
	for _, id := range ids {
		if _, waits := r.records[id]; !waits {
			continue
		}
		e, err := r.read(ctx, id)
		switch {
		case errors.Is(err, delta.ErrGone):
			gone = append(gone, id)
			continue
		case err == nil:
			r.report.Reasons[delta.Outside]++
			if err = r.event(ctx, e); err == nil && e.Type == delta.Master { // what was left of it in the window may be cancelled
				err = r.settled(ctx, e, r.cancellationsAgain(ctx, e, 0))
			}
		case !ends(ctx, err):
			err = r.later(ctx, delta.Event{ID: id}, err)
		}
		if err != nil {
			return nil, err
		}
	}
	return gone, nil
}

// known counts the mailbox's records, if that matters.
func (r *run) known(ctx context.Context, gone int) (int, error) {
	if r.all || gone <= r.Limit.Count || r.Limit.Share == 0 {
		return len(r.records), nil
	}
	all, err := r.memory.AllRecords(ctx)
	return len(all), ofStore(err)
}

// hold keeps all vanished events of this sweep for an operator's word.
func (r *run) hold(ctx context.Context, gone []string, before map[string]bool) error {
	r.report.Held = len(gone) + len(before)
	r.report.Reasons[delta.HeldBack] += len(gone)
	r.log.Error().Int("events", len(gone)).
		Msg("more events vanished than the limit: held; check, then `syncd resync --accept-removals` or bring them back")
	return ofStore(r.write(ctx, delta.Batch{Hold: gone}))
}

// accepted carries out the removals that an operator released, each confirmed once more. They are held no longer.
func (r *run) accepted(ctx context.Context, held map[string]bool) ([]string, error) {
	var ids []string
	for _, id := range r.memory.Accepted() {
		if held[id] && !strings.HasPrefix(id, heldMeeting) { // a meeting's turn comes with the search for orphans
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if err := r.recallMore(ctx, ids); err != nil {
		return nil, err
	}
	gone, err := r.confirm(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range gone {
		if err := r.deletedEvent(ctx, id); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		delete(held, id)
	}
	return ids, nil
}

// deletedEvent settles one event that is gone.
func (r *run) deletedEvent(ctx context.Context, id string) error {
	return r.settled(ctx, delta.Event{ID: id}, r.deleted(ctx, id))
}

// deleted withdraws what an event had that a GET found gone.
func (r *run) deleted(ctx context.Context, id string) error {
	seen := delta.Seen{Event: delta.Event{ID: id}}
	_, err := r.carryOut(ctx, seen, delta.PlanVanished(r.records[id]))
	return err
}
