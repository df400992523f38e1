package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// site is the Webex organisation with its one site.
type site struct {
	w        *World
	host     string                // example.webex.com
	users    map[string]*webexUser // e-mail or alias in lower case → user
	byID     map[string]*webexUser
	order    []*meeting          // in the order of their making, deleted ones included
	meetings map[string]*meeting // series id → meeting
	links    map[string]*meeting // webLink → meeting
	rooms    map[string]*webexUser
	numbers  map[string]*meeting
	creates  map[string][]time.Time // whose quota → when POST /meetings was tried
	spent    map[string][]time.Time // host → when others of the same administrator tried
	service  *webexUser             // the account of the Service App
	apps     map[string]*serviceApp
	refresh  map[string]*refreshToken
	spaces   *spaces
	barred   map[string]bool // addresses that are refused as invitees and members
	noSpaces bool            // tokens come without the scopes for spaces
	withheld []string        // further scopes that they come without

	workspaces []*workspace
}

// organization is the id of the one organisation: ciscospark://us/ORGANIZATION/simulator.
const organization = "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi9zaW11bGF0b3I"

// webexUser is a person with a Webex account.
type webexUser struct {
	id      string
	email   string
	name    string
	room    bool // has a Personal Room
	roomURL string
	number  string // of the Personal Room
	hostPin string
	hostKey string
	hosts   []*meeting // as host
	invited []*meeting // as invitee
}

func (u *webexUser) is(email string) bool { return strings.EqualFold(u.email, email) }

func newSite(w *World) *site {
	s := &site{
		w: w, host: w.opt.Site + ".webex.com",
		users: map[string]*webexUser{}, byID: map[string]*webexUser{}, meetings: map[string]*meeting{}, links: map[string]*meeting{},
		rooms: map[string]*webexUser{}, numbers: map[string]*meeting{}, creates: map[string][]time.Time{}, spent: map[string][]time.Time{},
		apps: map[string]*serviceApp{}, refresh: map[string]*refreshToken{}, barred: map[string]bool{},
	}
	s.spaces = newSpaces(s)
	s.service = s.addUser("service-app@"+w.opt.Site+".webex.bot", "Service App", false)
	return s
}

func (s *site) addUser(email, name string, room bool) *webexUser {
	rng := newRand(s.w.opt.Seed, "webex "+strings.ToLower(email))
	local, _, _ := strings.Cut(email, "@")
	u := &webexUser{
		id: base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/PEOPLE/" + guid(rng))), email: email, name: name, room: room,
		number: randomDigits(rng, 10), hostPin: randomDigits(rng, 10), hostKey: randomDigits(rng, 9),
		roomURL: "https://" + s.host + "/meet/" + url.PathEscape(local),
	}
	for s.byID[u.id] != nil { // somebody else had the address before
		u.id = base64.RawURLEncoding.EncodeToString([]byte("ciscospark://us/PEOPLE/" + guid(rng)))
	}
	if s.rooms[u.roomURL] != nil {
		u.roomURL += strconv.Itoa(len(s.rooms))
	}
	s.rooms[u.roomURL] = u
	s.byID[u.id] = u
	s.users[strings.ToLower(email)] = u
	return u
}

// user finds a person by e-mail; nil when Webex does not know it.
func (s *site) user(email string) *webexUser { return s.users[strings.ToLower(email)] }

// byLink finds what a join link leads to: a meeting or a person's Personal Room.
func (s *site) byLink(link string) (*meeting, *webexUser) { return s.links[link], s.rooms[link] }

// AddWebexUser gives an account to an address that has none yet. room says whether it has a Personal Room.
func (w *World) AddWebexUser(email string, room bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.webex.addUser(email, nameOf(email), room)
}

// RemoveWebexUser takes the account away.
func (w *World) RemoveWebexUser(email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.webex.users, strings.ToLower(email))
}

// RenameWebexUser gives an account another address. Its meetings and its Personal Room stay.
func (w *World) RenameWebexUser(email, to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.webex.user(email); u != nil {
		delete(w.webex.users, strings.ToLower(email))
		w.webex.users[strings.ToLower(to)], u.email = u, to
	}
}

// PersonalRoom is the link of a person's Personal Room; "" when there is none.
func (w *World) PersonalRoom(email string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.webex.user(email); u != nil && u.room {
		return u.roomURL
	}
	return ""
}

type webexCall struct {
	method, pattern, name string
	do                    func(*call, map[string]string) *answer
}

