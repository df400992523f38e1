package simulator

import (
	"fmt"
	"net/http"
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
	room := s.c.ok("POST", WebexURL+"/rooms", js{"title": "Plans"})["id"]
	s.c.ok("POST", WebexURL+"/memberships", js{"roomId": room, "personEmail": alice_})
	s.broken("P1", "lacks bob@example.com")
	s.c.ok("POST", WebexURL+"/memberships", js{"roomId": room, "personEmail": "bob@example.com"})
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

func TestKeywordsAreWordsOfTheirOwn(t *testing.T) {
	for location, want := range map[string]string{
		"@webex": "webex:", "(@webex)": "webex:", "Room 4; @Webex": "webex:", "@WEBEX:Space,": "webex:space", "@meet:onetime": "meet:onetime",
		"@spark": "spark:", "@webex:nonsense": "webex:", "@webex.": "webex:", "a @meet b @webex": "meet:", "@webex:": "webex:", "x @webex:myroom!": "webex:myroom",
		"user@webex.com": "", "@webex.com": "", "@webexer": "", "webex": "", "": "", "user@meet": "", "@meeting": "", "@webex@x": "", "＠webex": "",
	} {
		name, modifier, ok := keyword(location)
		if got := name + ":" + modifier; ok != (want != "") || ok && got != want {
			t.Errorf("%q: %v %q, want %q", location, ok, got, want)
		}
	}
}

func TestWordsAreToldApartAfterEveryKindOfEdit(t *testing.T) {
	words := func(s string) (all []word) { // "a b [c d] {e}": block in brackets, nobody's in braces
		o := typed
		for _, w := range strings.Fields(s) {
			switch {
			case strings.HasPrefix(w, "["):
				o = block
			case strings.HasPrefix(w, "{"):
				o = grey
			}
			all = append(all, word{strings.Trim(w, "[]{}"), o})
			if strings.HasSuffix(w, "]") || strings.HasSuffix(w, "}") {
				o = typed
			}
		}
		return all
	}
	for _, test := range []struct{ before, now, want string }{
		{"a b [x y z] c", "a b x y z c d", "a b [x y z] c d"},
		{"a b [x y z] c", "n a b x y z c", "n a b [x y z] c"},
		{"a b [x y z] c", "a b c", "a b c"},
		{"a b [x y z] c", "a b x q z c", "a b {x q z} c"},
		{"a b [x y z] c", "c x y z a b", "c [x y z] a b"},
		{"a b [x y z w v] c", "a x y z b c", "a {x y z} b c"},
		{"a {g h} b", "a g h b c", "a {g h} b c"},
	} {
		if got := classify(words(test.before), strings.Fields(test.now)); fmt.Sprint(got) != fmt.Sprint(words(test.want)) {
			t.Errorf("edit of %q to %q: %v", test.before, test.now, got)
		}
	}
	for _, test := range []struct{ before, now, want string }{
		{"a b", "a x y b", "a [x y] b"},
		{"a [x y] b", "a z b", "a [z] b"},
		{"a [x y] b", "a b", "a b"},
		{"a {g h} b", "a x b", "a [x] b"},
		{"a {g h} b", "a g h x b", "a {g h} [x] b"},
		{"a {g h} b", "a g x b", "a [g x] b"},
		{"a b", "a x b y", ""},
		{"a b", "a", ""},
		{"a b", "b a", ""},
		{"a {g} b", "a h", ""},
	} {
		got, ok := reclassify(words(test.before), strings.Fields(test.now))
		if ok != (test.want != "") || ok && fmt.Sprint(got) != fmt.Sprint(words(test.want)) {
			t.Errorf("write of %q to %q: %v %v", test.before, test.now, ok, got)
		}
	}
}
