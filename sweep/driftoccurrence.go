package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/recurrence"
)

// Hosts change and delete single occurrences at Webex too, and the list of series does not show it. So the daily check lists the
// occurrences of the next month as well, all series of a mailbox in one request. What is like all others is compared with its series, what
// differs with what it was last told. One that was changed is told again. One that was deleted is its host's choice: Webex takes no
// occurrence back, the link of the series that the appointment shows goes on leading somewhere, and a meeting of its own would
// mail everybody. It is noted.

// occurrenceReach is how far ahead they are compared: each comes into it before it is held.
const occurrenceReach = 30 * 24 * time.Hour

// day is an occurrence: the event of its series, and when it would start by the pattern, in Unix seconds.
type day struct {
	series   string
	original int64
}

// occurrences is what is known of the series of a mailbox and their occurrences when they are compared.
type occurrences struct {
	series  map[string]string        // meeting → event
	meeting map[string]delta.Meeting // event → its meeting, as listed
	differ  map[day]string           // the exceptions that are known
	there   map[day]bool             // what Webex lists
}

// driftOccurrences compares the occurrences of those series that are listed as they were told.
func (r *run) driftOccurrences(ctx context.Context, listed map[string]delta.Meeting, records map[string]delta.Record) error {
	o := occurrences{map[string]string{}, map[string]delta.Meeting{}, map[day]string{}, map[day]bool{}}
	for id, record := range records {
		if m, found := listed[record.Meeting]; found && record.Master && r.stands(record) && r.Keys.Told(m.Title, m.Start, m.End) == record.Told {
			o.series[record.Meeting], o.meeting[id] = id, m
		}
		if record.Series != "" {
			o.differ[day{record.Series, record.Original.Unix()}] = id
		}
	}
	if len(o.series) == 0 {
		return nil
	}
	host, err := r.webexHost(ctx)
	if err != nil {
		return err
	}
	all, err := r.Meetings.Occurrences(ctx, host, r.now, r.now.Add(occurrenceReach))
	if err != nil {
		return r.ofWebex(ctx, err)
	}
	for _, m := range all {
		if err := r.driftOccurrence(ctx, &o, m, records); err != nil {
			return err
		}
	}
	for id := range o.meeting {
		if err := r.settled(ctx, delta.Event{ID: id}, r.deletedOccurrences(ctx, host, &o, id)); err != nil {
			return err
		}
	}
	return nil
}

// driftOccurrence compares one.
func (r *run) driftOccurrence(ctx context.Context, o *occurrences, m delta.Meeting, records map[string]delta.Record) error {
	meeting, original, ok := recurrence.ParseOccurrenceID(m.ID)
	event, known := o.series[meeting]
	if !ok || !known {
		return nil
	}
	at := day{event, original.Unix()}
	o.there[at] = true
	if !original.After(r.now) || !m.Start.After(r.now) {
		return nil // what has begun is its host's
	}
	if err := r.stopped(); err != nil {
		return err
	}
	exception, differs := o.differ[at]
	switch record := records[exception]; {
	case !differs && o.plain(event, original, m):
		return nil
	case !differs:
		return r.settled(ctx, delta.Event{ID: event}, r.occurrenceChanged(ctx, event, original))
	case record.State != delta.Following || r.Keys.Told(m.Title, m.Start, m.End) == record.Told:
		return nil
	default:
		return r.settled(ctx, delta.Event{ID: exception}, r.exceptionChanged(ctx, exception, record.Series, m))
	}
}

// plain reports whether an occurrence is as its series says. A title that could not be read says nothing.
func (o *occurrences) plain(event string, original time.Time, m delta.Meeting) bool {
	series := o.meeting[event]
	return (m.Title == "" || m.Title == series.Title) && m.Start.Equal(original) && m.End.Sub(m.Start) == series.End.Sub(series.Start)
}

// occurrenceChanged tells an occurrence that is like all others again what its series says.
func (r *run) occurrenceChanged(ctx context.Context, id string, original time.Time) error {
	master, err := r.read(ctx, id)
	if errors.Is(err, delta.ErrGone) {
		return nil // the next round tells of that
	}
	if err != nil {
		return err
	}
	if err := r.recallMore(ctx, []string{id}); err != nil {
		return err
	}
	record := r.records[id]
	if seen, _ := r.decide(master, false); record.Fingerprint != seen.Print {
		return nil // the next round brings it
	}
	series := record
	told := delta.Seen{Event: like(master, original), Series: &series}
	return r.toldAgain(ctx, told, delta.Record{State: delta.Following})
}

