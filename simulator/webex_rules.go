package simulator

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of webex.md 2.2.
const (
	maxTitle     = 128
	maxAgenda    = 1300
	minLength    = 10 * time.Minute
	maxLength    = 23*time.Hour + 59*time.Minute
	maxInvitees  = 1000
	maxTags      = 3
	maxTag       = 64
	quotaPerUser = 100  // of a person's own token, in 24 h, failures included
	quotaPerHost = 800  // of an admin token for one host
	quotaPerApp  = 3000 // of an admin token in total
)

// fill checks and sets what a body says about a series.
func (c *call) fill(met *meeting, b meetingBody) *answer {
	if b.Title != nil {
		if *b.Title == "" || utf8.RuneCountInString(*b.Title) > maxTitle {
			return c.invalid("The title must have 1 to %d characters.", maxTitle)
		}
		met.title = *b.Title
	}
	if _, sent := b.sent["agenda"]; sent {
		met.agenda = deref(b.Agenda)
		if utf8.RuneCountInString(met.agenda) > maxAgenda {
			return c.invalid("The agenda must not have more than %d characters.", maxAgenda)
		}
	}
	if b.Password != nil {
		if a := c.password(*b.Password); a != nil {
			return a
		}
		met.password = *b.Password
	}
	if b.IntegrationTags != nil || b.sent["integrationTags"] != nil {
		if a := c.tag(met, b); a != nil {
			return a
		}
	}
	if m := b.JoinBeforeHostMinutes; m != nil && !slices.Contains([]int{0, 5, 10, 15}, *m) {
		return c.invalid("joinBeforeHostMinutes must be 0, 5, 10 or 15.")
	}
	if s := b.UnlockedMeetingJoinSecurity; s != "" && !slices.Contains([]string{"allowJoin", "allowJoinWithLobby", "blockFromJoin"}, s) {
		return c.invalid("unlockedMeetingJoinSecurity %s does not exist.", s)
	}
	if a := c.time(met, b); a != nil {
		return a
	}
	for name, value := range b.sent {
		if passThrough[name] {
			met.extra[name] = value
		}
	}
	return nil
}

func (c *call) tag(met *meeting, b meetingBody) *answer {
	var tags []string
	if b.IntegrationTags != nil {
		tags = *b.IntegrationTags
	}
	if len(tags) > maxTags || slices.ContainsFunc(tags, func(t string) bool { return utf8.RuneCountInString(t) > maxTag || t == "" }) {
		return c.invalid("At most %d integrationTags of at most %d characters.", maxTags, maxTag)
	}
	met.tags, met.tagApp = slices.Clone(tags), c.app
	return nil
}

// password holds a password against the site's policy.
func (c *call) password(p string) *answer {
	upper, lower := strings.IndexFunc(p, unicode.IsUpper) >= 0, strings.IndexFunc(p, unicode.IsLower) >= 0
	switch {
	case utf8.RuneCountInString(p) < 6:
		return c.invalid("Meeting password validation failed. It must have at least 6 characters.")
	case !upper || !lower:
		return c.invalid("Meeting password validation failed. A mix of uppercase and lowercase letters (A, a, B, b, C, c, etc.) is required.")
	case !strings.ContainsFunc(p, unicode.IsDigit):
		return c.invalid("Meeting password validation failed. At least 1 digit is required.")
	}
	return nil
}

// time checks and sets start, end, zone and recurrence.
func (c *call) time(met *meeting, b meetingBody) *answer {
	_, ruled := b.sent["recurrence"]
	if b.Start == nil && b.End == nil && b.Timezone == nil && !ruled {
		return nil
	}
	zone, start, end := met.zone, met.start, met.end
	if b.Timezone != nil {
		zone = *b.Timezone
	}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return c.invalid("The time zone %q is not an IANA name.", zone)
	}
	now := c.w.now()
	if b.Start != nil {
		t, ok := webexTime(*b.Start, loc)
		if !ok {
			return c.invalid("start %q is no ISO 8601 time.", *b.Start)
		}
		start = t.Truncate(time.Minute)
		if start.Equal(now.Truncate(time.Minute)) {
			start = start.Add(time.Minute)
		}
	}
	if b.End != nil {
		t, ok := webexTime(*b.End, loc)
		if !ok {
			return c.invalid("end %q is no ISO 8601 time.", *b.End)
		}
		end = t.Truncate(time.Minute)
	}
	if a := c.span(start, end, b.Start != nil && !start.Equal(met.start)); a != nil {
		return a
	}
	rule, text := met.rule, met.recurrence
	if ruled {
		rule, text = nil, deref(b.Recurrence)
	}
	if text != "" {
		if rule, err = readRule(text, start.In(loc), now); err != nil {
			return c.invalid("recurrence: %v", err)
		}
	}
	if !start.Equal(met.start) || !end.Equal(met.end) || text != met.recurrence {
		met.changed, met.dropped = nil, nil // every modified occurrence is cancelled
	}
	met.zone, met.loc, met.start, met.end, met.rule, met.recurrence = zone, loc, start, end, rule, text
	if rule != nil { // the first occurrence is the first day that the rule gives
		length := end.Sub(start)
		met.sittings(start, func(o sitting) bool {
			met.start, met.end = o.start, o.start.Add(length)
			return false
		})
	}
	return nil
}

// span refuses times that Webex refuses.
func (c *call) span(start, end time.Time, moved bool) *answer {
	now := c.w.now()
	switch {
	case !end.After(start):
		return c.invalid("end must be after start.")
	case end.Sub(start) < minLength || end.Sub(start) > maxLength:
		return c.invalid("The duration must be 10 minutes to 23 hours 59 minutes.")
	case moved && start.Before(now):
		return c.invalid("start cannot be before the current time.")
	case !end.After(now) && moved:
		return c.invalid("end cannot be before the current time.")
	case start.After(now.AddDate(10, 0, 0)):
		return c.invalid("start must be less than 10 years ahead.")
	}
	return nil
}

func webexTime(s string, loc *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
