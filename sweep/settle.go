package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"syncd/delta"
)

// settle brings every event of the round, and every event whose next try is due, to rest: done, nothing to do, or written
// down for another try. What begins soonest goes first, since quotas may end before the list does.
func (r *run) settle(ctx context.Context, c *changes) error {
	if err := r.brought(ctx, c); err != nil {
		return err
	}
	if err := r.retries(ctx, c); err != nil {
		return err
	}
	return r.vanished(ctx, c)
}

// brought settles what a round brought.
func (r *run) brought(ctx context.Context, c *changes) error {
	for _, u := range c.units() {
		if err := r.stopped(); err != nil {
			return err
		}
		var err error
		if u.series {
			err = r.series(ctx, c, u.id)
		} else {
			err = r.event(ctx, *c.events[u.id])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unit is what is settled together: a single event, or a series with all that belongs to it.
type unit struct {
	id     string // of the event or the series master
	series bool
	start  time.Time // of the earliest part that came
}

// units lists what a round brought, what begins soonest first.
func (c *changes) units() []unit {
	if len(c.events) == 0 && len(c.plain) == 0 {
		return nil
	}
	units := make([]unit, 0, len(c.events)+len(c.plain))
	series := map[string]int{} // series master's id → its place in units
	add := func(u unit) {
		i, known := series[u.id]
		switch {
		case known && u.start.Before(units[i].start):
			units[i] = u
		case !known && u.series:
			series[u.id] = len(units)
			fallthrough
		case !known:
			units = append(units, u)
		}
	}
	for id, starts := range c.plain {
		add(unit{id, true, starts[0]})
	}
	for id, e := range c.events {
		switch {
		case e.Removed:
		case e.SeriesID != "":
			add(unit{e.SeriesID, true, e.Start})
		case e.Type == delta.Master:
			add(unit{id, true, e.Start})
		}
	}
	for id, e := range c.events {
		if !e.Removed && e.SeriesID == "" && e.Type != delta.Master {
			add(unit{id, false, e.Start})
		}
	}
	slices.SortFunc(units, func(a, b unit) int {
		return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.id, b.id))
	})
	return units
}

// ErrStopped ends a sweep that was told to stop. Its round comes again.
var ErrStopped = errors.New("told to stop")

func (r *run) stopped() error {
	select {
	case <-r.Stopping:
		return ErrStopped
	default:
		return nil
	}
}

// event settles one event. Its error ends the sweep; what is wrong with the event alone is written down instead.
func (r *run) event(ctx context.Context, e delta.Event) error {
	if r.waits(e) {
		r.report.Retrying++
		return nil
	}
	if _, known := r.records[e.SeriesID]; e.SeriesID != "" && !known {
		if err := r.recallMore(ctx, []string{e.SeriesID}); err != nil { // it may be all of its series that this sweep looks at
			return err
		}
	}
	if r.records[e.ID].State == delta.Newer || r.records[e.SeriesID].State == delta.Newer {
		return r.later(ctx, e, delta.ErrNewer) // whoever wrote it may want to know
	}
	return r.settled(ctx, e, r.attempt(ctx, e))
}

// waits reports whether an event that a round brought, as in a full one, is the same that failed before and whose next try is
// not due.
func (r *run) waits(e delta.Event) bool {
	at, waiting := r.waiting[e.ID]
	if !waiting || !at.After(r.now) || e.MarkRead {
		return false
	}
	record := r.records[e.ID]
	if record.Reason == delta.Throttled || record.Reason == delta.Quota {
		return true
	}
	return !r.Eager && !e.Modified.IsZero() && !e.Modified.Truncate(time.Second).After(record.Modified)
}

// settled writes an event down for another try, if err is about it alone.
func (r *run) settled(ctx context.Context, e delta.Event, err error) error {
	if err == nil || ends(ctx, err) {
		return err
	}
	return r.later(ctx, e, err)
}

// ends reports an error that concerns more than one event.
func ends(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, delta.ErrLeaseLost) || errors.Is(err, delta.ErrCredentials) ||
		errors.Is(err, errStore) || errors.As(err, new(*graphLater))
}

// graphLater marks a Retry-After of the mailbox's own calendar.
type graphLater struct{ *delta.LaterError }

func (e *graphLater) Unwrap() error { return e.LaterError }

// maxTries bounds how often an event is read and decided anew within one sweep, because it changed under our hands.
const maxTries = 5

