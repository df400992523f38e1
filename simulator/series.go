package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// CancelOccurrence takes one date (yyyy-mm-dd, of the original start) out of a series. Delta never announces it: the series comes
// again without it (microsoft-graph.md 1.4).
func (m *Mailbox) CancelOccurrence(master, date string) error {
	return m.Delete(m.OccurrenceID(master, date))
}

// EditOccurrence changes one date of a series: it becomes an exception.
func (m *Mailbox) EditOccurrence(master, date string, change func(*Draft)) error {
	return m.Edit(m.OccurrenceID(master, date), change)
}

// OccurrenceID is the immutable id of the occurrence of a series at its original date (yyyy-mm-dd).
func (m *Mailbox) OccurrenceID(master, date string) string {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	r, _ := m.stamp.ref(master)
	return m.stamp.id(ref{r.key, date}, true)
}

// Dates lists the original dates of a series that start between two times, cancelled ones excepted.
func (m *Mailbox) Dates(master string, from, to time.Time) []string {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var dates []string
	if it, _, ok := m.find(master); ok && it.series() {
		for _, o := range it.occurrences(from, to) {
			dates = append(dates, o.date)
		}
	}
	return dates
}

// EndSeries makes a series end with the given day (yyyy-mm-dd).
func (m *Mailbox) EndSeries(master, last string) error {
	return m.Edit(master, func(d *Draft) {
		if d.Recurrence != nil {
			d.Recurrence.Count, d.Recurrence.Until = 0, last
		}
	})
}

// SplitSeries changes "this and all following": the old series ends the day before date, and a new one with the change begins
// there. It gives the new series.
func (m *Mailbox) SplitSeries(master, date string, change func(*Draft)) (Event, error) {
	was, ok := m.Event(master)
	if !ok || was.Recurrence == nil {
		m.w.mu.Lock()
		defer m.w.mu.Unlock()
		return Event{}, m.misused("split", master)
	}
	if err := m.EndSeries(master, (parseDay(date) - 1).String()); err != nil {
		return Event{}, err
	}
	d := was.Draft
	shift := parseDay(date).time().Sub(parseDay(was.Recurrence.Start).time())
	d.Start, d.End = d.Start.AddDate(0, 0, int(shift/(24*time.Hour))), d.End.AddDate(0, 0, int(shift/(24*time.Hour)))
	if d.Recurrence.Count > 0 {
		d.Recurrence.Count -= len(m.Dates(master, time.Time{}, parseDay(date).time()))
	}
	d.Recurrence.Start = ""
	next := m.Copy(master) // the client carries body and extended properties over
	err := m.Edit(next.ID, func(n *Draft) {
		d.Body, d.HTML = n.Body, n.HTML
		*n = d
		change(n)
	})
	m.forgive(next.ID, 1)
	e, _ := m.Event(next.ID)
	return e, err
}

// forgive takes acts back: two steps here were one act of the person.
func (m *Mailbox) forgive(id string, acts int) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	if r, ok := m.stamp.ref(id); ok {
		m.story(r).acts -= acts
	}
}

func (m *Mailbox) dropOccurrence(it *item, r ref) error {
	m.acted(r)
	m.drop(it, r.date, cause{kind: Person})
	return nil
}

// drop takes a date out of a series.
func (m *Mailbox) drop(it *item, date string, c cause) {
	m.mailCancelled(it, date, c)
	next := it.clone()
	next.exceptions, next.dropped = maps.Clone(it.exceptions), maps.Clone(it.dropped)
	delete(next.exceptions, date)
	if next.dropped == nil {
		next.dropped = map[string]bool{}
	}
	next.dropped[date] = true
	m.store(next)
	if next.mine && !next.draft {
		m.deliver(next)
	}
}

func (m *Mailbox) mailCancelled(it *item, date string, c cause) {
	if it.mine && !it.draft {
		m.mail(it, ref{it.key, date}, c, "cancellation", it.merged(date, true).attendees)
	}
}

// outage is a time in which a mailbox looks empty.
type outage struct{ all bool }

// Outage makes the calendar answer validly and emptily: nothing in lists, everything removed in delta; with all set, a GET of an
// event finds nothing either (reliability.md D15).
func (m *Mailbox) Outage(all bool) { m.setOutage(&outage{all}) }

// Recover ends an outage: the events come back as changes.
func (m *Mailbox) Recover() { m.setOutage(nil) }

func (m *Mailbox) setOutage(o *outage) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.outage = o
	for _, key := range m.order {
		if m.items[key] != nil {
			m.changed(key)
		}
	}
}

// lastDates are the dates of a deleted series that had been in its window, as far as they are remembered.
func (m *Mailbox) lastDates(key string) map[string]*exception {
	if it := m.gone[key]; it != nil {
		return it.exceptions
	}
	return nil
}

// readRecurrence decodes the recurrence member of an event; null is no recurrence.
func readRecurrence(raw json.RawMessage) (*Recurrence, error) {
	var v *struct {
		Pattern struct {
			Type, FirstDayOfWeek, Index string
			Interval, Month, DayOfMonth int
			DaysOfWeek                  []string
		}
		Range struct {
			Type, StartDate, EndDate string
			NumberOfOccurrences      int
		}
	}
	if err := json.Unmarshal(raw, &v); err != nil || v == nil {
		return nil, err
	}
	r := &Recurrence{
		Interval: v.Pattern.Interval, DayOfMonth: v.Pattern.DayOfMonth, Month: time.Month(v.Pattern.Month),
		Index: v.Pattern.Index, Start: v.Range.StartDate,
	}
	for _, known := range []string{"daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"} {
		if strings.EqualFold(known, v.Pattern.Type) {
			r.Pattern = known
		}
	}
	for _, name := range v.Pattern.DaysOfWeek {
		d, ok := weekday(name)
		if !ok {
			return nil, fmt.Errorf("daysOfWeek %q", name)
		}
		r.Days = append(r.Days, d)
	}
	slices.Sort(r.Days)
	r.FirstDay, _ = weekday(v.Pattern.FirstDayOfWeek)
	switch strings.ToLower(v.Range.Type) {
	case "numbered":
		r.Count = v.Range.NumberOfOccurrences
	case "enddate":
		r.Until = v.Range.EndDate
	}
	return r, nil
}

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, true
		}
	}
	return time.Sunday, false
}