// like is the occurrence of a series that is as the pattern says.
func like(master delta.Event, original time.Time) delta.Event {
	plain := master
	plain.Recurrence, plain.OriginalStart = nil, original
	plain.Start, plain.End = original, original.Add(master.End.Sub(master.Start))
	return plain
}

// exceptionChanged tells an occurrence that differs again what the calendar says, if Webex says something else.
func (r *run) exceptionChanged(ctx context.Context, id, series string, m delta.Meeting) error {
	if err := r.recallMore(ctx, []string{id, series}); err != nil {
		return err
	}
	e, err := r.read(ctx, id)
	if errors.Is(err, delta.ErrGone) || err == nil && e.Type != delta.Exception {
		return nil
	}
	if err != nil {
		return err
	}
	record := r.records[id]
	seen, _ := r.decide(e, false)
	if record.Fingerprint != seen.Print || record.State != delta.Following {
		return nil
	}
	if told := r.told(seen, record); told == "" || told == r.Keys.Told(m.Title, m.Start, m.End) {
		record.Told = told
		return r.interim(ctx, id, record)
	}
	return r.toldAgain(ctx, seen, record)
}

// toldAgain changes an occurrence back. What Webex refuses stays as its host has it.
func (r *run) toldAgain(ctx context.Context, s delta.Seen, record delta.Record) error {
	err := r.tellOccurrence(ctx, s, delta.Decision{Have: record})
	switch {
	case errors.Is(err, delta.ErrRefused), errors.Is(err, delta.ErrGone), errors.Is(err, delta.ErrConflict):
		r.log.Warn().Str("event", s.ID).Time("occurrence", s.OriginalStart).Msg("an occurrence that was changed at Webex cannot be changed back")
		return nil
	case err != nil:
		return err
	}
	r.report.Changed++
	r.report.Reasons[delta.MeetingChanged]++
	r.log.Info().Str("event", s.ID).Str("action", string(delta.Update)).Str("reason", string(delta.MeetingChanged)).Time("occurrence", s.OriginalStart).Msg("done")
	return nil
}

// deletedOccurrences notes which occurrences of a series its host deleted. A list that has none of them is not believed, nor is a rule
// that does not give those that are listed.
func (r *run) deletedOccurrences(ctx context.Context, host string, o *occurrences, id string) error {
	m := o.meeting[id]
	starts, err := recurrence.Listed(m.RRULE, m.Start, m.Zone, r.now, r.now.Add(occurrenceReach))
	if err != nil || !o.given(id, starts) {
		return nil
	}
	if err := r.recallMore(ctx, []string{id}); err != nil {
		return err
	}
	record, gone := r.records[id], 0
	for _, start := range starts {
		at := day{id, start.Unix()}
		if _, differs := o.differ[at]; differs || o.there[at] || !start.After(r.now) || strings.Contains(record.Gone, goneForm(start)) {
			continue
		}
		if err := r.webexReady(ctx); err != nil {
			return err
		}
		there, err := r.Meetings.Meeting(ctx, host, recurrence.OccurrenceID(m.ID, start))
		switch {
		case errors.Is(err, delta.ErrGone):
			record.Gone += " " + goneForm(start)
			gone++
		case err != nil:
			return r.ofWebex(ctx, err)
		case !o.plain(id, start, there):
			if err := r.occurrenceChanged(ctx, id, start); err != nil {
				return err
			}
		}
	}
	if gone == 0 {
		return nil
	}
	r.report.Reasons[delta.OccurrenceDeleted] += gone
	r.log.Warn().Str("event", id).Int("occurrences", gone).Str("reason", string(delta.OccurrenceDeleted)).Msg("left as its host has it")
	return r.interim(ctx, id, record)
}

// given reports whether starts are those of the series, by what Webex lists of it.
func (o *occurrences) given(id string, starts []time.Time) bool {
	some := false
	for at := range o.there {
		if at.series != id {
			continue
		}
		if !slices.ContainsFunc(starts, func(t time.Time) bool { return t.Unix() == at.original }) {
			return false
		}
		some = true
	}
	return some
}
