package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
)

const graphRoot = "https://graph.microsoft.com"

var mallory = delta.Mailbox{ID: "11111111-2222-3333-4444-555555555555", Address: "alice@example.com"}

// crafted are links that must not be followed from alice's mailbox, by what is wrong with them.
func crafted() map[string][]string {
	const path = "/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/delta"
	const query = "?$skiptoken=x"
	out := map[string][]string{}
	add := func(what string, links ...string) { out[what] = append(out[what], links...) }

	hosts := []string{
		"evil.example", "graph.microsoft.com.evil.example", "graph.microsoft.com.", "graph.microsoft.co", "graph.microsoft.comm", "xgraph.microsoft.com", "graph-microsoft.com",
		"graph.microsoft.com%2eevil.example", "graph.microsoft.com%00.evil.example", "graph.microsoft.com%252eevil.example", "evil.example%2fgraph.microsoft.com",
		"graph.micros0ft.com", "graph.rnicrosoft.com", "graph.microsoft.cοm", "graph.mícrosoft.com", "graph.microſoft.com", "graph.microsoft.com\u200b", "ｇraph.microsoft.com", "graph。microsoft。com",
		"xn--graph-microsoft-com.example", "xn--grph-microsoft.com", "xn--graph.microsoft.com", "graph.us", "dod-graph.microsoft.us", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn",
		"login.microsoftonline.com", "graph.windows.net", "outlook.office365.com", "microsoft.com", "com", "localhost", "127.0.0.1", "0.0.0.0", "169.254.169.254", "metadata.google.internal", "[::1]",
		"[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[fe80::1%25eth0]", "2130706433", "0x7f000001", "0177.0.0.1", "1.1", "[::]", "*.microsoft.com", "graph.microsoft.com,evil.example",
		"graph.microsoft.com;evil.example", "graph.microsoft.com!evil.example", "$graph.microsoft.com", "graph_microsoft.com", "graph..microsoft.com", ".graph.microsoft.com", "",
	}
	for _, host := range hosts {
		add("another host", "https://"+host+path+query, "https://"+host+":443"+path+query, "HTTPS://"+host+path+"?"+query)
	}
	for _, port := range []string{"80", "8443", "444", "4430", "0", "00443", "65535", "-1", "443a", "http", "443:443", "+443", " 443"} {
		add("another port", graphRoot+":"+port+path+query)
	}
	for _, scheme := range []string{"http", "ftp", "ws", "wss", "file", "gopher", "javascript", "data", "httpss", "h ttps", "", "//", "https+unix", "graph"} {
		add("another scheme", scheme+"://graph.microsoft.com"+path+query, scheme+":graph.microsoft.com"+path+query)
	}
	for _, user := range []string{"user", "user:password", ":", "graph.microsoft.com", "graph.microsoft.com:443", "a%40b", "x;y", "", "%00", "user:"} {
		add("userinfo", "https://"+user+"@graph.microsoft.com"+path+query, "https://"+user+"@evil.example"+path+query, "https://graph.microsoft.com"+user+"@evil.example"+path+query,
			"https://graph.microsoft.com:"+user+"@evil.example"+path+query)
	}
	for _, slashes := range []string{"https:", "https:/", "https:///", "https:////", "https:\\\\", "https:/\\", "https:\\/", "https://\\", "//", "/", "\\\\", "", "https:// ", "https://\t", "https://#@", "https://?@"} {
		add("slashes", slashes+"graph.microsoft.com"+path+query, slashes+"evil.example"+path+query)
	}
	for _, other := range []string{
		"bob@example.com", "99999999-2222-3333-4444-555555555555", "alice@example.com.evil", "xalice@example.com", "alice@example.co", "alice%20@example.com", "alice@example.com%20", "alice%40example.com%00",
		"alice@example.com%0a", "ALICE@EXAMPLE.COM.", "alice%2540example.com", "a*", "*", "me", "", "%61lice@example.com/../bob@example.com", "aliсe@example.com", "alıce@example.com",
		"11111111-2222-3333-4444-55555555555", "11111111-2222-3333-4444-5555555555555", "{11111111-2222-3333-4444-555555555555}", "11111111222233334444555555555555",
	} {
		for _, form := range []string{"users/%s", "users('%s')", "Users(%s)", "users(\"%s\")", "users('%s'", "users%%28'%s'", "users/%s/", "users//%s", "user/%s", "groups/%s", "directoryObjects/%s"} {
			if strings.Contains(other, "..") && !strings.HasPrefix(form, "users/") {
				continue
			}
			add("another mailbox", graphRoot+"/v1.0/"+fmt.Sprintf(form, other)+"/calendarView/delta"+query)
		}
	}
	mine := graphRoot + "/v1.0/users/" + mallory.ID
	for _, tail := range []string{
		"", "/", "/calendarView", "/calendarView/", "/calendarView/delta/", "/calendarView/delta/x", "/calendarView/delta/..", "/calendarView/../messages/delta", "/calendarView/..%2f..%2f..%2fusers/bob@example.com/calendarView/delta",
		"/calendarView/%2e%2e/%2e%2e/bob@example.com/calendarView/delta", "/calendarView/%2e%2e%2f%2e%2e%2fbob@example.com%2fcalendarView%2fdelta", "/calendarView/%252e%252e%252fdelta", "/calendarView/.%2e/delta",
		"/calendarView/..;/delta", "/calendarView;x=y/delta", "/calendarView/delta;x", "/calendarView/delta%00", "/calendarView/delta%0d%0aHost:evil", "/calendarView%2fdelta", "/calendarView%5cdelta", "/calendarView\\delta",
		"/calendarView/\\..\\..\\bob@example.com\\calendarView\\delta", "/calendarView/delta\\..\\..", "/calendarView/./delta", "/calendarView//delta", "//calendarView/delta", "/messages/delta", "/events/delta", "/mailFolders/delta",
		"/calendars/AAA/calendarView/delta", "/calendarView/delta(", "/calendarView/delta()x", "/calendarView/deltax", "/calendarView/xdelta()", "/calendarView/microsoft.graph.deltaX()", "/calendarView/microsoft.graph.delta()/x",
		"/calendar/calendar/calendarView/delta", "/calendarviews/delta", "/calendarView/delta%3f", "/calendarView/delta%23", "/../bob@example.com/calendarView/delta", "/%2e%2e/bob@example.com/calendarView/delta", "/drive/root", "/$value",
		"/calendarView/ delta", "/calendarView/delta ", "/calendarView/delta\t", "/calendarView/delta\r\nX: y", "/calendarView/del\x00ta", "/calendarView/delta\u2028?", "%2fcalendarView/delta", "/..%5c..%5cbob/calendarView/delta",
	} {
		add("another resource", mine+tail+query)
	}
	for _, version := range []string{"beta", "v1.1", "v1", "V1.0x", "v1.0/..", "v1.0%2f..%2fbeta", "v1.0;x", "v1.0/v1.0", ".", "..", "", "v1.0%00", "v1%2e0%2f", "testprodbeta"} {
		add("another version", graphRoot+"/"+version+"/users/"+mallory.ID+"/calendarView/delta"+query)
	}
	add("no address", " ", "x", "?", "#", "null", "about:blank", "mailto:alice@example.com", "https", "https:", "https://", "%", "https://%", "https://graph.microsoft.com", "https://graph.microsoft.com/", "https://graph.microsoft.com?"+path,
		"https://graph.microsoft.com#"+path, "https://[", "https://]", "https://[::1", mine+"/calendarView/delta?"+strings.Repeat("x", 20000), strings.Repeat("https://", 3000))
	return out
}

