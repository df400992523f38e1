package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"syncd/delta"
)

// Hosts delete and change their meetings at Webex too. The daily list of a mailbox's meetings, which looks for orphans, shows that
// as well. A meeting that it lacks is asked for by its id, and is made again, once, if it is gone. One whose title or times are not
// what syncd last told is compared with its event, and told again.

// drift settles the events of meetings that are not as syncd left them. listed is the list, records all that is remembered.
func (r *run) drift(ctx context.Context, listed []delta.Meeting, records map[string]delta.Record) error {
	byID := make(map[string]delta.Meeting, len(listed))
	for _, m := range listed {
		byID[m.ID] = m
	}
	ours, changed := 0, map[string]delta.Meeting{}
	var missing []string
	for id, record := range records {
		if !r.stands(record) {
			continue
		}
		ours++
		m, found := byID[record.Meeting]
		switch {
		case !found:
			missing = append(missing, id)
		case r.Keys.Told(m.Title, m.Start, m.End) != record.Told:
			changed[id] = m
		}
	}
	if err := r.driftGone(ctx, missing, records, ours); err != nil {
		return err
	}
	for id, m := range changed {
		if err := r.stopped(); err != nil {
			return err
		}
		if err := r.settled(ctx, delta.Event{ID: id}, r.driftChanged(ctx, id, m)); err != nil {
			return err
		}
	}
	return r.driftOccurrences(ctx, byID, records)
}

// stands reports whether a record has a meeting of its own that is still to be held.
func (r *run) stands(record delta.Record) bool {
	settled := record.State == delta.Linked || record.State == delta.Silent
	return record.Kind.Owned() && record.Meeting != "" && settled && !r.over(record)
}

// driftGone asks for the meetings that a list lacks, and settles the events of those that Webex says are gone. Where it says so of more
// than the limit for removals, that is taken for an outage, and left alone until the next list.
func (r *run) driftGone(ctx context.Context, missing []string, records map[string]delta.Record, ours int) error {
	slices.Sort(missing)
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	var gone []string
	for _, id := range missing {
		if err := r.webexReady(ctx); err != nil {
			return err
		}
		_, err := r.Meetings.Meeting(ctx, host, records[id].Meeting)
		switch {
		case errors.Is(err, delta.ErrGone):
			gone = append(gone, id)
		case err != nil:
			return r.ofWebex(ctx, err)
		}
	}
	if r.Limit.exceeded(len(gone), ours) {
		r.log.Error().Int("meetings", len(gone)).Msg("more meetings are gone at Webex than the limit for removals: left alone")
		r.report.Reasons[delta.HeldBack] += len(gone)
		return nil
	}
	for _, id := range gone {
		if err := r.stopped(); err != nil {
			return err
		}
		if err := r.again(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// again settles an event whose meeting is gone.
func (r *run) again(ctx context.Context, id string) error {
	if err := r.recallMore(ctx, []string{id}); err != nil {
		return err
	}
	e, err := r.read(ctx, id)
	switch {
	case errors.Is(err, delta.ErrGone):
		return nil // the next round tells of that
	case err != nil:
		return r.settled(ctx, delta.Event{ID: id}, err)
	}
	r.dead.add(id)
	defer delete(r.dead, id)
	if err := r.event(ctx, e); err != nil || e.Type != delta.Master {
		return err
	}
	return r.settled(ctx, e, r.cancellationsAgain(ctx, e, 0))
}

// driftChanged tells a meeting again what its event says, if it says something else.
func (r *run) driftChanged(ctx context.Context, id string, m delta.Meeting) error {
	if err := r.recallMore(ctx, []string{id}); err != nil {
		return err
	}
	e, err := r.read(ctx, id)
	if errors.Is(err, delta.ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	record := r.records[id]
	s := r.Keys.See(r.mailbox.ID, e, r.policy(), r.now)
	if s.Keyword == "" || e.Cancelled || record.Fingerprint != s.Print {
		return nil // the next round brings it
	}
	title, times := m.Title != "" && m.Title != delta.Title(e.Subject), r.strayTimes(s, m)
	if !title && !times {
		record.Told = r.Keys.Told(m.Title, m.Start, m.End)
		return r.interim(ctx, id, record)
	}
	r.report.Changed++
	r.report.Reasons[delta.MeetingChanged]++
	if err := r.tell(ctx, s, record, times); err != nil {
		return err
	}
	r.log.Info().Str("event", id).Str("action", string(delta.Update)).Str("reason", string(delta.MeetingChanged)).Msg("done")
	if err := r.done(ctx, s, record); err != nil || !times || e.Type != delta.Master {
		return err
	}
	return r.cancellationsAgain(ctx, e, 0)
}

// strayTimes reports whether a listed meeting is at another time than its event. A series is listed as it was told: from one of its
// occurrences on. What has begun is its host's.
func (r *run) strayTimes(s delta.Seen, m delta.Meeting) bool {
	minute := func(a, b time.Time) bool { return a.Truncate(time.Minute).Equal(b.Truncate(time.Minute)) }
	if s.Recurrence == nil {
		want, err := r.Keys.Request(r.mailbox.ID, "", s, r.now)
		return err == nil && s.Start.After(r.now) && (!minute(m.Start, want.Start) || !minute(m.End, want.End))
	}
	series, err := delta.SeriesOf(s.Event)
	if err != nil {
		return false
	}
	length := max(s.End.Sub(s.Start), delta.Shortest)
	if m.End.Sub(m.Start) != length {
		return true
	}
	for start := range series.From(m.Start) {
		return !minute(start, m.Start)
	}
	return true // it begins after its last occurrence
}

// told is what a settled event's meeting says of title and times. Those of a series are told as they are now only where they changed;
// else the next list shows them.
func (r *run) told(s delta.Seen, record delta.Record) string {
	if !record.Kind.Owned() || record.State == delta.Apart {
		return ""
	}
	want, err := r.Keys.Request(r.mailbox.ID, "", s, r.now)
	if err != nil || s.Recurrence != nil && record.Times == s.When {
		return ""
	}
	return r.Keys.Told(want.Title, want.Start, want.End)
}
