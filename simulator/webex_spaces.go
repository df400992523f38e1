package simulator

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// spaces are rooms, their members and messages (webex.md 2.6).
type spaces struct {
	site     *site
	rooms    map[string]*space
	byMember map[string]*space // membership id → space
}

type space struct {
	id, title string
	about     string // its description
	direct    bool
	created   time.Time
	creator   *webexUser
	members   []*membership
	messages  []Message
	deleted   bool
	killed    bool     // by a person
	left      []string // members that left by themselves
	byClient  bool
}

type membership struct {
	id, email string
	moderator bool
	made      time.Time
	byClient  bool // a client added him, and no person, since its meeting was last off: a space that was closed is its members'
}

// Message is something said in a space.
type Message struct {
	ID, From, Text, Markdown string
	At                       time.Time
}

func newSpaces(s *site) *spaces {
	return &spaces{site: s, rooms: map[string]*space{}, byMember: map[string]*space{}}
}

var spaceCalls = []webexCall{
	{"POST", "rooms", "CreateRoom", (*call).createRoom},
	{"GET", "rooms", "ListRooms", (*call).listRooms},
	{"GET", "rooms/{room}", "GetRoom", (*call).getRoom},
	{"PUT", "rooms/{room}", "PutRoom", (*call).putRoom},
	{"DELETE", "rooms/{room}", "DeleteRoom", (*call).deleteRoom},
	{"POST", "memberships", "CreateMembership", (*call).createMembership},
	{"GET", "memberships", "ListMemberships", (*call).listMemberships},
	{"DELETE", "memberships/{membership}", "DeleteMembership", (*call).deleteMembership},
	{"POST", "messages", "CreateMessage", (*call).createMessage},
	{"GET", "messages", "ListMessages", (*call).listMessages},
	{"DELETE", "messages/{message}", "DeleteMessage", (*call).deleteMessage},
}

func (s *spaces) room(id string) *space {
	if r := s.rooms[id]; r != nil && !r.deleted {
		return r
	}
	return nil
}

func (s *spaces) member(room, email string) bool {
	r := s.room(room)
	return r != nil && r.membership(email) != nil
}

func (s *spaces) members(room string) []string {
	var all []string
	if r := s.room(room); r != nil {
		for _, m := range r.members {
			all = append(all, m.email)
		}
	}
	return all
}

func (r *space) membership(email string) *membership {
	for _, m := range r.members {
		if strings.EqualFold(m.email, email) {
			return m
		}
	}
	return nil
}

func (c *call) cisco(kind string) string { return cisco(c.w, kind) }

// cisco makes an id as Webex writes them.
func cisco(w *World, kind string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/" + kind + "/" + guid(w.rng)))
}

// me is the token's own account; spaces know no acting on behalf.
func (c *call) me() *webexUser {
	if u := c.w.webex.user(c.account); u != nil {
		return u
	}
	return c.w.webex.service
}

func (r *space) join(c *call, email string, moderator bool) *membership {
	m := &membership{id: c.cisco("MEMBERSHIP"), email: email, moderator: moderator, made: c.w.now(), byClient: true}
	r.members = append(r.members, m)
	c.w.webex.spaces.byMember[m.id] = r
	return m
}

func (r *space) json() map[string]any {
	kind := "group"
	if r.direct {
		kind = "direct"
	}
	o := map[string]any{"id": r.id, "title": r.title, "type": kind, "isLocked": false, "created": zulu(r.created), "lastActivity": zulu(r.created), "creatorId": r.creator.id}
	if r.about != "" {
		o["description"] = r.about
	}
	return o
}

func (m *membership) json(r *space, s *site) map[string]any {
	o := map[string]any{"id": m.id, "roomId": r.id, "personEmail": m.email, "personDisplayName": nameOf(m.email), "isModerator": m.moderator, "isMonitor": false, "created": zulu(m.made)}
	if u := s.user(m.email); u != nil {
		o["personId"], o["personDisplayName"] = u.id, u.name
	}
	return o
}

