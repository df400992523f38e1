package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Violation is a promise of DESIGN.md section 2 that was broken, and by what.
type Violation struct {
	At      time.Time
	Promise string // P1 to P13
	Request int64  // the request that broke it; 0 = none did
	Mailbox string
	Event   string // id of the event or meeting
	Text    string
}

func (v Violation) Error() string {
	s := v.Promise + ": " + v.Text
	if v.Mailbox != "" {
		s += " (mailbox " + v.Mailbox
		if v.Event != "" {
			s += ", event " + v.Event
		}
		s += ")"
	}
	if v.Request != 0 {
		s += fmt.Sprintf(" [request %d]", v.Request)
	}
	return s
}

// audit collects violations as they happen; it has a lock of its own.
type audit struct {
	mu   sync.Mutex
	list []Violation // guarded by mu
}

func (w *World) violated(v Violation) {
	v.At = w.now()
	w.audit.mu.Lock()
	defer w.audit.mu.Unlock()
	if len(w.audit.list) < 1000 {
		w.audit.list = append(w.audit.list, v)
	}
}

// Violations lists what went wrong so far, oldest first.
func (w *World) Violations() []Violation {
	w.audit.mu.Lock()
	defer w.audit.mu.Unlock()
	return slices.Clone(w.audit.list)
}

// ClearViolations forgets them, for tests that break promises on purpose.
func (w *World) ClearViolations() {
	w.audit.mu.Lock()
	defer w.audit.mu.Unlock()
	w.audit.list = nil
}

// CheckAlways tells which promises were broken so far that hold at any time, faults or not: P2 (only own events and meetings are
// written), P3 (nobody's words are lost), P6 (no needless mail), P12 (manners), and tokens that went astray. It also returns
// wrong use of this package.
func (w *World) CheckAlways() error {
	var errs []error
	for i, v := range w.Violations() {
		if i == 20 {
			errs = append(errs, fmt.Errorf("and more"))
			break
		}
		errs = append(errs, v)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(append(errs, w.misuse...)...)
}

// T is as much of testing.TB as Audit needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// Audit fails a test with everything that Check finds.
func (w *World) Audit(t T, rest AtRest) {
	t.Helper()
	if err := w.Check(rest); err != nil {
		t.Errorf("the audit of the world failed:\n%v", err)
	}
}

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
	keyword  bool     // the location has a keyword
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
	had := hasKeyword(m.typedLocation(r))
	s := m.acted(r)
	if before.Location != after.Location {
		s.location, s.ownPlace = after.Location, true
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
	for date, x := range it.exceptions {
		if was := m.stories[ref{from.key, date}]; was != nil && x.body != nil && from.date == "" {
			m.copied(ref{from.key, date}, ref{to.key, date}, it.merged(date, true))
		}
	}
}

// patched judges a PATCH that the client has made, and remembers it.
func (c *call) patched(r ref, was, next *item, p eventPatch, members []string) {
	m := c.box
	fail := func(promise, format string, args ...any) {
		c.w.violated(Violation{Promise: promise, Request: c.N, Mailbox: m.address, Event: c.Item, Text: fmt.Sprintf(format, args...)})
	}
	if was.byClient {
		return
	}
	if !was.mine {
		fail("P2", "PATCH of an event that somebody else organises")
		return
	}
	for _, name := range members {
		if !ours[name] {
			fail("P3", "PATCH carries %s", name)
		}
	}
	s := m.story(r)
	s.patches = append(s.patches, c.N)
	allowed := s.acts
	if r.date != "" {
		allowed += m.story(ref{key: r.key}).acts
	}
	if len(s.patches) > allowed {
		fail("P6", "%d PATCHes for %d changes by people", len(s.patches), allowed)
	}
	base := m.storyOf(r)
	before := base.words
	if !base.tended {
		before = classify(nil, was.body.words())
	}
	typed := m.typedLocation(r)
	if !hasKeyword(typed) && len(blockOf(before)) == 0 && len(base.links) == 0 && !hasGrey(before) {
		fail("P2", "PATCH of an event that asks for nothing and holds nothing of ours")
	}
	if p.Location != nil && !extends(next.location, typed) {
		fail("P3", "location %q became %q", typed, next.location)
	}
	if p.Location != nil {
		s.location, s.ownPlace = typed, true
	}
	if u := m.webexUser(); u != nil && (strings.Contains(next.body.content, u.hostKey) || strings.Contains(next.body.content, u.hostPin)) {
		fail("P7", "the PATCH tells the host key or the host PIN")
	}
	if p.Body == nil || base.broken {
		return
	}
	s = m.emancipate(r)
	words, ok := reclassify(before, next.body.words())
	if !ok {
		s.broken = true
		fail("P3", "words of the person are lost or others added: %s", firstDifference(own(before), next.body.words()))
		return
	}
	if !s.tended {
		s.tended, s.hrefs = true, was.body.joinLinks()
	}
	s.words = words
	s.links = body{content: strings.Join(blockOf(words), " ")}.links()
	s.asked = m.asks(r, next)
	for _, link := range s.links {
		if met, _ := c.w.webex.byLink(link); met != nil && !slices.Contains(met.events, eventRef{m, r}) {
			met.events = append(met.events, eventRef{m, r})
		}
	}
	for _, link := range next.body.links() {
		if webexLink(link) && (slices.Contains(s.links, link) || !slices.Contains(was.body.links(), link)) {
			c.w.written[link] = true
		}
	}
}

// extends tells whether location is what was typed, or that with a link after it.
func extends(location, typed string) bool {
	rest, ok := strings.CutPrefix(location, typed)
	return ok && (rest == "" || strings.Contains(rest, "https://"))
}
