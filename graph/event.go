package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
	"syncd/parser"
	"syncd/recurrence"
	"syncd/rest"
)

// answered is an answer of one event.
type answered struct {
	event delta.Event // Unreadable where it makes no sense
	mark  string
}

// decode refuses an answer that names no event.
func (a *answered) decode(_ http.Header, body io.Reader) error {
	var r reader
	r.reset(body)
	r.whole = true
	if r.peek() != '{' {
		return rest.Plain("answer is no event")
	}
	f := r.event()
	e := r.finish(f)
	if err := r.end(); err != nil {
		return err
	}
	if e.ID == "" {
		return rest.Plain("event has no id")
	}
	*a = answered{event: e}
	for _, p := range f.properties {
		if strings.EqualFold(p.id, delta.MarkProperty) {
			a.mark = p.value
		}
	}
	return nil
}

// finish turns Graph's form of an event into ours. One that makes no sense keeps its id alone.
func (r *reader) finish(f *form) delta.Event {
	e := f.event
	switch {
	case f.removed:
		return delta.Event{ID: e.ID, Removed: true}
	case r.odd, r.err != nil:
		return delta.Event{ID: e.ID, Unreadable: true}
	}
	e.Partial = !r.whole && e.Type != delta.Occurrence && !r.told(f)
	e.Bare = e.Type == delta.Occurrence && !f.organizer && !f.body
	var started, ended bool
	e.Start, started = f.start.read()
	e.End, ended = f.end.read()
	if strings.ContainsAny(e.Location.Text, "@＠﹫:") {
		structured := false
		r.again(f.locations, func(r *reader) { structured = r.structured() })
		if !structured {
			e.Location.Place = bytes.Clone(r.written(r.place))
		}
	}
	body := r.written(r.body)
	_, asks := parser.FindKeyword(e.Location.Text)
	matters := r.whole || asks || parser.MayHoldBlock(body)
	if matters && len(body) > 0 && string(body) != "null" {
		e.Body = parser.Body{HTML: f.html, Content: r.content(body)}
	}
	if matters || e.Type != delta.Single {
		r.again(f.attendees, func(r *reader) {
			r.list(func() { e.Attendees = append(e.Attendees, r.attendee()) })
		})
	}
	if !started || !ended || r.odd {
		return delta.Event{ID: e.ID, Unreadable: true}
	}
	return e
}

// told reports whether an event came with the members that say what it is about. What is left out is not empty.
func (r *reader) told(f *form) bool {
	body := r.written(r.body)
	return f.subject && f.place && len(body) > 0 && body[0] == '"' && (f.event.Type != delta.Master || f.event.Recurrence != nil)
}

// content is a body's text. One with half characters in it is odd: nobody could write it back as it was.
func (r *reader) content(written []byte) string {
	var err error
	if r.scratch, err = jsontext.AppendUnquote(r.scratch[:0], written); err != nil {
		r.odd = true
		return ""
	}
	return string(r.scratch)
}

func eventType(s []byte) delta.Type {
	for _, t := range [...]delta.Type{delta.Single, delta.Master, delta.Occurrence, delta.Exception} {
		if strings.EqualFold(string(s), string(t)) {
			return t
		}
	}
	return delta.Type(s)
}

// private reports a sensitivity that shows others no more than that the time is taken.
func private(sensitivity []byte) bool {
	return strings.EqualFold(string(sensitivity), "private") || strings.EqualFold(string(sensitivity), "confidential")
}

// timestamp reads a time of Graph's; the year 1, which stands for "unknown", and text that is none give the zero time.
func timestamp(s []byte) time.Time {
	t, err := time.Parse(time.RFC3339Nano, string(s))
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// read reads a wall clock time of up to 7 fraction digits, in UTC as we ask for.
func (d dateTime) read() (time.Time, bool) {
	zone := time.UTC
	if d.zone == "" || d.zone == "UTC" {
		if t, err := time.Parse(time.RFC3339Nano, d.time+"Z"); err == nil { // this layout is read several times as fast
			return t, true
		}
	} else {
		var err error
		if zone, _, err = recurrence.Zone(d.zone); err != nil {
			return time.Time{}, false
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339Nano} { // a fraction may follow
		if t, err := time.ParseInLocation(layout, d.time, zone); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// patchJSON is what syncd writes into an event, and nothing else (event-update.md).
type patchJSON struct {
	Body       *patchBodyJSON  `json:"body,omitempty"`
	Location   json.RawMessage `json:"location,omitempty"`
	Properties []propertyJSON  `json:"singleValueExtendedProperties,omitempty"`
}

type patchBodyJSON struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

type propertyJSON struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

func encodePatch(p delta.Patch) patchJSON {
	var out patchJSON
	if p.Body != nil {
		out.Body = &patchBodyJSON{ContentType: "text", Content: p.Body.Content}
		if p.Body.HTML {
			out.Body.ContentType = "html"
		}
	}
	out.Location = p.Place
	if p.Mark != "" {
		out.Properties = append(out.Properties, propertyJSON{delta.MarkProperty, p.Mark})
	}
	if p.Tag != "" {
		out.Properties = append(out.Properties, propertyJSON{delta.TagProperty, p.Tag})
	}
	return out
}
