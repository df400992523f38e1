package simulator

import (
	"testing"
	"time"
)

func TestBookingsArePutAsAWholeAndLostOnRestart(t *testing.T) {
	s := newStudio(t, Quirks{})
	room := s.w.AddWorkspace(Workspace{Name: "Hall"})
	teams := s.w.AddWorkspace(Workspace{Name: "Teams room", Platform: "microsoftTeamsRoom", Calendar: "room@example.com"})
	list := s.c.ok("GET", WebexURL+"/workspaces?calendar=none", nil)["items"].([]any)
	if len(list) != 1 || list[0].(js)["id"] != room.ID {
		t.Errorf("%v", list)
	}
	if d := s.c.ok("GET", WebexURL+"/devices?workspaceId="+room.ID, nil)["items"].([]any); len(d) != 1 || d[0].(js)["id"] != room.DeviceID {
		t.Errorf("%v", d)
	}
	booking := func(change js) js {
		b := js{"Id": "1", "Title": "Plans", "Number": "1@example.webex.com", "Protocol": "SIP", "Organizer": js{"Name": "Alice"},
			"Time": js{"StartTime": noon.Add(time.Hour).Format(time.RFC3339), "Duration": 30}}
		for k, v := range change {
			b[k] = v
		}
		return b
	}
	put := func(device string, list ...js) reply {
		return s.c.do("POST", WebexURL+"/xapi/command/Bookings.Put", js{"deviceId": device, "arguments": js{}, "body": js{"Bookings": list}})
	}
	if r := put(room.DeviceID, booking(nil), booking(js{"Id": "2"})); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	put(room.DeviceID, booking(js{"Id": "3"}))
	if now := s.w.Workspaces()[0]; len(now.Bookings) != 1 || now.Bookings[0].ID != "3" || now.Puts != 2 {
		t.Errorf("%+v", now)
	}
	for what, change := range map[string]js{
		"no title": {"Title": ""}, "no number": {"Number": ""}, "local time": {"Time": js{"StartTime": "2026-01-05T13:00:00+01:00", "Duration": 1}},
		"no duration": {"Time": js{"StartTime": "2026-01-05T13:00:00Z"}}, "WebRTC alone": {"Protocol": "WebRTC"}, "no organizer": {"Organizer": js{}},
	} {
		if r := put(room.DeviceID, booking(change)); r.status != 400 {
			t.Errorf("%s: %d", what, r.status)
		}
	}
	if r := put(teams.DeviceID, booking(nil)); r.status != 409 {
		t.Errorf("a Teams room: %d", r.status)
	}
	r := s.c.ok("POST", WebexURL+"/xapi/command/bookings.list", js{"deviceId": room.DeviceID, "arguments": js{}})
	if r["result"].(js)["ResultInfo"].(js)["TotalRows"] != 1.0 {
		t.Errorf("%v", r)
	}
	s.w.RestartDevice(room.ID, true)
	if now := s.w.Workspaces()[0]; len(now.Bookings) != 0 || now.DeviceID == room.DeviceID || now.ID != room.ID {
		t.Errorf("after a reset: %+v", now)
	}
}

func TestMeetingsGetAnotherHost(t *testing.T) {
	s := newStudio(t, Quirks{})
	id := s.create(nil)["id"].(string)
	if r := s.c.do("POST", WebexURL+"/meetings/reassignHost", js{"hostEmail": "bob@example.com", "meetingIds": []string{id}}); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if got := s.list("hostEmail=bob@example.com"); len(got) != 1 {
		t.Errorf("%v", got)
	}
	r := s.c.do("POST", WebexURL+"/meetings/reassignHost", js{"hostEmail": alice_, "meetingIds": []string{id, "x"}})
	if r.status != 207 || len(r.js["items"].([]any)) != 2 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := s.c.do("POST", WebexURL+"/meetings/reassignHost", js{"hostEmail": "nobody@example.com", "meetingIds": []string{id}}); r.status != 403 {
		t.Errorf("%d", r.status)
	}
}

func TestSitesAndDirectSpacesOfOthers(t *testing.T) {
	s := newStudio(t, Quirks{})
	if got := s.c.ok("GET", WebexURL+"/meetingPreferences/sites?userEmail="+alice_, nil)["sites"].([]any); got[0].(js)["siteUrl"] != "example.webex.com" {
		t.Errorf("%v", got)
	}
	if r := s.c.do("GET", WebexURL+"/messages/direct?personEmail="+alice_, nil); r.status != 404 {
		t.Errorf("%d", r.status)
	}
	s.c.ok("POST", WebexURL+"/messages", js{"toPersonEmail": alice_, "text": "hi"})
	if got := s.c.ok("GET", WebexURL+"/messages/direct?personEmail="+alice_, nil)["items"].([]any); len(got) != 1 {
		t.Errorf("%v", got)
	}
	id := s.c.ok("GET", WebexURL+"/people?email="+alice_, nil)["items"].([]any)[0].(js)["id"].(string)
	if p := s.c.ok("GET", WebexURL+"/people/"+id, nil); p["emails"].([]any)[0] != alice_ {
		t.Errorf("%v", p)
	}
}
