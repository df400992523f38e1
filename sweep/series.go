package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"syncd/delta"
	"syncd/recurrence"
)

// A series comes whole: its master, the occurrences that differ, and of all others just the times. The master goes first, since
// it has the meeting; then what differs; then what is missing. A cancelled occurrence is never announced, it is one that the
// pattern gives and the round does not.

// series settles what a round brought of one series.
func (r *run) series(ctx context.Context, c *changes, id string) error {
	exceptions := c.exceptions(id)
	var master delta.Event
	if brought, ok := c.events[id]; ok && !brought.Partial { // the pattern says which occurrences are missing
		master = *brought
	} else {
		if _, known := r.records[id]; c.asking != nil && !c.asking[id] && !known && len(exceptions) == 0 {
			return nil
		}
		var err error
		if master, err = r.read(ctx, id); err != nil {
			return r.seriesUnread(ctx, id, exceptions, err)
		}
	}
	if err := r.event(ctx, master); err != nil {
		return err
	}
	for _, e := range exceptions {
		if err := r.stopped(); err != nil {
			return err
		}
		if err := r.event(ctx, e); err != nil {
			return err
		}
	}
	for exception, record := range r.records {
		if _, differs := c.events[exception]; record.Series == id && c.seen[exception] && !differs {
			if err := r.settled(ctx, delta.Event{ID: exception}, r.rejoin(ctx, exception, record, &master)); err != nil {
				return err
			}
		}
	}
	return r.cancellations(ctx, c, master, exceptions)
}

// rejoin settles an occurrence that differed and is like all others again: what it had of its own goes, and its occurrence at
// Webex is what the pattern says.
func (r *run) rejoin(ctx context.Context, id string, record delta.Record, master *delta.Event) error {
	if r.dry {
		return nil
	}
	series := r.records[record.Series]
	switch {
	case record.State != delta.Following && record.State != delta.Apart:
		if err := r.dropOwn(ctx, id, record); err != nil {
			return err
		}
	case record.State == delta.Following && series.Kind.Owned() && !r.reset[record.Series] && record.Original.After(r.now):
		if master == nil {
			e, err := r.read(ctx, record.Series)
			if err != nil {
				return err
			}
			master = &e
		}
		err := r.tellOccurrence(ctx, delta.Seen{Event: like(*master, record.Original), Series: &series}, delta.Decision{Have: record})
		if err != nil && !errors.Is(err, delta.ErrRefused) && !errors.Is(err, delta.ErrGone) {
			return err
		}
	}
	return ofStore(r.forget(ctx, id))
}

// dropOwn takes away what an occurrence had of its own.
func (r *run) dropOwn(ctx context.Context, id string, record delta.Record) error {
	if err := r.leaveSpace(ctx, id, record, record.State != delta.Intent); err != nil {
		return err
	}
	meetings, err := r.owned(ctx, delta.Seen{Event: delta.Event{ID: id}}, record, false)
	if err != nil {
		return err
	}
	return r.drop(ctx, r.over(record), meetings...)
}

// exceptions lists the occurrences of a series that differ, soonest first.
func (c *changes) exceptions(series string) []delta.Event {
	var out []delta.Event
	for _, e := range c.events {
		if e.SeriesID == series && !e.Removed {
			out = append(out, *e)
		}
	}
	slices.SortFunc(out, func(a, b delta.Event) int { return a.Start.Compare(b.Start) })
	return out
}

// seriesUnread settles a series whose master cannot be read: gone, or to be tried again with all that hangs on it.
func (r *run) seriesUnread(ctx context.Context, id string, exceptions []delta.Event, why error) error {
	if ends(ctx, why) {
		return why
	}
	if errors.Is(why, delta.ErrGone) {
		r.gone = append(r.gone, id)
		return nil // the exceptions are gone with it, and are seen to be
	}
	// Also of a series that nothing is known of: it may have been given its keyword just now.
	if err := r.later(ctx, delta.Event{ID: id}, why); err != nil {
		return err
	}
	for _, e := range exceptions {
		if err := r.later(ctx, e, why); err != nil {
			return err
		}
	}
	return nil
}

