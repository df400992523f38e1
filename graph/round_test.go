package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
)

const (
	nextLink  = `"@odata.nextLink":"https://graph.microsoft.com/v1.0/users/alice@example.com/calendarView/delta?$skiptoken=%v"`
	deltaLink = `"@odata.deltaLink":"https://graph.microsoft.com/v1.0/users/alice@example.com/calendarView/delta?$deltatoken=x"`
	good      = `{"id":"good","type":"singleInstance","subject":"s","start":{"dateTime":"2026-01-05T09:00:00.0000000","timeZone":"UTC"},"end":{"dateTime":"2026-01-05T10:00:00.0000000","timeZone":"UTC"}}`
)

func pageWith(events ...string) string {
	return `{"value":[` + strings.Join(events, ",") + `],` + deltaLink + `}`
}

func TestAPageThatIsNotWholeIsNoPage(t *testing.T) {
	whole := pageWith(good, `{"id":"gone","@removed":{"reason":"deleted"}}`)
	if p, err := new(Client).decodePage(strings.NewReader(whole), 0); err != nil || len(p.events) != 2 || !p.events[1].Removed || p.delta == "" {
		t.Fatalf("%+v, %v", p, err)
	}
	for i := range len(whole) - 1 {
		if p, err := new(Client).decodePage(strings.NewReader(whole[:i]), 0); err == nil {
			t.Fatalf("cut off after %q: %+v", whole[:i], p)
		}
	}
	for name, body := range map[string]string{
		"empty": "", "blank": " \n", "null": "null", "text": `"x"`, "number": "1", "list": "[]", "nothing": "{}", "HTML": "<html></html>",
		"no list": `{` + deltaLink + `}`, "list is null": `{"value":null,` + deltaLink + `}`, "list is an object": `{"value":{},` + deltaLink + `}`,
		"list is text": `{"value":"[]",` + deltaLink + `}`, "no link": `{"value":[]}`, "links are null": `{"value":[],"@odata.nextLink":null,"@odata.deltaLink":null}`,
		"link is a number": `{"value":[],"@odata.deltaLink":5}`, "an error": `{"error":{"code":"x"}}`, "two pages": whole + whole, "something behind": whole + "x", "a comma too many": `{"value":[],` + deltaLink + `,}`,
		"byte order mark": "\ufeff" + whole, "UTF-16": "\xfe\xff\x00{", "list twice": `{"value":[` + good + `],"value":[],` + deltaLink + `}`, "link twice": `{"value":[],` + deltaLink + `,` + deltaLink + `}`,
		"a member twice": pageWith(`{"id":"a","id":"b"}`), "event is null": pageWith("null"), "event is text": pageWith(`"a"`), "event is a list": pageWith(`[]`), "no id": pageWith(`{"subject":"x"}`),
		"id is null": pageWith(`{"id":null}`), "id is a number": pageWith(`{"id":5}`), "id is empty": pageWith(`{"id":""}`), "deep": `{"x":` + strings.Repeat("[", 1_000_000), "deep event": pageWith(`{"id":"a","x":` + strings.Repeat(`{"a":`, 100_000)),
		"single quotes": strings.ReplaceAll(whole, `"`, `'`), "control character": pageWith("{\"id\":\"a\",\"subject\":\"a\x01b\"}"), "bad escape": pageWith(`{"id":"a","subject":"\x"}`), "comment": `/* */` + whole,
	} {
		if p, err := new(Client).decodePage(strings.NewReader(body), 0); err == nil {
			t.Errorf("%s: taken for a page: %+v", name, p)
		}
	}
}

