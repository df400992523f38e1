package simulator

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheAuditKnowsTheRulingsForTheBlockThatAPersonDeletes(t *testing.T) {
	s := served(t)
	if err := s.m.DeleteBlock(s.id); err != nil {
		t.Fatal(err)
	}
	if e, _ := s.m.Event(s.id); strings.Contains(e.Body, "webex.com") || s.m.Block(s.id) != "" {
		t.Fatalf("the block is still there: %s", e.Body)
	}
	s.broken("P3", "shows 0 join links")
	s.c.write(s.m, s.id, blockText(s.meeting().Link))
	s.clean()
	_ = s.m.DeleteBlock(s.id)
	s.clean() // a second time it stays out, and the meeting stays
}

func TestTheAuditKnowsTheRulingsForTheMeetingThatAHostDeletes(t *testing.T) {
	s := served(t)
	_ = s.w.DeleteMeeting(s.met)
	old := s.meeting().Link
	link := s.c.ok("POST", WebexURL+"/meetings", js{"title": "Plans", "start": "2026-01-05T13:00:00Z", "end": "2026-01-05T14:00:00Z", "hostEmail": alice_, "sendEmail": false})
	block := s.block()
	s.patch(block, strings.ReplaceAll(block, old, link["webLink"].(string)))
	s.clean()
	s.met = link["id"].(string)
	_ = s.w.DeleteMeeting(s.met)
	s.patch(s.block(), "")
	s.clean()
}

func TestTheAuditLetsAnAlteredBlockGoOrStay(t *testing.T) {
	for _, keep := range []bool{true, false} {
		s := served(t)
		if err := s.m.AlterBlock(s.id, 2, "Zoom:"); err != nil {
			t.Fatal(err)
		}
		e, _ := s.m.Event(s.id)
		if !strings.Contains(e.Body, "Join by Zoom:") {
			t.Fatalf("%s", e.Body)
		}
		if !keep {
			s.patch(s.block(), blockText(s.meeting().Link))
		}
		if err := s.w.CheckAlways(); err != nil {
			t.Errorf("keep %v: %v", keep, err)
		}
	}
}

func TestTheAuditKnowsCopiesAndPastedBlocks(t *testing.T) {
	s := served(t)
	e := s.m.Copy(s.id)
	if e.ID == s.id || e.Properties[mark] == "" || !strings.Contains(e.Body, "webex.com") {
		t.Fatalf("copy %+v", e)
	}
	s.broken("P1", "of event") // both lead to one meeting
	copied := *s
	copied.id = e.ID
	met := s.create("Plans")
	s.c.ok("PATCH", WebexURL+"/meetings/"+met["id"].(string), js{"hostEmail": alice_, "sendEmail": false, "start": "2026-01-05T13:00:00Z", "end": "2026-01-05T14:00:00Z"})
	copied.patch(copied.block(), blockText(met["webLink"].(string)))
	s.clean()

	plain := s.m.Create(Draft{Subject: "notes", Body: "see below", HTML: true, Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour)})
	if err := s.m.PasteBody(plain.ID, s.id); err != nil {
		t.Fatal(err)
	}
	s.clean() // without a keyword a quoted block is left alone
}

func TestTheAuditLeavesForeignDetailsDraftsAndThePastAlone(t *testing.T) {
	w, _, pass := newWorld(t, Options{})
	m := w.AddMailbox(alice_)
	w.AddMailbox("stranger@example.com", WithoutWebex())
	rest := AtRest{Enrolled: []string{alice_, "stranger@example.com"}}
	d := at(1, 0)
	d.Location = "@webex:onetime"
	foreign := d
	foreign.Body, foreign.HTML = `<a href="https://other.webex.com/other/j.php?MTID=m1">Join</a>`, true
	m.Create(foreign)
	foreign.Body = "https://other.webex.com/meet/somebody"
	m.Create(foreign)
	draft := d
	draft.Draft = true
	m.Create(draft)
	far := at(400, 0)
	far.Location = "@webex"
	m.Create(far)
	w.Mailbox("stranger@example.com").Create(d)
	mail := d
	mail.Location = "ask user@webex.com"
	m.Create(mail)
	rest.To = noon.AddDate(0, 0, 180)
	w.Audit(t, rest)
	m.Create(d)
	if w.Check(rest) == nil {
		t.Error("an ordinary event was forgotten and the audit says nothing")
	}
	pass(48 * time.Hour)
	w.Audit(t, rest)
}

func TestTheAuditChecksPersonalRooms(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox(alice_)
	w.AddMailbox("bob@example.com")
	rest := AtRest{Enrolled: []string{alice_}}
	d := at(1, 0)
	d.Location, d.HTML = "@webex", true
	e := m.Create(d)
	if w.Check(rest) == nil {
		t.Error("nothing was written and the audit says nothing")
	}
	c.write(m, e.ID, blockText(w.PersonalRoom("bob@example.com")))
	if err := w.Check(rest); err == nil || !strings.Contains(err.Error(), "Personal Room of bob@") {
		t.Errorf("somebody else's room: %v", err)
	}
	d = at(2, 0)
	d.Location, d.HTML, d.AllDay = "@webex:onetime", true, true
	rest.From = noon.AddDate(0, 0, 1).Add(3 * time.Hour)
	e = m.Create(d)
	c.write(m, e.ID, blockText(w.PersonalRoom(alice_)))
	w.Audit(t, rest) // an all-day event gets the room instead of a meeting
}

