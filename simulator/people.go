package simulator

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// What people do in their calendars. Every act counts one for the promise "one change by a person, at most one PATCH".
// An id is of either form; the id of an occurrence names that occurrence.

// Create makes an appointment and, unless it is a draft, invites the attendees.
func (m *Mailbox) Create(d Draft) Event {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, err := m.compose(d, nil)
	if err != nil {
		m.w.misused(err)
		return Event{}
	}
	m.store(it)
	m.typed(ref{key: it.key}, it)
	m.invite(it, cause{kind: Person})
	return m.event(it)
}

// compose makes the item that a draft describes, in place of the old one if there is one.
func (m *Mailbox) compose(d Draft, old *item) (*item, error) {
	start, end, zone, loc, err := m.w.schedule(d, m.zone)
	if err != nil {
		return nil, err
	}
	it := &item{
		key: "", organizer: person{m.name, m.address}, mine: true, response: "organizer", showAs: "busy",
	}
	if old != nil {
		it = old.clone()
	} else {
		it.key = m.newKey()
		it.uid = newUID(m.rng)
	}
	it.start, it.end, it.zone, it.loc, it.allDay = start, end, zone, loc, d.AllDay
	it.subject, it.location, it.hidden, it.draft = d.Subject, d.Location, d.Hidden, d.Draft
	it.sensitivity = d.Sensitivity
	if it.sensitivity == "" {
		it.sensitivity = "normal"
	}
	it.attendees = m.w.people(d.Attendees, it.attendees)
	if err := m.composeSeries(it, old, d.Recurrence); err != nil {
		return nil, err
	}
	if old == nil || d.Body != old.body.content || d.HTML != old.body.html || d.Teams != (old.teams != nil) {
		m.composeBody(it, d)
	}
	return it, nil
}

// composeSeries sets recurrence, first occurrence and type, and drops the exceptions that a new pattern wipes out.
func (m *Mailbox) composeSeries(it, old *item, rec *Recurrence) error {
	if rec == nil {
		it.kind, it.rec, it.exceptions, it.dropped = "singleInstance", nil, nil, nil
		return nil
	}
	it.kind = "seriesMaster"
	r := *rec
	if old != nil && old.rec != nil && old.rec.Start == r.Start && !old.start.Equal(it.start) {
		r = r.movedAlong(old.start.In(old.loc), it.start.In(it.loc))
	}
	normal, err := r.normal(it.start.In(it.loc))
	if err != nil {
		return err
	}
	it.rec = normal
	first := parseDay(normal.Start)
	normal.each(first, func(d day) bool { first = d; return false })
	normal.Start = first.String()
	o := it.at(first)
	it.start, it.end = o.start, o.end
	if old != nil && old.rec != nil && (!old.rec.equal(normal, false) || !clockEqual(old, it)) {
		for date := range it.exceptions {
			delete(m.stories, ref{it.key, date})
		}
		it.exceptions, it.dropped = nil, nil
	}
	return nil
}

// clockEqual tells whether two series start at the same time of day: a change of it wipes out the exceptions.
func clockEqual(a, b *item) bool {
	return a.start.In(a.loc).Format(time.TimeOnly) == b.start.In(b.loc).Format(time.TimeOnly) && a.loc.String() == b.loc.String()
}

// Respond is an attendee's answer, which Exchange notes in the organiser's appointment: a change like any other.
func (m *Mailbox) Respond(id, address, response string) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok || r.date != "" {
		return m.misused("respond", id)
	}
	next := it.clone()
	next.attendees = slices.Clone(it.attendees)
	for i := range next.attendees {
		if next.attendees[i].address == address {
			next.attendees[i].response = response
		}
	}
	m.store(next)
	return nil
}

// Edit changes an appointment, a series or one occurrence. The organiser's edit goes to all attendees, an attendee's stays local.
func (m *Mailbox) Edit(id string, change func(*Draft)) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok {
		return m.misused("edit", id)
	}
	if r.date != "" {
		return m.editOccurrence(it, r, change)
	}
	before := m.draft(it)
	after := m.draft(it)
	change(&after)
	next, err := m.compose(after, it)
	if err != nil {
		return m.misusedBy(err)
	}
	m.store(next)
	m.retyped(r, next, before, after)
	m.update(next, r, cause{kind: Person})
	return nil
}

