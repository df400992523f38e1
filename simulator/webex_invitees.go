package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// invitee of a meeting series or of one occurrence.
type invitee struct {
	id          string
	email, name string
	coHost      bool
	panelist    bool
}

type inviteeBody struct {
	Email, DisplayName, MeetingID, HostEmail string
	CoHost, Panelist                         *bool
	SendEmail                                *bool
	Items                                    []inviteeBody
}

var inviteeCalls = []webexCall{
	{"GET", "meetingInvitees", "ListInvitees", (*call).listInvitees},
	{"POST", "meetingInvitees", "CreateInvitee", (*call).createInvitee},
	{"POST", "meetingInvitees/bulkInsert", "CreateInvitees", (*call).bulkInsert},
	{"GET", "meetingInvitees/{invitee}", "GetInvitee", (*call).getInvitee},
	{"PUT", "meetingInvitees/{invitee}", "PutInvitee", (*call).putInvitee},
	{"DELETE", "meetingInvitees/{invitee}", "DeleteInvitee", (*call).deleteInvitee},
}

func (met *meeting) invites(email string) bool { return met.invitee(met.invitees, email) != nil }

func (met *meeting) invitee(list []*invitee, email string) *invitee {
	for _, i := range list {
		if strings.EqualFold(i.email, email) {
			return i
		}
	}
	return nil
}

// addInvitees takes the invitees of POST /meetings. Without any, a meeting of a space invites its members; there everybody is
// cohost unless told otherwise.
func (c *call) addInvitees(met *meeting, b meetingBody) *answer {
	if len(b.Invitees) > maxInvitees {
		return c.invalid("At most %d invitees.", maxInvitees)
	}
	list := b.Invitees
	if _, sent := b.sent["invitees"]; !sent && b.RoomID != "" {
		for _, email := range c.w.webex.spaces.members(b.RoomID) {
			if !met.host.is(email) {
				list = append(list, inviteeBody{Email: email})
			}
		}
	}
	for _, i := range list {
		if met.invites(i.Email) {
			return c.invalid("The invitee %s is there twice.", i.Email)
		}
		one, a := c.newInvitee(i, b.RoomID != "")
		if a != nil {
			return a
		}
		met.invitees = append(met.invitees, one)
	}
	for _, i := range met.invitees {
		c.w.webex.invite(met, i.email)
	}
	return nil
}

func (s *site) invite(met *meeting, email string) {
	if u := s.user(email); u != nil && u != met.host {
		u.invited = append(u.invited, met)
	}
}

func (c *call) newInvitee(b inviteeBody, coHost bool) (*invitee, *answer) {
	if !strings.Contains(b.Email, "@") || c.w.webex.barred[strings.ToLower(b.Email)] {
		return nil, c.invalid("email %q is no address.", b.Email)
	}
	i := &invitee{id: randomDigits(c.w.rng, 9), email: b.Email, name: b.DisplayName, coHost: coHost}
	if i.name == "" {
		i.name = nameOf(b.Email)
	}
	if b.CoHost != nil {
		i.coHost = *b.CoHost
	}
	if b.Panelist != nil {
		i.panelist = *b.Panelist
	}
	return i, nil
}

func (i *invitee) json(meetingID string) map[string]any {
	return map[string]any{"id": meetingID + "_" + i.id, "email": i.email, "displayName": i.name, "coHost": i.coHost, "panelist": i.panelist, "meetingId": meetingID}
}

// party is the list of invitees of a series, or of an occurrence, which begins as a copy of the series'.
type party struct {
	met *meeting
	key string // of the occurrence, "" = series
}

func (p party) id() string {
	if p.key == "" {
		return p.met.id
	}
	return p.met.id + "_" + p.key
}

func (p party) list() []*invitee {
	if x := p.met.changed[p.key]; x != nil && x.invitees != nil {
		return x.invitees
	}
	return p.met.invitees
}

func (p party) set(list []*invitee) {
	if p.key == "" {
		p.met.invitees = list
		return
	}
	if p.met.changed == nil {
		p.met.changed = map[string]*meetingChange{}
	}
	x := meetingChange{}
	if p.met.changed[p.key] != nil {
		x = *p.met.changed[p.key]
	}
	x.invitees = list
	p.met.changed[p.key] = &x
}

// seekParty finds the meeting of an invitee call.
func (c *call) seekParty(meetingID, hostEmail string) (party, *answer) {
	u, a := c.actor(hostEmail)
	if a != nil {
		return party{}, a
	}
	met, at, a := c.seekMeeting(meetingID, u)
	if a != nil {
		return party{}, a
	}
	if met.scheduled == "personalRoomMeeting" {
		return party{}, c.invalid("The id of a personalRoomMeeting is not supported for invitees.")
	}
	if at != nil && met.rule != nil {
		return party{met, at.key}, nil
	}
	return party{met: met}, nil
}

