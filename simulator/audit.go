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
