package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestTheAPIGivesEachListAsOneArrayHoweverLong(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 5000} {
		r := newRig(t)
		r.office.boxes = nil
		want := []map[string]any{}
		for i := range n {
			name := fmt.Sprintf("<m&%d>@example.com", i)
			r.office.boxes = append(r.office.boxes, Row{Mailbox: name})
			want = append(want, map[string]any{"list": "cursors", "mailbox": name, "named": 2})
		}
		var text strings.Builder
		if err := json.NewEncoder(&text).Encode(want); err != nil {
			t.Fatal(err)
		}
		got := r.send("GET", "/api/cursors?mailbox=a&mailbox=b", "")
		if got.text != text.String() || got.Header.Get("Content-Type") != jsonType || got.StatusCode != 200 {
			t.Errorf("%d: %s, %d bytes, want %d", n, got.Status, len(got.text), text.Len())
		}
	}
}

func TestAListThatCannotBeReadIsAnErrorAndNeverAPart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.office.breaks = 1 // nothing of it was sent by then
	r.failed(r.send("GET", "/api/status", ""), 503, "redis is down")
	for i := range 20_000 {
		r.office.boxes = append(r.office.boxes, Row{Mailbox: fmt.Sprint(i)})
	}
	r.office.breaks = 20_000
	response, err := http.Get(r.server.URL + "/api/status")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes and %v", len(text), err)
	}
	r.office.down = errStore
	for _, path := range []string{"/api/mailboxes", "/api/status", "/api/cursors"} {
		r.failed(r.send("GET", path, ""), 503, "redis is down")
	}
	r.failed(r.ask(`{"all":true}`), 503, "redis is down")
}

func TestTheAPIGivesTheDecisionsOfThePage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.send("GET", "/api/decisions", ""), 200, "[]\n")
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	for i := range kept + 1 {
		r.journal.Add(Line{At: at, Mailbox: "ada@example.com", Event: fmt.Sprint("event", i), Action: "link", Reason: "typed", Failed: "quota"})
	}
	var got []map[string]any
	text := r.send("GET", "/api/decisions", "").text
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != kept {
		t.Fatalf("%v, %d lines of %s", err, len(got), text)
	}
	want := map[string]any{"at": "2026-05-04T03:02:01Z", "mailbox": "ada@example.com", "event": "event100", "action": "link", "reason": "typed", "failed": "quota"}
	if fmt.Sprint(got[0]) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got[0], want)
	}
}

func TestTheAPIAsksForResyncs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.want(r.ask(`{"mailboxes":["ada@example.com","bo@example.com"]}`), 202,
		`{"requests":[{"mailbox":"ada@example.com","id":"17-1"},{"mailbox":"bo@example.com","id":"17-2"}],"accept_removals":false,"spread":false}`)
	r.asked("ada@example.com false", "bo@example.com false")
	r.want(r.ask(` {"mailboxes":["bo@example.com"],"accept_removals":true} `+"\n", "Content-Type", "Application/JSON; charset=utf-8"), 202, `"accept_removals":true`)
	r.asked("bo@example.com true")
	r.want(r.ask(`{"all":true}`), 202, `"spread":true`, "17-3")
	r.asked("all", "ada@example.com false", "bo@example.com false")
	// The page shows what was asked for by whomever.
	r.want(r.send("GET", "/", ""), 200, "asked for a resync of 2 mailboxes", "asked for a resync of bo@example.com, which carries out what was held", "(17-3)")
}

func TestWhatTheAPICannotTakeIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	many, err := json.Marshal(make([]string, mostNames+1))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		``: "EOF", `{`: "unexpected EOF", `[]`: "want JSON", `null`: "which mailboxes", `{}`: "which mailboxes", `{"all":false}`: "which mailboxes",
		`{"mailboxes":[]}`: "which mailboxes", `{"mailboxes":"ada@example.com"}`: "want JSON", `{"mailboxes":[""]}`: "is empty",
		`{"mailboxes":["ada@example.com"],"all":true}`: "not both", `{"mailboxes":["ada@example.com"],"accept":true}`: `unknown field "accept"`,
		`{"all":true}{"all":true}`: "nothing behind it", `{"all":true} x`: "nothing behind it", `{"all":"yes"}`: "want JSON",
		`{"mailboxes":` + string(many) + `}`: "at most 1000",
	} {
		r.failed(r.ask(body), 400, want)
	}
	r.failed(r.ask(`{"mailboxes":["ada@example.com","nobody@example.com"]}`), 404, "nobody@example.com is not enrolled")
	r.failed(r.ask(`{"mailboxes":["`+strings.Repeat("x", mostBody)+`"]}`), 413, "1048576 bytes")
	for _, kind := range []string{"text/plain", formType, "", "application/jsonp", "multipart/form-data"} {
		r.failed(r.ask(`{"all":true}`, "Content-Type", kind), 415, "application/json")
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		got := r.send(method, "/api/resync", "")
		r.failed(got, 405, "takes POST")
		if allow := got.Header.Get("Allow"); allow != "POST" {
			t.Errorf("Allow: %s", allow)
		}
	}
	for _, path := range []string{"mailboxes", "status", "cursors", "decisions"} {
		got := r.send("POST", "/api/"+path, "{}", "Content-Type", jsonType)
		r.failed(got, 405, "takes GET")
		if allow := got.Header.Get("Allow"); allow != "GET, HEAD" {
			t.Errorf("Allow: %s", allow)
		}
	}
	for path, want := range map[string]string{
		"/api/status?mailboxes=x": `takes no "mailboxes"`, "/api/status?mailbox=": "is empty", "/api/mailboxes?mailbox=x": `takes no "mailbox"`,
		"/api/decisions?n=1": "takes no parameters", "/api/status?mailbox=%zz": "invalid URL escape",
	} {
		r.failed(r.send("GET", path, ""), 400, want)
	}
	r.failed(r.send("GET", "/api/", ""), 404, "/api/resync")
	r.failed(r.send("GET", "/api/events", ""), 404, "/api/events")
	r.asked()
}
