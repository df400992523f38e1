package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestManyPeopleAndCallersAtOnceDoNotRace(t *testing.T) {
	w := New(Options{Seed: 1, Quirks: Odd()})
	var boxes []*Mailbox
	for n := range 8 {
		boxes = append(boxes, w.AddMailbox(fmt.Sprintf("u%d@example.com", n)))
	}
	w.Fault(Rule{Probability: 0.05, Fault: Refuse(503, "serviceNotAvailable", "")})
	w.OnRequest(func(Request) {})
	var all sync.WaitGroup
	for n, m := range boxes {
		all.Go(func() { // the owner
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for range 40 {
				d := at(rng.IntN(90), 0)
				d.Attendees = []string{boxes[rng.IntN(8)].Address()}
				if rng.IntN(3) == 0 {
					d.Recurrence = &Recurrence{Pattern: "weekly", Count: 5}
				}
				e := m.Create(d)
				_ = m.Edit(e.ID, func(d *Draft) { d.Subject += "!" })
				if e.Type == "seriesMaster" {
					_ = m.CancelOccurrence(e.ID, m.Dates(e.ID, time.Time{}, d.Start.AddDate(1, 0, 0))[2])
				}
				if rng.IntN(4) == 0 {
					_ = m.Delete(e.ID)
				}
			}
		})
		all.Go(func() { // a sweep
			c := newClient(t, w)
			link := deltaURL(m.Address(), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 100))
			for range 60 {
				r := c.do("GET", link, nil, "Prefer", immutable)
				if r.status == 410 {
					link = deltaURL(m.Address(), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 100))
				}
				if next, ok := r.js["@odata.nextLink"].(string); ok {
					link = next
				} else if next, ok := r.js["@odata.deltaLink"].(string); ok {
					link = next
				}
				c.do("POST", WebexURL+"/meetings", js{"title": "x", "start": "2036-01-05T13:00:00Z", "end": "2036-01-05T14:00:00Z", "hostEmail": m.Address(), "sendEmail": false})
				c.do("GET", WebexURL+"/meetings?hostEmail="+m.Address(), nil)
			}
		})
		all.Go(func() { // somebody who looks on
			for range 20 {
				_ = w.Check(AtRest{Enrolled: []string{m.Address()}})
				w.Requests()
				w.Mails()
				w.Meetings()
				m.Events()
			}
		})
	}
	all.Wait()
	for _, m := range boxes {
		if n := w.MostInFlight(m.Address()); n > 1 {
			t.Errorf("%d requests in flight at once for one caller", n)
		}
	}
}

func TestASeriesIsSplitAndEnded(t *testing.T) {
	w, c, m, link, _ := calendar(t, Quirks{})
	d := weekly(noon, 6)
	d.Location = "@webex"
	e := m.Create(d)
	_, delta := c.round(link)
	next, err := m.SplitSeries(e.ID, "2026-01-26", func(d *Draft) { d.Subject = "from now on" })
	if err != nil {
		t.Fatal(err)
	}
	items, delta := c.round(delta)
	same(t, "after the split", names(items), []string{
		"seriesMaster weekly", "occurrence 2026-01-05", "occurrence 2026-01-12", "occurrence 2026-01-19",
		"seriesMaster from now on", "occurrence 2026-01-26", "occurrence 2026-02-02", "occurrence 2026-02-09",
	})
	if next.ICalUID == e.ICalUID || w.Mailbox(alice_).story(ref{key: mustRef(t, m, next.ID).key}).acts != 1 {
		t.Error("the new series is not one act of its own")
	}
	_ = m.EndSeries(next.ID, "2026-02-02")
	items, _ = c.round(delta)
	same(t, "after the end", names(items), []string{"seriesMaster from now on", "occurrence 2026-01-26", "occurrence 2026-02-02"})
}

func mustRef(t *testing.T, m *Mailbox, id string) ref {
	t.Helper()
	r, ok := m.stamp.ref(id)
	if !ok {
		t.Fatal("no id")
	}
	return r
}

func TestChangingTheHourOfASeriesWipesOutItsExceptionsAndChangingItsEndDoesNot(t *testing.T) {
	_, _, m, _, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 6))
	_ = m.EditOccurrence(e.ID, "2026-01-12", func(d *Draft) { d.Subject = "x" })
	_ = m.CancelOccurrence(e.ID, "2026-01-19")
	_ = m.Edit(e.ID, func(d *Draft) { d.Subject, d.End, d.Recurrence.Count = "y", d.End.Add(time.Hour), 8 })
	if now, _ := m.Event(e.ID); len(now.Exceptions) != 1 || len(now.Dropped) != 1 {
		t.Errorf("%v %v", now.Exceptions, now.Dropped)
	}
	_ = m.Move(e.ID, noon.Add(time.Hour))
	if now, _ := m.Event(e.ID); len(now.Exceptions) != 0 || len(now.Dropped) != 0 {
		t.Errorf("%v %v", now.Exceptions, now.Dropped)
	}
}

