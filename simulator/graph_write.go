package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// eventPatch is what POST and PATCH of an event may carry; members that are nil were not sent (microsoft-graph.md 3).
type eventPatch struct {
	Subject  *string
	Body     *struct{ ContentType, Content string }
	Location *struct{ DisplayName string }
	Start    *zonedTime
	End      *zonedTime
	IsAllDay *bool

	Attendees *[]struct {
		Type         string
		EmailAddress struct{ Name, Address string }
	}
	Recurrence      json.RawMessage
	Sensitivity     *string
	ShowAs          *string
	IsOnlineMeeting *bool
	HideAttendees   *bool
	TransactionID   string `json:"transactionId"`

	SingleValueExtendedProperties []struct{ ID, Value string }
}

type zonedTime struct{ DateTime, TimeZone string }

// settable are the members that Graph takes and this simulator keeps; ignorable those that it takes without a trace.
var (
	settable = set(`subject body location locations start end isAllDay attendees recurrence sensitivity showAs isOnlineMeeting
		hideAttendees transactionId singleValueExtendedProperties`)
	ignorable = set(`categories importance reminderMinutesBeforeStart isReminderOn responseRequested allowNewTimeProposals
		onlineMeetingProvider originalStartTimeZone originalEndTimeZone responseStatus iCalUId`)
	// ours are the members that the program has business to write in a person's event.
	ours = set(`body location singleValueExtendedProperties`)
)

