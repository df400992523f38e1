package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Draft is an appointment as a person fills it in. Edit hands over the appointment as it stands, join block included.
type Draft struct {
	Subject     string
	Location    string
	Body        string
	HTML        bool // Body is HTML; else plain text
	Start, End  time.Time
	Zone        string // Windows or IANA name; "" = the mailbox's
	AllDay      bool
	Attendees   []string // addresses; rooms of the directory become resources
	Hidden      bool     // attendees do not see each other
	Recurrence  *Recurrence
	Sensitivity string // normal (""), personal, private, confidential
	Teams       bool   // also a Teams meeting: Microsoft adds its blob
	Draft       bool   // saved, not sent
	Language    string // of the client that typed it: a mark in the HTML, no more
}

// Event is how an appointment stands at a moment.
type Event struct {
	Draft
	Mailbox     string // address of the mailbox that holds it
	ID          string // immutable form
	RestID      string // the other form
	ICalUID     string
	ETag        string
	Type        string // singleInstance, seriesMaster, occurrence, exception
	IsOrganizer bool
	Cancelled   bool
	Properties  map[string]string // extended property id → value
	Exceptions  []string          // original dates of the exceptions of a master
	Dropped     []string          // original dates of the cancelled occurrences of a master
}

// event shows an item to a test.
func (m *Mailbox) event(it *item) Event {
	r := ref{it.key, it.master}
	e := Event{
		Draft: m.draft(it), Mailbox: m.address,
		ID: m.stamp.id(r, true), RestID: m.stamp.id(r, false), ICalUID: it.icalUID(), ETag: it.etag(), Type: it.kind,
		IsOrganizer: it.mine, Cancelled: it.cancelled, Properties: it.props,
	}
	for date := range it.exceptions {
		e.Exceptions = append(e.Exceptions, date)
	}
	for date := range it.dropped {
		e.Dropped = append(e.Dropped, date)
	}
	slices.Sort(e.Exceptions)
	slices.Sort(e.Dropped)
	return e
}

// draft is the item as the person's client shows it.
func (m *Mailbox) draft(it *item) Draft {
	d := Draft{
		Subject: it.subject, Location: it.location, Body: it.body.content, HTML: it.body.html,
		Start: it.start.In(it.loc), End: it.end.In(it.loc), Zone: it.zone, AllDay: it.allDay, Hidden: it.hidden,
		Sensitivity: it.sensitivity, Teams: it.teams != nil, Draft: it.draft,
	}
	if it.rec != nil {
		rec := *it.rec
		rec.Days = slices.Clone(rec.Days)
		d.Recurrence = &rec
	}
	for _, a := range it.attendees {
		d.Attendees = append(d.Attendees, a.address)
	}
	return d
}

// schedule reads the times of a draft: what Exchange would make of them.
func (w *World) schedule(d Draft, fallback string) (start, end time.Time, zone string, loc *time.Location, err error) {
	zone = d.Zone
	if zone == "" {
		zone = fallback
	}
	if loc, err = location(zone); err != nil {
		return
	}
	start, end = d.Start, d.End
	if d.AllDay { // floating: midnight to midnight, kept in UTC
		start, end = midnight(start), midnight(end)
		loc = time.UTC
		if !end.After(start) {
			end = start.AddDate(0, 0, 1)
		}
	}
	start, end = start.UTC().Truncate(time.Second), end.UTC().Truncate(time.Second)
	if end.Before(start) {
		err = fmt.Errorf("an appointment cannot end (%s) before it starts (%s)", end, start)
	}
	return
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// people turns addresses into attendees.
func (w *World) people(addresses []string, before []attendee) []attendee {
	list := []attendee{}
	for _, address := range addresses {
		i := slices.IndexFunc(before, func(a attendee) bool { return strings.EqualFold(a.address, address) })
		if i >= 0 {
			list = append(list, before[i])
			continue
		}
		a := attendee{person: person{nameOf(address), address}, kind: "required", response: "none"}
		if m := w.names[strings.ToLower(address)]; m != nil {
			a.name = m.name
			if m.purpose == "room" || m.purpose == "equipment" {
				a.kind = "resource"
			}
		}
		list = append(list, a)
	}
	return list
}

// knownZone is zone, or UTC with a note of misuse.
func (w *World) knownZone(zone string) string {
	if _, err := location(zone); err != nil {
		w.misused(err)
		return "UTC"
	}
	return zone
}

// misused remembers wrong use of the package; Check returns it.
func (w *World) misused(err error) {
	w.misuse = append(w.misuse, fmt.Errorf("misuse of the simulator: %w", err))
}