func TestTheAuditLooksForTheSpaceAndItsMembers(t *testing.T) {
	s := served(t, func(d *Draft) { d.Location = "@meet" })
	s.rest.Spaces = true
	s.broken("P1", "lacks the space itself")
	room := s.space("Plans")
	s.broken("P1", "belongs to no event")
	s.say(room, "join at "+s.meeting().Link)
	s.broken("P1", "lacks "+alice_)
	s.join(room, alice_)
	s.broken("P1", "lacks bob@example.com")
	s.join(room, "bob@example.com")
	s.clean()
}

func TestTheAuditSaysNothingOfAnEventThatHasBegun(t *testing.T) {
	w, _, pass := newWorld(t, Options{})
	m := w.AddMailbox(alice_)
	pass(90 * time.Minute)
	d := at(0, 1)
	d.Location = "@webex:onetime"
	m.Create(d)
	w.Audit(t, AtRest{Enrolled: []string{alice_}})
}

func TestTeamsBlobsStayByteForByte(t *testing.T) {
	s := served(t, func(d *Draft) { d.Teams = true })
	e, _ := s.m.Event(s.id)
	if !strings.Contains(e.Body, "Microsoft Teams Meeting") || !e.Teams {
		t.Fatalf("no blob in %s", e.Body)
	}
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	s.patch("&#43;1 323", "+1 323")
	s.broken("P3", "Teams blob byte for byte")
	if e, _ := s.m.Event(s.id); e.Teams {
		t.Error("the online meeting is still on")
	}
}

func TestTheAuditComparesEveryOccurrence(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox(alice_)
	d := weekly(noon.Add(time.Hour), 4)
	d.Location, d.HTML = "@webex:onetime", true
	e := m.Create(d)
	met := c.ok("POST", WebexURL+"/meetings", js{"title": "weekly", "start": "2026-01-05T13:00:00Z", "end": "2026-01-05T14:00:00Z", "hostEmail": alice_,
		"sendEmail": false, "recurrence": "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=4"})
	c.write(m, e.ID, blockText(met["webLink"].(string)))
	rest := AtRest{Enrolled: []string{alice_}, Occurrences: true}
	w.Audit(t, rest)
	_ = m.CancelOccurrence(e.ID, "2026-01-12")
	if err := w.Check(rest); err == nil || !strings.Contains(err.Error(), "2026-01-12T13:00:00Z") {
		t.Errorf("a cancelled occurrence: %v", err)
	}
	if r := c.do("DELETE", WebexURL+"/meetings/"+met["id"].(string)+"_20260112T130000Z?sendEmail=false&hostEmail="+alice_, nil); r.status != http.StatusNoContent {
		t.Fatalf("%d %s", r.status, r.body)
	}
	w.Audit(t, rest)
	_ = m.EditOccurrence(e.ID, "2026-01-19", func(d *Draft) { d.End = d.End.Add(time.Hour) })
	if w.Check(rest) == nil {
		t.Error("a longer occurrence: nothing")
	}
	c.ok("PATCH", WebexURL+"/meetings/"+met["id"].(string)+"_20260119T130000Z", js{"hostEmail": alice_, "sendEmail": false, "start": "2026-01-19T13:00:00Z", "end": "2026-01-19T15:00:00Z"})
	w.Audit(t, rest)
}

func TestTheAuditFollowsAnOccurrenceThatBecomesSomethingOfItsOwn(t *testing.T) {
	s := served(t, func(d *Draft) { d.Recurrence = &Recurrence{Pattern: "daily", Count: 4} })
	id := s.m.OccurrenceID(s.id, "2026-01-06")
	if err := s.m.Edit(id, func(d *Draft) { d.Subject = "special" }); err != nil {
		t.Fatal(err)
	}
	s.clean() // it shows its master's block
	if err := s.m.Edit(id, func(d *Draft) { d.Location = "Room 4" }); err != nil {
		t.Fatal(err)
	}
	s.broken("P3", "asks for nothing (no keyword) and holds a block")
	one := *s
	one.id = id
	one.patch(one.block(), "")
	s.clean()
	if err := s.m.Edit(id, func(d *Draft) { d.Location, d.Body = "@webex:onetime", strings.Replace(d.Body, "Dear", "Dear old", 1) }); err != nil {
		t.Fatal(err)
	}
	s.broken("P3", "shows 0 join links")
	met := s.create("special")
	s.c.write(s.m, id, blockText(met["webLink"].(string)))
	s.clean()
	s.edit(func(d *Draft) { d.Location = "" }) // the series loses its keyword, the occurrence has its own
	s.patch(s.block(), "")
	s.delete(s.met)
	s.clean()
	if n := len(s.w.Live()); n != 1 {
		t.Errorf("%d live meetings", n)
	}
}
