package sweep

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/recurrence"
)

// cancellations deletes the occurrences of a series' meeting that the calendar does not have any more, and follows those that were
// moved beyond the window. The calendar has to name the day: a page cut short cancels nothing.
func (r *run) cancellations(ctx context.Context, c *changes, master delta.Event, exceptions []delta.Event) error {
	there := map[int64]bool{}
	for _, start := range c.plain[master.ID] {
		there[start.Unix()] = true
	}
	for _, e := range exceptions {
		there[e.OriginalStart.Unix()] = true
	}
	return r.settled(ctx, master, r.cancel(ctx, master, there))
}

// cancellationsAgain does that for a series that waited for another try, and of which no round tells now what is there. tries is
// how often it failed before, which a master that has come to rest itself does not tell any more.
func (r *run) cancellationsAgain(ctx context.Context, master delta.Event, tries int) error {
	err := r.cancel(ctx, master, nil)
	if record, known := r.records[master.ID]; err != nil && known {
		record.Tries = max(record.Tries, tries)
		r.records[master.ID] = record
	}
	return err
}

// cancel settles what is missing: what the pattern gives in the window and is not there. Where it is not known what is there, only
// what was cancelled counts.
func (r *run) cancel(ctx context.Context, master delta.Event, there map[int64]bool) error {
	record := r.records[master.ID]
	settled := record.State == delta.Linked || record.State == delta.Silent
	if !record.Kind.Owned() || record.Meeting == "" || !settled || r.dry {
		return nil
	}
	missing := r.missingDays(master, record, there)
	if len(missing) == 0 {
		return nil
	}
	others, err := r.cancelDays(ctx, master, record, missing)
	if err != nil {
		return err
	}
	for _, exception := range r.records { // what is known is asked for as any other that did not come
		if exception.Series == master.ID {
			maps.DeleteFunc(others, func(_ string, start time.Time) bool { return start.Equal(exception.Original) })
		}
	}
	if len(others) == 0 {
		return nil
	}
	return r.movedAway(ctx, master)
}

// movedAway settles the occurrences that were moved beyond the window, and that nothing is known of. No round brings them.
func (r *run) movedAway(ctx context.Context, master delta.Event) error {
	ids, err := r.calendar.Later(ctx, master.ID, r.cursor.WindowEnd)
	if errors.Is(err, delta.ErrGone) || errors.Is(err, delta.ErrRefused) {
		return nil // a cloud that does not know the question
	}
	if err != nil {
		return r.ofMailbox(err)
	}
	for _, id := range ids {
		if _, known := r.records[id]; known {
			continue
		}
		e, err := r.read(ctx, id)
		switch {
		case errors.Is(err, delta.ErrGone):
			continue
		case err == nil:
			err = r.event(ctx, e)
		case !ends(ctx, err):
			err = r.later(ctx, delta.Event{ID: id, SeriesID: master.ID}, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// missingDays lists the occurrences that the pattern gives in the window and that are not there, nor known to be deleted:
// their starts by the day, yyyy-mm-dd in the series' zone.
func (r *run) missingDays(master delta.Event, record delta.Record, there map[int64]bool) map[string]time.Time {
	series, err := delta.SeriesOf(master)
	if err != nil {
		return nil
	}
	missing := map[string]time.Time{}
	for start := range series.From(latest(r.now, r.cursor.WindowStart)) {
		if !start.Before(r.cursor.WindowEnd) {
			break
		}
		if !there[start.Unix()] && !strings.Contains(record.Gone, goneForm(start)) {
			missing[start.Format(time.DateOnly)] = start
		}
	}
	return missing
}

// cancelDays deletes those of the missing occurrences that the calendar says were cancelled, and returns the others.
func (r *run) cancelDays(
	ctx context.Context, master delta.Event, record delta.Record, missing map[string]time.Time,
) (others map[string]time.Time, err error) {
	days, known, err := r.calendar.Dropped(ctx, master.ID)
	if err != nil {
		return nil, r.ofMailbox(err)
	}
	if !known {
		return nil, nil
	}
	for _, day := range slices.Sorted(maps.Keys(missing)) {
		if !slices.Contains(days, day) {
			continue
		}
		if err := r.dropOccurrence(ctx, record, missing[day]); err != nil {
			return nil, err
		}
		r.report.Reasons[delta.EventCancelled]++
		record.Gone += " " + goneForm(missing[day])
		delete(missing, day)
	}
	past := func(start string) bool { return start < goneForm(r.now) }
	record.Gone = strings.Join(slices.DeleteFunc(strings.Fields(record.Gone), past), " ")
	return missing, r.interim(ctx, master.ID, record)
}

// goneForm is a start as Webex writes it in the ids of occurrences. It sorts by time.
func goneForm(start time.Time) string { return start.UTC().Format("20060102T150405Z") }

// dropOccurrence deletes one occurrence of a series' meeting. One that is not there, should have begun or is over needs nothing.
func (r *run) dropOccurrence(ctx context.Context, series delta.Record, original time.Time) error {
	if !series.Kind.Owned() || series.Meeting == "" || original.Before(r.now) {
		return nil
	}
	host, err := r.webexHost(ctx)
	if err != nil {
		return err
	}
	id := recurrence.OccurrenceID(series.Meeting, original)
	err = r.dropOne(ctx, host, id)
	if errors.Is(err, delta.ErrRefused) && r.isGone(ctx, host, id) == nil {
		return nil
	}
	return err
}
