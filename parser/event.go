package parser

import (
	"slices"
	"strings"
)

// event is what is read of an event, part by part.
type event struct {
	Text
	location, body reader
	list           []candidate
	said           map[*string]bool // lists of words that were looked for, by their first
}

// says reports whether the text holds one of the words that a group asks for. A
// weak link on a host known by its name needs none where it is the place.
func (r *reader) says(g *group) bool {
	place := r.where == "location" && g.weak && !strings.HasSuffix(g.hosts[0], "*")
	return place || r.event.says(g.near)
}

// says reports whether the event's text holds one of some words.
func (e *event) says(words []string) bool {
	const reach = 64 << 10
	if said, known := e.said[&words[0]]; known {
		return said
	}
	said := slices.ContainsFunc(words, func(w string) bool {
		return indexFold(e.Location, w) >= 0 || indexFold(e.Body[:min(len(e.Body), reach)], w) >= 0
	})
	if e.said == nil {
		e.said = map[*string]bool{}
	}
	e.said[&words[0]] = said
	return said
}

// read scans both parts of a text, and writes down what it denies where denied
// is not nil.
//
// Whoever is done with the event forgets it, for the next text.
func (p *Parser) read(t Text, denied *[]Denial) *event {
	e, ok := p.events.Get().(*event)
	if !ok {
		e = &event{}
	}
	t.Body = unquoted(t.Body, t.HTML)
	e.Text = t
	e.location = reader{Parser: p, event: e, where: "location", denied: denied, found: e.location.found}
	e.location.scan(t.Location)
	e.body = reader{Parser: p, event: e, where: "body", denied: denied, found: e.body.found}
	if t.HTML {
		e.body.scanHTML(t.Body)
	} else {
		e.body.scan(t.Body)
	}
	return e
}

// forget keeps an event's room for the next text, and nothing of this one.
func (p *Parser) forget(e *event) {
	const most = 32 // findings that invitations have; room for more is not kept
	found, list := [2][]finding{e.location.found, e.body.found}, e.list
	for i := range found {
		if len(found[i]) > 0 {
			clear(found[i])
		}
		if found[i] = found[i][:0]; cap(found[i]) > most {
			found[i] = nil
		}
	}
	if len(list) > 0 {
		clear(list)
	}
	if list = list[:0]; cap(list) > 2*most {
		list = nil
	}
	*e = event{list: list}
	e.location.found, e.body.found = found[0], found[1]
	p.events.Put(e)
}
