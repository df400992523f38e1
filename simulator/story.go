package simulator

import (
	"slices"
	"strings"
	"unicode"
)

// story is what the audit remembers of an event, or of an occurrence that has become something of its own.
type story struct {
	acts    int     // what people did to it, its making included; each allows one PATCH
	patches []int64 // requests that changed it

	ownBody  bool   // of an occurrence: it has a body of its own
	tended   bool   // a client has written its body, or it came to be by copying: words and hrefs are kept here
	words    []word // its body as it stands; unless tended all of it was typed
	broken   bool   // the words were lost once; no more is said about them
	ownPlace bool   // of an occurrence: it has a location of its own
	location string // as typed

	removals int      // how often a person took the block out since the keyword was typed
	unsure   bool     // nobody can tell from outside how often that was
	killings int      // how often the host deleted its meeting since then
	gone     int64    // version at which the keyword went
	links    []string // addresses in the block as last written
	asked    string   // what the event asked for then
	hrefs    []string // Webex join links in the body as a person last left it, seen or not
}

// story finds or begins the memory of an event.
func (m *Mailbox) story(r ref) *story {
	s := m.stories[r]
	if s == nil {
		s = &story{}
		m.stories[r] = s
	}
	return s
}

// storyOf is the story whose words are those of r's body: that of the master unless the occurrence has a body of its own.
func (m *Mailbox) storyOf(r ref) *story {
	if s := m.story(r); r.date == "" || s.ownBody {
		return s
	}
	return m.story(ref{key: r.key})
}

// emancipate gives an occurrence a story of its own, which begins as its master's, once it has a body of its own.
func (m *Mailbox) emancipate(r ref) *story {
	s := m.story(r)
	if r.date == "" || s.ownBody {
		return s
	}
	master := m.story(ref{key: r.key})
	s.ownBody, s.tended, s.words, s.hrefs = true, master.tended, slices.Clone(master.words), master.hrefs
	s.links, s.removals, s.killings, s.unsure, s.asked = master.links, master.removals, master.killings, master.unsure, master.asked
	return s
}

// acted counts an act of a person.
func (m *Mailbox) acted(r ref) *story {
	s := m.story(r)
	s.acts++
	return s
}

// typed remembers a new appointment.
func (m *Mailbox) typed(r ref, it *item) {
	m.acted(r).location = it.location
}

// retyped remembers an edit.
func (m *Mailbox) retyped(r ref, it *item, before, after Draft) {
	typed := m.typedLocation(r)
	had := hasKeyword(typed)
	s := m.acted(r)
	if before.Location != after.Location {
		placed := slices.DeleteFunc(m.w.linksIn(before.Location), func(link string) bool { return strings.Contains(typed, link) })
		s.location, s.ownPlace = withoutLinks(after.Location, placed), true
	}
	rewritten := before.Body != after.Body || before.HTML != after.HTML
	if rewritten {
		m.emancipate(r)
	}
	if s.tended && rewritten {
		was := blockOf(s.words)
		s.words = classify(s.words, it.body.words())
		s.hrefs = it.body.joinLinks()
		switch now := blockOf(s.words); {
		case len(was) == 0 || len(now) == len(was):
		case hasGrey(s.words):
			s.unsure = true
		default:
			s.removals++
		}
	}
	s.relocated(it, had, hasKeyword(m.typedLocation(r)), m.served[r.key] >= s.gone)
}

// withoutLinks is what a person typed of a location that the client has put these links into. He may have typed close to them.
func withoutLinks(location string, links []string) string {
	for _, link := range links {
		switch {
		case strings.Contains(location, " "+link):
			location = strings.Replace(location, " "+link, "", 1)
		case strings.Contains(location, link):
			location = strings.TrimPrefix(strings.Replace(location, link, "", 1), " ")
		}
	}
	return location
}

// linksIn lists the links in a location that the client has written into events.
func (w *World) linksIn(location string) (links []string) {
	for {
		at := strings.Index(location, "https://")
		if at < 0 {
			return links
		}
		location = location[at:]
		end := strings.IndexFunc(location+" ", unicode.IsSpace)
		for ; end > 0 && !w.written[location[:end]]; end-- {
		}
		if end == 0 || end < len(location) && isWordByte(location[end]) { // a longer one is not ours
			location = location[len("https://"):]
			continue
		}
		links = append(links, location[:end])
		location = location[end:]
	}
}

func isWordByte(c byte) bool {
	return c == '/' || c == '=' || c == '&' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// words tells whose the words of a body are.
func (m *Mailbox) words(r ref) []word {
	if s := m.storyOf(r); s.tended {
		return s.words
	}
	return classify(nil, m.bodyOf(r).words())
}

// hrefs are the Webex join links in a body as a person last left it, seen or not.
func (m *Mailbox) hrefs(r ref) []string {
	if s := m.storyOf(r); s.tended {
		return s.hrefs
	}
	return m.bodyOf(r).joinLinks()
}

func (m *Mailbox) bodyOf(r ref) body {
	it := m.items[r.key]
	switch {
	case it == nil:
		return body{}
	case r.date != "":
		return it.merged(r.date, true).body
	}
	return it.body
}

// relocated brings the keyword's history up to date. What happened to the block counts from when the keyword was typed anew, if
// a client has seen the event without it; if not, nobody can tell how it counts.
func (s *story) relocated(it *item, had, has, seenWithout bool) {
	switch {
	case had && !has:
		s.gone = it.version
	case has && !had && seenWithout:
		s.removals, s.killings, s.unsure = 0, 0, false
	case has && !had:
		s.unsure = s.unsure || s.removals+s.killings > 0
	}
}

// copied remembers a duplicate: the words come along, the block among them as words that nobody typed here.
func (m *Mailbox) copied(from, to ref, it *item) {
	s := m.acted(to)
	s.location, s.ownPlace = it.location, true
	if m.storyOf(from).tended {
		s.tended, s.hrefs = true, m.hrefs(from)
		s.words = slices.Clone(m.words(from))
		for i := range s.words {
			if s.words[i].owner == block {
				s.words[i].owner = grey
			}
		}
	}
	if hasGrey(s.words) {
		s.location = withoutLinks(s.location, m.w.linksIn(s.location)) // the block says whose the link is
	}
	for date, x := range it.exceptions {
		switch was := m.stories[ref{from.key, date}]; {
		case was == nil || from.date != "":
		case x.body != nil:
			m.story(ref{to.key, date}).ownBody = true
			m.copied(ref{from.key, date}, ref{to.key, date}, it.merged(date, true))
		case x.location != nil:
			o := m.story(ref{to.key, date})
			if o.location, o.ownPlace = it.merged(date, true).location, true; hasGrey(s.words) {
				o.location = withoutLinks(o.location, m.w.linksIn(o.location))
			}
		}
	}
}