// wire notes where requests would have gone, with what token.
type wire struct {
	reply func(*http.Request) *http.Response
	sent  []*http.Request
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.sent = append(w.sent, r)
	return w.reply(r), nil
}

func jsonReply(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
}

// always answers every request alike.
func always(status int, body string, header ...string) *wire {
	return &wire{reply: func(r *http.Request) *http.Response { return jsonReply(r, status, body, header...) }}
}

func newCalendar(t testing.TB, w http.RoundTripper) *Calendar {
	t.Helper()
	client, err := New(graphRoot, w, tokens(func() string { return "token" }))
	if err != nil {
		t.Fatal(err)
	}
	return client.Calendar(mallory)
}

func TestNoCraftedLinkIsFollowedFromAnAnswerOrFromTheStore(t *testing.T) {
	total := 0
	for what, links := range crafted() {
		for _, link := range links {
			total++
			quoted, err := jsonString(link)
			if err != nil {
				t.Fatal(err)
			}
			// As a nextLink: the first page is asked for, and nothing after it.
			w := always(200, `{"value":[{"@removed":{},"id":"a"}],"@odata.nextLink":`+quoted+`}`)
			_, _, err = collect(t.Context(), newCalendar(t, w), "", time.Time{}, time.Time{})
			if len(w.sent) != 1 || !errors.Is(err, delta.ErrForeign) {
				t.Errorf("%s: nextLink %q: %d requests, %v", what, link, len(w.sent), err)
			}
			// As a stored deltaLink: nothing is asked for.
			w = always(200, `{"value":[],"@odata.deltaLink":"x"}`)
			_, _, err = collect(t.Context(), newCalendar(t, w), link, time.Time{}, time.Time{})
			if len(w.sent) != 0 || !errors.Is(err, delta.ErrForeign) {
				t.Errorf("%s: deltaLink %q: %d requests, %v", what, link, len(w.sent), err)
			}
			if err != nil && strings.Contains(err.Error(), "skiptoken") {
				t.Errorf("%s: the query is in the error: %v", what, err)
			}
			// As the next page of a list.
			w = always(200, `{"value":[{"id":"a"}],"@odata.nextLink":`+quoted+`}`)
			if _, err = newCalendar(t, w).IDs(t.Context()); len(w.sent) != 1 || !errors.Is(err, delta.ErrForeign) {
				t.Errorf("%s: list %q: %d requests, %v", what, link, len(w.sent), err)
			}
			// As where a 410, or a redirect, would like to have us.
			for _, status := range []int{410, 301, 302, 303, 307, 308} {
				w = always(status, `{"error":{"code":"SyncStateNotFound"}}`, "Location: "+link)
				_, _, err = collect(t.Context(), newCalendar(t, w), "", time.Time{}, time.Time{})
				want := delta.ErrForeign
				if status == 410 {
					want = delta.ErrCursorExpired
				}
				if len(w.sent) != 1 || !errors.Is(err, want) {
					t.Errorf("%s: %d to %q: %d requests, %v", what, status, link, len(w.sent), err)
				}
			}
		}
	}
	if total < 500 {
		t.Errorf("only %d links", total)
	}
	t.Logf("%d links", total)
}