func TestWhatPeopleTypeInAnAttendeesCopyStaysThereUntilTheOrganiserWrites(t *testing.T) {
	w, _, m, _, _ := calendar(t, Quirks{})
	bob := w.AddMailbox("bob@example.com")
	d := at(1, 0)
	d.Attendees = []string{"bob@example.com"}
	e := m.Create(d)
	copied := bob.Events()[0]
	_ = bob.Edit(copied.ID, func(d *Draft) { d.Subject = "my words" })
	if now, _ := m.Event(e.ID); now.Subject != "d1" {
		t.Error("the organiser's event has changed")
	}
	_ = m.Edit(e.ID, func(d *Draft) { d.Location = "here" })
	if now, _ := bob.Event(copied.ID); now.Subject != "d1" || now.Location != "here" {
		t.Errorf("%+v", now)
	}
	_ = m.Edit(e.ID, func(d *Draft) { d.Draft = true })
}

func TestADraftIsNotSent(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	bob := w.AddMailbox("bob@example.com")
	d := at(1, 0)
	d.Attendees, d.Draft = []string{"bob@example.com"}, true
	e := m.Create(d)
	if len(bob.Events()) != 0 || len(w.Mails()) != 0 || c.ok("GET", events(alice_, e.ID), nil)["isDraft"] != true {
		t.Error("the draft was sent")
	}
	_ = m.Edit(e.ID, func(d *Draft) { d.Draft = false })
	if len(bob.Events()) != 1 || len(w.Mails()) != 1 {
		t.Error("the event was not sent")
	}
}

func TestRewritingAgainAndAgainDoesNotGrowABody(t *testing.T) {
	for name, h := range harshnesses {
		b := rewritten(body{html: true, content: strings.Join(bodies[:8], "<p>x</p>")}, h)
		first := len(b.content)
		for range 5 {
			b = rewritten(b, h)
		}
		if len(b.content) > first+20 {
			t.Errorf("%s: %d bytes became %d", name, first, len(b.content))
		}
	}
}

func TestAPersonWhoseWebexAddressIsAnAliasIsKnown(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox("alice.new@example.com", WithAliases(alice_), WithWebexEmail(alice_))
	d := at(1, 0)
	d.Location = "@webex"
	e := m.Create(d)
	rest := AtRest{Enrolled: []string{m.Address()}}
	if w.Check(rest) == nil {
		t.Error("the audit thinks that Webex does not know her")
	}
	if r := c.do("GET", WebexURL+"/meetingPreferences/personalMeetingRoom?userEmail=alice.new@example.com", nil); r.status != 404 {
		t.Errorf("%d", r.status)
	}
	c.write(m, e.ID, blockText(w.PersonalRoom(alice_)))
	w.Audit(t, rest)
}

func TestMisuseIsTold(t *testing.T) {
	w, _, m, _, _ := calendar(t, Quirks{})
	if m.Edit("nonsense", func(*Draft) {}) == nil || m.Move("x", noon) == nil || m.DeleteBlock("x") == nil || w.DeleteMeeting("x") == nil {
		t.Error("no error")
	}
	m.Create(Draft{Zone: "Middle Earth Standard Time"})
	if err := w.CheckAlways(); err == nil || !strings.Contains(err.Error(), "Middle Earth") {
		t.Errorf("%v", err)
	}
}

func TestSecretsListsTokensPinsAndKeys(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox(alice_)
	r := c.ok("GET", WebexURL+"/meetingPreferences/personalMeetingRoom?userEmail="+url.QueryEscape(alice_), nil)
	for _, secret := range []string{c.graph, c.webex, r["hostPin"].(string)} {
		if !slices.Contains(w.Secrets(), secret) {
			t.Errorf("%s is not there", secret)
		}
	}
	m := c.ok("POST", WebexURL+"/meetings", js{"title": "x", "start": "2026-01-06T13:00:00Z", "end": "2026-01-06T14:00:00Z", "hostEmail": alice_, "sendEmail": false})
	if !slices.Contains(w.Secrets(), m["hostKey"].(string)) || !slices.Contains(w.Passwords(), m["password"].(string)) {
		t.Error("host key or password")
	}
	e := w.Mailbox(alice_).Create(Draft{Subject: "x", Location: "@webex", Body: "y", HTML: true, Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)})
	c.write(w.Mailbox(alice_), e.ID, "<p>PIN "+r["hostPin"].(string)+"</p>")
	if err := w.CheckAlways(); err == nil || !strings.Contains(err.Error(), "P7") {
		t.Errorf("%v", err)
	}
}
