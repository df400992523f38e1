package simulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fixture reads a published answer.
func fixture(t *testing.T, name string) js {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var v js
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// shaped checks that got has every member of want, with a value of the same kind. Members named in without are not asked for.
func shaped(t *testing.T, at string, want, got any, without string) {
	t.Helper()
	skip := set(without)
	switch w := want.(type) {
	case js:
		g, ok := got.(js)
		if !ok {
			t.Errorf("%s: %T, want an object", at, got)
			return
		}
		for name, value := range w {
			if skip[name] {
				continue
			}
			have, ok := g[name]
			if !ok {
				t.Errorf("%s lacks %s", at, name)
				continue
			}
			if value != nil && have != nil {
				shaped(t, at+"."+name, value, have, without)
			}
		}
	case []any:
		g, ok := got.([]any)
		switch {
		case !ok:
			t.Errorf("%s: %T, want a list", at, got)
		case len(w) > 0 && len(g) > 0:
			shaped(t, at+"[0]", w[0], g[0], without)
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			t.Errorf("%s: %T, want %T", at, got, want)
		}
	}
}

func TestAnswersOfGraphHaveTheShapesOfThePublishedOnes(t *testing.T) {
	w, c, m, link, _ := calendar(t, Quirks{PlainJSON: true})
	d := at(1, 0)
	d.Attendees, d.Teams, d.Location = []string{"x@example.org"}, true, "Hall"
	teams := m.Create(d)
	series := weekly(noon, 3)
	series.Location, series.Attendees = "@webex", []string{"bo@contoso.com"}
	s := m.Create(series)
	_ = m.EditOccurrence(s.ID, "2026-01-12", func(d *Draft) { d.Subject = "exception" })
	gone := m.Create(at(2, 0))
	items, delta := c.round(link)
	check := func(name string, got any, without string) {
		t.Helper()
		shaped(t, name, fixture(t, "graph/"+name), got, without)
	}
	byType := map[string]any{}
	for _, i := range items {
		byType[i["type"].(string)] = i
	}
	page := fixture(t, "graph/delta-composed-series-page")["value"].([]any)
	shaped(t, "master", page[0], byType["seriesMaster"], "")
	shaped(t, "occurrence", page[1], byType["occurrence"], "")
	shaped(t, "exception", page[2], byType["exception"], "")
	check("delta-observed-occurrence", byType["occurrence"], "")
	_ = m.Delete(gone.ID)
	check("delta-04-next-round-removed", c.ok("GET", delta, nil), "")

	check("event-teams-create-response", c.ok("GET", events(alice_, teams.ID), nil), "")
	check("event-get-single", c.ok("GET", events(alice_, teams.ID), nil), "proposedNewTime")
	check("event-instances-response", c.ok("GET", events(alice_, s.ID)+"/instances?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-03-01T00:00:00Z", nil), "")
	check("user-get-response", c.ok("GET", GraphURL+"/v1.0/users/"+alice_, nil), "")
	check("mailboxsettings-response", c.ok("GET", users(alice_, "mailboxSettings"), nil), "scheduledStartDateTime scheduledEndDateTime")
	check("calendar-response", c.ok("GET", users(alice_, "calendar"), nil), "changeKey")
	check("organization-list-response", c.ok("GET", GraphURL+"/v1.0/organization", nil), "assignedPlans businessPhones city country countryLetterCode")
	check("translate-exchange-ids-response", c.ok("POST", users(alice_, "translateExchangeIds"), js{"inputIds": []string{s.ID}, "targetIdType": "restId"}), "")
	c.ok("PATCH", events(alice_, teams.ID), js{"singleValueExtendedProperties": []js{{"id": mark, "value": "x"}}})
	check("extended-property-expand-response", c.ok("GET", events(alice_, teams.ID)+"?$expand="+url.QueryEscape("singleValueExtendedProperties($filter=id eq '"+mark+"')"), nil),
		"@odata.id sender from toRecipients singleValueExtendedProperties@odata.context")

	sub := c.ok("POST", GraphURL+"/v1.0/subscriptions", js{"changeType": "updated", "resource": "users/" + m.ID() + "/events", "notificationUrl": "EventHub:x",
		"lifecycleNotificationUrl": "EventHub:x", "clientState": "c", "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)})
	check("subscription-create-response", sub, "notificationContentType")
	_ = m.Move(s.ID, noon.Add(time.Hour))
	w.Lifecycle("missed")
	sent := w.TakeNotifications()
	for i, name := range []string{"notification-eventhub-validation", "notification-composed-event-updated", "notification-lifecycle-missed"} {
		var got js
		_ = json.Unmarshal(sent[i].Payload, &got)
		check(name, got, "resourceData")
	}
	got := c.ok("POST", GraphURL+"/v1.0/$batch", js{"requests": []js{{"id": "1", "method": "GET", "url": "/users/" + alice_}}})
	check("batch-composed-throttled-response", got, "headers body")
}

func TestErrorsOfGraphHaveTheShapesOfThePublishedOnes(t *testing.T) {
	w, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	body := js{"subject": "x", "transactionId": "t", "start": js{"dateTime": "2026-02-01T10:00:00", "timeZone": "UTC"}, "end": js{"dateTime": "2026-02-01T11:00:00", "timeZone": "UTC"}}
	c.ok("POST", users(alice_, "events"), body)
	_, first := c.round(link)
	for range 3 {
		c.round(first)
	}
	for name, r := range map[string]reply{
		"error-400-calendarview-range":      c.do("GET", deltaURL(alice_, noon, noon.AddDate(6, 0, 0)), nil),
		"error-409-duplicate-transactionid": c.do("POST", users(alice_, "events"), body),
		"error-410-syncstatenotfound":       c.do("GET", first, nil),
		"error-412-conflict":                c.do("PATCH", events(alice_, e.ID), js{"subject": "y"}, "If-Match", "W/\"x\""),
	} {
		want := fixture(t, "graph/"+name)
		shaped(t, name, want, r.js, "")
		if code(r) != want["error"].(js)["code"] || fmt.Sprint(r.status) != name[6:9] {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	m.Deny()
	if r, want := c.do("GET", link, nil), fixture(t, "graph/error-403-raop"); r.js["error"].(js)["message"] != want["error"].(js)["message"] {
		t.Errorf("%s", r.body)
	}
	m.Unlicense()
	if r, want := c.do("GET", link, nil), fixture(t, "graph/error-404-mailboxnotenabled"); r.js["error"].(js)["message"] != want["error"].(js)["message"] {
		t.Errorf("%s", r.body)
	}
	m.Restore()
	w.Fault(Rule{Call: "GetUser", Times: 1, Fault: Refuse(429, "ApplicationThrottled", "1")})
	r := c.do("GET", GraphURL+"/v1.0/users/"+alice_, nil)
	shaped(t, "429", fixture(t, "graph/error-429-mailboxconcurrency"), r.js, "")
}

func TestAnswersOfEntraHaveTheShapesOfThePublishedOnes(t *testing.T) {
	w, c, _ := newWorld(t, Options{Now: time.Now})
	w.AddMailbox(alice_)
	pemData := newApp(t)
	if err := w.RegisterApp(clientID, pemData); err != nil {
		t.Fatal(err)
	}
	post := func(rest string, form url.Values) reply {
		return c.do("POST", LoginURL+"/"+w.Tenant()+"/oauth2/v2.0/"+rest, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	device := post("devicecode", url.Values{"client_id": {clientID}, "scope": {"User.Read openid offline_access"}})
	shaped(t, "device code", fixture(t, "graph/auth-composed-device-code-response"), device.js, "")
	poll := url.Values{"grant_type": {"device_code"}, "client_id": {clientID}, "device_code": {device.js["device_code"].(string)}}
	pending := post("token", poll)
	shaped(t, "pending", fixture(t, "graph/auth-composed-device-code-pending"), pending.js, "")
	if pending.status != 400 || pending.js["error"] != "authorization_pending" {
		t.Errorf("%d %s", pending.status, pending.body)
	}
	_ = w.SignIn(device.js["user_code"].(string), alice_)
	shaped(t, "tokens of a person", fixture(t, "graph/auth-device-code-token-response"), post("token", poll).js, "")
	wrong := post("token", url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_assertion": {"x"}, "scope": {"wrong"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}})
	shaped(t, "error", fixture(t, "graph/auth-error-response"), wrong.js, "")
	if wrong.js["error"] != "invalid_scope" {
		t.Errorf("%s", wrong.body)
	}
	if r := c.do("POST", LoginURL+"/wrong/oauth2/v2.0/token", "", "Authorization", ""); !strings.Contains(string(r.body), "AADSTS90002") {
		t.Errorf("unknown tenant: %s", r.body)
	}
}

func TestAnswersOfWebexHaveTheShapesOfThePublishedOnes(t *testing.T) {
	s := newStudio(t, Quirks{})
	check := func(name string, got any, without string) {
		t.Helper()
		shaped(t, name, fixture(t, "webex/"+name), got, without)
	}
	m := s.create(js{"agenda": "a", "recurrence": "FREQ=DAILY;COUNT=3", "integrationTags": []string{"x"}, "trackingCodes": []js{{"name": "a", "value": "b"}}})
	id := m["id"].(string)
	check("post.meetings.200", m, `registerLink meetingOptions attendeePrivileges registration simultaneousInterpretation links enabledAudioWatermark
		enabledVisualWatermark visualWatermarkOpacity audioConnectionOptions enabledLiveStream liveStream`)
	check("post.meetings.400", s.post(js{"password": "alllower"}).js, "")
	check("get.meetingPreferences.personalMeetingRoom.200", s.c.ok("GET", WebexURL+"/meetingPreferences/personalMeetingRoom?userEmail="+alice_, nil), "")
	check("get.meetingPreferences.personalMeetingRoom.403", s.c.do("GET", WebexURL+"/meetingPreferences/personalMeetingRoom?userEmail=bob@example.com", nil).js, "")
	one := js{"meetingId": id, "hostEmail": alice_, "email": "x@y.org", "sendEmail": false}
	s.c.ok("POST", WebexURL+"/meetingInvitees", one)
	check("post.meetingInvitees.409", s.c.do("POST", WebexURL+"/meetingInvitees", one).js, "")
	check("get.meetingInvitees.200", s.c.ok("GET", WebexURL+"/meetingInvitees?hostEmail="+alice_+"&meetingId="+id, nil), "")
	bulk := js{"meetingId": id, "hostEmail": alice_, "items": []js{{"email": "z@y.org", "sendEmail": false}}}
	check("post.meetingInvitees.bulkInsert.200", s.c.ok("POST", WebexURL+"/meetingInvitees/bulkInsert", bulk), "")
	check("post.meetingInvitees.bulkInsert.409", s.c.do("POST", WebexURL+"/meetingInvitees/bulkInsert", bulk).js, "")
	check("get.people.200", s.c.ok("GET", WebexURL+"/people?email="+alice_, nil), `phoneNumbers extension locationId avatar roles licenses department manager
		managerId title addresses lastModified timezone lastActivity xmppFederationJid`)
	room := s.c.ok("POST", WebexURL+"/rooms", js{"title": "r"})
	check("post.rooms.200", room, "teamId ownerId classificationId isAnnouncementOnly isReadOnly isPublic madePublic description")
	check("post.memberships.200", s.c.ok("POST", WebexURL+"/memberships", js{"roomId": room["id"], "personEmail": alice_}), "personOrgId isRoomHidden roomType")
	check("post.messages.200", s.c.ok("POST", WebexURL+"/messages", js{"roomId": room["id"], "text": "t"}), `parentId toPersonId toPersonEmail html files mentionedPeople
		mentionedGroups attachments updated isVoiceClip`)
	_ = s.w.StartMeeting(id)
	want := fixture(t, "webex/meetings.error.in-progress")["body"].(js)
	if r := s.patch(id, js{"title": "x"}); r.js["errors"].([]any)[0].(js)["description"] != want["errors"].([]any)[0].(js)["description"] {
		t.Errorf("%s", r.body)
	}
	app, secret, refresh := s.w.ServiceApp()
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {app}, "client_secret": {secret}, "refresh_token": {refresh}}
	check("oauth.refresh.200", s.c.ok("POST", WebexURL+"/access_token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"), "")
	w := fixture(t, "webex/error.401")
	r := s.c.do("GET", WebexURL+"/people/me", nil, "Authorization", "")
	shaped(t, "401", w["body"], r.js, "")
	if r.header.Get("trackingid") == "" || r.header.Get("Content-Type") != w["headers"].(js)["Content-Type"] {
		t.Errorf("%v", r.header)
	}
}
