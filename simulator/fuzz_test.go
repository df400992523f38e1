package simulator

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// FuzzRequests sends anything anywhere: every answer is one, and nothing panics.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/v1.0/users/alice@example.com/calendarView/delta?startDateTime=2026-01-01&endDateTime=2026-02-01", ""},
		{"GET", "/v1.0/users/alice@example.com/events?$filter=singleValueExtendedProperties/Any(ep: ep/id eq 'a' and ep/value eq 'b')&$top=3", ""},
		{"PATCH", "/v1.0/users/alice@example.com/events/ID", `{"body":{"contentType":"html","content":"<p>x"},"start":{"dateTime":"2026-01-01T10:00:00","timeZone":"UTC"}}`},
		{"POST", "/v1.0/users/alice@example.com/events", `{"subject":"x","start":{"dateTime":"2026-01-01T10:00:00"},"end":{"dateTime":"2026-01-01T11:00:00"},"recurrence":{"pattern":{"type":"relativeMonthly","daysOfWeek":["friday"],"index":"last"},"range":{"type":"noEnd"}}}`},
		{"POST", "/v1.0/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users/alice@example.com"}]}`},
		{"POST", "/v1/meetings", `{"title":"x","start":"2026-01-06T10:00:00Z","end":"2026-01-06T11:00:00Z","recurrence":"FREQ=MONTHLY;BYDAY=2MO,3TU;COUNT=3;UNTIL=x","hostEmail":"alice@example.com","sendEmail":false}`},
		{"GET", "/v1/meetings?hostEmail=alice@example.com&max=null&cursor=YXQgMSBzaXplIDI&from=2026&meetingSeriesId=x_y", ""},
		{"PATCH", "/v1/meetings/MEETING_20260106T100000Z", `{"start":"2026-01-06T12:00:00Z","end":"2026-01-06T13:00:00Z","hostEmail":"alice@example.com","sendEmail":false}`},
		{"POST", "/v1/meetingInvitees/bulkInsert", `{"meetingId":"MEETING","hostEmail":"alice@example.com","items":[{"email":"a@b"}]}`},
		{"POST", "/v1/xapi/command/Bookings.Put", `{"deviceId":"x","body":{"Bookings":[{}]}}`},
		{"DELETE", "/v1.0/users//events/%2F", ""},
		{"GET", "/", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, path, text string) {
		w := New(Options{Seed: 1, Now: func() time.Time { return noon }})
		m := w.AddMailbox(alice_)
		e := m.Create(weekly(noon, 3))
		met, err := w.HostMeeting(alice_, "x", noon.Add(time.Hour), noon.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		path = strings.NewReplacer("ID", url.PathEscape(e.ID), "MEETING", met.ID).Replace(path)
		root, token := GraphURL, w.GraphToken()
		if strings.HasPrefix(path, "/v1/") {
			root, token = strings.TrimSuffix(WebexURL, "/v1"), w.WebexToken("x")
		}
		req, err := http.NewRequest(method, root+path, bytes.NewReader([]byte(text)))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := w.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode < 200 || res.StatusCode > 599 {
			t.Errorf("status %d", res.StatusCode)
		}
		_ = w.Check(AtRest{Enrolled: []string{alice_}, Occurrences: true, Spaces: true})
	})
}
