package simulator

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

func (c *call) context(what string) string { return c.root + "/v1.0/$metadata#" + what }

func (c *call) getOrganization() *answer {
	domains := []map[string]any{}
	c.w.mu.Lock()
	if len(c.w.mailboxes) > 0 {
		_, domain, _ := strings.Cut(c.w.mailboxes[0].address, "@")
		domains = append(domains, map[string]any{"name": domain, "type": "Managed", "isDefault": true, "isInitial": true, "capabilities": "Email"})
	}
	c.w.mu.Unlock()
	return jsonAnswer(http.StatusOK, map[string]any{
		"@odata.context": c.context("organization"),
		"value":          []any{map[string]any{"id": c.w.opt.Tenant, "displayName": "Simulated", "verifiedDomains": domains}},
	})
}

// user renders a person of the directory; proxyAddresses only when selected (microsoft-graph.md 4.2).
func (m *Mailbox) user(sel selection) map[string]any {
	all := map[string]any{
		"id": m.id, "displayName": m.name, "mail": m.address, "userPrincipalName": m.upn,
		"givenName": strings.Fields(m.name + " ")[0], "surname": nil, "jobTitle": nil, "mobilePhone": nil, "officeLocation": nil,
		"businessPhones": []string{}, "preferredLanguage": m.language,
	}
	if sel == nil {
		return all
	}
	all["proxyAddresses"] = m.proxies()
	all["accountEnabled"], all["userType"] = true, "Member"
	some := map[string]any{}
	for name, value := range all {
		if sel.has(name) {
			some[name] = value
		}
	}
	return some
}

// proxies are the addresses that mail reaches the mailbox by, the primary one first.
func (m *Mailbox) proxies() []string {
	proxies := []string{"SMTP:" + m.address}
	for _, alias := range m.aliases {
		proxies = append(proxies, "smtp:"+alias)
	}
	return proxies
}

func (c *call) getUser() *answer {
	c.w.mu.Lock()
	u := c.box.user(selected(c.r.URL.Query()))
	c.w.mu.Unlock()
	u["@odata.context"] = c.context("users/$entity")
	return jsonAnswer(http.StatusOK, u)
}

var quoted = regexp.MustCompile(`'((?:[^']|'')*)'`)

// userClauses are the clauses of a filter of users that are known here, each of them by default, without advanced query parameters
// (aad-advanced-queries.md, user properties).
var userClauses = map[string]*regexp.Regexp{
	"mail": regexp.MustCompile(`^mail eq '((?:[^']|'')*)'$`),
	"upn":  regexp.MustCompile(`^userPrincipalName eq '((?:[^']|'')*)'$`),
	"any":  regexp.MustCompile(`^proxyAddresses/any\((\w+):(\w+) eq '((?:[^']|'')*)'\)$`),
}

// userFilter reads a filter of users whose clauses are joined by "or"; false for one that Graph would not take either. Whether the
// directory tells SMTP: from smtp: is not documented; here it does.
func userFilter(filter string) (match func(*Mailbox) bool, ok bool) {
	var any []func(*Mailbox) bool
	for clause := range strings.SplitSeq(filter, " or ") {
		if m := userClauses["mail"].FindStringSubmatch(clause); m != nil {
			any = append(any, func(box *Mailbox) bool { return strings.EqualFold(box.address, unquote(m[1])) })
		} else if m := userClauses["upn"].FindStringSubmatch(clause); m != nil {
			any = append(any, func(box *Mailbox) bool { return strings.EqualFold(box.upn, unquote(m[1])) })
		} else if m := userClauses["any"].FindStringSubmatch(clause); m != nil && m[1] == m[2] {
			kind, address, _ := strings.Cut(unquote(m[3]), ":")
			any = append(any, func(box *Mailbox) bool {
				return slices.ContainsFunc(box.proxies(), func(p string) bool {
					have, of, _ := strings.Cut(p, ":")
					return have == kind && strings.EqualFold(of, address)
				})
			})
		} else {
			return nil, false
		}
	}
	return func(box *Mailbox) bool {
		return slices.ContainsFunc(any, func(f func(*Mailbox) bool) bool { return f(box) })
	}, true
}

// listUsers finds users by the addresses named in $filter; without a filter it lists the first hundred.
func (c *call) listUsers() *answer {
	q := c.r.URL.Query()
	sel := selected(q)
	filter := query(q, "$filter")
	match, ok := userFilter(filter)
	if filter != "" && !ok {
		return c.graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property of resource 'User'.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	list := []any{}
	for _, box := range c.w.mailboxes {
		if box.status != statusGone && (filter == "" || match(box)) && len(list) < 100 {
			list = append(list, box.user(sel))
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": c.context("users"), "value": list})
}

func (c *call) getMailboxSettings() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	m := c.box
	all := map[string]any{
		"@odata.context": c.context("users('" + m.id + "')/mailboxSettings"),
		"automaticRepliesSetting": map[string]any{
			"status": "disabled", "externalAudience": "all", "internalReplyMessage": "", "externalReplyMessage": "",
		},
		"timeZone": m.zone,
		"language": map[string]any{"locale": m.language, "displayName": m.language},
		"workingHours": map[string]any{
			"daysOfWeek": []string{"monday", "tuesday", "wednesday", "thursday", "friday"},
			"startTime":  "08:00:00.0000000", "endTime": "17:00:00.0000000", "timeZone": map[string]any{"name": m.zone},
		},
		"userPurpose": m.purpose, "dateFormat": "M/d/yyyy", "timeFormat": "h:mm tt",
		"delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
	}
	if c.Item == "" {
		return jsonAnswer(http.StatusOK, all)
	}
	switch part := all[c.Item].(type) { // a sub-path: /language, /timeZone, /automaticRepliesSetting
	case nil:
		return c.refusal(http.StatusNotFound, "ResourceNotFound")
	case map[string]any:
		return jsonAnswer(http.StatusOK, part)
	default:
		return jsonAnswer(http.StatusOK, map[string]any{"value": part})
	}
}

func (c *call) getCalendar() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	calendar := c.box.calendar()
	calendar["@odata.context"] = c.context("users('" + c.box.id + "')/calendar/$entity")
	return jsonAnswer(http.StatusOK, calendar)
}

func (c *call) listCalendars() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": c.context("users('" + c.box.id + "')/calendars"), "value": []any{c.box.calendar()}})
}

// calendar is the one calendar that a mailbox has here (fixtures/graph/calendar-response.json).
func (m *Mailbox) calendar() map[string]any {
	return map[string]any{
		"id": m.stamp.id(ref{key: strings.Repeat("c", keySize)}, false), "name": "Calendar", "color": "auto", "isDefaultCalendar": true,
		"canShare": true, "canViewPrivateItems": true, "canEdit": true,
		"allowedOnlineMeetingProviders": []string{"teamsForBusiness"}, "defaultOnlineMeetingProvider": "teamsForBusiness",
		"isTallyingResponses": true, "isRemovable": false, "owner": map[string]any{"name": m.name, "address": m.address},
	}
}
