package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// meeting is a meeting series of Webex; one without recurrence is a series of one (webex.md 2.2).
type meeting struct {
	id, number, title, agenda string
	password, phonePassword   string
	link                      string
	start, end                time.Time
	zone                      string
	loc                       *time.Location
	recurrence                string // RRULE as sent, "" = single
	rule                      *Recurrence
	host                      *webexUser
	invitees                  []*invitee
	tags                      []string
	tagApp                    string // the OAuth client that may see them
	roomID                    string
	scheduled                 string // scheduledType
	adhoc                     bool   // of a space, begun at once
	extra                     map[string]json.RawMessage

	changed map[string]*meetingChange // original UTC start → what differs in that occurrence
	refused map[string]bool           // original UTC start → the host deleted that occurrence
	dropped map[string]bool           // original UTC starts of deleted occurrences

	made     time.Time
	request  int64
	byClient bool
	deleted  bool
	killed   bool // by its host
	running  bool
	events   []eventRef // events that were led here by the client
}

type meetingChange struct {
	title, agenda *string
	start, end    *time.Time
	invitees      []*invitee
}

type eventRef struct {
	box *Mailbox
	r   ref
}

// sitting is one occurrence of a meeting.
type sitting struct {
	key        string // original UTC start
	start, end time.Time
	change     *meetingChange
}

const utcKey = "20060102T150405Z"

// seriesID is the series that an occurrence or instance id belongs to.
func seriesID(id string) string {
	series, _, _ := strings.Cut(id, "_")
	return series
}

// sittings calls yield with the occurrences of a meeting in the order of their original starts.
func (met *meeting) sittings(from time.Time, yield func(sitting) bool) {
	at := func(start, end time.Time) bool {
		o := sitting{key: start.UTC().Format(utcKey), start: start, end: end}
		if o.change = met.changed[o.key]; o.change != nil && o.change.start != nil {
			o.start, o.end = *o.change.start, *o.change.end
		}
		return met.dropped[o.key] || yield(o)
	}
	if met.rule == nil {
		at(met.start, met.end)
		return
	}
	length := met.end.Sub(met.start)
	s := met.start.In(met.loc)
	met.rule.each(dayOf(from.In(met.loc).Date())-3, func(d day) bool {
		y, m, dd := d.time().Date()
		start := onClock(time.Date(y, m, dd, s.Hour(), s.Minute(), 0, 0, met.loc), s)
		return at(start, start.Add(length))
	})
}

// sitting finds an occurrence by its original start.
func (met *meeting) sitting(key string) (sitting, bool) {
	t, err := time.Parse(utcKey, key)
	if err != nil {
		return sitting{}, false
	}
	var found sitting
	met.sittings(t, func(o sitting) bool {
		if o.key == key {
			found = o
		}
		return o.key < key
	})
	return found, found.key == key
}

// next is the occurrence that is under way or comes first after now; the last one when all are over.
func (met *meeting) next(now time.Time) (sitting, bool) {
	var found sitting
	ok := false
	met.sittings(now, func(o sitting) bool {
		found, ok = o, true
		return !o.end.After(now)
	})
	return found, ok
}

// lives tells whether any occurrence is not over.
func (met *meeting) lives(now time.Time) bool {
	o, ok := met.next(now)
	return !met.deleted && ok && o.end.After(now)
}

// within tells whether any occurrence overlaps a range.
func (met *meeting) within(from, to time.Time) bool {
	found := false
	met.sittings(from, func(o sitting) bool {
		found = overlaps(o.start, o.end, from, to)
		return !found && o.start.Before(to)
	})
	return found
}

// view says how a meeting is to be shown.
type view struct {
	app string // whose tags are visible
	loc *time.Location
	now time.Time
	at  *sitting // one occurrence instead of the series
}

func (v view) time(t time.Time) string { return t.In(v.loc).Format(time.RFC3339) }

