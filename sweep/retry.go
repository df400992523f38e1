package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"syncd/delta"
)

// later writes an event down for another try.
func (r *run) later(ctx context.Context, e delta.Event, why error) error {
	id := e.ID
	r.report.Retrying++
	r.report.Reasons[ReasonOf(why)]++
	if r.dry {
		return nil
	}
	record := r.records[id]
	switch {
	case record.State != delta.NoRecord:
	case e.SeriesID != "":
		record.State, record.Series = delta.Following, e.SeriesID // as far as is known
	default:
		record.State = delta.Intent
	}
	record.Tries++
	record.Reason = ReasonOf(why)
	r.stranger = r.stranger || record.Reason == delta.Unknown
	record.Modified = latest(record.Modified, e.Modified)
	at := r.now.Add(pause(record.Tries, why))
	var asked *delta.LaterError
	if errors.As(why, &asked) {
		at = asked.At
	}
	if record.End.IsZero() && e.Recurrence == nil && e.SeriesID == "" {
		record.End = e.End
	}
	if errors.Is(why, delta.ErrQuota) {
		at = r.inTurn(at, record.End)
	}
	r.records[id] = record
	r.log.Warn().Err(why).Str("event", id).Str("reason", string(record.Reason)).Time("next", at).Int("tries", record.Tries).
		Msg("event waits for another try")
	return ofStore(r.write(ctx, delta.Batch{Retries: map[string]delta.Retry{id: {Record: record, At: at}}}))
}

// pause grows from a minute to a day. An organiser whom Webex does not know is asked for after an hour, then daily, as the
// original does (Deployment guide, "User enabled").
func pause(tries int, why error) time.Duration {
	const longest = 24 * time.Hour
	if errors.Is(why, delta.ErrNewer) {
		return time.Hour
	}
	if errors.Is(why, delta.ErrHost) {
		if tries == 1 {
			return time.Hour
		}
		return longest
	}
	return min(time.Minute<<min(tries-1, 11), longest)
}

// retries tries the events again whose time has come, and that the round did not bring.
func (r *run) retries(ctx context.Context, c *changes) error {
	ids, err := r.due(ctx, c)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.stopped(); err != nil {
			return err
		}
		if why := r.spent(); why != nil && r.records[id].Reason == delta.Quota {
			if err := r.later(ctx, delta.Event{ID: id}, why); err != nil {
				return err
			}
			continue
		}
		e, err := r.read(ctx, id)
		switch {
		case errors.Is(err, delta.ErrGone):
			r.gone = append(r.gone, id)
			continue
		case err == nil:
			tries := r.records[id].Tries
			if err = r.event(ctx, e); err == nil && e.Type == delta.Master {
				err = r.settled(ctx, e, r.cancellationsAgain(ctx, e, tries))
			}
		case !ends(ctx, err):
			err = r.later(ctx, delta.Event{ID: id}, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// due lists what waits and may be tried now. Waiting for a vendor's Retry-After is never cut short.
func (r *run) due(ctx context.Context, c *changes) ([]string, error) {
	var ids []string
	at := map[string]time.Time{}
	for _, w := range r.memory.Waiting() {
		_, brought := c.events[w.ID]
		if !brought && (r.Eager || !w.At.After(r.now)) {
			ids = append(ids, w.ID)
			at[w.ID] = w.At
		}
	}
	if err := r.recallMore(ctx, ids); err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		why := r.records[id].Reason
		wait := at[id].After(r.now) && (why == delta.Throttled || why == delta.Quota)
		if wait {
			r.report.Retrying++
			r.report.Reasons[why]++
		}
		return wait
	})
	// A series goes before what shares its meeting.
	slices.SortStableFunc(ids, func(a, b string) int {
		// What begins sooner goes before what begins later, as far as is known.
		return cmp.Or(cmp.Compare(min(len(r.records[a].Series), 1), min(len(r.records[b].Series), 1)), r.records[a].End.Compare(r.records[b].End))
	})
	return ids, nil
}
