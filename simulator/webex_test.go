package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// studio is a world with two people at Webex and a caller with an admin token.

type studio struct {
	t    *testing.T
	w    *World
	c    *client
	pass func(time.Duration)
}

func newStudio(t *testing.T, q Quirks) *studio {
	w, c, pass := newWorld(t, Options{Seed: 9, Quirks: q})
	w.AddMailbox(alice_)
	w.AddMailbox("bob@example.com", WithoutPersonalRoom())
	return &studio{t, w, c, pass}
}

// body is a meeting in an hour, with changes.

func (s *studio) body(change js) js {
	b := js{"title": "Plans", "start": "2026-01-05T13:00:00Z", "end": "2026-01-05T14:00:00Z", "hostEmail": alice_, "sendEmail": false}
	for name, value := range change {
		b[name] = value
	}
	return b
}

func (s *studio) post(change js) reply {
	return s.c.do("POST", WebexURL+"/meetings", s.body(change))
}

func (s *studio) create(change js) js {
	s.t.Helper()
	r := s.post(change)
	if r.status != 200 {
		s.t.Fatalf("create: %d %s", r.status, r.body)
	}
	return r.js
}

func (s *studio) patch(id string, change js) reply {
	b := js{"hostEmail": alice_, "sendEmail": false}
	for name, value := range change {
		b[name] = value
	}
	return s.c.do("PATCH", WebexURL+"/meetings/"+id, b)
}

func (s *studio) list(query string) []js {
	s.t.Helper()
	r := s.c.do("GET", WebexURL+"/meetings?"+query, nil)
	if r.status != 200 {
		s.t.Fatalf("list %s: %d %s", query, r.status, r.body)
	}
	var items []js
	for _, v := range r.js["items"].([]any) {
		items = append(items, v.(js))
	}
	return items
}

// refused checks a 400 with a reason.

func refused(t *testing.T, what string, r reply, status int, reason string) {
	t.Helper()
	list, _ := r.js["errors"].([]any)
	if r.status != status || len(list) == 0 || r.js["trackingId"] == nil || !strings.Contains(list[0].(js)["description"].(string), reason) {
		t.Errorf("%s: %d %s", what, r.status, r.body)
	}
}

