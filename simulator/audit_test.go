package simulator

import (
	"strings"
	"testing"
	"time"
)

// scene is a world in which one event asks for a meeting of its own and has been served well.

type scene struct {
	t    *testing.T
	w    *World
	c    *client
	m    *Mailbox
	id   string
	met  string // meeting id
	rest AtRest
	pass func(time.Duration)
}

func served(t *testing.T, change ...func(*Draft)) *scene {
	w, c, pass := newWorld(t, Options{Seed: 2})
	s := &scene{t: t, w: w, c: c, m: w.AddMailbox(alice_), pass: pass, rest: AtRest{Enrolled: []string{alice_}}}
	w.AddMailbox("bob@example.com")
	d := Draft{
		Subject: "Plans", Location: "Room 4; @Webex:OneTime", Body: "<p>Dear all, bring the <b>plans</b> along.</p><p>Alice</p>", HTML: true,
		Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour), Attendees: []string{"bob@example.com"},
	}
	for _, f := range change {
		f(&d)
	}
	s.id = s.m.Create(d).ID
	s.met = c.joined(s.m, s.id)
	w.Audit(t, s.rest)
	return s
}

// broken checks that the audit names a promise and a text.

func (s *scene) broken(promise, text string) {
	s.t.Helper()
	err := s.w.Check(s.rest)
	if err == nil || !strings.Contains(err.Error(), promise+": ") || !strings.Contains(err.Error(), text) {
		s.t.Errorf("the audit says %v, want %s with %q", err, promise, text)
	}
}

func (s *scene) clean() {
	s.t.Helper()
	s.w.Audit(s.t, s.rest)
}

func (s *scene) edit(change func(*Draft)) {
	s.t.Helper()
	if err := s.m.Edit(s.id, change); err != nil {
		s.t.Fatal(err)
	}
}

// patch replaces text in the body as the client sees it.

func (s *scene) patch(old, with string) {
	s.t.Helper()
	e := s.c.ok("GET", events(alice_, s.id), nil)
	content := e["body"].(js)["content"].(string)
	if !strings.Contains(content, old) {
		s.t.Fatalf("%q is not in %q", old, content)
	}
	s.c.ok("PATCH", events(alice_, s.id), js{"body": js{"contentType": "html", "content": strings.Replace(content, old, with, 1)}})
}

func (s *scene) meeting() Meeting {
	for _, m := range s.w.Meetings() {
		if m.ID == s.met {
			return m
		}
	}
	s.t.Fatal("no meeting")
	return Meeting{}
}

func (s *scene) create(title string, header ...string) js {
	return s.c.ok("POST", WebexURL+"/meetings", js{"title": title, "start": "2026-01-06T13:00:00Z", "end": "2026-01-06T14:00:00Z", "hostEmail": alice_, "sendEmail": false}, header...)
}

func (s *scene) delete(id string) reply {
	return s.c.do("DELETE", WebexURL+"/meetings/"+id+"?sendEmail=false&hostEmail="+alice_, nil)
}

func TestTheAuditFindsASecondMeeting(t *testing.T) {
	s := served(t)
	s.create("Plans")
	s.broken("P1", "belongs to no event")
}

func TestTheAuditFindsAMeetingThatIsGone(t *testing.T) {
	s := served(t)
	_ = s.w.DeleteMeeting(s.met)
	s.broken("P1", "of no live meeting")
}

func TestTheAuditFindsAMeetingLeftOfADeletedEvent(t *testing.T) {
	s := served(t)
	_ = s.m.Delete(s.id)
	s.broken("P1", "belongs to no event")
	s.delete(s.met)
	s.clean()
}

func TestTheAuditFindsABlockLeftWhenTheKeywordIsGone(t *testing.T) {
	s := served(t)
	s.edit(func(d *Draft) { d.Location = "Room 4" })
	s.broken("P3", "asks for nothing (no keyword) and holds a block")
	s.patch(s.block(), "")
	s.broken("P1", "belongs to no event")
	s.delete(s.met)
	s.clean()
}

// block is the HTML of the block as Exchange has stored it.