func TestALinkForMorePagesGoesBeforeTheOneForTheNextRound(t *testing.T) {
	p, err := new(Client).decodePage(strings.NewReader(fmt.Sprintf(`{`+deltaLink+`,"value":[],`+nextLink+`}`, 1)), 0)
	if err != nil || p.next == "" || p.delta != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestOneUnreadableEventDoesNotStopThePage(t *testing.T) {
	const times = `"start":{"dateTime":"2026-01-05T09:00:00.0000000","timeZone":"UTC"},"end":{"dateTime":"2026-01-05T10:00:00.0000000","timeZone":"UTC"}`
	for _, odd := range []string{
		`"subject":5,` + times, `"subject":{"a":{"b":[1,2,"}"]}},` + times, `"subject":["x"],` + times, `"attendees":{},` + times, `"attendees":"all",` + times, `"attendees":[5,null],` + times,
		`"attendees":[{"emailAddress":"x"}],` + times, `"body":"text",` + times, `"body":[],` + times, `"location":"here",` + times, `"isAllDay":"yes",` + times, `"isOrganizer":1,` + times, `"type":7,` + times,
		`"recurrence":"weekly",` + times, `"recurrence":{"pattern":{"interval":"two"}},` + times, `"recurrence":{"pattern":[]},` + times, `"start":null,"end":null`, `"start":{"dateTime":"soon","timeZone":"UTC"},"end":{}`,
		`"start":{"dateTime":"2026-13-45T09:00:00","timeZone":"UTC"},"end":{}`, `"start":{"dateTime":"2026-01-05T09:00:00","timeZone":"Nowhere/Nothing"},"end":{}`, `"start":"2026-01-05T09:00:00Z","end":"2026-01-05T09:00:00Z"`,
		`"start":{"dateTime":"2026-01-05T09:00:00","timeZone":"tzone://Microsoft/Custom"},"end":{"dateTime":"2026-01-05T09:00:00","timeZone":"UTC"}`, `"singleValueExtendedProperties":"x",` + times, `"x":1`,
		`"location":{"displayName":"@webex"},"body":{"contentType":"html","content":"half a \ud83d character"},` + times, `"location":{"displayName":"@webex"},"body":{"contentType":"html","content":7},` + times,
	} {
		for _, order := range []string{`{"id":"odd",` + odd + `}`, `{` + odd + `,"id":"odd"}`} {
			p, err := new(Client).decodePage(strings.NewReader(pageWith(good, order, strings.ReplaceAll(good, `"good"`, `"after"`))), 0)
			if err != nil {
				t.Errorf("%s: %v", order, err)
				continue
			}
			if len(p.events) != 3 || p.events[0].ID != "good" || p.events[0].Unreadable || p.events[2].ID != "after" || p.events[2].Unreadable || p.events[2].Subject != "s" || p.delta == "" {
				t.Errorf("%s: its neighbours suffer: %+v", order, p.events)
			}
			if e := p.events[1]; e.ID != "odd" || !e.Unreadable || e.Subject != "" {
				t.Errorf("%s: %+v", order, e)
			}
			if _, _, err := newCalendar(t, always(200, order)).Event(t.Context(), "odd"); !errors.Is(err, delta.ErrUnclear) {
				t.Errorf("%s, read by itself: %v", order, err)
			}
		}
	}
}

func TestWhatExchangeReallySendsIsRead(t *testing.T) {
	const event = `{"id":"a","subject":"half \ud83d","bodyPreview":"half \ud83d","type":"SeriesMaster","sensitivity":"Private","unheardOf":{"deep":[{"er":null}]},
		"location":{"displayName":"@webex","new":1},"body":{"new":[],"content":"\u003cp\u003e\u00e9 \"q\" \\ \/ \ud83d\ude00\r\n","contentType":"HTML"},"isOrganizer":null,"attendees":null,"recurrence":null,"locations":null,
		"start":{"new":1,"dateTime":"2026-07-05T09:00:00","timeZone":"W. Europe Standard Time"},"end":{"dateTime":"2026-07-05T10:00:00.1234567Z","timeZone":""},"lastModifiedDateTime":"0001-01-01T00:00:00Z"}`
	p, err := new(Client).decodePage(strings.NewReader(pageWith(event)), 0)
	if err != nil {
		t.Fatal(err)
	}
	e := p.events[0]
	if e.Unreadable || e.Subject != "half \ufffd" || e.Type != delta.Master || !e.Private || e.Organizer || e.Body.Content != "<p>é \"q\" \\ / 😀\r\n" || !e.Body.HTML || !e.Modified.IsZero() || string(e.Location.Place) != `{"displayName":"@webex","new":1}` {
		t.Errorf("%+v", e)
	}
	if !e.Start.Equal(at("2026-07-05T07:00:00Z")) || !e.End.Equal(at("2026-07-05T10:00:00.1234567Z")) {
		t.Errorf("%s to %s", e.Start, e.End)
	}
	raw := []byte(pageWith(good))
	raw = bytes.Replace(raw, []byte(`"s"`), []byte("\"s\xff\xfe\""), 1)
	if p, err = new(Client).decodePage(bytes.NewReader(raw), 0); err != nil || p.events[0].Unreadable {
		t.Errorf("broken UTF-8 in a subject: %+v, %v", p, err)
	}
}

func TestABodyIsKeptOnlyWhereSomebodyWillLookAtIt(t *testing.T) {
	event := func(location, body string) delta.Event {
		p, err := new(Client).decodePage(strings.NewReader(pageWith(`{"id":"a","body":{"contentType":"text","content":"`+body+`"},"start":{"dateTime":"2026-01-05T09:00:00"},"end":{"dateTime":"2026-01-05T09:00:00"},"locations":[{"displayName":"x"}],"location":{"displayName":"`+location+`"}}`)), 0)
		if err != nil {
			t.Fatal(err)
		}
		return p.events[0]
	}
	if e := event("here", "long text"); e.Body.Content != "" || e.Location.Place != nil {
		t.Errorf("%+v", e)
	}
	if e := event("@webex", "long text"); e.Body.Content != "long text" || e.Body.HTML || string(e.Location.Place) != `{"displayName":"@webex"}` {
		t.Errorf("%+v", e)
	}
	for _, keyword := range []string{"＠webex", "Room；＠ｗｅｂｅｘ", "﹫webex"} { // the location is to take the join link too
		if e := event(keyword, "long text"); e.Body.Content != "long text" || string(e.Location.Place) != `{"displayName":"`+keyword+`"}` {
			t.Errorf("%+v", e)
		}
	}
	if e := event("here", `[Webex 7KQ2M9XD4F]`); e.Body.Content != "[Webex 7KQ2M9XD4F]" {
		t.Errorf("%+v", e)
	}
}

// pages answers with one body after the other, the last one for ever.
func pages(bodies ...string) *wire {
	w := &wire{}
	w.reply = func(r *http.Request) *http.Response {
		return jsonReply(r, 200, bodies[min(len(w.sent), len(bodies))-1])
	}
	return w
}

func TestARoundThatLeadsInCirclesEnds(t *testing.T) {
	page := func(n int, ids ...string) string {
		var events []string
		for _, id := range ids {
			events = append(events, `{"id":"`+id+`","@removed":{}}`)
		}
		return fmt.Sprintf(`{"value":[`+strings.Join(events, ",")+`],`+nextLink+`}`, n)
	}
	endless := func(page func(n int) string) *wire {
		w := &wire{}
		w.reply = func(r *http.Request) *http.Response { return jsonReply(r, 200, page(len(w.sent))) }
		return w
	}
	for name, test := range map[string]struct {
		wire *wire
		most int // requests
	}{
		"the same page behind new tokens": {endless(func(n int) string { return page(n, "a", "b") }), 3},
		"two pages in turns":              {endless(func(n int) string { return page(n, fmt.Sprint(n%2)) }), 20},
		"a page that leads to itself":     {endless(func(int) string { return page(1) }), 3},
		"empty pages":                     {endless(func(n int) string { return page(n) }), 200},
		"ever new events":                 {endless(func(n int) string { return page(n, fmt.Sprint(n)) }), 2000},
	} {
		_, _, err := collect(t.Context(), newCalendar(t, test.wire), "", time.Time{}, time.Time{})
		if !errors.Is(err, delta.ErrLoop) || len(test.wire.sent) > test.most {
			t.Errorf("%s: %d requests, %v", name, len(test.wire.sent), err)
		}
	}
	for name, w := range map[string]*wire{
		"events that come twice":       pages(page(1, "a"), page(2, "b"), page(3, "a"), page(4, "c"), pageWith()),
		"many empty pages":             pages(page(1), page(2), page(3), page(4), page(5), page(6), page(7), pageWith(`{"id":"a","@removed":{}}`)),
		"the last like the one before": pages(page(1, "a"), pageWith(`{"id":"a","@removed":{}}`)),
		"a link to itself as the end":  pages(pageWith()),
	} {
		if _, link, err := collect(t.Context(), newCalendar(t, w), "", time.Time{}, time.Time{}); err != nil || link == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAListThatLeadsInCirclesEnds(t *testing.T) {
	list := `{"value":[{"id":"a"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/users/alice@example.com/events?$skip=10"}`
	w := pages(list)
	if _, err := newCalendar(t, w).IDs(t.Context()); !errors.Is(err, delta.ErrLoop) || len(w.sent) > 3 {
		t.Errorf("%d requests, %v", len(w.sent), err)
	}
	w = pages(`{"value":[],"@odata.nextLink":"https://graph.microsoft.com/v1.0/groups/g/transitiveMembers/microsoft.graph.user?$skiptoken=1"}`)
	if _, err := newCalendar(t, w).client.Members(t.Context(), "g"); !errors.Is(err, delta.ErrLoop) || len(w.sent) > 3 {
		t.Errorf("%d requests, %v", len(w.sent), err)
	}
}

func TestAListWithoutItsListIsNotAnEmptyOne(t *testing.T) {
	for _, body := range []string{`{}`, `{"value":null}`, `{"error":{"code":"x"}}`} {
		synctest.Test(t, func(t *testing.T) {
			c := newCalendar(t, always(200, body))
			if ids, err := c.IDs(t.Context()); !errors.Is(err, delta.ErrUnclear) {
				t.Errorf("%s: %v, %v", body, ids, err)
			}
			if members, err := c.client.Members(t.Context(), "g"); !errors.Is(err, delta.ErrUnclear) {
				t.Errorf("%s: %v, %v", body, members, err)
			}
		})
	}
}

func TestALinkWhoseFolderIsGoneIsAnExpiredOne(t *testing.T) {
	const link = "https://graph.microsoft.com/v1.0/users/alice@example.com/calendarView/delta?$deltatoken=x"
	for _, code := range []string{"ErrorItemNotFound", "ErrorSyncFolderNotFound", "syncStateNotFound", "ResyncRequired", "ErrorInvalidSyncStateData", "SyncStateInvalid"} {
		for _, status := range []int{400, 404, 410} {
			w := always(status, `{"error":{"code":"`+code+`"}}`)
			if _, _, err := collect(t.Context(), newCalendar(t, w), link, time.Time{}, time.Time{}); !errors.Is(err, delta.ErrCursorExpired) {
				t.Errorf("%d %s: %v", status, code, err)
			}
		}
	}
	if _, _, err := collect(t.Context(), newCalendar(t, always(410, "<html>")), link, time.Time{}, time.Time{}); !errors.Is(err, delta.ErrCursorExpired) {
		t.Errorf("410 alone: %v", err)
	}
}

func TestOnlyGraphsOwnWordCounts(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   error
	}{
		{404, "<html>Not found</html>", delta.ErrTrouble}, {404, `{"message":"no Route matched"}`, delta.ErrTrouble}, {404, "", delta.ErrTrouble},
		{403, "<html>Blocked</html>", delta.ErrTrouble}, {403, `{"error":{"code":"ErrorAccessDenied"}}`, delta.ErrAccess}, {403, `{"error":{"code":"SomethingNew"}}`, delta.ErrAccess},
		{403, `{"error":{"code":"Authorization_RequestDenied"}}`, delta.ErrCredentials}, {404, `{"error":{"code":"ErrorItemNotFound"}}`, delta.ErrGone}, {404, `{"error":{"code":"UnknownError"}}`, delta.ErrRefused},
		{404, `{"error":{"code":"BadRequest","innerError":{"code":"ErrorItemNotFound"}}}`, delta.ErrGone}, {404, `{"error":{"code":"ResourceNotFound"}}`, delta.ErrMailbox}, {400, `{"error":{"code":"extensionError"}}`, delta.ErrMailbox},
		{500, `{"error":{"code":"ErrorItemNotFound"}}`, delta.ErrTrouble}, {503, `{"error":{"code":"SyncStateNotFound"}}`, delta.ErrTrouble}, {429, `{"error":{"code":"ErrorAccessDenied"}}`, delta.ErrThrottled},
		{507, `{"error":{"code":"quotaLimitReached"}}`, delta.ErrRefused}, {413, "", delta.ErrRefused}, {405, "", delta.ErrRefused}, {408, "", delta.ErrTrouble}, {423, "", delta.ErrThrottled},
		{401, `{"error":{"code":"InvalidAuthenticationToken"}}`, delta.ErrCredentials}, {401, "", delta.ErrCredentials}, {409, "", delta.ErrConflict}, {412, "", delta.ErrConflict}, {302, "", delta.ErrForeign}, {300, "", delta.ErrForeign},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, _, err := newCalendar(t, always(test.status, test.body)).Event(t.Context(), "a")
			if !errors.Is(err, test.want) {
				t.Errorf("%d %s: %v, want %v", test.status, test.body, err, test.want)
			}
			for _, other := range []error{delta.ErrGone, delta.ErrMailbox, delta.ErrCursorExpired, delta.ErrAccess, delta.ErrCredentials} {
				if other != test.want && errors.Is(err, other) {
					t.Errorf("%d %s: also %v", test.status, test.body, other)
				}
			}
		})
	}
}