// json renders a meeting or one of its occurrences (fixtures/webex/post.meetings.200.json).
func (met *meeting) json(v view, s *site) map[string]any {
	o := map[string]any{
		"enabledAutoRecordMeeting": false, "allowAnyUserToBeCoHost": false, "enabledJoinBeforeHost": false,
		"enableConnectAudioBeforeHost": false, "joinBeforeHostMinutes": 0, "excludePassword": false, "publicMeeting": false,
		"reminderTime": 10, "unlockedMeetingJoinSecurity": "allowJoinWithLobby", "sessionTypeId": 3, "enableAutomaticLock": false,
		"automaticLockMinutes": 0, "allowFirstUserToBeCoHost": false, "allowAuthenticatedDevices": false, "enabledBreakoutSessions": false,
	}
	for name, value := range met.extra {
		o[name] = value
	}
	for name, value := range map[string]any{
		"id": met.id, "meetingNumber": met.number, "title": met.title, "password": met.password,
		"phoneAndVideoSystemPassword": met.phonePassword, "meetingType": "meetingSeries", "state": met.state(v.now), "timezone": met.zone,
		"start": v.time(met.start), "end": v.time(met.end), "hostUserId": met.host.id, "hostDisplayName": met.host.name,
		"hostEmail": met.host.email, "hostKey": met.host.hostKey, "siteUrl": s.host, "webLink": met.link,
		"sipAddress": met.number + "@" + s.host, "dialInIpAddress": "173.243.2.68", "scheduledType": met.scheduled,
		"telephony": telephony(met.number, met.id),
	} {
		o[name] = value
	}
	optional := map[string]string{"agenda": met.agenda, "recurrence": met.recurrence, "roomId": met.roomID}
	if v.at != nil {
		met.occurrenceJSON(o, optional, v)
	}
	for name, value := range optional {
		if value != "" {
			o[name] = value
		}
	}
	if len(met.tags) > 0 && met.tagApp == v.app {
		o["integrationTags"] = met.tags
	}
	return o
}

func (met *meeting) occurrenceJSON(o map[string]any, optional map[string]string, v view) {
	delete(optional, "recurrence")
	o["id"], o["meetingSeriesId"], o["meetingType"] = met.id+"_"+v.at.key, met.id, "scheduledMeeting"
	o["start"], o["end"], o["isModified"] = v.time(v.at.start), v.time(v.at.end), v.at.change != nil
	if x := v.at.change; x != nil && x.title != nil {
		o["title"] = *x.title
	}
	if x := v.at.change; x != nil && x.agenda != nil {
		optional["agenda"] = *x.agenda
	}
	o["state"] = "scheduled"
	if !v.at.end.After(v.now) {
		o["state"] = "missed"
	}
}

// state of a series is active or expired, of what is going on inProgress.
func (met *meeting) state(now time.Time) string {
	switch {
	case met.running:
		return "inProgress"
	case met.lives(now):
		return "active"
	}
	return "expired"
}

// seekMeeting finds what an id names, for an actor who is host or invited.
func (c *call) seekMeeting(id string, u *webexUser) (*meeting, *sitting, *answer) {
	met := c.w.webex.meetings[seriesID(id)]
	if met == nil || met.deleted || met.host != u && !met.invites(u.email) {
		return nil, nil, c.refusal(http.StatusNotFound, "The requested meeting cannot be found.")
	}
	if id == met.id {
		return met, nil, nil
	}
	if strings.HasPrefix(id, met.id+"_I_") {
		return nil, nil, c.refusal(http.StatusBadRequest, "The operation is not supported for a meeting instance.")
	}
	o, ok := met.sitting(strings.TrimPrefix(id, met.id+"_"))
	if !ok {
		return nil, nil, c.refusal(http.StatusNotFound, "The requested meeting cannot be found.")
	}
	return met, &o, nil
}

func (c *call) getMeeting(args map[string]string) *answer {
	q := c.r.URL.Query()
	u, a := c.actor(q.Get("hostEmail"))
	if a != nil {
		return a
	}
	met, at, a := c.seekMeeting(args["meeting"], u)
	if a != nil {
		return a
	}
	if o, ok := met.next(c.w.now()); at == nil && ok && q.Get("current") == "true" {
		at = &o
	}
	return c.webexJSON(met.json(c.view(at), c.w.webex))
}

// view shows for the calling client, in the zone of the header "timezone".
func (c *call) view(at *sitting) view {
	v := view{app: c.app, loc: time.UTC, now: c.w.now(), at: at}
	if loc, err := time.LoadLocation(c.r.Header.Get("timezone")); err == nil && c.r.Header.Get("timezone") != "" {
		v.loc = loc
	}
	return v
}

// deleteMeeting serves DELETE of a series or an occurrence.
func (c *call) deleteMeeting(args map[string]string) *answer {
	q := c.r.URL.Query()
	u, a := c.actor(q.Get("hostEmail"))
	if a != nil {
		return a
	}
	met, at, a := c.seekMeeting(args["meeting"], u)
	if a != nil {
		return a
	}
	if met.host != u {
		return c.refusal(http.StatusForbidden, "Only the host can delete the meeting.")
	}
	if met.running {
		return c.refusal(http.StatusBadRequest, "Meeting is in progress")
	}
	if met.adhoc {
		return c.refusal(http.StatusBadRequest, "An adhoc meeting cannot be deleted.")
	}
	c.judgeDelete(met, at)
	c.mailed(q.Get("sendEmail") != "false", met, "cancellation")
	if at != nil && met.rule != nil {
		met.drop(at.key)
	} else {
		met.deleted = true
	}
	return &answer{status: http.StatusNoContent}
}

func (met *meeting) drop(key string) {
	if met.dropped == nil {
		met.dropped = map[string]bool{}
	}
	met.dropped[key] = true
	delete(met.changed, key)
}
