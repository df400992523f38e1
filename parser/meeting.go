package parser

import "strings"

// choose puts the meeting together from the best candidate and what belongs to it.
func (p *Parser) choose(e *event) (result Result) {
	list := p.candidates(e)
	if len(list) == 0 {
		return p.spoken(&e.location, &e.body)
	}
	m := meeting{Parser: p, list: list}
	m.take(list[0])
	if m.best.url == "" {
		m.joinLink()
	}
	m.address()
	m.readDetails(&e.location, &e.body)
	result.Provider, result.JoinURL, result.SIP = m.best.provider(), m.best.url, m.sip
	result.MeetingNumber, result.Passcode = m.best.number, m.best.passcode
	return result
}

// meeting is what is put together. best is the link, once there is one; what is
// labelled around it completes it.
type meeting struct {
	*Parser
	best finding
	in   *reader // that best is of; nil for the online meeting
	list []candidate
	sip  string
}

func (m *meeting) take(c candidate) { m.best, m.in = *c.finding, c.in }

// joinLink finds the link of a meeting of which an address came first.
func (m *meeting) joinLink() {
	for _, c := range m.list {
		if c.url != "" && !c.weak && (m.best.service == nil || c.service.id == m.best.service.id) {
			m.sip = m.best.sip
			m.take(c)
			return
		}
	}
}

// address finds the address that belongs to the meeting: of the same service, or
// of none in particular, and not behind the link of another meeting.
func (m *meeting) address() {
	if m.sip == "" {
		m.sip = m.best.sip
	}
	if m.sip != "" && !m.best.second {
		return
	}
	m.sip = ""
	for _, second := range [...]bool{false, true} {
		for _, c := range m.list {
			if c.sip != "" && c.second == second && m.owns(c) {
				m.sip = c.sip
				return
			}
		}
	}
}

func (m *meeting) owns(c candidate) bool {
	if c.service != nil && c.service.id != m.best.provider() {
		return false
	}
	user, _, _ := strings.Cut(c.sip, "@")
	user, _, _ = strings.Cut(user, ".")
	if c.service != nil && c.gateway == "" && allDigits(user) && m.best.number != "" && user != m.best.number {
		return false // another meeting of the same service
	}
	if c.in == nil || c.in != m.in {
		return true
	}
	s := m.segment(c.in)
	return c.at >= s.start && c.at < s.end
}

// segment is the part of a text that is about the meeting: what lies between the
// links of others.
func (m *meeting) segment(in *reader) span {
	if in.about != (span{}) {
		return in.about
	}
	from, to, at := 0, len(in.text), m.anchor(in).start
	for i := range in.found {
		f := &in.found[i]
		if f.url == "" || f.weak || m.same(f) {
			continue
		}
		if f.at < at {
			from = f.end
		} else {
			to = min(to, f.at)
		}
	}
	in.about = span{from, max(from, to)}
	return in.about
}

// anchor is where a text has the meeting's link, or its start.
func (m *meeting) anchor(in *reader) span {
	if m.in == in {
		return span{m.best.at, m.best.end}
	}
	for i := range in.found {
		if f := &in.found[i]; f.url != "" && m.same(f) {
			return span{f.at, f.end}
		}
	}
	return span{}
}

// same reports whether a link is of the same meeting. Teams writes two links for
// one, and only one of them with a number.
func (m *meeting) same(f *finding) bool {
	if f.service == nil || m.best.service == nil || f.service.id != m.best.service.id {
		return false
	}
	if f.url == m.best.url || f.number != "" && f.number == m.best.number {
		return true
	}
	a, queryA, _ := strings.Cut(f.url, "?")
	b, queryB, _ := strings.Cut(m.best.url, "?")
	if a == b && (queryA == "" || queryB == "") {
		return true
	}
	return f.service.labelled && (f.number == "") != (m.best.number == "")
}
