package graph

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/rest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestThePublishedDeltaPagesAreReadForWhatTheySay(t *testing.T) {
	const next, last = "https://graph.microsoft.com/v1.0/me/calendarView/delta?$skiptoken=", "https://graph.microsoft.com/v1.0/me/calendarView/delta?$deltatoken="
	for file, want := range map[string]page{
		"delta-01-initial-page.json": {next: next + "R0usmcCM996atia_s", events: []delta.Event{
			{ID: "AAMkADNVxRAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAAFXcvIQ=="`, Subject: "Plan shopping list", Start: at("2016-12-09T20:30:00Z"), End: at("2016-12-09T22:00:00Z")},
			{ID: "AAMkADVxSAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAAFXcvIg=="`, Subject: "Pick up car", Start: at("2016-12-10T01:00:00Z"), End: at("2016-12-10T02:00:00Z")},
		}},
		"delta-02-next-page.json": {next: next + "R0usmci39OQxqJrxK4", events: []delta.Event{
			{ID: "AAMkADVxTAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAAFXcvIw=="`, Subject: "Get food", Start: at("2016-12-10T19:30:00Z"), End: at("2016-12-10T21:30:00Z")},
			{ID: "AAMkADVxUAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAAFXcvJA=="`, Subject: "Prepare food", Start: at("2016-12-10T22:00:00Z"), End: at("2016-12-11T00:00:00Z")},
		}},
		"delta-03-final-page.json": {delta: last + "R0usmcMDNGg0J1E", events: []delta.Event{
			{ID: "AAMkADj1HuAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAALZu97g=="`, Subject: "Rest!", Location: delta.Location{Text: "Home"}, Start: at("2016-12-12T02:00:00Z"), End: at("2016-12-12T07:30:00Z")},
		}},
		"delta-04-next-round-removed.json": {delta: last + "R0usmcFuQtZdtpk4", events: []delta.Event{
			{ID: "AAMkADk0MGFkODE3LWE4MmYtNDRhOS04OGQLkRkXbBznTvAADb6ytyAAA=", Removed: true},
			{ID: "AAMkADj1HvAAA=", ETag: `W/"EZ9r3czxY0m2jz8c45czkwAALZu97w=="`, Subject: "Attend service", Location: delta.Location{Text: "Chapel of Saint Ignatius"}, Start: at("2016-12-25T06:00:00Z"), End: at("2016-12-25T07:30:00Z")},
		}},
		"delta-observed-empty-first-page.json": {next: "https://graph.microsoft.com/v1.0/users/email@company.onmicrosoft.com/calendarView/delta?$skiptoken=b9658zLYx7ag_WbFCK2mQmr9E8XtI"},
	} {
		for i := range want.events {
			want.events[i].Partial = !want.events[i].Removed && want.events[i].Location.Text == "" // the others are printed whole
		}
		got, err := new(Client).decodePage(bytes.NewReader(fixture(t, file)), 0)
		got.size = 0
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", file, err, got, want)
		}
	}
	// The reference page's example has no ids, and no times: as a page it is worthless, and must not pass for a calendar.
	if p, err := new(Client).decodePage(bytes.NewReader(fixture(t, "delta-05-api-page.json")), 0); err == nil {
		t.Errorf("a page of events without ids was taken: %+v", p)
	}
}

func TestASeriesOnADeltaPageIsReadForWhatItSays(t *testing.T) {
	p, err := new(Client).decodePage(bytes.NewReader(fixture(t, "delta-composed-series-page.json")), 0)
	if err != nil || p.next != "" || p.delta != "https://graph.microsoft.com/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/delta?$deltatoken=composed-1" {
		t.Fatal(p.next, p.delta, err)
	}
	master := p.events[0]
	r := master.Recurrence
	if master.Type != delta.Master || master.Subject != "Weekly sync @webex" || !master.Organizer || master.Private || master.Bare || master.Location.Text != "@webex" {
		t.Errorf("master %+v", master)
	}
	if master.Body.Content != "<html><body>agenda</body></html>" || !master.Body.HTML {
		t.Errorf("body %+v: the event asks for a meeting", master.Body)
	}
	if !strings.Contains(string(master.Location.Place), `"uniqueIdType": "private"`) {
		t.Errorf("places %s", master.Location.Place)
	}
	if r == nil || r.Pattern.Type != "weekly" || r.Pattern.Interval != 1 || !slices.Equal(r.Pattern.DaysOfWeek, []string{"monday"}) || r.Range.Type != "noEnd" || r.Range.StartDate != "2026-01-05" {
		t.Errorf("recurrence %+v", r)
	}
	if want := []delta.Attendee{{Address: "bo@contoso.com", Name: "Bo", Type: "required"}}; !slices.Equal(master.Attendees, want) {
		t.Errorf("attendees %+v", master.Attendees)
	}
	var bare, exceptions, removed []string
	for _, e := range p.events[1:] {
		switch {
		case e.Removed:
			removed = append(removed, e.ID)
		case e.Bare:
			bare = append(bare, e.ID)
			if e.SeriesID != "MASTER1" || e.Type != delta.Occurrence || e.Start.IsZero() || e.Subject != "" {
				t.Errorf("occurrence %+v", e)
			}
		case e.Type == delta.Exception:
			exceptions = append(exceptions, e.ID)
			if e.SeriesID != "MASTER1" || e.OriginalStart.IsZero() || e.Bare {
				t.Errorf("exception %+v", e)
			}
		default:
			t.Errorf("unexpected %+v", e)
		}
	}
	if len(bare) == 0 || len(exceptions) != 1 || len(removed) != 1 || !slices.Contains(bare, "OCC-2026-01-05") {
		t.Errorf("bare %v, exceptions %v, removed %v", bare, exceptions, removed)
	}
}

// event reads an answer of one event.
func event(t testing.TB, raw []byte) (answered, error) {
	t.Helper()
	var a answered
	err := a.decode(nil, bytes.NewReader(raw))
	return a, err
}

func TestThePublishedEventsAreReadForWhatTheySay(t *testing.T) {
	people := func(of ...string) (out []delta.Attendee) {
		for i := 0; i < len(of); i += 2 {
			out = append(out, delta.Attendee{Name: of[i], Address: of[i+1], Type: "required"})
		}
		return out
	}
	for file, want := range map[string]delta.Event{
		"delta-observed-occurrence.json": {
			ID: "id", ETag: `W/"DwAAABYAAAC9YbapXssvT4RTG13UUr6AAAhT48i7"`, Type: delta.Occurrence, SeriesID: "seriesMasterId", Bare: true,
			Start: at("2023-07-23T10:25:00Z"), End: at("2023-07-23T10:55:00Z"),
		},
		"event-get-single.json": { // Pacific time, in summer
			ID: "AAMkAGIAAAoZDOFAAA=", ETag: `W/"ZlnW4RIAV06KYYwlrfNZvQAAKGWwbw=="`, Subject: "Orientation ", Location: delta.Location{Text: "Assembly Hall"},
			Body:  parser.Body{HTML: true, Content: "<html><head></head><body><p>Dana, this is the time you selected for our orientation. Please bring the notes I sent you.</p></body></html>"},
			Start: at("2017-04-21T17:00:00Z"), End: at("2017-04-21T19:00:00Z"),
			Attendees: people("Samantha Booth", "samanthab@a830edad905084922e17020313.onmicrosoft.com", "Dana Swope", "danas@a830edad905084922e17020313.onmicrosoft.com"),
		},
		"event-get-multi-location.json": {
			ID: "AAMkADAGAADDdm4NAAA=", ETag: `W/"y53lbKh6jkaxHzFwGhgyxgAAw5zhug=="`, Subject: "Plan summer company picnic", Location: delta.Location{Text: "Conf Room 3; Fourth Coffee; Home Office"},
			Body:  parser.Body{HTML: true, Content: "<html>\r\n<head>\r\n</head>\r\n<body>\r\nLet's kick-start this event planning!\r\n</body>\r\n</html>\r\n"},
			Start: at("2017-08-30T11:00:00Z"), End: at("2017-08-30T12:00:00Z"), Attendees: people("Dana Swope", "danas@contoso.onmicrosoft.com", "Alex Wilber", "alexw@contoso.onmicrosoft.com"),
		},
		"event-get-series-master-deviations.json": {
			ID: "AAMkADAGAADDdm4NAAA=", ETag: `W/"y53lbKh6jkaxHzFwGhgyxgAAw5zhug=="`, Subject: "Daily stand-up", Start: at("2020-04-23T11:30:00Z"), End: at("2020-04-23T12:00:00Z"),
		},
	} {
		got, err := event(t, fixture(t, file))
		if err != nil || !reflect.DeepEqual(got.event, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", file, err, got.event, want)
		}
	}
	a, err := event(t, fixture(t, "event-teams-create-response.json"))
	if e := a.event; err != nil || e.ID == "" || e.Subject != "Prep for customer meeting" || !e.Organizer || e.Type != delta.Single || e.Draft || e.Cancelled || e.Zone != "Pacific Standard Time" || len(e.Attendees) == 0 || e.Modified.IsZero() {
		t.Errorf("%v\n%+v", err, e)
	}
	// The example of an answer to PATCH is cut down to what was changed; an answer that names no event may be anybody's.
	if _, err := event(t, fixture(t, "event-patch-response.json")); err == nil {
		t.Error("an answer without id was taken")
	}
}

func TestTheExtendedPropertyIsFoundInThePublishedForm(t *testing.T) {
	raw := fixture(t, "extended-property-expand-response.json")
	for _, id := range []string{delta.MarkProperty, strings.ToUpper(delta.MarkProperty[:len("String {6f2c")]) + delta.MarkProperty[len("String {6f2c"):]} {
		ours := bytes.Replace(raw, []byte("String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Color"), []byte(id), 1)
		if a, err := event(t, ours); err != nil || a.mark != "Green" {
			t.Errorf("mark %q, %v", a.mark, err)
		}
	}
	if a, err := event(t, raw); err != nil || a.mark != "" {
		t.Errorf("somebody else's property is our mark: %q, %v", a.mark, err)
	}
}

func TestThePublishedAnswersOfTheOtherCallsAreReadForWhatTheySay(t *testing.T) {
	ask := func(file string) *Calendar { return newCalendar(t, always(200, string(fixture(t, file)))) }
	if ids, err := ask("events-list-response.json").IDs(t.Context()); err != nil || !slices.Equal(ids, []string{"AAMkAGIAAAoZDOFAAA="}) {
		t.Errorf("%v, %v", ids, err)
	}
	if language, err := ask("mailboxsettings-response.json").Language(t.Context()); err != nil || language != "en-US" {
		t.Errorf("%q, %v", language, err)
	}
	box, host, err := ask("user-get-response.json").client.User(t.Context(), "Adele@Contoso.com")
	if err != nil || box != (delta.Mailbox{ID: "87d349ed-44d7-43e1-9a83-5f2406dee5bd", Address: "adele@contoso.com"}) || host != "adelev@contoso.onmicrosoft.com" {
		t.Errorf("%+v, %q, %v", box, host, err)
	}
}

func TestThePublishedSubscriptionsAreReadForWhatTheySay(t *testing.T) {
	ask := func(file string) *Client { return newCalendar(t, always(200, string(fixture(t, file)))).client }
	list, err := ask("subscription-list-response.json").Subscriptions(t.Context())
	want := delta.Subscription{ID: "0fc0d6db-0073-42e5-a186-853da75fb308", Resource: "Users", Changes: "updated,deleted", Expires: at("2018-03-12T05:00:00Z")}
	if err != nil || len(list) != 1 || list[0] != want { // its two addresses differ, so it is not taken for one of ours
		t.Errorf("%+v, %v", list, err)
	}
	until, err := ask("subscription-renew-response.json").Renew(t.Context(), delta.Mailbox{}, "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", time.Time{})
	if err != nil || !until.Equal(at("2016-11-22T18:23:45.9356913Z")) {
		t.Errorf("%v, %v", until, err)
	}
	made, err := ask("subscription-create-response.json").Subscribe(t.Context(), delta.Mailbox{}, delta.Subscription{})
	if err != nil || made.ID != "7f105c7d-2dc5-4530-97cd-4e7ae6534c07" || made.State != "secretClientValue" || !made.Expires.Equal(at("2016-11-20T18:23:45.9356913Z")) {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestThePublishedAnswerToAnEventThatWasMadeIsRead(t *testing.T) {
	calendar := newCalendar(t, always(201, string(fixture(t, "event-create-response.json"))))
	id, etag, err := calendar.MakeTrial(t.Context(), "word", at("2026-11-22T09:00:00Z"))
	if err != nil || id != "AAMkAGI1AAAt9AHjAAA=" || etag != `W/"ZlnW4RIAV06KYYwlrfNZvQAALfZeRQ=="` {
		t.Errorf("%q, %q, %v", id, etag, err)
	}
}

func TestThePublishedErrorsMeanWhatTheyMean(t *testing.T) {
	for _, test := range []struct {
		file   string
		status int
		want   error
		code   string
	}{
		{"error-400-advanced-query.json", 400, delta.ErrRefused, "Request_UnsupportedQuery"},
		{"error-400-calendarview-range.json", 400, delta.ErrRefused, "ErrorInvalidRequest"},
		{"error-403-application-access-policy.json", 403, delta.ErrAccess, "ErrorAccessDenied"},
		{"error-403-raop.json", 403, delta.ErrAccess, "ErrorAccessDenied"},
		{"error-404-mailboxnotenabled.json", 404, delta.ErrMailbox, "MailboxNotEnabledForRESTAPI"},
		{"error-404-mailboxnotenabled.json", 400, delta.ErrMailbox, "MailboxNotEnabledForRESTAPI"},
		{"error-409-duplicate-transactionid.json", 409, delta.ErrConflict, "ErrorDuplicateTransactionId"},
		{"error-410-syncstatenotfound.json", 410, delta.ErrCursorExpired, "SyncStateNotFound"},
		{"error-410-syncstatenotfound.json", 400, delta.ErrCursorExpired, "SyncStateNotFound"},
		{"error-412-conflict.json", 412, delta.ErrConflict, "ErrorIrresolvableConflict"},
		{"error-429-mailboxconcurrency.json", 429, delta.ErrThrottled, "ApplicationThrottled"},
		{"error-429.json", 429, delta.ErrThrottled, "TooManyRequests"},
		{"error-501-delta.json", 501, delta.ErrRefused, "NotImplemented"},
		{"error-example.json", 400, delta.ErrRefused, "invalidRange"},
	} {
		w := always(test.status, string(fixture(t, test.file)), "Retry-After: 120")
		_, _, err := newCalendar(t, w).Event(t.Context(), "id")
		var refused *rest.Error
		if !errors.Is(err, test.want) || !errors.As(err, &refused) || refused.Code != test.code {
			t.Errorf("%s with %d: %v, want %v", test.file, test.status, err, test.want)
		}
	}
}
