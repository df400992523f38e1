package simulator

import (
	"strings"
	"testing"
)

func TestAPatchNeedsAMatchingEtagAndGivesANewOne(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	body := js{"body": js{"contentType": "HTML", "content": "<p>x</p>"}}
	if r := c.do("PATCH", events(alice_, e.ID), body, "If-Match", `W/"old"`); r.status != 412 || code(r) != "ErrorIrresolvableConflict" {
		t.Errorf("%d %s", r.status, r.body)
	}
	got := c.ok("PATCH", events(alice_, e.ID), body, "If-Match", e.ETag, "Prefer", immutable)
	if got["@odata.etag"] == e.ETag || got["@odata.etag"] != `W/"`+got["changeKey"].(string)+`"` || got["id"] != e.ID {
		t.Errorf("%v %v", got["@odata.etag"], got["changeKey"])
	}
	if !strings.Contains(got["body"].(js)["content"].(string), "Microsoft Exchange Server") {
		t.Errorf("the body was not rewritten: %v", got["body"])
	}
	_ = m.Edit(e.ID, func(d *Draft) { d.Subject = "y" })
	if r := c.do("PATCH", events(alice_, e.ID), body, "If-Match", got["@odata.etag"].(string)); r.status != 412 {
		t.Errorf("after a person's edit: %d", r.status)
	}
	c.ok("PATCH", events(alice_, e.ID), body, "If-Match", "*")
	c.ok("PATCH", events(alice_, e.ID), body)
}

func TestAPatchIsRefusedForWhatGraphDoesNotTake(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	for body, want := range map[string]int{
		`{"subjekt":"x"}`: 400, `{`: 400, `{"start":{"dateTime":"nonsense","timeZone":"UTC"}}`: 400,
		`{"body":{"content":"` + strings.Repeat("x", 5<<20) + `"}}`: 413,
	} {
		if r := c.do("PATCH", events(alice_, e.ID), body); r.status != want {
			t.Errorf("%.40s: %d", body, r.status)
		}
	}
	if r := c.do("PATCH", events(alice_, e.ID), `{}`, "Content-Type", "text/plain"); r.status != 415 {
		t.Errorf("text/plain: %d", r.status)
	}
}

func TestAPatchOfAnOccurrenceMakesAnException(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 3))
	id := m.OccurrenceID(e.ID, "2026-01-12")
	before := c.ok("GET", events(alice_, id), nil, "Prefer", immutable)
	got := c.ok("PATCH", events(alice_, id), js{"body": js{"contentType": "html", "content": "<p>only here</p>"}}, "If-Match", before["@odata.etag"].(string), "Prefer", immutable)
	if before["type"] != "occurrence" || got["type"] != "exception" || got["id"] != id || got["seriesMasterId"] != e.ID {
		t.Errorf("%v %v %v", before["type"], got["type"], got["id"])
	}
	if r := c.do("PATCH", events(alice_, id), js{"body": js{"contentType": "html", "content": "x"}}, "If-Match", before["@odata.etag"].(string)); r.status != 412 || got["@odata.etag"] == before["@odata.etag"] {
		t.Errorf("the etag of the occurrence still fits the exception: %d", r.status)
	}
	items, _ := c.round(link)
	same(t, "round", names(items), []string{"seriesMaster weekly", "occurrence 2026-01-05", "exception weekly", "occurrence 2026-01-19"})
	if r := c.do("GET", events(alice_, m.OccurrenceID(e.ID, "2026-01-13")), nil); r.status != 404 {
		t.Errorf("a date that is none of the series: %d", r.status)
	}
}