func TestWebexRefusesMeetingsThatBreakItsRules(t *testing.T) {
	s := newStudio(t, Quirks{})
	for what, test := range map[string]struct {
		change js
		reason string
	}{
		"long title":         {js{"title": strings.Repeat("é", 129)}, "title"},
		"no title":           {js{"title": ""}, "title"},
		"long agenda":        {js{"agenda": strings.Repeat("x", 1301)}, "agenda"},
		"nine minutes":       {js{"end": "2026-01-05T13:09:59Z"}, "duration"},
		"24 hours":           {js{"end": "2026-01-06T13:00:00Z"}, "duration"},
		"end before start":   {js{"end": "2026-01-05T12:30:00Z"}, "after start"},
		"past":               {js{"start": "2026-01-05T11:00:00Z"}, "before the current time"},
		"eleven years":       {js{"start": "2037-01-05T13:00:00Z", "end": "2037-01-05T14:00:00Z"}, "10 years"},
		"Windows zone":       {js{"timezone": "W. Europe Standard Time"}, "IANA"},
		"four tags":          {js{"integrationTags": []string{"1", "2", "3", "4"}}, "integrationTags"},
		"long tag":           {js{"integrationTags": []string{strings.Repeat("x", 65)}}, "integrationTags"},
		"weak password":      {js{"password": "alllower1"}, "A mix of uppercase and lowercase letters"},
		"short password":     {js{"password": "Aa1"}, "6 characters"},
		"join before host":   {js{"joinBeforeHostMinutes": 7}, "joinBeforeHostMinutes"},
		"room with tags":     {js{"scheduledType": "personalRoomMeeting", "integrationTags": []string{"x"}}, "personalRoomMeeting"},
		"room, recorded":     {js{"scheduledType": "personalRoomMeeting", "enabledAutoRecordMeeting": true}, "enabledAutoRecordMeeting"},
		"room, webcast":      {js{"scheduledType": "personalRoomMeeting", "enabledWebcastView": true}, "enabledWebcastView"},
		"room, registration": {js{"scheduledType": "personalRoomMeeting", "registration": js{"autoAcceptRequest": "true"}}, "registration"},
		"adhoc, no space":    {js{"adhoc": true}, "roomId"},
		"no such security":   {js{"unlockedMeetingJoinSecurity": "open"}, "unlockedMeetingJoinSecurity"},
		"bad start":          {js{"start": "tomorrow"}, "ISO 8601"},
		"bad rule":           {js{"recurrence": "FREQ=HOURLY"}, "FREQ"},
		"61 months":          {js{"recurrence": "FREQ=MONTHLY;COUNT=61"}, "at most 60"},
		"6 years":            {js{"recurrence": "FREQ=YEARLY;COUNT=6"}, "at most 5"},
		"262 weeks":          {js{"recurrence": "FREQ=WEEKLY;COUNT=262"}, "at most 261"},
		"1827 days":          {js{"recurrence": "FREQ=DAILY;COUNT=1827"}, "at most 1826"},
		"both ends":          {js{"recurrence": "FREQ=DAILY;COUNT=2;UNTIL=20260201T000000Z"}, "exclude"},
		"invitee twice":      {js{"invitees": []js{{"email": "a@b.org"}, {"email": "A@b.org"}}}, "twice"},
		"a thousand and one": {js{"invitees": make([]js, 1001)}, "1000"},
	} {
		refused(t, what, s.post(test.change), 400, test.reason)
	}
	refused(t, "unknown host", s.post(js{"hostEmail": "nobody@example.com"}), 404, "hostEmail")
	refused(t, "space without the caller", s.post(js{"roomId": "x"}), 403, "not a member")
	if n := len(s.w.Meetings()); n != 0 {
		t.Errorf("%d meetings were made", n)
	}
	for what, change := range map[string]js{
		"128 characters": {"title": strings.Repeat("é", 128)}, "23:59": {"end": "2026-01-06T12:59:00Z"}, "ten minutes": {"end": "2026-01-05T13:10:00Z"},
		"no end": {"recurrence": "FREQ=DAILY;INTERVAL=1"}, "60 months": {"recurrence": "FREQ=MONTHLY;COUNT=60"},
	} {
		if r := s.post(change); r.status != 200 {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
}

func TestAMeetingHasWhatTheProgramNeeds(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"agenda": "a", "integrationTags": []string{"t1"}, "enabledJoinBeforeHost": true})
	for _, name := range []string{"id", "meetingNumber", "password", "phoneAndVideoSystemPassword", "webLink", "sipAddress", "hostKey", "telephony"} {
		if m[name] == nil || m[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	link := m["webLink"].(string)
	if !strings.HasPrefix(link, "https://example.webex.com/example/j.php?MTID=m") || len(m["id"].(string)) != 32 || len(m["phoneAndVideoSystemPassword"].(string)) != 8 ||
		m["meetingType"] != "meetingSeries" || m["state"] != "active" || m["start"] != "2026-01-05T13:00:00Z" || m["enabledJoinBeforeHost"] != true || m["hostEmail"] != alice_ {
		t.Errorf("%v", m)
	}
	r := s.c.do("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail="+alice_, nil, "timezone", "Asia/Shanghai")
	if r.js["start"] != "2026-01-05T21:00:00+08:00" {
		t.Errorf("in Shanghai: %v", r.js["start"])
	}
	if r := s.c.do("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail=bob@example.com", nil); r.status != 404 {
		t.Errorf("as another host: %d", r.status)
	}
	if r := s.c.do("GET", WebexURL+"/meetings/"+m["id"].(string), nil); r.status != 404 {
		t.Errorf("without hostEmail: %d", r.status)
	}
}

func TestSecondsAreDroppedAndTheCurrentMinuteMovesOn(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"start": "2026-01-05T13:00:59Z", "end": "2026-01-05T13:30:31Z"})
	if m["start"] != "2026-01-05T13:00:00Z" || m["end"] != "2026-01-05T13:30:00Z" {
		t.Errorf("%v to %v", m["start"], m["end"])
	}
	s.pass(10 * time.Second)
	if m = s.create(js{"start": "2026-01-05T12:00:05Z"}); m["start"] != "2026-01-05T12:01:00Z" {
		t.Errorf("%v", m["start"])
	}
}

func TestTheDailyQuotaCountsFailuresToo(t *testing.T) {
	s := newStudio(t, Quirks{})
	for range 799 {
		s.post(js{"title": ""})
	}
	s.create(nil)
	refused(t, "the 801st for one host", s.post(nil), 429, "24 hours")
	s.create(js{"hostEmail": "bob@example.com"})
	s.pass(24 * time.Hour)
	s.create(js{"start": "2026-01-07T13:00:00Z", "end": "2026-01-07T14:00:00Z"})
	user := s.w.WebexUserToken("app", "bob@example.com")
	for range 100 {
		s.c.do("POST", WebexURL+"/meetings", "{}", "Authorization", "Bearer "+user)
	}
	refused(t, "a person's own 101st", s.c.do("POST", WebexURL+"/meetings", "{}", "Authorization", "Bearer "+user), 429, "24 hours")
}

func TestWebexErrorsHaveTheShapeOfThePublishedExamples(t *testing.T) {
	s := newStudio(t, Quirks{})
	s.w.Fault(Rule{Call: "CreateMeeting", Times: 1, Fault: Refuse(http.StatusLocked, "locked", "5")})
	r := s.post(nil)
	var e struct {
		Message    string
		Errors     []struct{ Description string }
		TrackingID string
	}
	if json.Unmarshal(r.body, &e) != nil || r.status != 423 || e.Message == "" || len(e.Errors) != 1 || e.TrackingID != r.header.Get("trackingid") || r.header.Get("Retry-After") != "5" {
		t.Errorf("%d %s %v", r.status, r.body, r.header)
	}
}
