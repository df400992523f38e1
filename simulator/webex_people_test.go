package simulator

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPersonalRoomsAreReadForOthersAndMayBeOff(t *testing.T) {
	s := newStudio(t, Quirks{})
	get := func(email string) reply {
		return s.c.do("GET", WebexURL+"/meetingPreferences/personalMeetingRoom?userEmail="+email, nil)
	}
	r := get(alice_)
	if r.js["personalMeetingRoomLink"] != s.w.PersonalRoom(alice_) || r.js["telephony"].(js)["accessCode"] == nil {
		t.Errorf("%s", r.body)
	}
	if pin := r.js["hostPin"].(string); !slices.Contains(s.w.Secrets(), pin) {
		t.Error("the PIN is not among the secrets")
	}
	refused(t, "switched off", get("bob@example.com"), 403, "Not permitted")
	refused(t, "unknown", get("nobody@example.com"), 404, "no such user")
}

func TestServiceAppTokensRotate(t *testing.T) {
	s := newStudio(t, Quirks{})
	id, secret, refresh := s.w.ServiceApp()
	token := func(refresh, secret string) reply {
		form := url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refresh}}
		return s.c.do("POST", WebexURL+"/access_token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	first := token(refresh, secret)
	if first.status != 200 || first.js["expires_in"] != 1209600.0 || first.js["refresh_token"] == refresh || first.js["refresh_token_expires_in"] != 7776000.0 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	if r := s.c.do("GET", WebexURL+"/people/me", nil, "Authorization", "Bearer "+first.js["access_token"].(string)); r.status != 200 {
		t.Errorf("%d", r.status)
	}
	if r := token(refresh, secret); r.status != 200 {
		t.Errorf("the older refresh token: %d", r.status)
	}
	s.w.SetQuirks(func(q *Quirks) { q.DropOldToken = true })
	if token(refresh, secret).status != 200 || token(refresh, secret).status != 400 {
		t.Error("the older refresh token lives on")
	}
	if r := token(refresh, "wrong"); r.status != 401 {
		t.Errorf("wrong secret: %d", r.status)
	}
	s.pass(15 * 24 * time.Hour)
	if r := s.c.do("GET", WebexURL+"/people/me", nil, "Authorization", "Bearer "+first.js["access_token"].(string)); r.status != 401 {
		t.Errorf("after 15 days: %d", r.status)
	}
	s.w.RevokeServiceApp(id)
	if r := token(first.js["refresh_token"].(string), secret); r.status != 400 {
		t.Errorf("revoked: %d", r.status)
	}
}

func TestPeopleAreFoundByEmailOrById(t *testing.T) {
	s := newStudio(t, Quirks{})
	r := s.c.ok("GET", WebexURL+"/people?email="+alice_, nil)
	id := r["items"].([]any)[0].(js)["id"].(string)
	if r := s.c.ok("GET", WebexURL+"/people?id="+id, nil); len(r["items"].([]any)) != 1 {
		t.Errorf("%v", r)
	}
	if r := s.c.ok("GET", WebexURL+"/people?email=nobody@example.com", nil); len(r["items"].([]any)) != 0 {
		t.Errorf("%v", r)
	}
	if r := s.c.do("GET", WebexURL+"/people?id="+strings.Repeat("x,", 86), nil); r.status != 400 {
		t.Errorf("86 ids: %d", r.status)
	}
}