func (s *scene) block() string {
	e, _ := s.m.Event(s.id)
	_, after, _ := strings.Cut(e.Body, "<div>")
	return "<div>" + after[:strings.LastIndex(after, "</div>")] + "</div>"
}

func TestTheAuditFindsAMeetingWithOtherTimesTitleOrHost(t *testing.T) {
	s := served(t)
	_ = s.m.Move(s.id, noon.Add(5*time.Hour))
	s.broken("P1", "is from 2026-01-05T13:00:00Z to 2026-01-05T14:00:00Z")
	s.c.ok("PATCH", WebexURL+"/meetings/"+s.met, js{"hostEmail": alice_, "sendEmail": false, "start": "2026-01-05T17:00:00Z", "end": "2026-01-05T18:00:00Z"})
	s.clean()
	s.edit(func(d *Draft) { d.Subject = "Other plans" })
	s.broken("P1", `has the title "Plans"`)
}

func TestTheAuditFindsLostAndAddedWords(t *testing.T) {
	for name, change := range map[string][2]string{
		"lost":      {"<b>plans</b> ", ""},
		"changed":   {"bring", "take"},
		"added":     {"Dear", "My Dear"},
		"reordered": {"Dear all,", "all, Dear"},
		"glued":     {" along", "along"},
	} {
		t.Run(name, func(t *testing.T) {
			s := served(t)
			s.edit(func(d *Draft) { d.Subject = "Plans" }) // pays for one PATCH
			s.patch(change[0], change[1])
			s.broken("P3", "words of the person are lost or others added")
			if err := s.w.CheckAlways(); err == nil {
				t.Error("CheckAlways says nothing")
			}
		})
	}
}

func TestTheAuditLetsABlockBeReplacedMovedAndTakenOut(t *testing.T) {
	s := served(t)
	s.edit(func(d *Draft) { d.Sensitivity = "private" })
	s.patch("Meeting number: 2541 422 4390", "Access code 1234")
	s.clean()
	s.edit(func(d *Draft) { d.Sensitivity = "normal" })
	block := s.block()
	e := s.c.ok("GET", events(alice_, s.id), nil)["body"].(js)["content"].(string)
	e = strings.Replace(strings.Replace(e, block, "", 1), "<p>Dear", block+"<p>Dear", 1)
	s.c.ok("PATCH", events(alice_, s.id), js{"body": js{"contentType": "html", "content": e}})
	s.clean()
}

func TestTheAuditFindsOneJoinLinkTooManyAndTooFew(t *testing.T) {
	s := served(t)
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	link := s.meeting().Link
	s.patch("</div>", "<p>"+link+"</p></div>")
	s.broken("P3", "shows 2 join links")
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	s.patch(s.block(), "<div>Join somewhere</div>")
	s.broken("P3", "shows 0 join links")
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	s.patch("Join somewhere", `<a href="`+link+`">Join</a>`)
	s.broken("P3", "shows 0 join links")
}

func TestTheAuditCountsPatchesAgainstWhatPeopleDid(t *testing.T) {
	s := served(t)
	s.patch("Dear", "Dear")
	s.broken("P6", "2 PATCHes for 1 changes by people")
	s = served(t)
	for range 3 {
		s.edit(func(d *Draft) { d.Body = strings.Replace(d.Body, "Dear", "Dear dear", 1) })
	}
	for range 3 {
		s.patch("Alice", "Alice")
	}
	s.clean()
	s = served(t)
	s.m.Allow(1)
	s.patch("Alice", "Alice")
	s.clean()
}

func TestTheAuditFindsWritesToWhatSomebodyElseOrganises(t *testing.T) {
	s := served(t)
	bob := s.w.Mailbox("bob@example.com")
	s.c.ok("PATCH", events("bob@example.com", bob.Events()[0].ID), js{"body": js{"contentType": "html", "content": "x"}})
	s.broken("P2", "somebody else organises")
}

func TestTheAuditFindsWritesToEventsThatAskForNothing(t *testing.T) {
	s := served(t)
	e := s.m.Create(at(3, 0))
	s.c.ok("PATCH", events(alice_, e.ID), js{"location": js{"displayName": ""}})
	s.broken("P2", "asks for nothing and holds nothing of ours")
}