func TestALostOrRefusedPatchSaysWhichOfTheTwo(t *testing.T) {
	for _, test := range []struct {
		reply reply
		want  error
	}{
		{status(500, ""), delta.ErrUnclear}, {status(503, ""), delta.ErrUnclear}, {status(504, `{"error":{"code":"UnknownError"}}`), delta.ErrUnclear}, {status(200, "{}"), delta.ErrUnclear}, {status(200, "null"), delta.ErrUnclear},
		{status(200, `{"id":`), delta.ErrUnclear}, {status(200, "<html>", "Content-Type: text/html"), delta.ErrUnclear}, {status(204, ""), delta.ErrUnclear}, {status(412, ""), delta.ErrConflict}, {status(400, ""), delta.ErrRefused}, {status(507, "{}"), delta.ErrRefused},
	} {
		w := &wire{reply: test.reply}
		_, _, err := newCalendar(t, w).Patch(t.Context(), "a", "W/1", delta.Patch{Mark: "m"})
		if !errors.Is(err, test.want) || len(w.sent) != 1 {
			t.Errorf("%v, want %v, after %d requests", err, test.want, len(w.sent))
		}
	}
	w := always(200, `{"id":"a"}`)
	if _, _, err := newCalendar(t, w).Patch(t.Context(), "a", "", delta.Patch{Mark: "m"}); !errors.Is(err, delta.ErrRefused) || len(w.sent) != 0 {
		t.Errorf("a PATCH without version: %v, %d requests", err, len(w.sent))
	}
}

