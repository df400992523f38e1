package graph

import (
	"io"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
	"syncd/recurrence"
	"syncd/rest"
)

// A calendar is nine tenths bodies, and syncd looks at one in a hundred. So answers are read member by member as they come in:
// what nobody will look at is passed over, and a body stays in the form in which it came, in a buffer that is used again, until
// the members after it have told whether it is wanted.
//
// Two kinds of trouble are told apart. JSON that is broken makes the whole answer worthless. A member that is not what it should
// be makes its event unreadable, and leaves the others alone.

// form is an event as Graph sends it, with the members that syncd reads; others are passed over (event.md).
type form struct {
	removed     bool
	event       delta.Event // what needs no more than reading
	start, end  dateTime
	body        bool // there was one; its content is in the reader
	html        bool
	organizer   bool // there was an isOrganizer
	sensitivity string
	properties  []property // extended
	structured  bool       // several places, of which `location` is only a summary: writing it would lose what is known of each
}

// locationJSON is a place (location.md).
type locationJSON struct {
	DisplayName string `json:"displayName"`
	Address     string `json:"locationEmailAddress"`
	URI         string `json:"locationUri"`
}

// dateTime is a dateTimeTimeZone.
type dateTime struct{ time, zone string }

type property struct{ id, value string }

// reader reads JSON as it comes in.
type reader struct {
	dec *jsontext.Decoder
	err error // the answer is broken
	odd bool  // a member of the event at hand is not what it should be

	whole   bool   // bodies are wanted, whatever the events say
	body    []byte // the event's, as JSON; reused
	place   []byte // likewise
	scratch []byte
}

func newReader(r io.Reader) *reader { return &reader{dec: jsontext.NewDecoder(r, rest.Lenient)} }

// value is the next value or member name, good until the next is read.
func (r *reader) value() jsontext.Value {
	if r.err != nil {
		return nil
	}
	var v jsontext.Value
	v, r.err = r.dec.ReadValue()
	return v
}

func (r *reader) skip() {
	if r.err == nil {
		r.err = r.dec.SkipValue()
	}
}

func (r *reader) token() {
	if r.err == nil {
		_, r.err = r.dec.ReadToken()
	}
}

// object reads the members of an object. The function is given each name with its quotes, and has to read the value.
func (r *reader) object(member func(name []byte)) {
	if !r.begins('{') {
		return
	}
	for r.err == nil && r.dec.PeekKind() != '}' {
		if name := r.value(); r.err == nil {
			member(name)
		}
	}
	r.token()
}

// list reads the elements of a list, each by the function.
func (r *reader) list(element func()) {
	if !r.begins('[') {
		return
	}
	for r.err == nil && r.dec.PeekKind() != ']' {
		element()
	}
	r.token()
}

// begins goes into an object or list. Null is an empty one; anything else is odd.
func (r *reader) begins(kind jsontext.Kind) bool {
	if r.err != nil {
		return false
	}
	switch r.dec.PeekKind() {
	case kind:
		r.token()
		return r.err == nil
	case 'n':
	default:
		r.odd = true
	}
	r.skip()
	return false
}

// text reads a string; null is an empty one.
func (r *reader) text() string {
	v := r.value()
	switch {
	case r.err != nil || v.Kind() == 'n':
		return ""
	case v.Kind() != '"':
		r.odd = true
		return ""
	}
	// What Exchange cuts in the middle of a character ends in a replacement character.
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], v)
	return string(r.scratch)
}

func (r *reader) flag() bool {
	v := r.value()
	switch {
	case r.err != nil || v.Kind() == 'n' || v.Kind() == 'f':
	case v.Kind() == 't':
		return true
	default:
		r.odd = true
	}
	return false
}

