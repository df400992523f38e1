package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"syncd/delta"
)

// pageOf is a page as Graph sends it: n events with all members, bodies that make it so many bytes in all, and every one of them
// asking for a meeting where asks is set.
func pageOf(n, size int, asks bool) []byte {
	var page strings.Builder
	page.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#Collection(event)","value":[`)
	for i := range n {
		if i > 0 {
			page.WriteByte(',')
		}
		location := "Room 4; second floor"
		if asks {
			location = "@webex"
		}
		fmt.Fprintf(&page, eventForm, i, i, i, bodyOf(max(size/n-3400, 0)), location, location, location, location)
	}
	page.WriteString(`],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/u/calendarView/delta?$deltatoken=x"}`)
	return []byte(page.String())
}

// bodyOf is HTML in its JSON form.
func bodyOf(size int) string {
	const paragraph = `<p class=\"MsoNormal\" style=\"margin:0cm; font-size:11pt\"><span lang=\"EN-US\">We meet to look at the plans for the quarter, and at what became of the last ones. Änderungen bitte vorher.<o:p></o:p></span></p>\r\n`
	return `<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body>\r\n` +
		strings.Repeat(paragraph, size/len(paragraph)) + `</body>\r\n</html>\r\n`
}

const eventForm = `{"@odata.type":"#microsoft.graph.event","@odata.etag":"W/\"ZlnW4RIAV06KYYwlrfNZvQAAKGWw%04d==\"","id":"AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AZlnW4RIAV06KYYwlrfNZvQAAKHvW%04dAAA=",` +
	`"createdDateTime":"2026-01-04T09:00:00.1234567Z","lastModifiedDateTime":"2026-01-04T09:00:00.1234567Z","changeKey":"ZlnW4RIAV06KYYwlrfNZvQAAKGWwbw==","categories":["Blue category"],` +
	`"transactionId":null,"originalStartTimeZone":"W. Europe Standard Time","originalEndTimeZone":"W. Europe Standard Time",` +
	`"iCalUId":"040000008200E00074C5B7101A82E00800000000D0C1D8A8E49BDB0100000000000000001000000084E6B2C6D6B4E44D9C6C0A3B1D5D7F01","reminderMinutesBeforeStart":15,` +
	`"isReminderOn":true,"hasAttachments":false,"subject":"Quarterly planning %d","bodyPreview":"We meet to look at the plans for the quarter, and at what became of the last ones. \ud83d",` +
	`"importance":"normal","sensitivity":"normal","isAllDay":false,"isCancelled":false,"isOrganizer":true,"responseRequested":true,"seriesMasterId":null,"showAs":"busy",` +
	`"type":"singleInstance","webLink":"https://outlook.office365.com/owa/?itemid=AAkALgAAAAAAHYQDEapmEc2byACqAC%%2FEWg0AZlnW4RIAV06KYYwlrfNZvQAAKHvWbAAA%%3D&exvsurl=1&path=/calendar/item",` +
	`"onlineMeetingUrl":null,"isOnlineMeeting":false,"onlineMeetingProvider":"unknown","allowNewTimeProposals":true,"occurrenceId":null,"isDraft":false,"hideAttendees":false,` +
	`"responseStatus":{"response":"organizer","time":"0001-01-01T00:00:00Z"},"body":{"contentType":"html","content":"%s"},` +
	`"start":{"dateTime":"2026-02-04T09:00:00.0000000","timeZone":"UTC"},"end":{"dateTime":"2026-02-04T10:00:00.0000000","timeZone":"UTC"},` +
	`"location":{"displayName":"%s","locationType":"default","uniqueId":"%s","uniqueIdType":"private"},"locations":[{"displayName":"%s","locationType":"default","uniqueId":"%s","uniqueIdType":"private"}],"recurrence":null,` +
	`"attendees":[{"type":"required","status":{"response":"none","time":"0001-01-01T00:00:00Z"},"emailAddress":{"name":"Samantha Booth","address":"samanthab@contoso.com"}},` +
	`{"type":"required","status":{"response":"accepted","time":"2026-01-04T10:00:00Z"},"emailAddress":{"name":"Dana Swope","address":"DanaS@contoso.com"}},` +
	`{"type":"optional","status":{"response":"none","time":"0001-01-01T00:00:00Z"},"emailAddress":{"name":"Alex Wilber","address":"AlexW@contoso.com"}},` +
	`{"type":"resource","status":{"response":"accepted","time":"2026-01-04T10:00:00Z"},"emailAddress":{"name":"Room 4","address":"room4@contoso.com"}}],` +
	`"organizer":{"emailAddress":{"name":"Adele Vance","address":"AdeleV@contoso.com"}},"onlineMeeting":null}`

// jsonString writes a string as JSON, bytes that are no characters included.
func jsonString(s string) (string, error) {
	raw, err := json.Marshal(s)
	return string(raw), err
}

// serve is a Graph behind real TLS, and alice's calendar in it.
func serve(t testing.TB, handler http.HandlerFunc) (*httptest.Server, *Calendar) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	client, err := New(server.URL, server.Client().Transport, tokens(func() string { return "token" }))
	if err != nil {
		t.Fatal(err)
	}
	return server, client.Calendar(mallory)
}

func FuzzDecodePage(f *testing.F) {
	for _, name := range []string{"delta-01-initial-page.json", "delta-04-next-round-removed.json", "delta-05-api-page.json", "delta-composed-series-page.json"} {
		f.Add(fixture(f, name))
	}
	f.Add(pageOf(2, 9000, true))
	f.Fuzz(func(t *testing.T, raw []byte) {
		samePage(t, raw)
		p, err := new(Client).decodePage(bytes.NewReader(raw), 0)
		if err != nil {
			if len(p.events) > 0 && err != errNoLink {
				t.Fatal("an error, and events with it")
			}
			return
		}
		if !json.Valid(bytes.ToValidUTF8(raw, nil)) && !json.Valid(bytes.ToValidUTF8(raw, []byte("\ufffd"))) {
			t.Fatalf("what is no JSON was read: %q", raw)
		}
		if (p.next == "") == (p.delta == "") {
			t.Fatalf("links %q and %q", p.next, p.delta)
		}
		for _, e := range p.events {
			if e.ID == "" || e.Removed && e.Unreadable || (e.Removed || e.Unreadable) && !reflect.DeepEqual(e, delta.Event{ID: e.ID, Removed: e.Removed, Unreadable: e.Unreadable}) {
				t.Fatalf("%+v", e)
			}
		}
	})
}
