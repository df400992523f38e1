package simulator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// AtRest says what the world should look like once the program has done all that there was to do.
type AtRest struct {
	Enrolled    []string  // addresses of the mailboxes that are served
	Webex, Meet string    // what the bare keywords mean; "" = myroom and space
	From, To    time.Time // the window that is served; zero = no bound
	Link        bool      // the join link is appended to the location
	Occurrences bool      // also compare every occurrence of a series with Webex
	Spaces      bool      // also judge the space of an event that asks for one, its members, and what was said in it
	Invitees    bool      // also compare the invitees of meetings with the people of their events
	Lists       []string  // addresses of distribution lists that the client knows: they are no people
	Strangers   bool      // nobody can know any more whom the client put into a space: members too many are passed over
}

// shows tells whether the window holds any of the item.
func (a AtRest) shows(it *item) bool {
	to := a.To
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !it.series() {
		return overlaps(it.start, it.end, a.From, to)
	}
	found := false
	it.eachDay(a.From, func(d day) bool {
		o := it.at(d)
		found = !it.dropped[o.date] && overlaps(o.start, o.end, a.From, to)
		return !found && o.start.Before(to)
	})
	return found
}

// Check tells which promises the world at rest breaks: those of CheckAlways, and P1 (one live meeting for each event that asks
// for one, none for any other), P3 (its join link once in the text that can be seen, and nowhere else; without a keyword just
// the person's own words), and that the meeting has the event's times and title. Only the enrolled mailboxes are looked at, and
// all live meetings that the client has made.
func (w *World) Check(rest AtRest) error {
	rest.Webex, rest.Meet = cmp.Or(rest.Webex, kindRoom), cmp.Or(rest.Meet, kindSpace)
	errs := []error{w.CheckAlways()}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := checker{w: w, rest: rest, now: w.now(), claimed: map[*meeting]string{}, excused: map[*meeting]bool{}, passed: map[string]bool{}}
	for _, address := range rest.Enrolled {
		if m := w.names[strings.ToLower(address)]; m != nil && m.status == statusOK && m.outage == nil {
			c.mailbox(m)
		}
	}
	c.orphans()
	if rest.Spaces {
		c.spaces()
	}
	if len(c.errs) > 20 {
		c.errs = append(c.errs[:20], fmt.Errorf("and %d more", len(c.errs)-20))
	}
	return errors.Join(append(errs, c.errs...)...)
}

type checker struct {
	w       *World
	rest    AtRest
	now     time.Time
	claimed map[*meeting]string // meeting → event that it serves
	excused map[*meeting]bool   // meetings of events about which nothing is said
	passed  map[string]bool     // titles of such events
	errs    []error
}

func (c *checker) fail(promise string, m *Mailbox, r ref, it *item, format string, args ...any) {
	v := Violation{Promise: promise, Mailbox: m.address, Event: m.stamp.id(r, true), Text: fmt.Sprintf(format, args...)}
	v.Text = fmt.Sprintf("%s [%q at %q, %s]", v.Text, it.subject, it.location, it.start.Format(time.RFC3339))
	c.errs = append(c.errs, v)
}

func (c *checker) mailbox(m *Mailbox) {
	for _, key := range m.order {
		it := m.items[key]
		if it == nil {
			continue
		}
		r := ref{key: key}
		if !it.mine {
			continue // writes to copies are seen when they are made
		}
		c.event(m, r, it)
		for _, date := range sortedKeys(it.exceptions) {
			c.event(m, ref{key, date}, it.merged(date, true))
		}
	}
}

// event checks one event, master or exception.
func (c *checker) event(m *Mailbox, r ref, it *item) {
	wish := m.wants(r, it, c.rest, c.now)
	links := c.ourLinks(it)
	c.claim(m, r, it, links, wish)
	if wish.skip {
		c.passed[plainTitle(it.subject)] = true
		return
	}
	s := m.storyOf(r)
	if s.broken {
		return // told when it happened
	}
	if len(wish.kinds) == 0 {
		// What happened to an event that is outside of the window by then, nobody was told.
		if c.rest.From.IsZero() || it.series() || c.rest.shows(it) {
			c.untouched(m, r, it, wish)
		}
		return
	}
	if len(links) != 1 {
		c.fail("P3", m, r, it, "asks for %s and shows %d join links of ours: %v", wish.reason, len(links), links)
		return
	}
	c.location(m, r, it, links[0])
	met, pmr := c.w.webex.byLink(links[0])
	switch {
	case pmr != nil:
		if !slices.Contains(wish.kinds, kindRoom) {
			c.fail("P1", m, r, it, "asks for %s and has a Personal Room", wish.reason)
		} else if pmr != m.webexUser() {
			c.fail("P1", m, r, it, "has the Personal Room of %s", pmr.email)
		}
	case met == nil || met.deleted:
		c.fail("P1", m, r, it, "shows the link %s of no live meeting", links[0])
	case slices.Equal(wish.kinds, []string{kindRoom}):
		c.fail("P1", m, r, it, "asks for a Personal Room and has a meeting of its own")
	default:
		c.meeting(m, r, it, met)
		if c.rest.Spaces && slices.Equal(wish.kinds, []string{kindSpace}) {
			c.space(m, r, it, met)
		}
	}
}