func (m *Mailbox) editOccurrence(it *item, r ref, change func(*Draft)) error {
	was := it.merged(r.date, true)
	before, after := m.draft(was), m.draft(was)
	change(&after)
	start, end, _, _, err := m.w.schedule(after, it.zone)
	if err != nil {
		return m.misusedBy(err)
	}
	x := exception{}
	if old := it.exceptions[r.date]; old != nil {
		x = *old
	}
	if after.Subject != before.Subject {
		x.subject = &after.Subject
	}
	if after.Location != before.Location {
		x.location = &after.Location
	}
	if !start.Equal(was.start) || !end.Equal(was.end) {
		x.start, x.end = &start, &end
	}
	if after.AllDay != before.AllDay {
		x.allDay = &after.AllDay
	}
	if after.Body != before.Body || after.HTML != before.HTML {
		m.composeBody(was, after)
		x.body = &was.body
	}
	if !slices.Equal(after.Attendees, before.Attendees) {
		x.attendees = m.w.people(after.Attendees, was.attendees)
	}
	next := m.except(it, r.date, x)
	m.retyped(r, next.merged(r.date, true), before, after)
	m.update(next, r, cause{kind: Person})
	return nil
}

// except stores an exception of a series and gives the new master.
func (m *Mailbox) except(it *item, date string, x exception) *item {
	next := it.clone()
	next.exceptions = maps.Clone(next.exceptions)
	if next.exceptions == nil {
		next.exceptions = map[string]*exception{}
	}
	x.changed = m.w.now()
	next.exceptions[date] = &x
	m.store(next)
	return next
}

// Move gives an appointment, a series or an occurrence another start and keeps its length.
func (m *Mailbox) Move(id string, start time.Time) error {
	return m.Edit(id, func(d *Draft) {
		length := d.End.Sub(d.Start)
		d.Start = start
		d.End = start.Add(length)
	})
}

// Cancel calls an appointment off. The organiser's copy stays and says so, as do the attendees' (see Delete for the other way).
func (m *Mailbox) Cancel(id string) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok {
		return m.misused("cancel", id)
	}
	if r.date != "" {
		return m.dropOccurrence(it, r)
	}
	next := it.clone()
	next.cancelled = true
	m.store(next)
	m.acted(r)
	m.update(next, r, cause{kind: Person})
	return nil
}

// Delete takes an appointment out of the calendar; the organiser's deletion cancels it for the attendees.
func (m *Mailbox) Delete(id string) error {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok {
		return m.misused("delete", id)
	}
	if r.date != "" {
		return m.dropOccurrence(it, r)
	}
	m.acted(r)
	m.withdraw(it, cause{kind: Person})
	m.remove(it.key)
	return nil
}

// Copy duplicates an appointment the way calendar clients do: extended properties and body come along, join block included;
// the copy has an id and an iCalUId of its own.
func (m *Mailbox) Copy(id string) Event {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok {
		_ = m.misused("copy", id)
		return Event{}
	}
	if r.date != "" {
		it = it.merged(r.date, true)
	}
	next := it.clone()
	next.key, next.uid, next.master = m.newKey(), newUID(m.rng), ""
	next.organizer, next.mine, next.response = person{m.name, m.address}, true, "organizer"
	if next.kind != "seriesMaster" {
		next.kind = "singleInstance"
	}
	m.store(next)
	m.copied(r, ref{key: next.key}, next)
	m.invite(next, cause{kind: Person})
	return m.event(next)
}

// Event shows how an appointment or occurrence stands; false when it is not there.
func (m *Mailbox) Event(id string) (Event, bool) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	it, r, ok := m.find(id)
	if !ok {
		return Event{}, false
	}
	if r.date != "" {
		it = it.merged(r.date, !m.w.quirks.OwnProperties)
	}
	return m.event(it), true
}

// Events shows all appointments in the order of their making: singles and masters, copies of others' invitations included.
func (m *Mailbox) Events() []Event {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	var all []Event
	for _, key := range m.order {
		if it := m.items[key]; it != nil {
			all = append(all, m.event(it))
		}
	}
	return all
}

func (m *Mailbox) misused(act, id string) error {
	return m.misusedBy(fmt.Errorf("%s: %s has no event %q", act, m.address, id))
}

func (m *Mailbox) misusedBy(err error) error {
	m.w.misused(err)
	return err
}