// follow makes an exception share its series' meeting: the occurrence there is changed to what it says, and it shows the
// series' block. Where Webex refuses the change, the exception gets a meeting of its own.
func (r *run) follow(ctx context.Context, s delta.Seen, d delta.Decision) error {
	if s.Series.State == delta.Intent || s.Series.Kind.Owned() && s.Series.Meeting == "" {
		return errSeriesWaits
	}
	if d.Have.State == delta.Intent {
		if err := r.dropOwn(ctx, s.ID, d.Have); err != nil {
			return err
		}
		// Crash here: it is planned the same again.
		d.Have = delta.Record{}
	}
	record := d.Have
	if d.Reason == delta.BlockRemoved {
		record.Restored++
	}
	record.State, record.Kind, record.Asked, record.Series = delta.Following, s.Series.Kind, s.Asked, s.SeriesID
	record.Original, record.Block = s.OriginalStart, s.Series.Block
	knows := d.Have.Fingerprint == s.Print && !s.Reset && d.Have.Shares == s.Series.Shared() // Webex does
	if s.Series.Kind.Owned() && d.Reason != delta.Rewritten && !(d.Reason == delta.LinkRemoved && knows) {
		err := r.tellOccurrence(ctx, s, d)
		if errors.Is(err, delta.ErrRefused) || errors.Is(err, delta.ErrGone) || errors.Is(err, delta.ErrConflict) {
			record.State = delta.NoRecord
			return r.create(ctx, s, delta.Decision{Action: delta.Create, Reason: delta.WebexRefused, Kind: s.Series.Kind, Have: record})
		}
		if err != nil {
			return err
		}
	}
	shows := len(s.Shared) > 0 && !s.LacksLink() && record.Shares == s.Series.Shared() && d.Reason != delta.Rewritten
	if !shows && s.Series.State != delta.Silent && !d.Refuses(s) {
		details, err := r.details(ctx, *s.Series)
		if err != nil {
			return err
		}
		if d.Reason != delta.Rewritten && !s.LacksLink() && len(s.Shared) == 1 && slices.Contains(s.Shared[0].Lines, details.Link) {
			// It shows that meeting, if not in the words of today.
			record.Shares = s.Series.Shared()
			return r.doneAs(ctx, s, record, delta.Following)
		}
		// The block is the series', reference and all: an exception made later than it would have come with it.
		whole := s
		whole.Ref, whole.Own = s.SeriesRef, s.Shared
		if err := r.show(ctx, whole, &record, details); err != nil {
			return err
		}
	}
	record.Shares = s.Series.Shared()
	return r.doneAs(ctx, s, record, delta.Following)
}

// errSeriesWaits says that an exception cannot be settled before its series.
var errSeriesWaits = fmt.Errorf("%w: the series has no meeting yet", delta.ErrTrouble)

// tellOccurrence changes the occurrence of the series' meeting that an exception stands for.
func (r *run) tellOccurrence(ctx context.Context, s delta.Seen, d delta.Decision) error {
	id := recurrence.OccurrenceID(s.Series.Meeting, s.OriginalStart)
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	request, err := r.Keys.Request(r.mailbox.ID, host, s, r.now)
	if err != nil {
		return err
	}
	if err := r.webexReady(ctx); err != nil {
		return err
	}
	if d.Have.State == delta.NoRecord && !s.Reset && s.Fresh {
		// After a loss of the store it may be told already.
		meeting, err := r.Meetings.Meeting(ctx, host, id)
		if err == nil && meeting.Title == request.Title && meeting.Start.Equal(request.Start) && meeting.End.Equal(request.End) {
			return nil
		}
		if err != nil {
			return r.ofWebex(ctx, err)
		}
	}
	request.Times = s.Start.After(r.now) // else it is under way
	request.Tags = nil
	if err := r.effect(); err != nil {
		return err
	}
	err = r.ofWebex(ctx, r.Meetings.Update(ctx, id, request))
	if errors.Is(err, delta.ErrGone) {
		err = cmp.Or(r.isGone(ctx, host, id), err)
	}
	if err != nil {
		return err
	}
	r.report.Updated++
	return nil
}

// part takes an exception out of its series' meeting, and the block out of it.
func (r *run) part(ctx context.Context, s delta.Seen, d delta.Decision) error {
	record := d.Have
	if len(s.Shared) > 0 {
		whole := s
		whole.Ref, whole.Own = s.SeriesRef, s.Shared
		written := *s.Series
		written.State, written.Block = delta.Apart, shared(*s.Series, record) // what the series says of itself is not for this one
		if err := r.hide(ctx, whole, written); err != nil {
			return err
		}
	}
	if err := r.dropOccurrence(ctx, *s.Series, s.OriginalStart); err != nil {
		return err
	}
	if !s.Series.Kind.Owned() && s.Series.State == delta.NoRecord {
		return ofStore(r.forget(ctx, s.ID))
	}
	record.Original, record.Asked, record.Kind = s.OriginalStart, "", s.Series.Kind
	record.Restored = 0                            // a keyword typed anew counts anew
	s.Print = cmp.Or(s.Print, string(delta.Apart)) // what asks for nothing has none, and an empty one says that it is to be told again
	return r.doneAs(ctx, s, record, delta.Apart)
}

// seriesTold notes that the meeting of a series is new, or was told its times anew. It has all occurrences with that, as the
// pattern says, so those that differ are looked at again: those of this round after the master, the others as their turn comes.
func (r *run) seriesTold(ctx context.Context, id string) error {
	r.reset.add(id)
	records := r.records
	if !r.all {
		var err error
		if records, err = r.memory.AllRecords(ctx); err != nil {
			return ofStore(err)
		}
	}
	again := map[string]delta.Retry{}
	for exception, record := range records {
		if record.Series != id {
			continue
		}
		switch record.State {
		case delta.Following, delta.Apart:
			record.Fingerprint = ""
		case delta.Linked, delta.Silent:
			record.Shares = ""
		default:
			continue
		}
		r.records[exception] = record
		again[exception] = delta.Retry{Record: record, At: r.now}
	}
	if len(again) == 0 {
		return nil
	}
	return ofStore(r.write(ctx, delta.Batch{Retries: again}))
}
