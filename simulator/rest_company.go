package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Who has to be around a meeting: its invitees, and the members of the space of an event that asks for one.

// The figures of webex.md 1.2 and 2.2.
const maxSpaceGuests = 120

// guests lists the people of an event besides its organiser whom Webex takes. Where attendees see only themselves, none.
func (c *checker) guests(m *Mailbox, it *item) []string {
	var all []string
	for _, a := range it.attendees {
		host := m.webexUser().is(a.address) || strings.EqualFold(a.address, m.address)
		if it.hidden || a.kind == "resource" || host || slices.Contains(c.rest.Lists, strings.ToLower(a.address)) || c.w.webex.barred[strings.ToLower(a.address)] {
			continue
		}
		all = append(all, strings.ToLower(a.address))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// invited checks that a meeting invites just the people of the event. What has begun is not told of changes.
func (c *checker) invited(m *Mailbox, r ref, it *item, met *meeting) {
	if !it.series() && !it.start.After(c.now) {
		return
	}
	p := party{met: met}
	if r.date != "" && met.rule != nil {
		p.key = it.original.UTC().Format(utcKey)
	}
	var have []string
	for _, i := range p.list() {
		have = append(have, strings.ToLower(i.email))
	}
	slices.Sort(have)
	want := c.guests(m, it)
	if len(want) > maxInvitees {
		if len(have) != maxInvitees {
			c.fail("P1", m, r, it, "its meeting %s invites %d of %d people", met.id, len(have), len(want))
		}
		return
	}
	if !slices.Equal(have, want) {
		c.fail("P1", m, r, it, "its meeting %s invites %v and not %v", met.id, have, want)
	}
}

// space checks that an event which asks for a space has just one: the one in which the link of its meeting was said. A date of a
// series is served by the series'.
func (c *checker) space(m *Mailbox, r ref, it *item, met *meeting) {
	if r.date != "" {
		series := m.items[r.key] // which may be over but for this date
		if w := m.wants(ref{key: r.key}, series, c.rest, series.start.Add(-time.Minute)); slices.Equal(w.kinds, []string{kindSpace}) {
			return
		}
	}
	guests := c.guests(m, it)
	if len(guests) > maxSpaceGuests || c.w.webex.noSpaces {
		return
	}
	var found []*space
	excused := false
	for _, id := range sortedKeys(c.w.webex.spaces.rooms) {
		s := c.w.webex.spaces.rooms[id]
		switch {
		case !s.byClient || s.direct || !slices.Contains(s.clientLinks(), met.link):
		case s.killed, s.membership(s.creator.email) == nil: // people deleted it, or put the client out
			excused = true
		case !s.deleted:
			found = append(found, s)
		}
	}
	switch {
	case len(found) == 0 && !excused:
		c.fail("P1", m, r, it, "asks for a space and lacks the space itself")
	case len(found) > 1:
		c.fail("P1", m, r, it, "has %d spaces", len(found))
	case len(found) == 1:
		c.inhabited(m, r, it, met, found[0], guests)
	}
}

// inhabited checks name and members of an event's space, and that the last that was said in it is how to join.
func (c *checker) inhabited(m *Mailbox, r ref, it *item, met *meeting, s *space, guests []string) {
	if title := plainTitle(it.subject); title != "" && !titleFits(s.title, title) {
		c.fail("P1", m, r, it, "its space has the title %q", s.title)
	}
	if said := s.fromClient(); !strings.Contains(said[len(said)-1].Text, met.link) {
		c.fail("P1", m, r, it, "the last word in its space is %q", said[len(said)-1].Text)
	}
	wanted := append([]string{strings.ToLower(m.webexUser().email)}, guests...)
	for _, email := range wanted {
		if s.membership(email) == nil && !slices.Contains(s.left, email) {
			c.fail("P1", m, r, it, "its space lacks %s", email)
		}
	}
	for _, member := range s.members {
		other := !slices.Contains(wanted, strings.ToLower(member.email)) && member.email != s.creator.email
		if member.byClient && other && !c.rest.Strangers {
			c.fail("P1", m, r, it, "the client put %s into its space, who is not invited any more", member.email)
		}
	}
}

// spaces checks what the client said in its spaces: the link of a meeting once and again when it was off, that a meeting is off once after it and only when
// it is. A space in which nothing was said is one too many.
func (c *checker) spaces() {
	for _, id := range sortedKeys(c.w.webex.spaces.rooms) {
		s := c.w.webex.spaces.rooms[id]
		if s.deleted || s.direct || !s.byClient || s.membership(s.creator.email) == nil {
			continue
		}
		fail := func(format string, args ...any) {
			c.errs = append(c.errs, Violation{Promise: "P1", Event: id, Text: fmt.Sprintf("space %q: %s", s.title, fmt.Sprintf(format, args...))})
		}
		said := s.fromClient()
		if len(said) == 0 {
			if len(s.members) > 1 || !c.passed[plainTitle(s.title)] { // else its event was over before anything was said
				fail("it belongs to no event")
			}
			continue
		}
		since := map[string]bool{} // the links that were said since it was last off
		for _, word := range said {
			link := word.link()
			if link == "" {
				clear(since)
			} else if since[link] {
				fail("a link was said twice")
			}
			since[link] = true
		}
		for i := range said[1:] {
			if said[i].link() == "" && said[i+1].link() == "" {
				fail("it was said twice that the meeting is off")
			}
		}
		last, _ := c.w.webex.byLink(said[len(said)-1].link())
		if last != nil && last.deleted && !last.killed && last.end.After(c.now) {
			fail("nobody was told that the meeting is off")
		}
	}
}

// fromClient is what the space's maker said in it, oldest first.
func (r *space) fromClient() []Message {
	return slices.DeleteFunc(slices.Clone(r.messages), func(m Message) bool { return m.From != r.creator.email })
}

func (r *space) clientLinks() []string {
	var all []string
	for _, m := range r.fromClient() {
		if link := m.link(); link != "" {
			all = append(all, link)
		}
	}
	return all
}

// link is the address in a message.
func (m Message) link() string {
	for _, word := range strings.Fields(m.Text + " " + m.Markdown) {
		if strings.HasPrefix(word, "https://") {
			return word
		}
	}
	return ""
}
