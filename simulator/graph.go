package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// graphCall is one row of the table of routes. A {user} is a directory id, a user name or an address; /me is the person of a
// delegated token; /calendar and /calendars/{id} in between mean the one calendar that a mailbox has here.
type graphCall struct {
	method, pattern, name string
	mailbox               bool // goes to Exchange: the mailbox must be there and allowed
	do                    func(*call) *answer
}

var graphCalls = []graphCall{
	{"GET", "organization", "GetOrganization", false, (*call).getOrganization},
	{"GET", "users", "ListUsers", false, (*call).listUsers},
	{"GET", "users/{user}", "GetUser", false, (*call).getUser},
	{"GET", "users/{user}/mailboxSettings", "GetMailboxSettings", true, (*call).getMailboxSettings},
	{"GET", "users/{user}/mailboxSettings/{part}", "GetMailboxSettings", true, (*call).getMailboxSettings},
	{"POST", "users/{user}/translateExchangeIds", "TranslateIds", true, (*call).translateIDs},
	{"GET", "users/{user}/calendar", "GetCalendar", true, (*call).getCalendar},
	{"GET", "users/{user}/calendars", "ListCalendars", true, (*call).listCalendars},
	{"GET", "users/{user}/calendarView", "CalendarView", true, (*call).calendarView},
	{"GET", "users/{user}/calendarView/delta", "Delta", true, (*call).delta},
	{"GET", "users/{user}/events", "ListEvents", true, (*call).listEvents},
	{"POST", "users/{user}/events", "CreateEvent", true, (*call).createEvent},
	{"GET", "users/{user}/events/{event}", "GetEvent", true, (*call).getEvent},
	{"PATCH", "users/{user}/events/{event}", "PatchEvent", true, (*call).patchEvent},
	{"DELETE", "users/{user}/events/{event}", "DeleteEvent", true, (*call).deleteEvent},
	{"GET", "users/{user}/events/{event}/instances", "Instances", true, (*call).instances},
	{"GET", "groups", "ListGroups", false, (*call).listGroups},
	{"GET", "groups/{group}/members", "ListMembers", false, (*call).groupMembers},
	{"GET", "groups/{group}/transitiveMembers", "ListMembers", false, (*call).groupMembers},
	{"GET", "groups/{group}/members/microsoft.graph.user", "ListMembers", false, (*call).groupMembers},
	{"GET", "groups/{group}/transitiveMembers/microsoft.graph.user", "ListMembers", false, (*call).groupMembers},
	{"GET", "subscriptions", "ListSubscriptions", false, (*call).listSubscriptions},
	{"POST", "subscriptions", "CreateSubscription", false, (*call).createSubscription},
	{"GET", "subscriptions/{subscription}", "GetSubscription", false, (*call).oneSubscription},
	{"PATCH", "subscriptions/{subscription}", "PatchSubscription", false, (*call).oneSubscription},
	{"DELETE", "subscriptions/{subscription}", "DeleteSubscription", false, (*call).oneSubscription},
	{"POST", "subscriptions/{subscription}/reauthorize", "Reauthorize", false, (*call).oneSubscription},
}

// Graph answers at the Graph root, paths beginning with /v1.0 (microsoft-graph.md 1 to 8).
func (w *World) Graph() http.Handler {
	return service{w: w, name: Graph, route: routeGraph}
}

func routeGraph(c *call) func() *answer {
	c.scope, c.Call = "graph", "Unknown"
	segments := splitPath(c.r.URL)
	if len(segments) < 2 || segments[0] != "v1.0" {
		return func() *answer { return c.refusal(http.StatusNotFound, "ResourceNotFound") }
	}
	segments = plainPath(segments[1:])
	if segments[0] == "$batch" && c.Method == http.MethodPost { // not in the table, which would hold itself
		c.Call, c.Route = "Batch", "/$batch"
		c.who("")
		return func() *answer { return c.graph(graphCall{do: (*call).batch}, false) }
	}
	for _, row := range graphCalls {
		args, ok := matchPath(row.pattern, segments)
		if !ok || row.method != c.Method {
			continue
		}
		c.Call, c.Route, c.Item = row.name, "/"+row.pattern, args["event"]+args["group"]+args["subscription"]+args["part"]
		if row.name == "Delta" {
			c.Call = deltaCall(c.r.URL.Query())
		}
		user, has := args["user"]
		c.who(user)
		if row.name == "GetUser" && c.box != nil && user != "me" && !c.box.entered(user) {
			c.box = nil
		}
		if !row.mailbox {
			c.scope = "graph directory" // throttled apart from Outlook (microsoft-graph.md 6)
		}
		return func() *answer { return c.graph(row, has) }
	}
	return func() *answer { return c.refusal(http.StatusNotFound, "BadRequest") }
}

