package openapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
	"syncd/simulator/openapi"
)

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

type js = map[string]any

// caller sends requests through a checker to a world's handlers.
type caller struct {
	t       *testing.T
	w       *simulator.World
	check   *openapi.Checker
	token   map[string]string
	handler map[string]http.Handler
}

func newCaller(t *testing.T) (*caller, *simulator.Mailbox) {
	t.Helper()
	w := simulator.New(simulator.Options{Seed: 4, Now: func() time.Time { return noon }})
	check, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	return &caller{
		t: t, w: w, check: check,
		token:   map[string]string{"v1.0": w.GraphToken(), "v1": w.WebexToken("test")},
		handler: map[string]http.Handler{"v1.0": check.Handler(w.Graph()), "v1": check.Handler(w.Webex())},
	}, w.AddMailbox("alice@example.com", simulator.WithAliases("ali@example.com"))
}

func (c *caller) do(method, path string, body any) js {
	c.t.Helper()
	var in io.Reader
	if body != nil {
		data, _ := json.Marshal(body)
		in = bytes.NewReader(data)
	}
	r := httptest.NewRequest(method, "https://host.test"+path, in)
	service := strings.Split(path, "/")[1]
	r.Header.Set("Authorization", "Bearer "+c.token[service])
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	c.handler[service].ServeHTTP(rec, r)
	if rec.Code > 299 {
		c.t.Errorf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var out js
	_ = json.Unmarshal(rec.Body.Bytes(), &out)
	return out
}

func follow(page js) string {
	for _, name := range []string{"@odata.nextLink", "@odata.deltaLink"} {
		if link, ok := page[name].(string); ok {
			return strings.TrimPrefix(link, "https://host.test")
		}
	}
	return ""
}

func TestGraphAsSimulatedFitsItsDescription(t *testing.T) {
	c, m := newCaller(t)
	for n := range 12 {
		m.Create(simulator.Draft{Subject: "single", Start: noon.AddDate(0, 0, n), End: noon.AddDate(0, 0, n).Add(time.Hour), Attendees: []string{"x@example.org"}, Teams: n%2 == 0, Location: "a; b"})
	}
	s := m.Create(simulator.Draft{Subject: "series", Start: noon, End: noon.Add(time.Hour), Recurrence: &simulator.Recurrence{Pattern: "weekly", Count: 4}})
	_ = m.EditOccurrence(s.ID, "2026-01-12", func(d *simulator.Draft) { d.Subject = "exception" })
	_ = m.CancelOccurrence(s.ID, "2026-01-19")
	user := "/v1.0/users/alice@example.com"
	window := "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-06-01T00:00:00Z"
	page := c.do("GET", user+"/calendarView/delta?"+window, nil)
	for n := 0; n < 5; n++ {
		page = c.do("GET", follow(page), nil)
	}
	id := url.PathEscape(s.ID)
	c.do("GET", user+"?$select=id,mail,proxyAddresses", nil)
	c.do("GET", "/v1.0/users?$filter="+url.QueryEscape("mail eq 'ali@example.com'"), nil)
	c.do("GET", "/v1.0/organization?$select=id,displayName,verifiedDomains", nil)
	c.do("GET", user+"/mailboxSettings", nil)
	c.do("GET", user+"/calendar", nil)
	c.do("GET", user+"/calendars", nil)
	c.do("GET", user+"/calendarView?"+window+"&$select=subject&$top=3", nil)
	c.do("GET", user+"/events?$top=2", nil)
	c.do("GET", user+"/events/"+id+"?$select=subject,cancelledOccurrences&$expand="+url.QueryEscape("singleValueExtendedProperties($filter=id eq 'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name X')"), nil)
	c.do("GET", user+"/events/"+id+"/instances?"+window, nil)
	c.do("PATCH", user+"/events/"+id, js{"body": js{"contentType": "html", "content": "x"}, "location": js{"displayName": "y"},
		"singleValueExtendedProperties": []js{{"id": "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name X", "value": "1"}}})
	made := c.do("POST", user+"/events", js{"subject": "t", "transactionId": "1", "start": js{"dateTime": "2026-02-01T10:00:00", "timeZone": "UTC"}, "end": js{"dateTime": "2026-02-01T11:00:00", "timeZone": "UTC"}})
	c.do("DELETE", user+"/events/"+url.PathEscape(made["id"].(string)), nil)
	c.do("POST", "/v1.0/$batch", js{"requests": []js{{"id": "1", "method": "GET", "url": "/users/alice@example.com/events/" + id}}})
	sub := c.do("POST", "/v1.0/subscriptions", js{"changeType": "updated", "resource": "/users/" + m.ID() + "/events", "notificationUrl": "EventHub:x", "expirationDateTime": "2026-01-06T00:00:00Z"})
	c.do("PATCH", "/v1.0/subscriptions/"+sub["id"].(string), js{"expirationDateTime": "2026-01-07T00:00:00Z"})
	c.do("DELETE", "/v1.0/subscriptions/"+sub["id"].(string), nil)
	if err := c.check.Err(); err != nil {
		t.Error(err)
	}
	if c.check.Requests() < 20 {
		t.Errorf("only %d requests were checked", c.check.Requests())
	}
}

func TestWebexAsSimulatedFitsItsDescription(t *testing.T) {
	c, _ := newCaller(t)
	m := c.do("POST", "/v1/meetings", js{"title": "t", "start": "2026-01-06T10:00:00Z", "end": "2026-01-06T11:00:00Z", "timezone": "UTC", "hostEmail": "alice@example.com",
		"sendEmail": false, "integrationTags": []string{"tag"}, "recurrence": "FREQ=DAILY;COUNT=3", "invitees": []js{{"email": "x@example.org"}}})
	id := m["id"].(string)
	c.do("GET", "/v1/meetings?hostEmail=alice@example.com&integrationTag=tag&meetingType=meetingSeries&current=false&from=2026-01-05T00:00:00Z&to=2026-01-09T00:00:00Z&max=100", nil)
	c.do("GET", "/v1/meetings?hostEmail=alice@example.com", nil)
	c.do("GET", "/v1/meetings/"+id+"?hostEmail=alice@example.com", nil)
	c.do("PATCH", "/v1/meetings/"+id, js{"title": "u", "hostEmail": "alice@example.com", "sendEmail": false})
	c.do("PATCH", "/v1/meetings/"+id+"_20260107T100000Z", js{"title": "v", "start": "2026-01-07T12:00:00Z", "end": "2026-01-07T13:00:00Z", "hostEmail": "alice@example.com", "sendEmail": false})
	c.do("GET", "/v1/meetingInvitees?meetingId="+id+"&hostEmail=alice@example.com", nil)
	c.do("POST", "/v1/meetingInvitees/bulkInsert", js{"meetingId": id, "hostEmail": "alice@example.com", "items": []js{{"email": "y@example.org", "displayName": "Y", "sendEmail": false}}})
	c.do("GET", "/v1/meetingPreferences/personalMeetingRoom?userEmail=alice@example.com", nil)
	c.do("GET", "/v1/people?email=alice@example.com", nil)
	c.do("GET", "/v1/people/me", nil)
	room := c.do("POST", "/v1/rooms", js{"title": "r"})["id"].(string)
	c.do("POST", "/v1/memberships", js{"roomId": room, "personEmail": "alice@example.com"})
	c.do("GET", "/v1/memberships?roomId="+room, nil)
	c.do("POST", "/v1/messages", js{"roomId": room, "markdown": "m"})
	c.do("GET", "/v1/messages?roomId="+room, nil)
	c.do("DELETE", "/v1/meetings/"+id+"?sendEmail=false&hostEmail=alice@example.com", nil)
	hall := c.w.AddWorkspace(simulator.Workspace{Name: "Hall"})
	c.do("GET", "/v1/workspaces?calendar=none", nil)
	c.do("GET", "/v1/workspaces/"+hall.ID, nil)
	c.do("GET", "/v1/devices?workspaceId="+hall.ID, nil)
	c.do("GET", "/v1/devices/"+hall.DeviceID, nil)
	c.do("POST", "/v1/xapi/command/Bookings.Clear", js{"deviceId": hall.DeviceID, "arguments": js{}})
	c.do("GET", "/v1/xapi/status?deviceId="+hall.DeviceID+"&name=Bookings.Availability.Status", nil)
	c.do("GET", "/v1/meetingPreferences/sites", nil)
	c.do("GET", "/v1/meetingPreferences/schedulingOptions?userEmail=alice@example.com", nil)
	c.do("GET", "/v1/organizations", nil)
	if err := c.check.Err(); err != nil {
		t.Error(err)
	}
	if c.check.Requests() < 15 {
		t.Errorf("only %d requests were checked", c.check.Requests())
	}
}

func TestWhatTheDescriptionsDoNotKnowIsTold(t *testing.T) {
	for what, test := range map[string]struct {
		method, path, body, want string
	}{
		"unknown path":            {"GET", "/v1.0/users/x/calender", "", "no such operation"},
		"unknown method":          {"PUT", "/v1.0/users/x/events/y", "{}", "no such operation"},
		"missing parameter":       {"GET", "/v1.0/users/x/calendarView/delta?startDateTime=2026-01-01T00:00:00Z", "", "endDateTime"},
		"unknown parameter":       {"GET", "/v1.0/users/x/events?$selekt=a", "", "$selekt is not described"},
		"unknown member":          {"PATCH", "/v1.0/users/x/events/y", `{"subjekt":"a"}`, "subjekt is not described"},
		"unknown member below":    {"PATCH", "/v1.0/users/x/events/y", `{"body":{"contentTyp":"html"}}`, "body.contentTyp is not described"},
		"wrong type":              {"PATCH", "/v1.0/users/x/events/y", `{"subject":7}`, "subject"},
		"not JSON":                {"PATCH", "/v1.0/users/x/events/y", `{`, "not JSON"},
		"no body":                 {"POST", "/v1.0/users/x/events", "", "body"},
		"in a batch":              {"POST", "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users/x/evnts"}]}`, "no such operation"},
		"webex: missing title":    {"POST", "/v1/meetings", `{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T01:00:00Z"}`, "title"},
		"webex: unknown member":   {"POST", "/v1/meetings", `{"title":"t","start":"a","end":"b","sendMail":false}`, "sendMail is not described"},
		"webex: unknown in PATCH": {"PATCH", "/v1/meetings/x", `{"tittle":"t"}`, "tittle is not described"},
		"webex: enum":             {"GET", "/v1/meetings?meetingType=series", "", "meetingType"},
	} {
		c, err := openapi.New()
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(test.method, "https://host.test"+test.path, strings.NewReader(test.body))
		if test.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		c.Request(r, []byte(test.body))
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestARoundTripperChecksAndPassesTheBodyOn(t *testing.T) {
	c, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	w := simulator.New(simulator.Options{})
	m := w.AddMailbox("alice@example.com")
	e := m.Create(simulator.Draft{Subject: "x", Start: noon, End: noon.Add(time.Hour)})
	client := http.Client{Transport: c.RoundTripper(w.Transport())}
	r, _ := http.NewRequest("PATCH", simulator.GraphURL+"/v1.0/users/alice@example.com/events/"+url.PathEscape(e.ID), strings.NewReader(`{"subject":"y","nonsense":1}`))
	r.Header.Set("Authorization", "Bearer "+w.GraphToken())
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || c.Err() == nil {
		t.Errorf("status %d, found %v", res.StatusCode, c.Err())
	}
}
