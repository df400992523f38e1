package webex

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/parser"
)

const apiRoot = "https://webexapis.com/v1"

// wire answers requests within the process, one reply after the other; the last one is given again and again.
type wire struct {
	replies []reply
	sent    []string // method and address of what was asked
	bodies  []string
}

// reply is a whole answer, in the form of the composed fixtures.
type reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	w.sent, w.bodies = append(w.sent, r.Method+" "+r.URL.String()), append(w.bodies, body)
	next := w.replies[min(len(w.sent), len(w.replies))-1]
	header := http.Header{}
	for name, value := range next.Headers {
		header.Set(name, value)
	}
	content := string(next.Body)
	var text string
	if json.Unmarshal(next.Body, &text) == nil { // a body that is no JSON is written as a string
		content = text
	}
	return &http.Response{StatusCode: next.Status, Header: header, Request: r, Body: io.NopCloser(strings.NewReader(content)), ContentLength: -1}, nil
}

// ok is an answer of 200 with a JSON body, and perhaps a Link.
func ok(body, link string) reply {
	r := reply{Status: http.StatusOK, Headers: map[string]string{"Content-Type": "application/json;charset=UTF-8"}, Body: json.RawMessage(body)}
	if link != "" {
		r.Headers["Link"] = link
	}
	return r
}

func newClient(t testing.TB, replies ...reply) (*Client, *wire) {
	t.Helper()
	w := &wire{replies: replies}
	client, err := New(apiRoot, w, FixedToken("token"))
	if err != nil {
		t.Fatal(err)
	}
	return client, w
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// composed is an answer that was written as a whole.
func composed(t testing.TB, name string) reply {
	t.Helper()
	var r reply
	if err := json.Unmarshal([]byte(fixture(t, name)), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// calls are all calls of the package. They tell whether they gave anything beside the error.
func calls() map[string]func(context.Context, *Client) (any, error) {
	request := delta.MeetingRequest{
		Host: "john@example.com", Title: "Plans", Start: at("2026-11-02T09:00:00Z"), End: at("2026-11-02T10:00:00Z"), Zone: "Europe/Berlin",
		Tags: []string{"tag"}, Times: true,
	}
	meeting := func(m delta.Meeting, err error) (any, error) {
		if m.ID == "" {
			return nil, err
		}
		return m, err
	}
	return map[string]func(context.Context, *Client) (any, error){
		"Create": func(ctx context.Context, c *Client) (any, error) { return meeting(c.Create(ctx, request)) },
		"Meeting": func(ctx context.Context, c *Client) (any, error) {
			return meeting(c.Meeting(ctx, "john@example.com", "id"))
		},
		"Update": func(ctx context.Context, c *Client) (any, error) { return nil, c.Update(ctx, "id", request) },
		"Delete": func(ctx context.Context, c *Client) (any, error) { return nil, c.Delete(ctx, "john@example.com", "id") },
		"Tagged": func(ctx context.Context, c *Client) (any, error) {
			found, err := c.Tagged(ctx, "john@example.com", "tag", request.Start, request.End)
			if found == nil {
				return nil, err
			}
			return found, err
		},
		"Room": func(ctx context.Context, c *Client) (any, error) {
			d, err := c.Room(ctx, "john@example.com")
			if d.Link == "" && !d.Room {
				return nil, err
			}
			return d, err
		},
	}
}

// writes are the calls that change something.
func writes(name string) bool { return slices.Contains([]string{"Create", "Update", "Delete"}, name) }

// eachCall makes every call against one answer, in a bubble where waits cost nothing.
func eachCall(t *testing.T, answer reply, check func(t *testing.T, name string, got any, err error, sent []string)) {
	t.Helper()
	for name, call := range calls() {
		synctest.Test(t, func(t *testing.T) {
			client, w := newClient(t, answer)
			got, err := call(t.Context(), client)
			check(t, name, got, err, w.sent)
		})
	}
}

// phones are the ones of all published examples.
var phones = []parser.Phone{{Label: "US Toll", Number: "123456789", Toll: "toll"}}