// attempt decides about an event and carries it out, again for as long as it turns out to have changed.
func (r *run) attempt(ctx context.Context, e delta.Event) error {
	gone, which := r.dead[e.ID], r.records[e.ID].Meeting // which Webex does not have
	var last error
	for range maxTries {
		if e.Type == delta.Occurrence {
			if record, known := r.records[e.ID]; known {
				return r.rejoin(ctx, e.ID, record, nil)
			}
			return nil
		}
		if !e.Unreadable {
			gone = gone && r.records[e.ID].Meeting == which // else another was made
			seen, decision := r.decide(e, gone)
			again, err := r.carryOut(ctx, seen, decision)
			if r.rehost(ctx, err) {
				last = err
				continue
			}
			if err == nil && decision.Action != delta.Read || err != nil && !again {
				return err
			}
			if errors.Is(err, errMeetingGone) {
				there := r.surelyGone(ctx, seen)
				which = r.records[e.ID].Meeting
				if gone = there == nil; !gone && (!errors.Is(there, errThere) || errors.Is(last, errThere)) {
					return there
				}
				last = cmp.Or(there, err)
				continue
			}
			last = err
		}
		var err error
		if e, err = r.read(ctx, e.ID); err != nil {
			if errors.Is(err, delta.ErrGone) {
				r.gone = append(r.gone, e.ID)
				return nil
			}
			return err
		}
	}
	return last
}

// decide looks at an event and plans what to do about it. gone says that Webex has no such meeting.
func (r *run) decide(e delta.Event, gone bool) (delta.Seen, delta.Decision) {
	have, series := r.records[e.ID], r.records[e.SeriesID]
	seen := r.see(e)
	switch {
	case len(seen.Own) == 0 && (have.State == delta.Linked || have.State == delta.Silent):
		seen = r.mended(seen, r.Keys.Ref(r.mailbox.ID, e.ID), have.Block)
	case len(seen.Own) == 0 && have.State == delta.NoRecord && e.Mark.Valid:
		seen = r.mended(seen, r.Keys.Ref(r.mailbox.ID, e.ID), e.Mark.Block)
	case len(seen.Shared) == 0 && have.State == delta.Following:
		seen = r.mended(seen, seen.SeriesRef, shared(series, have))
	}
	seen.Fresh, seen.MeetingGone, seen.Owed = r.full, gone, r.owing[e.ID]
	if e.SeriesID != "" {
		seen.Series, seen.Reset = &series, r.reset[e.SeriesID]
	}
	return seen, delta.Plan(seen, have, r.now)
}

func (r *run) see(e delta.Event) delta.Seen { return r.Keys.See(r.mailbox.ID, e, r.policy(), r.now) }

// mended looks at an event again as if the markers stood there that somebody deleted around the lines of a block.
func (r *run) mended(s delta.Seen, ref string, written delta.Digest) delta.Seen {
	if written == "" || s.Body.Content == "" {
		return s
	}
	body := s.Body.Mend(ref, func(line string) bool { return r.Keys.Has(written, line) })
	if body == s.Body {
		return s
	}
	e := s.Event
	e.Body = body
	return r.see(e)
}

// errMeetingGone says that Webex does not know the meeting that is remembered.
var errMeetingGone = errors.New("the meeting is gone at Webex")

// read reads an event with its mark.
func (r *run) read(ctx context.Context, id string) (delta.Event, error) {
	e, mark, err := r.calendar.Event(ctx, id)
	if err != nil {
		return delta.Event{ID: id}, r.ofMailbox(err)
	}
	e.MarkRead = true
	if mark != "" {
		e.Mark = r.Keys.ReadMark(r.mailbox.ID, id, mark)
	}
	return e, nil
}

// ofMailbox marks an error of the calendar that concerns all its events.
func (r *run) ofMailbox(err error) error {
	var later *delta.LaterError
	if errors.As(err, &later) {
		return &graphLater{later}
	}
	return err
}

// carryOut counts a decision and carries it out, or in a dry run only tells of it. again asks for the event to be read and
// decided anew.
func (r *run) carryOut(ctx context.Context, s delta.Seen, d delta.Decision) (again bool, err error) {
	if d.Action == delta.Read {
		return true, nil
	}
	r.report.count(d)
	if d.Action == delta.Nothing {
		return false, r.rest(ctx, s.ID, d)
	}
	if r.dry {
		return false, r.foresee(ctx, s, d)
	}
	err = r.apply(ctx, s, d)
	if r.Watch != nil {
		r.Watch(r.mailbox, s, d, err)
	}
	if err == nil {
		r.log.Info().Str("event", s.ID).Str("action", string(d.Action)).Str("reason", string(d.Reason)).Msg("done")
		return false, nil
	}
	return errors.Is(err, delta.ErrConflict) || errors.Is(err, errMeetingGone) || errors.Is(err, errLookAgain), err
}

// errLookAgain says that a write to the event may have happened, and only the event can tell.
var errLookAgain = errors.New("look at the event again")

// rest leaves an event alone. Where it was to be tried again, that is over.
func (r *run) rest(ctx context.Context, id string, d delta.Decision) error {
	if d.Have.Tries == 0 {
		return nil
	}
	d.Have.Tries, d.Have.Reason = 0, ""
	return ofStore(r.remember(ctx, id, d.Have))
}