func TestTheLinksThatGraphWritesAreFollowedAsTheyAre(t *testing.T) {
	c := newCalendar(t, always(200, ""))
	for _, link := range []string{
		"/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/delta?$skiptoken=R0usmcCM996atia_s",
		"/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/delta?$deltatoken=a%2Fb%2Bc%3D",
		"/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/delta()?$deltatoken=a+b",
		"/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/microsoft.graph.delta()?$deltatoken=x",
		"/v1.0/users/11111111-2222-3333-4444-555555555555/calendarView/microsoft.graph.delta(startDateTime='2026-01-01T00:00:00Z',endDateTime='2026-02-01T00:00:00Z')?$deltatoken=x",
		"/v1.0/users('11111111-2222-3333-4444-555555555555')/calendarView/delta?$deltatoken=x",
		"/v1.0/users('alice%40example.com')/calendarView/delta?$deltatoken=x", "/v1.0/users/alice@example.com/calendarView/delta?$deltatoken=x", "/v1.0/users/Alice@Example.com/calendarView/delta?$deltatoken=x",
		"/v1.0/Users/11111111-2222-3333-4444-555555555555/CalendarView/Delta?$deltatoken=x", "/v1.0/users/11111111-2222-3333-4444-555555555555/calendar/calendarView/delta?$deltatoken=x",
	} {
		for _, host := range []string{graphRoot, "https://graph.microsoft.com:443", "HTTPS://Graph.Microsoft.Com"} {
			u, err := c.follow(host+link, rounds)
			if err != nil || u.String() != graphRoot+link {
				t.Errorf("%s: %v, %v", link, u, err)
			}
		}
	}
	if u, err := c.follow(graphRoot+"/v1.0/users/alice@example.com/events?$select=id&$skip=10", events); err != nil || u.Query().Get("$skip") != "10" {
		t.Errorf("%v, %v", u, err)
	}
	apostrophe := (&Client{rest: c.client.rest}).Calendar(delta.Mailbox{Address: "o'brien@example.com"})
	if _, err := apostrophe.follow(graphRoot+"/v1.0/users('o''brien@example.com')/calendarView/delta?x", rounds); err != nil {
		t.Error(err)
	}
	nobody := c.client.Calendar(delta.Mailbox{})
	for _, link := range []string{"/v1.0/users//calendarView/delta?x", "/v1.0/users('')/calendarView/delta?x"} {
		if _, err := nobody.follow(graphRoot+link, rounds); !errors.Is(err, delta.ErrForeign) {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestAMailboxWithoutNameIsNeverAskedFor(t *testing.T) {
	w := always(200, `{"value":[],"@odata.deltaLink":"x"}`)
	c := newCalendar(t, w).client.Calendar(delta.Mailbox{})
	if _, _, err := collect(context.Background(), c, "", time.Time{}, time.Time{}); err == nil {
		t.Error("no error")
	}
	if _, _, err := c.Event(context.Background(), ""); err == nil {
		t.Error("no error")
	}
	if len(w.sent) != 0 {
		t.Errorf("asked for %s", w.sent[0].URL)
	}
}

func TestMembersOfAGroupAreReadOnlyFromThatGroup(t *testing.T) {
	for _, next := range []string{
		"https://evil.example/v1.0/groups/g/transitiveMembers/microsoft.graph.user?x", graphRoot + "/v1.0/groups/h/transitiveMembers/microsoft.graph.user?x", graphRoot + "/v1.0/users?x",
		"https://user@graph.microsoft.com/v1.0/groups/g/transitiveMembers?x", graphRoot + "/v1.0/groups/g/../h/transitiveMembers?x", graphRoot + "/v1.0/groups",
	} {
		w := always(200, `{"value":[],"@odata.nextLink":"`+next+`"}`)
		_, err := newCalendar(t, w).client.Members(t.Context(), "g")
		if len(w.sent) != 1 || !errors.Is(err, delta.ErrForeign) {
			t.Errorf("%s: %d requests, %v", next, len(w.sent), err)
		}
	}
	replies := []string{
		`{"value":[{"id":"1","mail":"A@example.com"},{"id":"2","mail":null,"userPrincipalName":"b@example.com"}],"@odata.nextLink":"` + graphRoot + `/v1.0/groups/g/transitiveMembers/microsoft.graph.user?$skiptoken=x"}`,
		`{"value":[{"id":"3","mail":null,"userPrincipalName":null},{"id":"","mail":"x@example.com"}]}`,
	}
	w := &wire{}
	w.reply = func(r *http.Request) *http.Response { return jsonReply(r, 200, replies[len(w.sent)-1]) }
	got, err := newCalendar(t, w).client.Members(t.Context(), "g")
	if err != nil || len(got) != 2 || got[0] != (delta.Mailbox{ID: "1", Address: "a@example.com"}) || got[1] != (delta.Mailbox{ID: "2", Address: "b@example.com"}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestListsAreAskedForInFiltersThatGraphTakesAndReadOnlyFromTheGroups(t *testing.T) {
	for _, next := range []string{graphRoot + "/v1.0/groups/g/members?x", graphRoot + "/v1.0/users?x", "https://evil.example/v1.0/groups?x"} {
		w := always(200, `{"value":[],"@odata.nextLink":"`+next+`"}`)
		if _, err := newCalendar(t, w).client.Lists(t.Context(), []string{"a@example.com"}); len(w.sent) != 1 || !errors.Is(err, delta.ErrForeign) {
			t.Errorf("%s: %d requests, %v", next, len(w.sent), err)
		}
	}
	asked := []string{strings.Repeat("x", 109) + "@example.com", "o'hara+all@example.com"} // the first one is too long for a filter
	for i := range 15 {
		asked = append(asked, fmt.Sprintf("p%d@example.com", i))
	}
	w := always(200, `{"value":[{"id":"1","mail":"All@example.com"}]}`)
	got, err := newCalendar(t, w).client.Lists(t.Context(), asked)
	if err != nil || !slices.Equal(got, []string{"all@example.com", "all@example.com"}) || len(w.sent) != 2 {
		t.Fatalf("%v, %v, %d requests", got, err, len(w.sent))
	}
	first, last := w.sent[0].URL.Query().Get("$filter"), w.sent[1].URL.Query().Get("$filter")
	if !strings.HasPrefix(first, "mail in ('o''hara+all@example.com','p0@example.com',") || strings.Count(first, ",") != 14 || last != "mail in ('p14@example.com')" {
		t.Errorf("%s\n%s", first, last)
	}
}

func FuzzFollow(f *testing.F) {
	for _, links := range crafted() {
		for _, link := range links {
			if len(link) < 300 {
				f.Add(link)
			}
		}
	}
	f.Add(graphRoot + "/v1.0/users('alice%40example.com')/calendarView/delta?$deltatoken=x")
	c := newCalendar(f, always(200, ""))
	f.Fuzz(func(t *testing.T, link string) {
		u, err := c.follow(link, rounds)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != "https" || again.Host != "graph.microsoft.com" || again.User != nil {
			t.Fatalf("%q leads to %s", link, u)
		}
		plain := strings.ToLower(again.JoinPath().Path)
		if !strings.Contains(plain, mallory.ID) && !strings.Contains(plain, mallory.Address) || !strings.Contains(plain, "/calendarview/") || strings.ContainsAny(plain, `\%`) {
			t.Fatalf("%q leads to %s", link, u)
		}
	})
}
