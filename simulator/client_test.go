package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client is a plain caller of a World within the process.
type client struct {
	t     *testing.T
	w     *World
	http  *http.Client
	graph string // bearer tokens
	webex string
}

// object_ is any JSON object.
type js = map[string]any

func newClient(t *testing.T, w *World) *client {
	return &client{
		t: t, w: w, graph: w.GraphToken(), webex: w.WebexToken("test"),
		http: &http.Client{Transport: w.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

type reply struct {
	status int
	header http.Header
	body   []byte
	js     js
}

// do sends a request and decodes the answer; a lost answer has status 0.
func (c *client) do(method, address string, body any, header ...string) reply {
	c.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, address, in)
	if err != nil {
		c.t.Fatal(err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	token := c.graph
	if strings.HasPrefix(address, WebexURL) {
		token = c.webex
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			req.Header.Del(header[i])
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return reply{}
	}
	defer res.Body.Close()
	r := reply{status: res.StatusCode, header: res.Header}
	if r.body, err = io.ReadAll(res.Body); err != nil {
		return reply{status: -1, body: r.body}
	}
	if req.Header.Get("Undecoded") == "" {
		_ = json.Unmarshal(r.body, &r.js)
	}
	return r
}

// ok is do for requests that must succeed.
func (c *client) ok(method, address string, body any, header ...string) js {
	c.t.Helper()
	r := c.do(method, address, body, header...)
	if r.status < 200 || r.status > 299 {
		c.t.Fatalf("%s %s: %d %s", method, address, r.status, r.body)
	}
	return r.js
}

const immutable = `IdType="ImmutableId"`

func users(mailbox, rest string) string { return GraphURL + "/v1.0/users/" + mailbox + "/" + rest }

func events(mailbox, id string) string { return users(mailbox, "events/"+url.PathEscape(id)) }

func deltaURL(mailbox string, from, to time.Time) string {
	return users(mailbox, "calendarView/delta?startDateTime="+from.UTC().Format(time.RFC3339)+"&endDateTime="+to.UTC().Format(time.RFC3339))
}

// round follows a delta link to its end and gives all items and the deltaLink.
func (c *client) round(link string, prefer ...string) (items []js, delta string) {
	c.t.Helper()
	want := strings.Join(append([]string{immutable}, prefer...), ", ")
	for range 1000 {
		page := c.ok("GET", link, nil, "Prefer", want)
		for _, v := range page["value"].([]any) {
			items = append(items, v.(js))
		}
		if d, ok := page["@odata.deltaLink"].(string); ok {
			return items, d
		}
		link = page["@odata.nextLink"].(string)
	}
	c.t.Fatal("the round has no end")
	return nil, ""
}

// names lists subjects, or what stands for them, in order.
func names(items []js) []string {
	var all []string
	for _, i := range items {
		switch {
		case i["@removed"] != nil:
			all = append(all, "removed")
		case i["type"] == "occurrence":
			all = append(all, "occurrence "+i["start"].(js)["dateTime"].(string)[:10])
		default:
			all = append(all, i["type"].(string)+" "+i["subject"].(string))
		}
	}
	return all
}

// noon is a quiet time to begin: a Monday.
var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// newWorld is a world whose clock stands still unless it is moved.
func newWorld(t *testing.T, opt Options) (*World, *client, func(time.Duration)) {
	now := noon
	if opt.Now == nil {
		opt.Now = func() time.Time { return now }
	}
	w := New(opt)
	return w, newClient(t, w), func(d time.Duration) { now = now.Add(d) }
}

// joined is what the stand-in for the daemon does in most tests: a meeting, and one PATCH with the join block.
func (c *client) joined(m *Mailbox, id string) (meetingID string) {
	c.t.Helper()
	e := c.ok("GET", events(m.Address(), id), nil, "Prefer", immutable)
	rule := any(nil)
	if e["recurrence"] != nil {
		rule = "FREQ=DAILY;COUNT=4"
	}
	met := c.ok("POST", WebexURL+"/meetings", js{
		"recurrence": rule, "title": e["subject"], "start": e["start"].(js)["dateTime"].(string)[:19] + "Z", "end": e["end"].(js)["dateTime"].(string)[:19] + "Z",
		"hostEmail": m.Address(), "sendEmail": false, "integrationTags": []string{"tag"},
	})
	c.write(m, id, blockText(met["webLink"].(string)))
	return met["id"].(string)
}

func blockText(link string) string {
	return `<div class="joinblock"><p>Join by Webex: <a href="` + link + `">` + link + `</a></p><p>Meeting number: 2541 422 4390</p></div>`
}

// write puts a block before the end of the body with one PATCH.
func (c *client) write(m *Mailbox, id, text string) {
	c.t.Helper()
	e := c.ok("GET", events(m.Address(), id), nil, "Prefer", immutable)
	content := e["body"].(js)["content"].(string)
	c.ok("PATCH", events(m.Address(), id), js{
		"body":                          js{"contentType": "html", "content": beforeEnd(content, text)},
		"singleValueExtendedProperties": []js{{"id": "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Mark", "value": "mark of " + id}},
	}, "If-Match", e["@odata.etag"].(string), "Prefer", immutable)
}
