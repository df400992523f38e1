package simulator

import (
	"testing"
)

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
	refused(t, "its invitees", s.c.do("GET", WebexURL+"/meetingInvitees?hostEmail="+alice_+"&meetingId="+room, nil), 400, "personalRoomMeeting")
	refused(t, "inviting to it", s.c.do("POST", WebexURL+"/meetingInvitees", js{"meetingId": room, "hostEmail": alice_, "email": "a@b.org", "sendEmail": false}), 400, "personalRoomMeeting")
	refused(t, "its occurrences", s.c.do("GET", WebexURL+"/meetings?hostEmail="+alice_+"&meetingSeriesId="+room, nil), 400, "personalRoomMeeting")
	if r := s.c.do("DELETE", WebexURL+"/meetings/"+room+"?sendEmail=false&hostEmail="+alice_, nil); r.status != 204 {
		t.Errorf("deleting it: %d", r.status)
	}
}

func TestAMeetingOfASpaceBegunAtOnceIsNeitherUpdatedNorDeleted(t *testing.T) {
	s := newStudio(t, Quirks{})
	space := s.c.ok("POST", WebexURL+"/rooms", js{"title": "Plans"})["id"].(string)
	refused(t, "in a Personal Room", s.post(js{"roomId": space, "scheduledType": "personalRoomMeeting"}), 400, "roomId")
	id := s.create(js{"roomId": space, "adhoc": true})["id"].(string)
	refused(t, "updating it", s.c.do("PATCH", WebexURL+"/meetings/"+id, js{"title": "x", "sendEmail": false}), 400, "adhoc")
	refused(t, "deleting it", s.c.do("DELETE", WebexURL+"/meetings/"+id+"?sendEmail=false", nil), 400, "adhoc")
	s.w.WithholdSpaces(true)
	refused(t, "without spark:all", s.post(js{"roomId": space}), 403, "scopes")
}

func TestARuleThatEndsReachesFiveYearsFromNowAtMost(t *testing.T) {
	s := newStudio(t, Quirks{}) // it is 5 January 2026 there
	starts := func(change js) (all []string) {
		id := s.create(change)["id"].(string)
		for _, o := range s.list("meetingSeriesId=" + id + "&max=100&from=2026-01-01T00:00:00Z&to=2060-01-01T00:00:00Z&hostEmail=" + alice_) {
			all = append(all, o["start"].(string)[:10])
		}
		return all
	}
	same(t, "every other year", starts(js{"recurrence": "FREQ=YEARLY;INTERVAL=2;UNTIL=21241001T000000Z"}), []string{"2026-01-05", "2028-01-05", "2030-01-05"})
	later := js{"start": "2029-01-05T13:00:00Z", "end": "2029-01-05T14:00:00Z", "recurrence": "FREQ=YEARLY;UNTIL=21241001T000000Z"}
	same(t, "what begins later has less", starts(later), []string{"2029-01-05", "2030-01-05", "2031-01-05"})
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
