package simulator

import (
	"testing"
)

// housed is an event that asks for a space and has all that belongs to it.
func housed(t *testing.T) (s *scene, room string) {
	s = served(t, func(d *Draft) { d.Location = "@meet" })
	s.rest.Spaces, s.rest.Invitees = true, true
	room = s.space("Plans")
	s.say(room, "Join: "+s.meeting().Link)
	s.join(room, alice_)
	s.join(room, "bob@example.com")
	s.invite("bob@example.com")
	s.clean()
	return s, room
}

func (s *scene) space(title string) string {
	s.t.Helper()
	return s.c.ok("POST", WebexURL+"/rooms", js{"title": title, "description": "one of ours"})["id"].(string)
}

func (s *scene) join(room, email string) {
	s.t.Helper()
	s.c.ok("POST", WebexURL+"/memberships", js{"roomId": room, "personEmail": email})
}

func (s *scene) say(room, text string) string {
	s.t.Helper()
	return s.c.ok("POST", WebexURL+"/messages", js{"roomId": room, "text": text})["id"].(string)
}

func (s *scene) invite(emails ...string) {
	s.t.Helper()
	items := []any{}
	for _, e := range emails {
		items = append(items, js{"email": e, "sendEmail": false})
	}
	s.c.ok("POST", WebexURL+"/meetingInvitees/bulkInsert", js{"meetingId": s.met, "hostEmail": alice_, "items": items})
}

func TestTheAuditFindsSomebodyWhoIsNotInvitedOrInvitedTooMuch(t *testing.T) {
	s, room := housed(t)
	s.invite("eve@example.com")
	s.broken("P1", "invites [bob@example.com eve@example.com] and not [bob@example.com]")
	s.edit(func(d *Draft) { d.Attendees = append(d.Attendees, "eve@example.com", "zoe@example.com") })
	s.broken("P1", "invites [bob@example.com eve@example.com] and not [bob@example.com eve@example.com zoe@example.com]")
	s.join(room, "eve@example.com")
	s.rest.Lists = []string{"zoe@example.com"}
	s.clean()
	s.edit(func(d *Draft) { d.Hidden = true })
	s.broken("P1", "and not []")
}

func TestTheAuditFindsASecondSpaceAndAnEmptyOne(t *testing.T) {
	s, _ := housed(t)
	second := s.space("Plans")
	s.broken("P1", "belongs to no event")
	s.say(second, s.meeting().Link)
	s.broken("P1", "has 2 spaces")
	if r := s.c.do("DELETE", WebexURL+"/rooms/"+second, nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	s.clean()
}

func TestTheAuditFindsWhatWasSaidTwiceOrNotAtAll(t *testing.T) {
	s, room := housed(t)
	again := s.say(room, "Join: "+s.meeting().Link)
	s.broken("P1", "a link was said twice")
	s.c.ok("GET", WebexURL+"/messages?roomId="+room, nil)
	if r := s.c.do("DELETE", WebexURL+"/messages/"+again, nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	s.clean()
	s.say(room, "It is off.")
	s.broken("P1", "the last word in its space")
	_ = s.m.Delete(s.id)
	s.delete(s.met)
	s.clean()
	s.say(room, "It is off.")
	s.broken("P1", "twice that the meeting is off")
}

func TestTheAuditWantsTheWordThatAMeetingIsOff(t *testing.T) {
	s, room := housed(t)
	_ = s.m.Delete(s.id)
	s.delete(s.met)
	s.broken("P1", "nobody was told that the meeting is off")
	s.say(room, "It is off.")
	s.clean()
}

func TestTheAuditJudgesTheNameAndTheMembersOfASpace(t *testing.T) {
	s, room := housed(t)
	_ = s.w.JoinSpace(room, "friend@example.com") // by a person: nobody's business
	s.clean()
	s.join(room, "eve@example.com")
	s.broken("P1", "put eve@example.com into its space")
	_ = s.w.LeaveSpace(room, "eve@example.com")
	_ = s.w.LeaveSpace(room, "bob@example.com")
	s.clean()
	s.edit(func(d *Draft) { d.Subject = "Other plans" })
	s.c.ok("PATCH", WebexURL+"/meetings/"+s.met, js{"hostEmail": alice_, "sendEmail": false, "title": "Other plans"})
	s.broken("P1", `its space has the title "Plans"`)
	s.c.ok("PUT", WebexURL+"/rooms/"+room, js{"title": "Other plans"})
	s.clean()
	if about := s.c.ok("GET", WebexURL+"/rooms/"+room, nil)["description"]; about != "one of ours" {
		t.Errorf("the description is %v after a change of title", about)
	}
}

func TestWithoutTheScopesThereAreNoSpaces(t *testing.T) {
	s := served(t, func(d *Draft) { d.Location = "@meet" })
	s.rest.Spaces = true
	s.w.WithholdSpaces(true)
	for _, path := range []string{"/rooms", "/memberships?roomId=1", "/messages?roomId=1"} {
		if r := s.c.do("GET", WebexURL+path, nil); r.status != 403 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	s.clean()
	s.w.WithholdSpaces(false)
	s.broken("P1", "lacks the space itself")
}