// ourLinks are the join links in the text that can be seen which the client wrote or which lead to what it made, with repeats.
func (c *checker) ourLinks(it *item) []string {
	seenOnly := body{content: strings.Join(it.body.words(), " ")}
	return slices.DeleteFunc(seenOnly.links(), func(link string) bool {
		met, _ := c.w.webex.byLink(link)
		return !c.w.written[link] && (met == nil || !met.byClient)
	})
}

// claim notes which meeting an event leads to, and that no two events that ask for one lead to the same. An event that asks for
// nothing may quote another's block.
func (c *checker) claim(m *Mailbox, r ref, it *item, links []string, wish want) {
	event := m.stamp.id(ref{key: r.key}, true)
	if wish.skip {
		links = append(links, m.storyOf(r).links...) // a block that a person took out leaves its meeting
	}
	for _, link := range links {
		met, _ := c.w.webex.byLink(link)
		switch {
		case met == nil:
		case wish.skip:
			c.excused[met] = true
		case len(wish.kinds) == 0:
		case c.claimed[met] != "" && c.claimed[met] != event:
			c.fail("P1", m, r, it, "leads to the meeting of event %s", c.claimed[met])
		default:
			c.claimed[met] = event
		}
	}
}

// untouched checks that an event which asks for nothing holds the person's words and no more.
func (c *checker) untouched(m *Mailbox, r ref, it *item, wish want) {
	if n := len(blockOf(m.storyOf(r).words)); n > 0 {
		c.fail("P3", m, r, it, "asks for nothing (%s) and holds a block of %d words", wish.reason, n)
	}
	typed, copied := m.typedLocation(r), hasGrey(m.storyOf(r).words)
	if it.location != typed && !(copied && withoutLinks(it.location, c.w.linksIn(it.location)) == typed) { // what came along with another's block may stay
		c.fail("P3", m, r, it, "asks for nothing and its location is not %q", typed)
	}
}

func (c *checker) location(m *Mailbox, r ref, it *item, link string) {
	typed := m.typedLocation(r)
	switch {
	case !c.rest.Link && it.location != typed:
		c.fail("P3", m, r, it, "the location is not %q", typed)
	case c.rest.Link && (!extends(it.location, typed) && withoutLinks(it.location, []string{link}) != typed || strings.Count(it.location, link) != 1):
		c.fail("P3", m, r, it, "the location is not %q with the join link once", typed)
	case slices.ContainsFunc(c.w.linksIn(it.location), func(other string) bool { return other != link && !strings.Contains(typed, other) }):
		c.fail("P3", m, r, it, "the location has a join link that is not the event's any more")
	}
}

// meeting checks that a meeting is what the event says.
func (c *checker) meeting(m *Mailbox, r ref, it *item, met *meeting) {
	if !met.byClient {
		c.fail("P2", m, r, it, "leads to meeting %s, which the client did not make", met.id)
	}
	if host := met.host; host != m.webexUser() {
		c.fail("P1", m, r, it, "its meeting %s has the host %s", met.id, host.email)
	}
	if r.date == "" {
		if title := plainTitle(it.subject); title != "" && !titleFits(met.title, title) {
			c.fail("P1", m, r, it, "its meeting %s has the title %q", met.id, met.title)
		}
		end := it.end
		if end.Sub(it.start) < 10*time.Minute {
			end = it.start.Add(10 * time.Minute)
		}
		if !it.series() && (!met.start.Equal(it.start.Truncate(time.Minute)) || !met.end.Equal(end.Truncate(time.Minute))) {
			c.fail("P1", m, r, it, "its meeting %s is from %s to %s, not to %s", met.id, met.start.Format(time.RFC3339), met.end.Format(time.RFC3339), end.Format(time.RFC3339))
		}
		if it.series() != (met.rule != nil) {
			c.fail("P1", m, r, it, "its meeting %s has the recurrence %q", met.id, met.recurrence)
		}
	}
	if c.rest.Invitees {
		c.invited(m, r, it, met)
	}
	if c.rest.Occurrences && it.series() {
		c.occurrences(m, r, it, met)
	}
}

// orphans checks that every live meeting of the client serves an event.
func (c *checker) orphans() {
	for _, met := range c.w.webex.order {
		if met.byClient && !met.deleted && met.lives(c.now) && c.claimed[met] == "" && !c.excused[met] && c.serves(met.host) {
			c.errs = append(c.errs, Violation{Promise: "P1", Mailbox: met.host.email, Event: met.id, Text: fmt.Sprintf(
				"live meeting %q at %s, tags %v, made by request %d, belongs to no event", met.title, met.start.Format(time.RFC3339), met.tags, met.request)})
		}
	}
}

func (c *checker) serves(host *webexUser) bool {
	return slices.ContainsFunc(c.rest.Enrolled, func(address string) bool {
		m := c.w.names[strings.ToLower(address)]
		return m != nil && m.webexUser() == host
	})
}

// plainTitle is a subject as a title can show it.
func plainTitle(subject string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, subject)
	return strings.Join(strings.Fields(visible), " ")
}

// titleFits takes a title that was cut to Webex's 128 characters.
func titleFits(title, want string) bool {
	title = plainTitle(title)
	if title == want {
		return true
	}
	cut := strings.TrimRight(strings.TrimSuffix(title, "…"), " ")
	return utf8.RuneCountInString(want) > 100 && utf8.RuneCountInString(cut) > 90 && strings.HasPrefix(want, cut)
}
