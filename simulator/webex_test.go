package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
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

func TestListsHaveTreacherousDefaults(t *testing.T) {
	s := newStudio(t, Quirks{})
	for n := range 12 {
		s.create(js{"title": fmt.Sprint("soon ", n), "integrationTags": []string{"tag", fmt.Sprint(n)}})
	}
	late := s.create(js{"title": "late", "start": "2026-01-20T13:00:00Z", "end": "2026-01-20T14:00:00Z", "integrationTags": []string{"late"}})
	series := s.create(js{"title": "series", "recurrence": "FREQ=WEEKLY;COUNT=9", "integrationTags": []string{"series"}})
	s.create(js{"title": "Bob's", "hostEmail": "bob@example.com", "invitees": []js{{"email": alice_}}})

	all := "hostEmail=" + alice_ + "&max=100&current=false"
	if got := s.list("hostEmail=" + alice_); len(got) != 10 {
		t.Errorf("ten a page: %d", len(got))
	}
	if got := s.list(all); len(got) != 14 || !slices.ContainsFunc(got, func(m js) bool { return m["title"] == "Bob's" }) {
		t.Errorf("hosted and invited, within seven days: %d", len(got))
	}
	if got := s.list(all + "&integrationTag=late"); len(got) != 0 {
		t.Errorf("beyond seven days: %d", len(got))
	}
	for _, window := range []string{"&from=2026-01-19T00:00:00Z", "&to=2026-01-21T00:00:00Z", "&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"} {
		if got := s.list(all + "&integrationTag=late" + window); len(got) != 1 || got[0]["id"] != late["id"] {
			t.Errorf("%s: %v", window, got)
		}
	}
	if got := s.list("hostEmail=" + alice_ + "&integrationTag=series"); len(got) != 1 || got[0]["id"] != series["id"].(string)+"_20260105T130000Z" || got[0]["meetingType"] != "scheduledMeeting" {
		t.Errorf("current is true by default: %v", got)
	}
	if got := s.list(all + "&integrationTag=series"); len(got) != 1 || got[0]["id"] != series["id"] {
		t.Errorf("current=false: %v", got)
	}
	if got := s.list("integrationTag=series&max=100&current=false"); len(got) != 0 {
		t.Errorf("without hostEmail the token's own meetings: %d", len(got))
	}
	number := "meetingNumber=" + late["meetingNumber"].(string) + "&current=false&hostEmail=" + alice_ + "&from=2030-01-01T00:00:00Z&integrationTag=nonsense"
	if got := s.list(number); len(got) != 1 || got[0]["id"] != late["id"] {
		t.Errorf("a number switches the filters off: %v", got)
	}
	if got := s.list("webLink=" + url.QueryEscape(late["webLink"].(string)) + "&hostEmail=" + alice_); len(got) != 1 {
		t.Errorf("by link: %v", got)
	}
	refused(t, "two of them", s.c.do("GET", WebexURL+"/meetings?meetingNumber=1&webLink=2&hostEmail="+alice_, nil), 400, "mutually exclusive")
	refused(t, "max", s.c.do("GET", WebexURL+"/meetings?max=101&hostEmail="+alice_, nil), 400, "max")
	refused(t, "from after to", s.c.do("GET", WebexURL+"/meetings?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z&hostEmail="+alice_, nil), 400, "from")
	refused(t, "host unknown", s.c.do("GET", WebexURL+"/meetings?hostEmail=x@y.org", nil), 404, "hostEmail")
}

func TestTagsAreSeenOnlyByTheClientThatWroteThem(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"integrationTags": []string{"mine"}})
	other := s.w.WebexToken("other")
	r := s.c.do("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail="+alice_, nil, "Authorization", "Bearer "+other)
	if r.js["integrationTags"] != nil || m["integrationTags"] == nil {
		t.Errorf("%v", r.js["integrationTags"])
	}
	r = s.c.do("GET", WebexURL+"/meetings?integrationTag=mine&current=false&hostEmail="+alice_, nil, "Authorization", "Bearer "+other)
	if len(r.js["items"].([]any)) != 0 {
		t.Error("another client filters by them")
	}
	if r := s.patch(m["id"].(string), js{"integrationTags": nil}); r.js["integrationTags"] != nil {
		t.Error("null does not clear them")
	}
}

