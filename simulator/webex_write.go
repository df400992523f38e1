package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
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

// meetingBody is what POST, PATCH and PUT of a meeting may carry; nil was not sent, null is told apart where it matters.
type meetingBody struct {
	Title, Password, Start, End, Timezone *string
	Agenda, Recurrence                    *string
	HostEmail, RoomID                     string
	ScheduledType                         string
	TemplateID                            string
	SendEmail                             *bool
	IntegrationTags                       *[]string
	Invitees                              []inviteeBody
	JoinBeforeHostMinutes                 *int

	sent map[string]json.RawMessage
}

// passThrough are members that are kept and given back as they were sent.
var passThrough = set(`enabledAutoRecordMeeting allowAnyUserToBeCoHost enabledJoinBeforeHost enableConnectAudioBeforeHost
	joinBeforeHostMinutes excludePassword publicMeeting reminderTime unlockedMeetingJoinSecurity sessionTypeId enableAutomaticLock
	automaticLockMinutes allowFirstUserToBeCoHost allowAuthenticatedDevices meetingOptions attendeePrivileges audioConnectionOptions
	trackingCodes requireAttendeeLogin restrictToInvitees`)

func (c *call) readMeeting() (meetingBody, *answer) {
	var b meetingBody
	if json.Unmarshal(c.body, &b.sent) != nil || json.Unmarshal(c.body, &b) != nil {
		return b, c.invalid("The request body cannot be read.")
	}
	return b, nil
}

// invalid is the 400 of Webex, with the reason in errors (fixtures/webex/post.meetings.400.json).
func (c *call) invalid(format string, args ...any) *answer {
	a := c.webexError(http.StatusBadRequest, fmt.Sprintf(format, args...))
	return &answer{status: a.status, header: a.header, body: encode(map[string]any{
		"message": "The input parameters contain invalid items.", "errors": []map[string]string{{"description": fmt.Sprintf(format, args...)}},
		"trackingId": a.header.Get("trackingid"),
	})}
}

// createMeeting serves POST /meetings with the rules of webex.md 2.2.
func (c *call) createMeeting(map[string]string) *answer {
	b, a := c.readMeeting()
	if a != nil {
		return a
	}
	s := c.w.webex
	email := b.HostEmail
	if b.RoomID != "" {
		email = "" // ignored when the meeting belongs to a space
	}
	u, a := c.actor(email)
	if over := c.overQuota(u, email); over != nil {
		return over
	}
	if a != nil {
		return a
	}
	if b.RoomID != "" && !s.spaces.member(b.RoomID, u.email) {
		return c.refusal(http.StatusForbidden, "The account of the token is not a member of the space.")
	}
	rng := c.w.rng
	met := &meeting{
		id: randomHex(rng, 32), number: "2" + randomDigits(rng, 10), password: "Aa" + randomHex(rng, 8) + "7", phonePassword: randomDigits(rng, 8),
		host: u, made: c.w.now(), request: c.N, byClient: true, tagApp: c.app, roomID: b.RoomID, zone: "UTC", loc: time.UTC,
		scheduled: "meeting", extra: map[string]json.RawMessage{},
	}
	met.link = "https://" + s.host + "/" + c.w.opt.Site + "/j.php?MTID=m" + randomHex(rng, 32)
	if b.Title == nil || b.Start == nil || b.End == nil {
		return c.invalid("title, start and end are required.")
	}
	if b.ScheduledType != "" {
		met.scheduled = b.ScheduledType
	}
	if a := c.roomMeeting(b); a != nil {
		return a
	}
	if a := c.fill(met, b); a != nil {
		return a
	}
	if a := c.addInvitees(met, b); a != nil {
		return a
	}
	s.add(met)
	c.mailed(b.SendEmail == nil || *b.SendEmail, met, "invitation")
	return c.webexJSON(met.json(c.view(nil), s))
}

func (s *site) add(met *meeting) {
	s.order = append(s.order, met)
	s.meetings[met.id], s.links[met.link], s.numbers[met.number] = met, met, met
	met.host.hosts = append(met.host.hosts, met)
}

// overQuota counts the attempt and refuses it when there were too many in 24 hours; refused ones count too.
func (c *call) overQuota(u *webexUser, onBehalf string) *answer {
	limits := map[string]int{"app " + c.app: quotaPerApp}
	if u != nil {
		limits["host "+c.app+" "+u.email] = quotaPerHost
		if c.account != "" {
			limits = map[string]int{"user " + u.email: quotaPerUser}
		}
	}
	full := ""
	for key, limit := range limits {
		tries := slices.DeleteFunc(c.w.webex.creates[key], func(t time.Time) bool { return c.w.now().Sub(t) >= 24*time.Hour })
		if len(tries) >= limit {
			full = key
		}
		c.w.webex.creates[key] = append(tries, c.w.now())
	}
	if full != "" {
		return c.refusal(http.StatusTooManyRequests, "The number of meetings that may be created in 24 hours is used up.")
	}
	return nil
}