// deltaCall tells the first request of a round, the next pages and the return to a stored link apart.
func deltaCall(q url.Values) string {
	switch {
	case query(q, "$skiptoken") != "":
		return "DeltaNext"
	case query(q, "$deltatoken") != "":
		return "DeltaResume"
	}
	return "DeltaStart"
}

// who finds the token and the mailbox.
func (c *call) who(user string) {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	value, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if t := c.w.tokens[value]; t != nil {
		c.app, c.account = t.app, t.account
	}
	if user == "me" {
		user = c.account
	}
	if user == "" {
		return
	}
	c.Mailbox = strings.ToLower(user)
	if box := c.w.names[strings.ToLower(user)]; box != nil && box.named(user) {
		c.box, c.Mailbox = box, box.address
	}
	c.scope = "graph " + c.Mailbox
}

// named tells whether a path may name the mailbox so: by id, user name or primary address, not by an alias.
func (m *Mailbox) named(user string) bool {
	return strings.EqualFold(user, m.id) || strings.EqualFold(user, m.upn) || strings.EqualFold(user, m.address)
}

// entered tells whether the directory itself finds the person by this name: by id or user name, not by an address (user-get.md).
func (m *Mailbox) entered(user string) bool {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	return strings.EqualFold(user, m.id) || strings.EqualFold(user, m.upn)
}

// graph does a call once the token and the mailbox are found good.
func (c *call) graph(row graphCall, ofUser bool) *answer {
	if a := c.unauthorized(); a != nil {
		return a
	}
	if a := c.forbidden(row); a != nil && (!ofUser || c.box != nil) {
		return a
	}
	if !ofUser {
		return row.do(c)
	}
	c.w.mu.Lock()
	status := statusGone
	if c.box != nil {
		status = c.box.status
	}
	c.w.mu.Unlock()
	switch {
	case status == statusGone && row.mailbox:
		return c.refusal(http.StatusNotFound, "ErrorInvalidUser")
	case status == statusGone:
		return c.refusal(http.StatusNotFound, "Request_ResourceNotFound")
	case row.mailbox && status == statusDenied && c.account == "": // such policies bind applications
		return c.graphError(http.StatusForbidden, "ErrorAccessDenied",
			"Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.")
	case status == statusUnlicensed && row.mailbox:
		return c.refusal(http.StatusNotFound, "MailboxNotEnabledForRESTAPI")
	}
	return row.do(c)
}

// unauthorized is the answer to a token that is missing, worn out or not for Graph.
func (c *call) unauthorized() *answer {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	c.w.mu.Lock()
	t := c.w.tokens[value]
	good := ok && t != nil && t.service == Graph && c.w.now().Before(t.expires)
	c.w.mu.Unlock()
	if good {
		return nil
	}
	if t != nil && t.service != Graph {
		c.w.violated(Violation{Promise: "P7", Request: c.N, Text: "a token of Webex was shown to Graph"})
	}
	return c.refusal(http.StatusUnauthorized, "InvalidAuthenticationToken")
}

// splitPath cuts the path before undoing percent-escapes: an id may hold a slash.
func splitPath(u *url.URL) []string {
	segments := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = plain
		}
	}
	return segments
}

// plainPath brings the many ways to name the same thing into one.
func plainPath(s []string) []string {
	s = slices.Clone(s)
	if s[0] == "me" {
		s = append([]string{"users", "me"}, s[1:]...)
	}
	last := &s[len(s)-1]
	if *last == "delta()" || *last == "microsoft.graph.delta()" {
		*last = "delta"
	}
	switch {
	case len(s) > 3 && s[2] == "calendar":
		s = slices.Delete(s, 2, 3)
	case len(s) > 4 && s[2] == "calendars":
		s = slices.Delete(s, 2, 4)
	}
	return s
}

func matchPath(pattern string, segments []string) (map[string]string, bool) {
	parts := strings.Split(pattern, "/")
	if len(parts) != len(segments) {
		return nil, false
	}
	args := map[string]string{}
	for i, part := range parts {
		if part[0] == '{' {
			args[part[1:len(part)-1]] = segments[i]
		} else if !strings.EqualFold(part, segments[i]) {
			return nil, false
		}
	}
	return args, true
}