func TestPagesAreLinkedAndMayBeEmpty(t *testing.T) {
	s := newStudio(t, Quirks{})
	for range 25 {
		s.create(nil)
	}
	walk := func(link string) (pages []int) {
		for link != "" {
			r := s.c.do("GET", link, nil)
			if r.status != 200 {
				t.Fatalf("%s: %d %s", link, r.status, r.body)
			}
			pages = append(pages, len(r.js["items"].([]any)))
			_, after, _ := strings.Cut(r.header.Get("Link"), "<")
			link, _, _ = strings.Cut(after, ">; rel=\"next\"")
		}
		return pages
	}
	start := WebexURL + "/meetings?current=false&max=10&hostEmail=" + alice_
	if got := fmt.Sprint(walk(start)); got != "[10 10 5]" {
		t.Errorf("%s", got)
	}
	s.w.SetQuirks(func(q *Quirks) { q.EmptyListPage, q.MaxNull = 1, true })
	if got := fmt.Sprint(walk(start)); got != "[0 10 10 5]" {
		t.Errorf("with an empty page: %s", got)
	}
	if link := s.c.do("GET", start, nil).header.Get("Link"); !strings.Contains(link, "max=null") {
		t.Errorf("%s", link)
	}
}

func TestAnElementOfAListMayCarryErrorsInsideA200(t *testing.T) {
	s := newStudio(t, Quirks{ListErrors: true})
	s.create(nil)
	if got := s.list("hostEmail=" + alice_); got[0]["errors"].(js)["title"].(js)["code"] != "kms_failure" || got[0]["title"] == "Plans" {
		t.Errorf("%v", got[0])
	}
}

func TestANewMeetingMayShowInListsOnlyLater(t *testing.T) {
	s := newStudio(t, Quirks{ListLag: time.Minute})
	m := s.create(nil)
	if got := s.list("hostEmail=" + alice_); len(got) != 0 {
		t.Error("it shows at once")
	}
	s.c.ok("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail="+alice_, nil)
	s.pass(time.Minute)
	if got := s.list("hostEmail=" + alice_); len(got) != 1 {
		t.Error("it never shows")
	}
}

func TestChangingTheTimesOfASeriesCancelsItsModifiedOccurrences(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"recurrence": "FREQ=WEEKLY;BYDAY=MO;COUNT=4"})
	id := m["id"].(string)
	occurrence := id + "_20260112T130000Z"
	if r := s.patch(occurrence, js{"title": "special", "start": "2026-01-12T15:00:00Z", "end": "2026-01-12T16:00:00Z"}); r.status != 200 || r.js["id"] != occurrence || r.js["meetingSeriesId"] != id || r.js["isModified"] != true {
		t.Fatalf("%d %s", r.status, r.body)
	}
	s.patch(id, js{"title": "New title"})
	if len(s.w.Meetings()[0].Changed) != 1 {
		t.Error("a new title has cancelled the occurrence")
	}
	s.patch(id, js{"start": "2026-01-05T13:00:00Z", "end": "2026-01-05T14:30:00Z"})
	if len(s.w.Meetings()[0].Changed) != 0 {
		t.Error("a new end has not cancelled the occurrence")
	}
	if r := s.c.do("GET", WebexURL+"/meetings/"+occurrence+"?hostEmail="+alice_, nil); r.js["end"] != "2026-01-12T14:30:00Z" {
		t.Errorf("%v", r.js)
	}
}

func TestAnOccurrenceCannotCrossIntoItsNeighboursDay(t *testing.T) {
	s := newStudio(t, Quirks{})
	id := s.create(js{"recurrence": "FREQ=DAILY;COUNT=4"})["id"].(string)
	move := func(key, day, hour string) int {
		return s.patch(id+"_"+key, js{"start": "2026-01-" + day + "T" + hour + ":00:00Z", "end": "2026-01-" + day + "T" + hour + ":50:00Z"}).status
	}
	for _, test := range []struct {
		key, day, hour string
		want           int
	}{
		{"20260106T130000Z", "06", "00", 200}, {"20260106T130000Z", "06", "23", 200}, {"20260106T130000Z", "05", "23", 400}, {"20260106T130000Z", "07", "00", 400},
		{"20260108T130000Z", "20", "10", 200}, {"20260108T130000Z", "07", "23", 400}, {"20260105T130000Z", "05", "14", 200},
	} {
		if got := move(test.key, test.day, test.hour); got != test.want {
			t.Errorf("%s to %s at %s: %d", test.key, test.day, test.hour, got)
		}
	}
	refused(t, "crossing", s.patch(id+"_20260106T130000Z", js{"start": "2026-01-07T01:00:00Z", "end": "2026-01-07T02:00:00Z"}), 400, "meeting.err.two_meeting_schedule_at_same_day")
	refused(t, "a tag on an occurrence", s.patch(id+"_20260106T130000Z", js{"integrationTags": []string{"x"}}), 400, "only be changed on the series")
}