// event reads an event. Its body and location are in the reader until the next one is read.
func (r *reader) event() *form {
	r.odd, r.body, r.place = false, r.body[:0], r.place[:0]
	f := &form{}
	e := &f.event
	r.object(func(name []byte) {
		switch string(name) {
		case `"@odata.etag"`:
			e.ETag = r.text()
		case `"@removed"`:
			f.removed = r.value().Kind() != 'n'
		case `"id"`:
			e.ID = r.text()
		case `"type"`:
			e.Type = eventType(r.text())
		case `"seriesMasterId"`:
			e.SeriesID = r.text()
		case `"originalStart"`:
			e.OriginalStart = timestamp(r.text())
		case `"lastModifiedDateTime"`:
			e.Modified = timestamp(r.text())
		case `"subject"`:
			e.Subject = r.text()
		case `"body"`:
			f.body, f.html = r.dec.PeekKind() != 'n', true
			r.object(func(name []byte) {
				switch string(name) {
				case `"contentType"`:
					f.html = !strings.EqualFold(r.text(), "text")
				case `"content"`:
					r.body = append(r.body, r.value()...)
				default:
					r.skip()
				}
			})
		case `"location"`:
			e.Location.Text = r.location()
		case `"locations"`:
			f.structured = r.structured()
		case `"start"`:
			f.start = r.dateTime()
		case `"end"`:
			f.end = r.dateTime()
		case `"originalStartTimeZone"`:
			e.Zone = r.text()
		case `"isAllDay"`:
			e.AllDay = r.flag()
		case `"isCancelled"`:
			e.Cancelled = r.flag()
		case `"isDraft"`:
			e.Draft = r.flag()
		case `"isOrganizer"`:
			f.organizer = r.dec.PeekKind() != 'n'
			e.Organizer = r.flag()
		case `"sensitivity"`:
			f.sensitivity = r.text()
		case `"recurrence"`:
			e.Recurrence = r.recurrence()
		case `"attendees"`:
			r.list(func() { e.Attendees = append(e.Attendees, r.attendee()) })
		case `"hideAttendees"`:
			e.HideOthers = r.flag()
		case `"singleValueExtendedProperties"`:
			r.list(func() { f.properties = append(f.properties, r.property()) })
		default:
			r.skip()
		}
	})
	return f
}

// location keeps the place as it came, for it may be written back, and gives its name.
func (r *reader) location() (name string) {
	r.place = append(r.place, r.value()...)
	var l locationJSON
	if r.err == nil && (r.place[0] != '{' && r.place[0] != 'n' || jsonv2.Unmarshal(r.place, &l, rest.Lenient) != nil) {
		r.odd = true
	}
	return l.DisplayName
}

// structured reports whether there are several places, with more than a name.
func (r *reader) structured() bool {
	known, count := false, 0
	r.list(func() {
		var l locationJSON
		if v := r.value(); r.err == nil && jsonv2.Unmarshal(v, &l, rest.Lenient) != nil {
			r.odd = true
		}
		known = known || l.Address != "" || l.URI != ""
		count++
	})
	return known && count > 1
}

func (r *reader) dateTime() (d dateTime) {
	r.object(func(name []byte) {
		switch string(name) {
		case `"dateTime"`:
			d.time = r.text()
		case `"timeZone"`:
			d.zone = r.text()
		default:
			r.skip()
		}
	})
	return d
}

func (r *reader) attendee() (a delta.Attendee) {
	r.object(func(name []byte) {
		switch string(name) {
		case `"type"`:
			a.Type = strings.ToLower(r.text())
		case `"emailAddress"`:
			r.object(func(name []byte) {
				switch string(name) {
				case `"name"`:
					a.Name = r.text()
				case `"address"`:
					a.Address = strings.ToLower(r.text())
				default:
					r.skip()
				}
			})
		default:
			r.skip()
		}
	})
	return a
}

func (r *reader) property() (p property) {
	r.object(func(name []byte) {
		switch string(name) {
		case `"id"`:
			p.id = r.text()
		case `"value"`:
			p.value = r.text()
		default:
			r.skip()
		}
	})
	return p
}

// recurrence reads what only series masters have, so that a general decoder will do.
func (r *reader) recurrence() *recurrence.Recurrence {
	v := r.value()
	if r.err != nil || v.Kind() == 'n' {
		return nil
	}
	var out recurrence.Recurrence
	if jsonv2.Unmarshal(v, &out, rest.Lenient) != nil {
		r.odd = true
	}
	return &out
}

// end makes sure that nothing follows.
func (r *reader) end() error {
	if r.err != nil {
		return r.err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return rest.Plain("answer goes on after its end")
	}
	return nil
}
