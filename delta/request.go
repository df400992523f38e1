package delta

import (
	"strings"
	"time"
	"unicode"

	"syncd/recurrence"
)

// Webex's limits for a meeting (Create a Meeting).
const (
	maxTitle = 128
	untitled = "Webex meeting"
	// Shortest is how long a meeting is at least.
	Shortest = 10 * time.Minute
)

// Request is the meeting that Webex is asked to make for an event, from now on: a series begins with its next occurrence, a
// meeting under way in the next minutes.
func (k Keys) Request(mailbox, host string, s Seen, now time.Time) (MeetingRequest, error) {
	r := MeetingRequest{
		Host: host, Title: Title(s.Subject), Agenda: Agenda(s.Event), Times: true,
		Tags: k.Tags(mailbox, s.ID, s.When),
	}
	if s.Recurrence != nil {
		rule, err := Rule(s.Event, now)
		if err != nil {
			return MeetingRequest{}, err
		}
		r.Start, r.End, r.Zone, r.RRULE = rule.Start.UTC(), rule.End.UTC(), rule.Timezone, rule.RRULE
	} else {
		r.Start, r.End, r.Zone = s.Start, s.End, "UTC"
		if _, iana, err := recurrence.Zone(s.Zone); err == nil {
			r.Zone = iana
		}
	}
	if soon := now.Add(startsIn).Truncate(time.Minute); r.Start.Before(soon) {
		r.Start = soon
	}
	if r.End.Sub(r.Start) < Shortest {
		r.End = r.Start.Add(Shortest)
	}
	return r, nil
}

// Title is an event's subject as Webex takes it: one line, no control characters, at most 128 characters.
func Title(subject string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == unicode.ReplacementChar, unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, subject)
	clean = strings.Join(strings.Fields(clean), " ")
	if clean == "" {
		return untitled
	}
	return strings.TrimSpace(cutRunes(clean, maxTitle))
}
