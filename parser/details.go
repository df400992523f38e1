package parser

import "strings"

// readDetails completes the meeting by what is labelled around it.
func (m *meeting) readDetails(location, body *reader) {
	if m.best.service != nil && m.best.service.nonumber {
		return
	}
	for _, in := range [...]*reader{location, body} {
		if in.text == "" {
			continue
		}
		s, link := m.segment(in), m.anchor(in)
		m.readAround(in.text, span{max(s.start, link.start-readBefore), min(s.end, link.start+readBehind)}, link)
		m.readRow(in.text, s, link)
		if m.best.passcode == "" && m.best.number != "" {
			m.readElsewhere(in.text, s.end)
		}
	}
	if m.best.number != "" {
		return
	}
	user, _ := cutByte(m.sip, '@')
	user, _ = cutByte(user, '.')                     // as in <number>.<passcode>@zoomcrc.com
	if _, room, ok := strings.Cut(m.sip, "##"); ok { // of H.323
		user = room
	}
	if len(user) >= 3 && allDigits(user) && !m.throughGateway() {
		m.best.number = user
		return
	}
	for _, in := range [...]*reader{location, body} {
		s := m.segment(in)
		for _, f := range in.found {
			if f.tone && f.at >= s.start && f.at < s.end && m.best.service != nil && m.best.service.phone && len(f.number) >= 9 {
				m.best.number = f.number
				return
			}
		}
	}
}

// video is the user of an interop gateway's address: the gateway knows the meeting
// by a number in it, which is another one than the meeting's.
func (m *meeting) video() string {
	if !m.throughGateway() {
		return ""
	}
	user, _ := cutByte(m.sip, '@')
	return user
}

// throughGateway reports whether the address is that of an interop gateway, whose
// digits are no number of the meeting.
func (m *meeting) throughGateway() bool {
	for _, c := range m.list {
		if c.sip == m.sip {
			return c.gateway != ""
		}
	}
	return false
}

// How much of a text is read for labels, before the link and behind it.
const (
	readBefore = 1500
	readBehind = 4000
)

// readAround reads the labels around the link, mostly behind it. Some write them
// before it: then those are the nearer ones.
func (m *meeting) readAround(text string, around, link span) {
	s, from, at, end, to := m.best.service, around.start, link.start, min(link.end, around.end), around.end
	if m.best.number == "" {
		m.best.number, _ = m.number(text, end, to, s, m.video())
	}
	if m.best.number == "" {
		m.best.number, _ = m.number(text, from, at, s, m.video())
	}
	if m.best.passcode == "" && end < to {
		m.best.passcode = m.passcode(text, end, to, s, m.best.number)
	}
	if m.best.passcode == "" && from < at {
		m.best.passcode = m.passcode(text, from, at, s, m.best.number)
	}
	if m.best.passcode == "" && m.best.number != "" && end < to {
		m.best.passcode = m.nextLabelled(text, end, to, s, m.best.number)
	}
}

// readElsewhere reads what stands below the meeting's number where that is
// repeated behind the links of other meetings.
func (m *meeting) readElsewhere(text string, from int) {
	for i, to := from, min(len(text), from+readBehind); i < to; {
		if i = nextDigit(text, i, to); i == to {
			return
		}
		end := digitsEnd(text, i, to)
		if digitsOf(text[i:end]) == m.best.number && standsAsNumber(text, i, end, m.best.service) {
			if next := strings.Index(text[end:to], "://"); next >= 0 {
				to = end + next
			}
			m.best.passcode = m.passcode(text, end, to, m.best.service, m.best.number)
			return
		}
		i = end
	}
}

// linkSpans tells where links lie in a text, for positions that only grow.
type linkSpans struct {
	text       string
	start, end int // of the link last looked at
}

// past is the end of the link that holds position i, or i itself.
func (l *linkSpans) past(i int) int {
	for l.end <= i && l.end < len(l.text) {
		at := strings.Index(l.text[l.end:], "://")
		if at < 0 {
			l.start, l.end = len(l.text), len(l.text)
			return i
		}
		colon := l.end + at
		l.start = colon
		for l.start > l.end && isLetter(l.text[l.start-1]) {
			l.start--
		}
		l.end = colon + len("://") + linkEnd(l.text[colon+len("://"):])
	}
	if i >= l.start && i < l.end {
		return l.end
	}
	return i
}