func TestTheAuditFindsMembersThatAreNoneOfOurBusiness(t *testing.T) {
	s := served(t)
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	s.c.ok("PATCH", events(alice_, s.id), js{"subject": "Mine"})
	s.broken("P3", "PATCH carries subject")
}

func TestTheAuditFindsALocationThatIsNotAsTyped(t *testing.T) {
	s := served(t)
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	link := s.meeting().Link
	s.c.ok("PATCH", events(alice_, s.id), js{"location": js{"displayName": "Room 4; @Webex:OneTime " + link}})
	s.broken("P3", "the location is not")
	s.rest.Link = true
	s.clean()
	s.edit(func(d *Draft) { d.Subject = "Plans" })
	s.c.ok("PATCH", events(alice_, s.id), js{"location": js{"displayName": link}})
	s.broken("P3", "became")
}

func TestTheAuditFindsForeignMeetingsChangedOrDeleted(t *testing.T) {
	s := served(t)
	m, err := s.w.HostMeeting(alice_, "own", noon.Add(time.Hour), noon.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s.c.ok("PATCH", WebexURL+"/meetings/"+m.ID, js{"hostEmail": alice_, "sendEmail": false, "title": "theirs"})
	s.broken("P2", "changed a meeting that it had not made")
	s.w.ClearViolations()
	s.edit(func(d *Draft) { d.Subject = "theirs" })
	mine := s.meeting().Link
	block := s.block()
	s.patch(block, strings.ReplaceAll(block, mine, m.Link))
	s.broken("P2", "which the client did not make")
	s.delete(m.ID)
	s.broken("P2", "deleted a meeting that it had not made")
}

func TestTheAuditFindsAMeetingDeletedWhileItsEventStillWantsIt(t *testing.T) {
	s := served(t)
	s.c.ok("GET", events(alice_, s.id), nil)
	s.delete(s.met)
	s.broken("P1", "still wants it")

	s = served(t) // the person typed the keyword anew a moment ago: the client could not know
	s.edit(func(d *Draft) { d.Location = "" })
	s.c.ok("GET", events(alice_, s.id), nil)
	s.edit(func(d *Draft) { d.Location = "@webex:onetime" })
	s.delete(s.met)
	if err := s.w.CheckAlways(); err != nil {
		t.Errorf("a race is no violation: %v", err)
	}

	s = served(t)
	s.m.Withdrawn(true)
	s.c.ok("GET", events(alice_, s.id), nil)
	s.delete(s.met)
	s.patch(s.block(), "")
	if err := s.w.CheckAlways(); err != nil {
		t.Errorf("the operator withdraws: %v", err)
	}
}

func TestTheAuditFindsMailOfWebex(t *testing.T) {
	for name, call := range map[string]func(s *scene) reply{
		"create": func(s *scene) reply {
			return s.c.do("POST", WebexURL+"/meetings", js{"title": "x", "start": "2026-01-06T13:00:00Z", "end": "2026-01-06T14:00:00Z", "hostEmail": alice_})
		},
		"patch": func(s *scene) reply {
			return s.c.do("PATCH", WebexURL+"/meetings/"+s.met, js{"hostEmail": alice_, "title": "Plans"})
		},
		"delete": func(s *scene) reply { return s.c.do("DELETE", WebexURL+"/meetings/"+s.met+"?hostEmail="+alice_, nil) },
		"invitee": func(s *scene) reply {
			return s.c.do("POST", WebexURL+"/meetingInvitees", js{"meetingId": s.met, "hostEmail": alice_, "email": "x@y.org"})
		},
		"bulk": func(s *scene) reply {
			return s.c.do("POST", WebexURL+"/meetingInvitees/bulkInsert", js{"meetingId": s.met, "hostEmail": alice_, "items": []js{{"email": "x@y.org", "sendEmail": false}, {"email": "z@y.org"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := served(t)
			if r := call(s); r.status > 299 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			s.broken("P6", "Webex was told to send mail")
		})
	}
}