// roomMeeting refuses what does not go together with a meeting in a Personal Room.
func (c *call) roomMeeting(b meetingBody) *answer {
	switch {
	case b.ScheduledType != "" && !slices.Contains([]string{"meeting", "webinar", "personalRoomMeeting"}, b.ScheduledType):
		return c.invalid("scheduledType %s does not exist.", b.ScheduledType)
	case b.ScheduledType == "personalRoomMeeting" && (b.TemplateID != "" || b.RoomID != "" || b.IntegrationTags != nil):
		return c.invalid("templateId, roomId and integrationTags are not supported for a personalRoomMeeting.")
	}
	return nil
}

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
		if rule, err = readRule(text, start.In(loc)); err != nil {
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

// patchMeeting serves PATCH and PUT of a series or an occurrence with the rules of webex.md 2.3.
func (c *call) patchMeeting(args map[string]string) *answer {
	b, a := c.readMeeting()
	if a != nil {
		return a
	}
	u, a := c.actor(b.HostEmail)
	if a != nil {
		return a
	}
	met, at, a := c.seekMeeting(args["meeting"], u)
	switch {
	case a != nil:
		return a
	case met.host != u:
		return c.refusal(http.StatusForbidden, "Only the host can update the meeting.")
	case met.running:
		return c.invalid("Meeting is in progress")
	case met.scheduled == "personalRoomMeeting":
		return c.invalid("A personalRoomMeeting cannot be updated.")
	case c.Method == http.MethodPut && (b.Title == nil || b.Start == nil || b.End == nil || b.Password == nil):
		return c.invalid("title, password, start and end are required.")
	}
	for _, name := range sortedKeys(b.sent) {
		if string(b.sent[name]) == "null" && !slices.Contains([]string{"agenda", "recurrence", "trackingCodes", "integrationTags"}, name) {
			return c.invalid("%s cannot be null.", name)
		}
	}
	c.judgePatch(met)
	if at != nil && met.rule != nil {
		a = c.patchOccurrence(met, *at, b)
		if o, ok := met.sitting(at.key); ok {
			at = &o
		}
	} else {
		at = nil
		next := *met
		next.extra = maps.Clone(met.extra)
		if a = c.fill(&next, b); a == nil {
			*met = next
		}
	}
	if a != nil {
		return a
	}
	c.mailed(b.SendEmail == nil || *b.SendEmail, met, "update")
	return c.webexJSON(met.json(c.view(at), c.w.webex))
}

func (c *call) judgePatch(met *meeting) {
	if !met.byClient {
		c.w.violated(Violation{Promise: "P2", Request: c.N, Mailbox: met.host.email, Event: c.Item, Text: "the client changed a meeting that it had not made"})
	}
}

// patchOccurrence changes one date. Its start may move from 00:00 of its own day (the first: from anywhere) to 00:00 of the next
// occurrence's day (the last: to anywhere), in the zone of the series; only the start is looked at.
func (c *call) patchOccurrence(met *meeting, o sitting, b meetingBody) *answer {
	if b.sent["recurrence"] != nil || b.sent["integrationTags"] != nil {
		return c.invalid("recurrence and integrationTags can only be changed on the series.")
	}
	if !o.end.After(c.w.now()) {
		return c.invalid("The meeting is over.")
	}
	probe := &meeting{title: met.title, start: o.start, end: o.end, zone: met.zone, loc: met.loc, extra: map[string]json.RawMessage{}}
	if a := c.fill(probe, b); a != nil {
		return a
	}
	if !probe.start.Equal(o.start) && met.crosses(o.key, probe.start) {
		return c.invalid("meeting.err.two_meeting_schedule_at_same_day")
	}
	x := meetingChange{}
	if o.change != nil {
		x = *o.change
	}
	if b.Title != nil {
		x.title = &probe.title
	}
	if b.sent["agenda"] != nil {
		x.agenda = &probe.agenda
	}
	x.start, x.end = &probe.start, &probe.end
	if met.changed == nil {
		met.changed = map[string]*meetingChange{}
	}
	met.changed[o.key] = &x
	return nil
}

// crosses tells whether a new start of the occurrence reaches into a neighbour's day.
func (met *meeting) crosses(key string, start time.Time) bool {
	first, last := true, true
	var low, high time.Time
	original, _ := time.Parse(utcKey, key)
	met.sittings(met.start, func(o sitting) bool {
		switch {
		case o.key < key:
			first = false
		case o.key == key:
			y, m, d := original.In(met.loc).Date()
			low = time.Date(y, m, d, 0, 0, 0, 0, met.loc)
		default:
			y, m, d := o.start.In(met.loc).Date()
			high, last = time.Date(y, m, d, 0, 0, 0, 0, met.loc), false
			return false
		}
		return true
	})
	return !first && start.Before(low) || !last && !start.Before(high)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