func TestInviteesComeInBulkAndNotTwice(t *testing.T) {
	s := newStudio(t, Quirks{})
	id := s.create(js{"recurrence": "FREQ=DAILY;COUNT=3"})["id"].(string)
	bulk := func(meeting string, emails ...string) reply {
		items := []js{}
		for _, e := range emails {
			items = append(items, js{"email": e, "sendEmail": false})
		}
		return s.c.do("POST", WebexURL+"/meetingInvitees/bulkInsert", js{"meetingId": meeting, "hostEmail": alice_, "items": items})
	}
	list := func(meeting string) (emails []string) {
		for _, v := range s.c.ok("GET", WebexURL+"/meetingInvitees?max=100&hostEmail="+alice_+"&meetingId="+meeting, nil)["items"].([]any) {
			emails = append(emails, v.(js)["email"].(string))
		}
		return emails
	}
	if r := bulk(id, "z@x.org", "bob@example.com"); r.status != 200 || len(r.js["items"].([]any)) != 2 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	same(t, "by address", list(id), []string{"bob@example.com", "z@x.org"})
	if r := bulk(id, "new@x.org", "z@x.org"); r.status != 409 || len(list(id)) != 2 {
		t.Errorf("one is there: %d, %v", r.status, list(id))
	}
	if r := bulk(id, make([]string, 101)...); r.status != 400 {
		t.Errorf("101: %d", r.status)
	}
	one := s.c.do("POST", WebexURL+"/meetingInvitees", js{"meetingId": id, "hostEmail": alice_, "email": "z@x.org", "sendEmail": false})
	refused(t, "twice", one, 409, "already")
	occurrence := id + "_20260106T130000Z"
	if r := bulk(occurrence, "guest@x.org"); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	same(t, "of an occurrence", list(occurrence), []string{"bob@example.com", "guest@x.org", "z@x.org"})
	same(t, "of the series", list(id), []string{"bob@example.com", "z@x.org"})
	who := s.c.ok("GET", WebexURL+"/meetingInvitees?hostEmail="+alice_+"&meetingId="+id, nil)["items"].([]any)[1].(js)["id"].(string)
	if r := s.c.do("DELETE", WebexURL+"/meetingInvitees/"+who+"?sendEmail=false&hostEmail="+alice_, nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	same(t, "after a removal", list(id), []string{"bob@example.com"})
	if r := s.c.do("GET", WebexURL+"/meetings?current=false&hostEmail=bob@example.com", nil); len(r.js["items"].([]any)) != 1 {
		t.Error("the meeting is not in Bob's list")
	}
}

func TestSpacesMembersAndMessages(t *testing.T) {
	s := newStudio(t, Quirks{})
	room := s.c.ok("POST", WebexURL+"/rooms", js{"title": "Plans"})["id"].(string)
	add := func(email string) reply {
		return s.c.do("POST", WebexURL+"/memberships", js{"roomId": room, "personEmail": email})
	}
	member := add(alice_)
	if member.status != 200 || add(alice_).status != 409 || add("x").status != 400 {
		t.Error("memberships")
	}
	if got := s.c.ok("GET", WebexURL+"/memberships?roomId="+room, nil)["items"].([]any); len(got) != 2 {
		t.Errorf("the caller and Alice: %v", got)
	}
	s.c.ok("POST", WebexURL+"/messages", js{"roomId": room, "markdown": "**off**"})
	spaces := s.w.Spaces()
	if len(spaces) != 1 || spaces[0].Title != "Plans" || len(spaces[0].Members) != 2 || spaces[0].Messages[0].Markdown != "**off**" {
		t.Errorf("%+v", spaces)
	}
	s.c.ok("POST", WebexURL+"/messages", js{"toPersonEmail": alice_, "text": "hi"})
	s.c.ok("POST", WebexURL+"/messages", js{"toPersonEmail": alice_, "text": "again"})
	if spaces := s.w.Spaces(); len(spaces) != 2 {
		t.Errorf("one 1:1 space: %+v", spaces)
	}
	m := s.create(js{"roomId": room})
	if m["hostEmail"] == alice_ || m["roomId"] != room {
		t.Errorf("hostEmail is ignored with a roomId: %v", m["hostEmail"])
	}
	list := s.c.ok("GET", WebexURL+"/meetingInvitees?meetingId="+m["id"].(string), nil)["items"].([]any)
	if len(list) != 1 || list[0].(js)["coHost"] != true {
		t.Errorf("the members are invited as cohosts: %v", list)
	}
	if r := s.c.do("DELETE", WebexURL+"/memberships/"+member.js["id"].(string), nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	if r := s.c.do("GET", WebexURL+"/rooms/nonsense", nil); r.status != 404 {
		t.Errorf("%d", r.status)
	}
}