func zulu(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// mine finds a space that the caller is in.
func (c *call) mine(id string) (*space, *answer) {
	r := c.w.webex.spaces.room(id)
	if r == nil || r.membership(c.me().email) == nil {
		return nil, c.refusal(http.StatusNotFound, "Could not find a room with provided ID.")
	}
	return r, nil
}

func (c *call) createRoom(map[string]string) *answer {
	var b struct {
		Title, Description string
		IsPublic           bool
	}
	switch {
	case json.Unmarshal(c.body, &b) != nil || strings.TrimSpace(b.Title) == "":
		return c.invalid("title is required.")
	case b.IsPublic && b.Description == "":
		return c.invalid("A public room needs a description.")
	}
	r := &space{id: c.cisco("ROOM"), title: b.Title, about: b.Description, created: c.w.now(), creator: c.me(), byClient: true}
	c.w.webex.spaces.rooms[r.id] = r
	r.join(c, c.me().email, false)
	return c.webexJSON(r.json())
}

func (c *call) listRooms(map[string]string) *answer {
	q := c.r.URL.Query()
	var mine []*space
	for _, id := range sortedKeys(c.w.webex.spaces.rooms) {
		r := c.w.webex.spaces.rooms[id]
		typed := q.Get("type") == "" || (q.Get("type") == "direct") == r.direct
		if !r.deleted && typed && r.membership(c.me().email) != nil {
			mine = append(mine, r)
		}
	}
	if q.Get("sortBy") == "created" {
		slices.SortStableFunc(mine, func(a, b *space) int { return b.created.Compare(a.created) })
	}
	items := make([]any, len(mine))
	for i, r := range mine {
		items[i] = r.json()
	}
	return c.paged(items, q, 100, 1000)
}

func (c *call) getRoom(args map[string]string) *answer {
	r, a := c.mine(args["room"])
	if a != nil {
		return a
	}
	return c.webexJSON(r.json())
}

func (c *call) putRoom(args map[string]string) *answer {
	var b struct{ Title, Description string }
	r, a := c.mine(args["room"])
	if a != nil {
		return a
	}
	if json.Unmarshal(c.body, &b) != nil || b.Title == "" {
		return c.invalid("title is required.")
	}
	r.title = b.Title
	if b.Description != "" { // a blank removes it
		r.about = strings.TrimSpace(b.Description)
	}
	return c.webexJSON(r.json())
}

func (c *call) deleteRoom(args map[string]string) *answer {
	r, a := c.mine(args["room"])
	if a != nil {
		return a
	}
	if !r.byClient {
		c.w.violated(Violation{Promise: "P2", Request: c.N, Event: r.id, Text: "the client deleted a space that it had not made"})
	}
	// Who is no moderator is put out of the room instead (Delete a Room); one that nobody is in is as good as gone.
	if m := r.membership(c.me().email); !m.moderator {
		r.members = slices.DeleteFunc(r.members, func(o *membership) bool { return o == m })
	}
	r.deleted = len(r.members) == 0 || r.membership(c.me().email) != nil
	return noContent()
}

// createMembership adds one person; 409 when it is in already.
func (c *call) createMembership(map[string]string) *answer {
	var b struct {
		RoomID, PersonID, PersonEmail string
		IsModerator                   bool
	}
	if json.Unmarshal(c.body, &b) != nil {
		return c.invalid("The request body cannot be read.")
	}
	r, a := c.mine(b.RoomID)
	if a != nil {
		return a
	}
	if u := c.w.webex.byID[b.PersonID]; u != nil {
		b.PersonEmail = u.email
	}
	switch {
	case !strings.Contains(b.PersonEmail, "@"):
		return c.invalid("personId or personEmail is required.")
	case r.direct:
		return c.refusal(http.StatusForbidden, "Nobody can be added to a 1:1 room.")
	case c.w.webex.barred[strings.ToLower(b.PersonEmail)]:
		return c.refusal(http.StatusForbidden, "The person cannot be added to the room.")
	case r.membership(b.PersonEmail) != nil:
		return c.refusal(http.StatusConflict, "User is already a participant.")
	}
	return c.webexJSON(r.join(c, b.PersonEmail, b.IsModerator).json(r, c.w.webex))
}

func (c *call) listMemberships(map[string]string) *answer {
	q := c.r.URL.Query()
	if q.Get("roomId") == "" {
		return c.invalid("roomId is required.")
	}
	r, a := c.mine(q.Get("roomId"))
	if a != nil {
		return a
	}
	items := []any{}
	for _, m := range r.members {
		if e := q.Get("personEmail"); e == "" || strings.EqualFold(e, m.email) {
			items = append(items, m.json(r, c.w.webex))
		}
	}
	return c.paged(items, q, 100, 1000)
}

func (c *call) deleteMembership(args map[string]string) *answer {
	r := c.w.webex.spaces.byMember[args["membership"]]
	if r == nil || r.membership(c.me().email) == nil {
		return c.refusal(http.StatusNotFound, "Failed to get membership.")
	}
	before := len(r.members)
	r.members = slices.DeleteFunc(r.members, func(m *membership) bool { return m.id == args["membership"] })
	if len(r.members) == before {
		return c.refusal(http.StatusNotFound, "Failed to get membership.")
	}
	return noContent()
}

// createMessage posts to a space, or to one person: that is how a 1:1 space comes to be.
func (c *call) createMessage(map[string]string) *answer {
	var b struct{ RoomID, ToPersonEmail, Text, Markdown string }
	if json.Unmarshal(c.body, &b) != nil || b.Text == "" && b.Markdown == "" {
		return c.invalid("A message needs text or markdown.")
	}
	var r *space
	if b.ToPersonEmail != "" {
		r = c.direct(b.ToPersonEmail)
	} else {
		var a *answer
		if r, a = c.mine(b.RoomID); a != nil {
			return a
		}
	}
	m := Message{ID: c.cisco("MESSAGE"), From: c.me().email, Text: b.Text, Markdown: b.Markdown, At: c.w.now()}
	if m.link() == "" {
		for _, member := range r.members {
			member.byClient = false
		}
	}
	r.messages = append(r.messages, m)
	return c.webexJSON(m.json(r, c.me()))
}

func (m Message) json(r *space, from *webexUser) map[string]any {
	o := map[string]any{"id": m.ID, "roomId": r.id, "roomType": r.json()["type"], "text": m.Text, "markdown": m.Markdown, "personEmail": m.From, "created": zulu(m.At)}
	if from != nil {
		o["personId"] = from.id
	}
	return o
}

// direct finds or makes the 1:1 space of the caller and somebody else.
func (c *call) direct(email string) *space {
	s := c.w.webex.spaces
	for _, id := range sortedKeys(s.rooms) {
		if r := s.rooms[id]; r.direct && r.membership(email) != nil && r.membership(c.me().email) != nil {
			return r
		}
	}
	r := &space{id: c.cisco("ROOM"), title: nameOf(email), direct: true, created: c.w.now(), creator: c.me(), byClient: true}
	s.rooms[r.id] = r
	r.join(c, c.me().email, false)
	r.join(c, email, false)
	return r
}

func (c *call) listMessages(map[string]string) *answer {
	q := c.r.URL.Query()
	r, a := c.mine(q.Get("roomId"))
	if a != nil {
		return a
	}
	items := []any{}
	for _, m := range slices.Backward(r.messages) {
		items = append(items, m.json(r, c.w.webex.user(m.From)))
	}
	return c.paged(items, q, 50, 1000)
}