func TestAttendeesHaveCopiesWithIdsOfTheirOwnAndRoomsMayDropTheBody(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	alice := w.AddMailbox(alice_)
	bob := w.AddMailbox("bob@example.com", WithAliases("robert@example.com"))
	strict, kind := w.AddMailbox("room1@example.com", AsRoom(false)), w.AddMailbox("room2@example.com", AsRoom(true))
	d := at(1, 0)
	d.Body, d.Attendees = "the agenda", []string{"robert@example.com", "room1@example.com", "room2@example.com", "out@example.org"}
	e := alice.Create(d)
	c.write(alice, e.ID, "<p>join here</p>")
	copyOf := func(m *Mailbox) Event {
		t.Helper()
		list := m.Events()
		if len(list) != 1 {
			t.Fatalf("%s has %d events", m.Address(), len(list))
		}
		return list[0]
	}
	b := copyOf(bob)
	if b.ID == e.ID || b.ICalUID != e.ICalUID || b.IsOrganizer || !strings.Contains(b.Body, "join here") || b.Properties != nil {
		t.Errorf("Bob's copy: %+v", b)
	}
	if b := copyOf(strict); strings.Contains(b.Body, "agenda") {
		t.Errorf("a room with DeleteComments keeps %q", b.Body)
	}
	if b := copyOf(kind); !strings.Contains(b.Body, "join here") {
		t.Errorf("the other room has %q", b.Body)
	}
	if full := c.ok("GET", events(alice_, e.ID), nil); full["attendees"].([]any)[1].(js)["type"] != "resource" && full["attendees"].([]any)[1].(js)["type"] != "Resource" {
		t.Errorf("%v", full["attendees"])
	}
	_ = alice.Cancel(e.ID)
	if !copyOf(bob).Cancelled {
		t.Error("the cancellation did not reach Bob")
	}
	mails := w.Mails()
	var kinds []string
	for _, m := range mails {
		kinds = append(kinds, string(m.By)+" "+m.Kind)
	}
	same(t, "mails", kinds, []string{"person invitation", "client update", "person cancellation"})
	if len(mails[1].To) != 4 || mails[1].Request == 0 {
		t.Errorf("%+v", mails[1])
	}
}

func TestAPatchOfAnExtendedPropertyAloneIsSilentUnlessTheQuirkSaysOtherwise(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	d := at(1, 0)
	d.Attendees = []string{"x@example.org"}
	e := m.Create(d)
	patch := js{"singleValueExtendedProperties": []js{{"id": mark, "value": "1"}}}
	w.ClearMails()
	c.ok("PATCH", events(alice_, e.ID), patch)
	if n := len(w.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	w.SetQuirks(func(q *Quirks) { q.PropertyMails = true })
	c.ok("PATCH", events(alice_, e.ID), patch)
	if n := len(w.Mails()); n != 1 {
		t.Errorf("%d mails with the quirk", n)
	}
}

func TestAnEventIsMadeOnceForOneTransactionId(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	body := js{
		"subject": "test", "transactionId": "t-1", "body": js{"contentType": "HTML", "content": "hello"}, "location": js{"displayName": "here"},
		"start": js{"dateTime": "2026-02-02T12:00:00", "timeZone": "Pacific Standard Time"}, "end": js{"dateTime": "2026-02-02T13:00:00", "timeZone": "Pacific Standard Time"},
		"recurrence": js{"pattern": js{"type": "weekly", "interval": 1, "daysOfWeek": []string{"Monday"}}, "range": js{"type": "endDate", "startDate": "2026-02-02", "endDate": "2026-03-01"}},
		"attendees":  []js{{"type": "required", "emailAddress": js{"address": "x@example.org", "name": "X"}}},
	}
	r := c.do("POST", users(alice_, "events"), body, "Prefer", immutable)
	if r.status != 201 || r.js["type"] != "seriesMaster" || r.js["start"].(js)["dateTime"] != "2026-02-02T20:00:00.0000000" || r.js["originalStartTimeZone"] != "Pacific Standard Time" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	again := c.do("POST", users(alice_, "events"), body, "Prefer", immutable)
	if again.status != 409 || code(again) != "ErrorDuplicateTransactionId" || again.js["error"].(js)["@event.existingEventId"] != r.js["id"] {
		t.Errorf("%d %s", again.status, again.body)
	}
	c.ok("PATCH", events(alice_, r.js["id"].(string)), js{"subject": "test 2"})
	if r := c.do("DELETE", events(alice_, r.js["id"].(string)), nil); r.status != 204 {
		t.Errorf("DELETE: %d", r.status)
	}
	if len(m.Events()) != 0 {
		t.Error("the event is still there")
	}
	if err := w.CheckAlways(); err != nil {
		t.Errorf("a test event of the client's own: %v", err)
	}
	if n := len(w.Mails()); n != 3 {
		t.Errorf("%d mails, want invitation, update, cancellation", n)
	}
}