func TestUpdatesAreRefusedInProgressIntoThePastAndForNulls(t *testing.T) {
	s := newStudio(t, Quirks{})
	id := s.create(nil)["id"].(string)
	_ = s.w.StartMeeting(id)
	refused(t, "running", s.patch(id, js{"title": "x"}), 400, "Meeting is in progress")
	refused(t, "deleting a running one", s.c.do("DELETE", WebexURL+"/meetings/"+id+"?sendEmail=false&hostEmail="+alice_, nil), 400, "Meeting is in progress")
	_ = s.w.EndMeeting(id)
	refused(t, "into the past", s.patch(id, js{"start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z"}), 400, "before the current time")
	refused(t, "null title", s.patch(id, js{"title": nil}), 400, "title cannot be null")
	if r := s.patch(id, js{"agenda": nil, "recurrence": nil}); r.status != 200 {
		t.Errorf("nulls that are allowed: %d %s", r.status, r.body)
	}
	refused(t, "PUT without all", s.c.do("PUT", WebexURL+"/meetings/"+id, js{"title": "x", "hostEmail": alice_, "sendEmail": false}), 400, "required")
	refused(t, "an instance", s.patch(id+"_I_123", js{"title": "x"}), 400, "instance")
	room := s.create(js{"scheduledType": "personalRoomMeeting"})["id"].(string)
	refused(t, "a meeting in the room", s.patch(room, js{"title": "x"}), 400, "personalRoomMeeting")
	if r := s.c.do("DELETE", WebexURL+"/meetings/"+room+"?sendEmail=false&hostEmail="+alice_, nil); r.status != 204 {
		t.Errorf("deleting it: %d", r.status)
	}
}

func TestDeletingAnOccurrenceLeavesTheSeries(t *testing.T) {
	s := newStudio(t, Quirks{})
	id := s.create(js{"recurrence": "FREQ=DAILY;COUNT=3"})["id"].(string)
	del := func(id string) int {
		return s.c.do("DELETE", WebexURL+"/meetings/"+id+"?sendEmail=false&hostEmail="+alice_, nil).status
	}
	if got := del(id + "_20260106T130000Z"); got != 204 {
		t.Errorf("%d", got)
	}
	if got := del(id + "_20260106T130000Z"); got != 404 {
		t.Errorf("twice: %d", got)
	}
	items := s.list("meetingSeriesId=" + id + "&hostEmail=" + alice_)
	if len(items) != 2 || items[1]["id"] != id+"_20260107T130000Z" {
		t.Errorf("%v", items)
	}
	if del(id) != 204 || del(id) != 404 {
		t.Error("the series")
	}
}

func TestOfSeveralDaysInAMonthlyRuleOnlyTheFirstCounts(t *testing.T) {
	s := newStudio(t, Quirks{})
	starts := func(rule string) (all []string) {
		id := s.create(js{"recurrence": rule})["id"].(string)
		for _, o := range s.list("meetingSeriesId=" + id + "&max=100&from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z&hostEmail=" + alice_) {
			all = append(all, o["start"].(string)[:10])
		}
		return all
	}
	same(t, "month days", starts("FREQ=MONTHLY;INTERVAL=1;COUNT=3;BYMONTHDAY=10,11,12"), []string{"2026-01-10", "2026-02-10", "2026-03-10"})
	same(t, "weekdays", starts("FREQ=MONTHLY;BYDAY=2TU,2WE;COUNT=2"), []string{"2026-01-13", "2026-02-10"})
	same(t, "last Friday", starts("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1;COUNT=2"), []string{"2026-01-30", "2026-02-27"})
	same(t, "until before the hour", starts("FREQ=DAILY;UNTIL=20260107T120000Z"), []string{"2026-01-05", "2026-01-06"})
	same(t, "until after the hour", starts("FREQ=DAILY;UNTIL=20260107T130000Z"), []string{"2026-01-05", "2026-01-06", "2026-01-07"})
}

func TestASeriesInItsOwnZoneKeepsItsHourAcrossDaylightSaving(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"start": "2026-03-27T09:00:00", "end": "2026-03-27T10:00:00", "timezone": "Europe/Amsterdam", "recurrence": "FREQ=DAILY;COUNT=4"})
	if m["start"] != "2026-03-27T08:00:00Z" || m["timezone"] != "Europe/Amsterdam" {
		t.Errorf("%v %v", m["start"], m["timezone"])
	}
	var hours []string
	for _, o := range s.list("meetingSeriesId=" + m["id"].(string) + "&from=2026-03-01T00:00:00Z&to=2026-05-01T00:00:00Z&hostEmail=" + alice_) {
		hours = append(hours, o["start"].(string)[11:13])
	}
	same(t, "hours in UTC", hours, []string{"08", "08", "07", "07"})
}

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
