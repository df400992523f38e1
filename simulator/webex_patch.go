package simulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

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
	case met.scheduled == "personalRoomMeeting", met.adhoc:
		return c.invalid("A personalRoomMeeting or an adhoc meeting cannot be updated.")
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