var webexCalls = []webexCall{
	{"POST", "meetings", "CreateMeeting", (*call).createMeeting},
	{"GET", "meetings", "ListMeetings", (*call).listMeetings},
	{"GET", "meetings/{meeting}", "GetMeeting", (*call).getMeeting},
	{"PATCH", "meetings/{meeting}", "PatchMeeting", (*call).patchMeeting},
	{"PUT", "meetings/{meeting}", "PutMeeting", (*call).patchMeeting},
	{"DELETE", "meetings/{meeting}", "DeleteMeeting", (*call).deleteMeeting},
	{"GET", "meetingPreferences/personalMeetingRoom", "PersonalRoom", (*call).personalRoom},
	{"GET", "people", "ListPeople", (*call).listPeople},
	{"GET", "people/me", "GetMe", (*call).getMe},
}

// Webex answers at the API root, paths beginning with /v1 (webex.md 2 and 3).
func (w *World) Webex() http.Handler {
	return service{w: w, name: Webex, route: routeWebex}
}

func routeWebex(c *call) func() *answer {
	c.scope, c.Call = "webex", "Unknown"
	segments := splitPath(c.r.URL)
	if segments[0] != "v1" {
		return func() *answer { return c.refusal(http.StatusNotFound, "Not Found") }
	}
	segments = segments[1:]
	if strings.Join(segments, "/") == "access_token" && c.Method == http.MethodPost {
		c.Call, c.Route, c.scope = "AccessToken", "/access_token", "webex token"
		return c.accessToken
	}
	for _, row := range slices.Concat(webexCalls, moreCalls, inviteeCalls, spaceCalls, deviceCalls) {
		args, ok := matchPath(row.pattern, segments)
		if !ok || row.method != c.Method {
			continue
		}
		c.Call, c.Route = row.name, "/"+row.pattern
		for _, id := range args {
			c.Item = id
		}
		c.onBehalf()
		return func() *answer {
			if a := c.unauthorizedWebex(); a != nil {
				return a
			}
			c.w.mu.Lock()
			defer c.w.mu.Unlock()
			if c.w.webex.noSpaces && slices.ContainsFunc(spaceCalls, func(s webexCall) bool { return s.name == row.name }) {
				return c.refusal(http.StatusForbidden, "Missing required scopes.")
			}
			if c.w.webex.scopeMissing(row) {
				return c.refusal(http.StatusForbidden, "Missing required scopes.")
			}
			return row.do(c, args)
		}
	}
	return func() *answer { return c.refusal(http.StatusNotFound, "Not Found") }
}