// readPatch decodes a body and lists the members that it has.
func (c *call) readPatch() (eventPatch, []string, *answer) {
	var members map[string]json.RawMessage
	var p eventPatch
	if len(c.body) > maxBody {
		return p, nil, c.refusal(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
	}
	kind := c.r.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "application/json") {
		return p, nil, c.graphError(http.StatusUnsupportedMediaType, "RequestBodyRead", "The media type "+kind+" is not supported.")
	}
	if json.Unmarshal(c.body, &members) != nil || json.Unmarshal(c.body, &p) != nil {
		return p, nil, c.graphError(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
	}
	for name := range members {
		if !settable[name] && !ignorable[name] {
			return p, nil, c.graphError(http.StatusBadRequest, "RequestBodyRead",
				fmt.Sprintf("The property '%s' does not exist on type 'microsoft.graph.event'.", name))
		}
	}
	return p, sortedKeys(members), nil
}

// patchEvent serves PATCH of a single event, a master, or an occurrence, which becomes an exception.
func (c *call) patchEvent() *answer {
	p, members, a := c.readPatch()
	if a != nil {
		return a
	}
	c.w.mu.Lock()
	it, r, a := c.seek()
	if a == nil {
		a = c.clash(it, r)
	}
	if a != nil {
		c.w.mu.Unlock()
		return a
	}
	m := c.box
	was := it
	if r.date != "" {
		was = it.merged(r.date, true)
	}
	next, err := c.applied(was, p)
	if err != nil {
		c.w.mu.Unlock()
		return c.graphError(http.StatusBadRequest, "ErrorInvalidRequest", err.Error())
	}
	full := next
	if r.date != "" {
		x := difference(it, it.exceptions[r.date], was, next)
		if p.Body != nil {
			x.body = &next.body // what was written is its own, though it be the series' word for word
		}
		full = m.except(it, r.date, x)
		next = full.merged(r.date, true)
	} else {
		m.store(next)
	}
	c.patched(r, was, next, p, members)
	if len(members) != 1 || p.SingleValueExtendedProperties == nil || c.w.quirks.PropertyMails {
		m.update(full, r, cause{Client, c.N})
	}
	quirks := c.w.quirks
	c.w.mu.Unlock()
	return c.entity(writer{box: m, reader: c.Mailbox, p: prefer(c.r.Header), quirks: quirks}, next)
}

// clash is the 412 for an If-Match that does not fit, or for nothing at all (microsoft-graph.md 3).
func (c *call) clash(it *item, r ref) *answer {
	etag := it.etag()
	if r.date != "" {
		etag = it.merged(r.date, true).etag()
	}
	match := c.r.Header.Get("If-Match")
	if match != "" && match != "*" && match != etag || c.box.rng.Float64() < c.w.quirks.SpuriousClash {
		return c.refusal(http.StatusPreconditionFailed, "ErrorIrresolvableConflict")
	}
	return nil
}

// applied is the item with a patch on it.
func (c *call) applied(was *item, p eventPatch) (*item, error) {
	m := c.box
	it := was.clone()
	if p.Subject != nil {
		it.subject = *p.Subject
	}
	if p.Location != nil {
		it.location = p.Location.DisplayName
	}
	if p.Body != nil {
		b := body{html: !strings.EqualFold(p.Body.ContentType, "text"), content: p.Body.Content}
		if it.teams != nil && !strings.Contains(b.content, it.teams.blob) {
			c.w.violated(Violation{Promise: "P3", Request: c.N, Mailbox: m.address, Event: c.Item, Text: "the PATCH does not hold the Teams blob byte for byte"})
			it.teams = nil // without its blob the online meeting is switched off
		}
		it.body = c.w.stored(b, it.teams)
	}
	if p.Sensitivity != nil {
		it.sensitivity = strings.ToLower(*p.Sensitivity)
	}
	if p.ShowAs != nil {
		it.showAs = *p.ShowAs
	}
	if p.HideAttendees != nil {
		it.hidden = *p.HideAttendees
	}
	if p.IsOnlineMeeting != nil && *p.IsOnlineMeeting && it.teams == nil {
		it.teams = newTeams(m.rng)
		it.body.content = beforeEnd(it.body.content, it.teams.blob)
	}
	if p.Attendees != nil {
		it.attendees = []attendee{}
		for _, a := range *p.Attendees {
			it.attendees = append(it.attendees, c.w.people([]string{a.EmailAddress.Address}, was.attendees)...)
		}
	}
	if p.SingleValueExtendedProperties != nil {
		it.props = maps.Clone(it.props)
		if it.props == nil {
			it.props = map[string]string{}
		}
		for _, prop := range p.SingleValueExtendedProperties {
			it.props[propertyID(prop.ID)] = prop.Value
		}
	}
	return it, c.reschedule(it, p)
}

// reschedule applies times and recurrence of a patch.
func (c *call) reschedule(it *item, p eventPatch) error {
	if p.Start == nil && p.End == nil && p.IsAllDay == nil && p.Recurrence == nil {
		return nil
	}
	d := c.box.draft(it)
	if p.Start != nil {
		t, err := p.Start.time()
		if err != nil {
			return err
		}
		d.Start, d.Zone = t, p.Start.TimeZone
	}
	if p.End != nil {
		t, err := p.End.time()
		if err != nil {
			return err
		}
		d.End = t
	}
	if p.IsAllDay != nil {
		d.AllDay = *p.IsAllDay
	}
	if p.Recurrence != nil {
		rec, err := readRecurrence(p.Recurrence)
		if err != nil {
			return err
		}
		d.Recurrence = rec
	}
	start, end, zone, loc, err := c.w.schedule(d, c.box.zone)
	if err != nil {
		return err
	}
	old := it.clone()
	it.start, it.end, it.zone, it.loc, it.allDay = start, end, zone, loc, d.AllDay
	if it.master == "" {
		return c.box.composeSeries(it, old, d.Recurrence)
	}
	return nil
}

func (z zonedTime) time() (time.Time, error) {
	loc, err := location(z.TimeZone)
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range []string{"2006-01-02T15:04:05.9999999", "2006-01-02T15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(layout, z.DateTime, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("dateTime %q cannot be read", z.DateTime)
}

// difference is the exception that turns the plain occurrence into next.
func difference(master *item, have *exception, was, next *item) exception {
	x := exception{}
	if have != nil {
		x = *have
	}
	if next.subject != was.subject {
		x.subject = &next.subject
	}
	if next.location != was.location {
		x.location = &next.location
	}
	if next.body != was.body {
		x.body = &next.body
	}
	if !next.start.Equal(was.start) || !next.end.Equal(was.end) {
		x.start, x.end = &next.start, &next.end
	}
	if next.allDay != was.allDay {
		x.allDay = &next.allDay
	}
	for id, value := range next.props {
		if master.props[id] != value {
			x.props = maps.Clone(x.props)
			if x.props == nil {
				x.props = map[string]string{}
			}
			x.props[id] = value
		}
	}
	return x
}

// createEvent serves POST of an event: invitations go out at once, a repeated transactionId is refused (microsoft-graph.md 4.1).
func (c *call) createEvent() *answer {
	p, _, a := c.readPatch()
	if a != nil {
		return a
	}
	c.w.mu.Lock()
	m := c.box
	if key, used := m.made[p.TransactionID]; p.TransactionID != "" && used {
		defer c.w.mu.Unlock()
		return jsonAnswer(http.StatusConflict, map[string]any{"error": map[string]any{
			"code": "ErrorDuplicateTransactionId", "message": messages["ErrorDuplicateTransactionId"],
			"@event.existingEventId": m.stamp.id(ref{key: key}, prefer(c.r.Header).immutable),
		}})
	}
	it := &item{
		key: m.newKey(), uid: newUID(m.rng), kind: "singleInstance", organizer: person{m.name, m.address}, mine: true,
		response: "organizer", showAs: "busy", sensitivity: "normal", zone: m.zone, loc: time.UTC, byClient: true,
		attendees: []attendee{}, transaction: p.TransactionID, body: body{html: true, content: emptyHTML},
	}
	next, err := c.applied(it, p)
	if err == nil && (p.Start == nil || p.End == nil) {
		err = fmt.Errorf("start and end are required")
	}
	if err != nil {
		c.w.mu.Unlock()
		return c.graphError(http.StatusBadRequest, "ErrorInvalidRequest", err.Error())
	}
	m.store(next)
	if p.TransactionID != "" {
		m.made[p.TransactionID] = next.key
	}
	m.typed(ref{key: next.key}, next)
	m.invite(next, cause{Client, c.N})
	quirks := c.w.quirks
	c.w.mu.Unlock()
	a = c.entity(writer{box: m, reader: c.Mailbox, p: prefer(c.r.Header), quirks: quirks}, next)
	a.status = http.StatusCreated
	return a
}

// deleteEvent serves DELETE: on the organiser's event cancellations go out.
func (c *call) deleteEvent() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	it, r, a := c.seek()
	if a == nil {
		a = c.clash(it, r)
	}
	if a != nil {
		return a
	}
	m := c.box
	if !it.byClient {
		c.w.violated(Violation{Promise: "P2", Request: c.N, Mailbox: m.address, Event: c.Item, Text: "the client deleted an event that it had not made"})
	}
	if r.date != "" {
		m.drop(it, r.date, cause{Client, c.N})
	} else {
		m.withdraw(it, cause{Client, c.N})
		m.remove(r.key)
	}
	return &answer{status: http.StatusNoContent}
}
