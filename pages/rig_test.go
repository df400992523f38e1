package pages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// office is a source with a few mailboxes. It keeps what was asked of it.
type office struct {
	boxes   []Row
	more    int
	down    error // of everything
	breaks  int   // a list breaks off before this element; 0 for never
	resyncs []string
}

var errStore = errors.New("redis is down")

func (o *office) Rows(_ context.Context, name string) ([]Row, int, error) {
	if o.down != nil || name == "" {
		return o.boxes, o.more, o.down
	}
	for _, b := range o.boxes {
		if b.Mailbox == name {
			return []Row{b}, 0, nil
		}
	}
	return nil, 0, NotEnrolled{fmt.Errorf("%s is not enrolled", name)}
}

func (o *office) List(_ context.Context, list List, names []string) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		if o.down != nil {
			yield(nil, o.down)
			return
		}
		for i, b := range o.boxes {
			if o.breaks > 0 && i == o.breaks {
				yield(nil, errStore)
				return
			}
			if !yield(map[string]any{"list": list, "mailbox": b.Mailbox, "named": len(names)}, nil) {
				return
			}
		}
	}
}

func (o *office) Resync(ctx context.Context, names []string, accept bool) (out []Request, err error) {
	if o.down != nil {
		return nil, o.down
	}
	if len(names) == 0 {
		for _, b := range o.boxes {
			names = append(names, b.Mailbox)
		}
		o.resyncs = append(o.resyncs, "all")
	}
	for _, name := range names {
		if _, _, err := o.Rows(ctx, name); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		o.resyncs = append(o.resyncs, fmt.Sprint(name, " ", accept))
		out = append(out, Request{name, "17-" + fmt.Sprint(len(o.resyncs))})
	}
	return out, nil
}

func (o *office) Ready(context.Context) error { return o.down }

// rig is a site that is served, with two mailboxes of which one holds removals.
type rig struct {
	*testing.T
	office  *office
	journal *Journal
	server  *httptest.Server
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, journal: &Journal{}, office: &office{boxes: []Row{
		{Mailbox: "ada@example.com", State: "ok"}, {Mailbox: "bo@example.com", State: "held", Held: 23},
	}}}
	r.server = httptest.NewServer(Site{Title: "syncd", Source: r.office, Journal: r.journal, Names: []string{"Syncd.example.com"}}.Handler())
	t.Cleanup(r.server.Close)
	return r
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
}

// send sends a request; header is name, value, name, value. "Host" is the host.
func (r *rig) send(method, path, body string, header ...string) answer {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if request.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		r.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer{response, string(text)}
}

const formType, jsonType = "application/x-www-form-urlencoded", "application/json"

func (r *rig) form(body string, header ...string) answer {
	return r.send("POST", "/resync", body, append([]string{"Content-Type", formType}, header...)...)
}

func (r *rig) ask(body string, header ...string) answer {
	return r.send("POST", "/api/resync", body, append([]string{"Content-Type", jsonType}, header...)...)
}

// asked wants resyncs to have been asked for, and forgets them.
func (r *rig) asked(want ...string) {
	r.Helper()
	if strings.Join(r.office.resyncs, ", ") != strings.Join(want, ", ") {
		r.Errorf("asked for %q, want %q", r.office.resyncs, want)
	}
	r.office.resyncs = nil
}

// want wants a status, and words in the body.
func (r *rig) want(a answer, status int, words ...string) {
	r.Helper()
	if a.StatusCode != status {
		r.Errorf("%s %s: %s, want %d\n%s", a.Request.Method, a.Request.URL, a.Status, status, a.text)
	}
	for _, word := range words {
		if !strings.Contains(a.text, word) {
			r.Errorf("%s %s does not say %q\n%s", a.Request.Method, a.Request.URL, word, a.text)
		}
	}
}

// failed wants an error of the API.
func (r *rig) failed(a answer, status int, word string) {
	r.Helper()
	r.want(a, status)
	var said struct{ Error string }
	if err := json.Unmarshal([]byte(a.text), &said); err != nil || !strings.Contains(said.Error, word) || a.Header.Get("Content-Type") != jsonType {
		r.Errorf("%s %s says %q (%v), want %q", a.Request.Method, a.Request.URL, a.text, err, word)
	}
}
