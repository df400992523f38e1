package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// meetingBody is what POST, PATCH and PUT of a meeting may carry; nil was not sent, null is told apart where it matters.
type meetingBody struct {
	Title, Password, Start, End, Timezone *string
	Agenda, Recurrence                    *string
	HostEmail, RoomID                     string
	ScheduledType                         string
	Adhoc                                 bool
	SendEmail                             *bool
	IntegrationTags                       *[]string
	Invitees                              []inviteeBody
	JoinBeforeHostMinutes                 *int
	UnlockedMeetingJoinSecurity           string

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
	if b.RoomID != "" && s.noSpaces { // spark:all
		return c.refusal(http.StatusForbidden, "Missing required scopes.")
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
	met.adhoc = b.Adhoc
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
	old := func(t time.Time) bool { return c.w.now().Sub(t) >= 24*time.Hour }
	for key, limit := range limits {
		tries, others := slices.DeleteFunc(c.w.webex.creates[key], old), 0
		if u != nil && strings.HasPrefix(key, "host ") {
			c.w.webex.spent[u.email] = slices.DeleteFunc(c.w.webex.spent[u.email], old)
			others = len(c.w.webex.spent[u.email])
		}
		if len(tries)+others >= limit {
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
	case b.ScheduledType == "personalRoomMeeting":
		for _, name := range []string{"templateId", "roomId", "integrationTags", "enabledAutoRecordMeeting", "enabledWebcastView", "registration"} {
			if v := string(b.sent[name]); v != "" && v != "null" && v != "false" {
				return c.invalid("%s is not supported for a personalRoomMeeting.", name)
			}
		}
	case b.Adhoc && b.RoomID == "":
		return c.invalid("An adhoc meeting needs a roomId.")
	}
	return nil
}
