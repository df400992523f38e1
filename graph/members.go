package graph

import (
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"syncd/delta"
	"syncd/recurrence"
	"syncd/rest"
)

// What the members of an event are made of.

// location keeps the place as it came, for it may be written back, and gives its name.
func (r *reader) location() (name string) {
	r.peek()
	r.keep()
	r.place.from = r.offset()
	name = r.locationParts().name
	r.place.to = r.offset()
	return name
}

// structured reports whether there are several places, with more than a name. Then `location` is only a summary, and writing it
// would lose what is known of each.
func (r *reader) structured() bool {
	known, count := false, 0
	r.list(func() {
		l := r.locationParts()
		known = known || l.address != "" || l.uri != "" || l.mapped
		count++
	})
	return known && count > 1
}

// location is a place (location.md).
type location struct {
	name, address, uri string
	mapped             bool // it has a street address, or coordinates
}

func (r *reader) locationParts() (l location) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "displayName":
			l.name = r.text()
		case "locationEmailAddress":
			l.address = r.text()
		case "locationUri":
			l.uri = r.text()
		case "address", "coordinates":
			l.mapped = r.filled() || l.mapped
		default:
			return false
		}
		return true
	})
	return l
}

// filled reports whether an object holds anything but its type.
func (r *reader) filled() (some bool) {
	r.object(func(name []byte) bool {
		some = some || string(name) != "type" && r.peek() != 'n'
		return false
	})
	return some
}

func (r *reader) dateTime() (d dateTime) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "dateTime":
			d.time = r.text()
		case "timeZone":
			d.zone = r.zoneName()
		default:
			return false
		}
		return true
	})
	return d
}

func (r *reader) attendee() (a delta.Attendee) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "type":
			a.Type = strings.ToLower(r.text())
		case "emailAddress":
			r.object(func(name []byte) bool {
				switch string(name) {
				case "name":
					a.Name = r.text()
				case "address":
					a.Address = strings.ToLower(r.text())
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	return a
}

func (r *reader) property() (p property) {
	r.object(func(name []byte) bool {
		switch string(name) {
		case "id":
			p.id = r.text()
		case "value":
			p.value = r.text()
		default:
			return false
		}
		return true
	})
	return p
}

// recurrence reads what only series masters have, so that a general decoder will do.
func (r *reader) recurrence() *recurrence.Recurrence {
	v := r.raw()
	if r.err != nil || v[0] == 'n' {
		return nil
	}
	var out recurrence.Recurrence
	if jsonv2.Unmarshal(v, &out, rest.Lenient) != nil {
		r.odd = true
	}
	return &out
}
