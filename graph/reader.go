package graph

import (
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
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
	removed    bool
	event      delta.Event // what needs no more than reading
	start, end dateTime
	subject    bool // there was one
	place      bool // there was a location
	body       bool // there was one; its content is in the reader
	html       bool
	organizer  bool       // there was an isOrganizer
	properties []property // extended
	attendees  span       // read where the body is wanted
	locations  span       // read where the place may be written back
}

// dateTime is a dateTimeTimeZone.
type dateTime struct{ time, zone string }

type property struct{ id, value string }

// reader reads what Graph answers.
type reader struct {
	scanner
	odd bool // a member of the event at hand is not what it should be

	whole   bool   // bodies are wanted, whatever the events say
	form    form   // the event at hand
	body    span   // the event's, as JSON
	place   span   // likewise
	zone    string // the last one read, since most are alike
	scratch []byte
}

// span is a part of the answer that is kept until the event at hand is finished.
type span struct{ from, to int64 }

// span passes the next value over and keeps it.
func (r *reader) span() (s span) {
	r.peek()
	r.keep()
	s.from = r.offset()
	r.skip()
	s.to = r.offset()
	return s
}

// written is what stands in a span, good until more is read.
func (r *reader) written(s span) []byte {
	if s.from == s.to {
		return nil
	}
	return r.part(s.from, s.to)
}

// reset begins with another answer.
func (r *reader) reset(in io.Reader) {
	*r = reader{scanner: scanner{in: in, buf: r.buf[:0], kept: none}, scratch: r.scratch[:0]}
}

// object reads the members of an object. The function is given each name, and either reads the value or says that it does not
// know the name. One that it knows must not come twice.
func (r *reader) object(member func(name []byte) bool) {
	if !r.begins('{') {
		return
	}
	var known [32]uint32
	n := 0
	for first := true; r.next('}', first); first = false {
		name := r.name()
		if r.err != nil {
			return
		}
		if r.plain {
			name = name[1 : len(name)-1]
		} else {
			r.scratch = unquote(r.scratch[:0], name)
			name = r.scratch
		}
		sign := signOf(name)
		switch {
		case !member(name):
			r.skip()
		case slices.Contains(known[:n], sign) || n == len(known):
			r.err = rest.Plain("answer has a member twice")
		default:
			known[n] = sign
			n++
		}
	}
}

// signOf tells the names apart that are known in one object.
func signOf(name []byte) uint32 {
	n := len(name)
	if n == 0 {
		return 0
	}
	return uint32(n)<<24 | uint32(name[0])<<16 | uint32(name[n/2])<<8 | uint32(name[n-1])
}

// list reads the elements of a list, each by the function.
func (r *reader) list(element func()) {
	if !r.begins('[') {
		return
	}
	for first := true; r.next(']', first); first = false {
		element()
	}
}

// begins goes into an object or list. Null is an empty one; anything else is odd.
func (r *reader) begins(kind byte) bool {
	switch r.peek() {
	case kind:
		r.enter(kind)
		return r.err == nil
	case 'n':
	default:
		r.odd = true
	}
	r.skip()
	return false
}

// text reads a string; null is an empty one.
func (r *reader) text() string { return string(r.word()) }

// word is a text that is only looked at: it is good until the next value is read.
func (r *reader) word() []byte {
	v := r.raw()
	switch {
	case r.err != nil || v[0] == 'n':
		return nil
	case v[0] != '"':
		r.odd = true
		return nil
	case r.plain:
		return v[1 : len(v)-1]
	}
	r.scratch = unquote(r.scratch[:0], v)
	return r.scratch
}

// zoneName is text for the name of a time zone.
func (r *reader) zoneName() string {
	if name := r.word(); string(name) != r.zone {
		r.zone = string(name)
	}
	return r.zone
}

// unquote appends what a string says. What Exchange cuts in the middle of a character ends in a replacement character.
func unquote(to, quoted []byte) []byte {
	to, _ = jsontext.AppendUnquote(to, quoted)
	return to
}

func (r *reader) flag() bool {
	switch v := r.raw(); {
	case r.err != nil || v[0] == 'n' || v[0] == 'f':
	case v[0] == 't':
		return true
	default:
		r.odd = true
	}
	return false
}

// again reads what is written in a span.
func (r *reader) again(s span, read func(*reader)) {
	written := r.written(s)
	if written == nil {
		return
	}
	again := reader{scanner: scanner{buf: written, last: io.EOF, kept: none}, scratch: r.scratch}
	read(&again)
	r.err, r.odd, r.scratch = again.err, r.odd || again.odd, again.scratch
}

// event reads an event. It is in the reader until the next one is read.
func (r *reader) event() *form {
	r.odd, r.body, r.place, r.kept = false, span{}, span{}, none
	r.form = form{}
	f := &r.form
	e := &f.event
	r.object(func(name []byte) bool {
		switch string(name) {
		case "@odata.etag":
			e.ETag = r.text()
		case "@removed":
			f.removed = r.peek() != 'n'
			r.skip()
		case "id":
			e.ID = r.text()
		case "type":
			e.Type = eventType(r.word())
		case "seriesMasterId":
			e.SeriesID = r.text()
		case "originalStart":
			e.OriginalStart = timestamp(r.word())
		case "lastModifiedDateTime":
			e.Modified = timestamp(r.word())
		case "subject":
			f.subject = true
			e.Subject = r.text()
		case "body":
			f.body, f.html = r.peek() != 'n', true
			r.object(func(name []byte) bool {
				switch string(name) {
				case "contentType":
					f.html = !strings.EqualFold(string(r.word()), "text")
				case "content":
					r.body = r.span()
				default:
					return false
				}
				return true
			})
		case "location":
			f.place = r.peek() != 'n'
			e.Location.Text = r.location()
		case "locations":
			f.locations = r.span()
		case "start":
			f.start = r.dateTime()
		case "end":
			f.end = r.dateTime()
		case "originalStartTimeZone":
			e.Zone = r.zoneName()
		case "isAllDay":
			e.AllDay = r.flag()
		case "isCancelled":
			e.Cancelled = r.flag()
		case "isDraft":
			e.Draft = r.flag()
		case "isOrganizer":
			f.organizer = r.peek() != 'n'
			e.Organizer = r.flag()
		case "sensitivity":
			e.Private = private(r.word())
		case "recurrence":
			e.Recurrence = r.recurrence()
		case "attendees":
			f.attendees = r.span()
		case "hideAttendees":
			e.HideOthers = r.flag()
		case "singleValueExtendedProperties":
			r.list(func() { f.properties = append(f.properties, r.property()) })
		default:
			return false
		}
		return true
	})
	return f
}