type reply = func(*http.Request) *http.Response

func status(status int, body string, header ...string) reply {
	return func(r *http.Request) *http.Response { return jsonReply(r, status, body, header...) }
}

func TestARoundEndsWhenItsReaderDoesOrItsContext(t *testing.T) {
	w := pages(fmt.Sprintf(`{"value":[],`+nextLink+`}`, 1), pageWith())
	for range newCalendar(t, w).Round(t.Context(), "", time.Time{}, time.Time{}) {
		break
	}
	if len(w.sent) != 1 {
		t.Errorf("%d pages were fetched", len(w.sent))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range newCalendar(t, cancelling{pages(fmt.Sprintf(`{"value":[],`+nextLink+`}`, 1), pageWith())}).Round(ctx, "", time.Time{}, time.Time{}) {
		n++
		cancel()
		if n == 2 && !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if n != 2 {
		t.Errorf("%d steps", n)
	}
}

// cancelling heeds a request's context, as transports do.
type cancelling struct{ *wire }

func (c cancelling) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return c.wire.RoundTrip(r)
}

// zip is a text so many times, packed.
func zip(s string, times int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range times {
		_, _ = z.Write([]byte(s))
	}
	_ = z.Close()
	return b.Bytes()
}

func TestAZippedPageIsReadAndABombOfOneIsNot(t *testing.T) {
	bomb := func(page string) []byte {
		open, more := strings.TrimSuffix(page[:strings.Index(page, `],"@odata`)], "]"), `,{"id":"a","@removed":{},"x":"`+strings.Repeat("x", 1<<20)+`"}`
		return append(zip(open, 1), zip(more, 65)...)
	}
	for name, test := range map[string]struct {
		body func(page string) []byte
		ok   bool
	}{
		"whole": {func(page string) []byte { return zip(page, 1) }, true},
		"cut":   {func(page string) []byte { return zip(page, 1)[:150] }, false},
		"bomb":  {bomb, false},
	} {
		server, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(test.body(strings.ReplaceAll(pageWith(good), "graph.microsoft.com", r.Host)))
		})
		_, _, err := collect(t.Context(), c, "", time.Time{}, time.Time{})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

// A PATCH of one place replaces all of them.
func TestPlacesOfWhichMoreIsKnownThanTheirNamesAreNotWrittenBack(t *testing.T) {
	for places, want := range map[string]bool{
		`[{"displayName":"@webex"}]`: true,
		`[{"displayName":"@webex","address":{"city":"Oslo"},"coordinates":{"latitude":59.9}}]`:             true,
		`[{"displayName":"@webex","address":{"type":"unknown"}},{"displayName":"HQ","coordinates":{}}]`:    true,
		`[{"displayName":"@webex","address":null},{"displayName":"HQ","coordinates":{"latitude":null}}]`:   true,
		`[{"displayName":"@webex"},{"displayName":"HQ","address":{"type":"business","street":"Main"}}]`:    false,
		`[{"displayName":"@webex"},{"displayName":"HQ","coordinates":{"latitude":59.9,"longitude":10.7}}]`: false,
		`[{"displayName":"@webex"},{"displayName":"Room 1","locationEmailAddress":"room1@example.com"}]`:   false,
	} {
		page := pageWith(`{"id":"a","location":{"displayName":"@webex"},"locations":` + places + `,"start":{"dateTime":"2026-01-05T09:00:00","timeZone":"UTC"},"end":{"dateTime":"2026-01-05T10:00:00","timeZone":"UTC"}}`)
		p, err := new(Client).decodePage(strings.NewReader(page), 0)
		if err != nil || len(p.events) != 1 || p.events[0].Unreadable || (p.events[0].Location.Place != nil) != want {
			t.Errorf("%s: %+v, %v", places, p.events, err)
		}
	}
}
