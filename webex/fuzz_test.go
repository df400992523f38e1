package webex

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzDecode reads any bytes as each of the answers that this package reads.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{
		"get.meetings.200", "get.meetings.meetingId.200", "post.meetings.200", "patch.meetings.meetingId.200",
		"get.meetingPreferences.personalMeetingRoom.200", "get.meetingPreferences.personalMeetingRoom.403", "post.meetings.400",
	} {
		f.Add([]byte(fixture(f, name)))
	}
	f.Add([]byte(`{"items":[{"id":"a","errors":{"title":{}},"start":"x","telephony":{"callInNumbers":[{}]}}],"errors":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var one meetingJSON
		oneErr := one.decode(nil, bytes.NewReader(raw))
		var page list[meetingJSON]
		listErr := page.decode(nil, bytes.NewReader(raw))
		var room roomJSON
		roomErr := room.decode(nil, bytes.NewReader(raw))
		if read := oneErr == nil || listErr == nil || roomErr == nil; read && !json.Valid(bytes.ToValidUTF8(raw, []byte("?"))) {
			t.Fatalf("what is no JSON was read: %q", raw)
		}
		if oneErr == nil && one.meeting().ID == "" {
			t.Fatal("a meeting without id")
		}
		if listErr != nil && page.items != nil {
			t.Fatal("an error, and meetings with it")
		}
		for _, m := range page.items {
			if m.meeting().ID == "" {
				t.Fatal("a meeting without id in a list")
			}
		}
		for _, err := range []error{oneErr, listErr, roomErr} {
			if err != nil && len(raw) > 8 && strings.Contains(err.Error(), string(raw)) {
				t.Fatalf("the error quotes the answer: %v", err)
			}
		}
		// What is read is the same when it is read again from what it was read as.
		if roomErr == nil {
			phones := room.Telephony.phones()
			again, err := json.Marshal(room)
			if err != nil {
				t.Fatal(err)
			}
			var second roomJSON
			if err := second.decode(nil, bytes.NewReader(again)); err != nil || len(second.Telephony.phones()) != len(phones) || second.Link == "" {
				t.Fatalf("%v\n%s", err, again)
			}
		}
	})
}

// FuzzNextPage follows any Link header, and never elsewhere.
func FuzzNextPage(f *testing.F) {
	f.Add(`<` + apiRoot + `/meetings?max=null&cursor=c>; rel="next"`)
	f.Add(`<https://elsewhere.example/v1/meetings>; rel=next, <` + apiRoot + `/meetings>; title="<>"; rel="prev"`)
	f.Add(`</v1/meetings>; rel="next"`)
	client, _ := newClient(f, ok(`{}`, ""))
	f.Fuzz(func(t *testing.T, link string) {
		u, err := client.nextPage(http.Header{"Link": {link}}, client.rest.URL(url.Values{"max": {maxPage}}, "meetings"))
		if err != nil || u == nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != "https" || again.Host != "webexapis.com" || again.Path != "/v1/meetings" || again.User != nil || again.Query().Get("max") == "null" {
			t.Fatalf("%q leads to %s", link, u)
		}
	})
}