func (c *call) listInvitees(map[string]string) *answer {
	q := c.r.URL.Query()
	p, a := c.seekParty(q.Get("meetingId"), q.Get("hostEmail"))
	if a != nil {
		return a
	}
	list := slices.Clone(p.list())
	slices.SortFunc(list, func(a, b *invitee) int { return strings.Compare(a.email, b.email) })
	items := make([]any, len(list))
	for i, one := range list {
		items[i] = one.json(p.id())
	}
	return c.paged(items, q, 10, 100)
}

func (c *call) readInvitee() (inviteeBody, *answer) {
	var b inviteeBody
	if json.Unmarshal(c.body, &b) != nil {
		return b, c.invalid("The request body cannot be read.")
	}
	return b, nil
}

func (c *call) createInvitee(map[string]string) *answer {
	b, a := c.readInvitee()
	if a != nil {
		return a
	}
	p, a := c.seekParty(b.MeetingID, b.HostEmail)
	if a != nil {
		return a
	}
	if p.met.invitee(p.list(), b.Email) != nil {
		return c.refusal(http.StatusConflict, "User is already a meeting invitee.")
	}
	one, a := c.newInvitee(b, false)
	if a != nil {
		return a
	}
	c.enlist(p, []*invitee{one}, b.SendEmail == nil || *b.SendEmail)
	return c.webexJSON(one.json(p.id()))
}

func (c *call) enlist(p party, more []*invitee, send bool) {
	p.set(slices.Concat(p.list(), more))
	for _, i := range more {
		c.w.webex.invite(p.met, i.email)
	}
	c.mailed(send, p.met, "invitation")
}

// bulkInsert serves up to 100 invitees at once; if one is there already, none is added (fixtures/webex).
func (c *call) bulkInsert(map[string]string) *answer {
	b, a := c.readInvitee()
	if a != nil {
		return a
	}
	p, a := c.seekParty(b.MeetingID, b.HostEmail)
	switch {
	case a != nil:
		return a
	case len(b.Items) == 0 || len(b.Items) > 100:
		return c.invalid("items must have 1 to 100 elements.")
	case len(p.list())+len(b.Items) > maxInvitees:
		return c.invalid("At most %d invitees.", maxInvitees)
	}
	var more []*invitee
	send := false
	items := []any{}
	for _, i := range b.Items {
		switch {
		case p.met.invitee(p.list(), i.Email) != nil:
			tracking := "ROUTERGW_" + requestID(c.N)
			return jsonAnswer(http.StatusConflict, map[string]any{"message": "Some users in the list have been invited.", "trackingId": tracking})
		case p.met.invitee(more, i.Email) != nil:
			return c.invalid("Each invitee should have a unique email.")
		}
		one, a := c.newInvitee(i, false)
		if a != nil {
			return a
		}
		more = append(more, one)
		items = append(items, one.json(p.id()))
		send = send || i.SendEmail == nil || *i.SendEmail
	}
	c.enlist(p, more, send)
	return c.webexJSON(map[string]any{"items": items})
}

// seekInvitee finds <meeting>_<number>.
func (c *call) seekInvitee(id, hostEmail string) (party, *invitee, *answer) {
	cut := strings.LastIndexByte(id, '_')
	if cut < 0 {
		return party{}, nil, c.refusal(http.StatusNotFound, "The invitee cannot be found.")
	}
	p, a := c.seekParty(id[:cut], hostEmail)
	if a != nil {
		return p, nil, a
	}
	for _, i := range p.list() {
		if i.id == id[cut+1:] {
			return p, i, nil
		}
	}
	return p, nil, c.refusal(http.StatusNotFound, "The invitee cannot be found.")
}

func (c *call) getInvitee(args map[string]string) *answer {
	p, i, a := c.seekInvitee(args["invitee"], c.r.URL.Query().Get("hostEmail"))
	if a != nil {
		return a
	}
	return c.webexJSON(i.json(p.id()))
}

func (c *call) putInvitee(args map[string]string) *answer {
	b, a := c.readInvitee()
	if a != nil {
		return a
	}
	p, i, a := c.seekInvitee(args["invitee"], b.HostEmail)
	if a != nil {
		return a
	}
	if other := p.met.invitee(p.list(), b.Email); other != nil && other != i {
		return c.refusal(http.StatusConflict, "User is already a meeting invitee.")
	}
	next, a := c.newInvitee(b, i.coHost)
	if a != nil {
		return a
	}
	next.id = i.id
	list := slices.Clone(p.list())
	list[slices.Index(list, i)] = next
	p.set(list)
	c.w.webex.invite(p.met, next.email)
	c.mailed(b.SendEmail == nil || *b.SendEmail, p.met, "update")
	return c.webexJSON(next.json(p.id()))
}

func (c *call) deleteInvitee(args map[string]string) *answer {
	q := c.r.URL.Query()
	p, i, a := c.seekInvitee(args["invitee"], q.Get("hostEmail"))
	if a != nil {
		return a
	}
	p.set(slices.DeleteFunc(slices.Clone(p.list()), func(o *invitee) bool { return o == i }))
	c.mailed(q.Get("sendEmail") != "false", p.met, "cancellation")
	return noContent()
}

func (i *invitee) String() string { return fmt.Sprintf("%s <%s>", i.name, i.email) }