// onBehalf finds the token and the host for whom the call is made.
func (c *call) onBehalf() {
	q := c.r.URL.Query()
	c.host = q.Get("hostEmail") + q.Get("userEmail")
	if len(c.body) > 0 {
		var b struct{ HostEmail string }
		if json.Unmarshal(c.body, &b) == nil && b.HostEmail != "" {
			c.host = b.HostEmail
		}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	value, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if t := c.w.tokens[value]; t != nil {
		c.app, c.account = t.app, t.account
	}
	c.Mailbox = c.host
	if met := c.w.webex.meetings[seriesID(c.Item)]; c.Mailbox == "" && met != nil {
		c.Mailbox = met.host.email
	}
	if box := c.w.names[strings.ToLower(c.Mailbox)]; box != nil {
		c.Mailbox = box.address
	}
}

func (c *call) unauthorizedWebex() *answer {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	c.w.mu.Lock()
	t := c.w.tokens[value]
	good := ok && t != nil && t.service == Webex && c.w.now().Before(t.expires)
	c.w.mu.Unlock()
	if good {
		return nil
	}
	if t != nil && t.service != Webex {
		c.w.violated(Violation{Promise: "P7", Request: c.N, Text: "a token of Graph was shown to Webex"})
	}
	return c.refusal(http.StatusUnauthorized, "The request requires a valid access token set in the Authorization request header.")
}

// actor is the person as whom the call acts: the host named, or the token's own account. Naming a host needs admin scopes.
func (c *call) actor(email string) (*webexUser, *answer) {
	s := c.w.webex
	own := s.service
	if c.account != "" {
		own = s.user(c.account)
	}
	if email == "" {
		return own, nil
	}
	if c.account != "" && !own.is(email) {
		return nil, c.refusal(http.StatusForbidden, "Only an admin may act on behalf of another host.")
	}
	u := s.user(email)
	if u == nil {
		return nil, c.refusal(http.StatusNotFound, "hostEmail: no such user on this site.")
	}
	return u, nil
}

// WebexToken gives out a fixed access token with admin scopes for an OAuth client. Integration tags are visible only to the client
// that wrote them.
func (w *World) WebexToken(client string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newToken(token{service: Webex, app: client, admin: true, expires: w.now().Add(100 * 365 * 24 * time.Hour)})
}

// WebexUserToken gives out an access token of one person.
func (w *World) WebexUserToken(client, email string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newToken(token{service: Webex, app: client, account: email, expires: w.now().Add(14 * 24 * time.Hour)})
}

func (c *call) webexJSON(value any) *answer {
	return jsonAnswer(http.StatusOK, value).set("Content-Type", "application/json;charset=UTF-8").set("trackingid", "ROUTERGW_"+requestID(c.N))
}

// telephony is how to dial in; the link is an API path and to be treated as opaque.
func telephony(number, id string) map[string]any {
	return map[string]any{
		"accessCode": number,
		"callInNumbers": []map[string]string{
			{"label": "US Toll", "callInNumber": "+1-415-655-0001", "tollType": "toll"},
			{"label": "Netherlands Toll", "callInNumber": "+31-20-794-0001", "tollType": "toll"},
		},
		"links": []map[string]string{{"rel": "globalCallinNumbers", "href": "/v1/meetings/" + id + "/globalCallinNumbers", "method": "GET"}},
	}
}

// personalRoom serves GET /meetingPreferences/personalMeetingRoom. hostPin is a secret: nobody should see it again.
func (c *call) personalRoom(map[string]string) *answer {
	u, a := c.actor(c.r.URL.Query().Get("userEmail"))
	switch {
	case a != nil:
		return a
	case !u.room:
		return c.refusal(http.StatusForbidden, "Not permitted to view or change other user's preferences")
	}
	return c.webexJSON(map[string]any{
		"topic": u.name + "'s Personal Room", "hostPin": u.hostPin, "enabledAutoLock": false, "autoLockMinutes": 10,
		"enabledNotifyHost": true, "supportCoHost": true, "supportAnyoneAsCoHost": false, "allowFirstUserToBeCoHost": false,
		"allowAuthenticatedDevices": false, "coHosts": []any{},
		"personalMeetingRoomLink": u.roomURL, "sipAddress": u.email[:strings.IndexByte(u.email, '@')] + "@" + c.w.webex.host,
		"dialInIpAddress": "173.243.2.68", "telephony": telephony(u.number, "pmr"+u.number),
	})
}

func (u *webexUser) json(siteURL string, created time.Time) map[string]any {
	first, last, _ := strings.Cut(u.name, " ")
	return map[string]any{
		"id": u.id, "emails": []string{u.email}, "displayName": u.name, "nickName": first, "firstName": first, "lastName": last,
		"orgId": organization, "created": created.UTC().Format("2006-01-02T15:04:05.000Z"),
		"siteUrls": []string{siteURL}, "sipAddresses": []map[string]any{{"type": "personal-room", "value": u.number + "@" + siteURL, "primary": false}},
		"status": "active", "invitePending": "false", "loginEnabled": "true", "type": "person", // texts, as in the published example
	}
}

// listPeople serves GET /people: one address a call, or up to 85 ids.
func (c *call) listPeople(map[string]string) *answer {
	q := c.r.URL.Query()
	s := c.w.webex
	items := []any{}
	switch {
	case q.Get("email") != "":
		if u := s.user(q.Get("email")); u != nil {
			items = append(items, u.json(s.host, c.w.now()))
		}
	case q.Get("id") != "":
		ids := strings.Split(q.Get("id"), ",")
		if len(ids) > 85 {
			return c.refusal(http.StatusBadRequest, fmt.Sprintf("%d ids, at most 85 are allowed.", len(ids)))
		}
		for _, id := range ids {
			if u := s.byID[id]; u != nil {
				items = append(items, u.json(s.host, c.w.now()))
			}
		}
	default:
		return c.refusal(http.StatusBadRequest, "Email, displayName or id is required.")
	}
	return c.webexJSON(map[string]any{"items": items, "notFoundIds": []string{}})
}

func (c *call) getMe(map[string]string) *answer {
	u, a := c.actor("")
	if a != nil {
		return a
	}
	return c.webexJSON(u.json(c.w.webex.host, c.w.now()))
}
