package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// What tokens may do at Graph. An application has what it was granted, in Entra for all mailboxes or in Exchange without its
// token saying so; a person's token has what was asked for at the sign-in, and reaches nothing but that person's own mailbox
// and profile (microsoft-graph.md 8.3 and 8.6).

// usual is what an application may do unless GrantApp says otherwise.
var usual = []string{"Calendars.ReadWrite", "MailboxSettings.Read", "User.Read.All", "GroupMember.Read.All"}

// GrantApp replaces an application's permissions in Entra. Tokens that are out keep what they have.
func (w *World) GrantApp(clientID string, roles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[clientID]; a != nil {
		a.roles = roles
	}
}

// GrantInExchange replaces what an application may do by RBAC for Applications: with the mailboxes that are not denied.
func (w *World) GrantInExchange(clientID string, roles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[clientID]; a != nil {
		a.exchange = roles
	}
}

// RegisterPublicApp makes an application known that has no certificate: people sign in to it with a device code.
func (w *World) RegisterPublicApp(clientID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.apps[clientID] = freshApp(clientID)
}

// ForbidPublicClients switches an application's "public client flows" off, or on again. A device code is given out all the same,
// and not redeemed.
func (w *World) ForbidPublicClients(clientID string, forbid bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[clientID]; a != nil {
		a.public = !forbid
	}
}

// needs lists the permissions any of which lets a call pass; none where every token may.
func needs(row graphCall) []string {
	switch {
	case row.name == "GetMailboxSettings":
		return []string{"MailboxSettings.Read", "MailboxSettings.ReadWrite"}
	case row.name == "ListMembers", row.name == "ListGroups":
		return []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}
	case row.name == "GetUser":
		return []string{"User.Read.All", "User.Read", "Directory.Read.All"}
	case row.name == "ListUsers":
		return []string{"User.Read.All", "Directory.Read.All"}
	case row.mailbox && row.method == http.MethodGet:
		return []string{"Calendars.Read", "Calendars.ReadWrite"}
	case row.mailbox && row.name != "TranslateIds":
		return []string{"Calendars.ReadWrite"}
	}
	return nil
}

// forbidden is the answer to a token that may not do this; nil for one that may.
func (c *call) forbidden(row graphCall) *answer {
	value, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	c.w.mu.Lock()
	t, others := c.w.tokens[value], false
	if t == nil { // taken away this moment
		c.w.mu.Unlock()
		return c.refusal(http.StatusUnauthorized, "InvalidAuthenticationToken")
	}
	has := t.scopes
	if a := c.w.apps[t.app]; a != nil && row.mailbox && t.account == "" {
		has = slices.Concat(has, a.exchange)
	}
	if t.account != "" {
		own := c.w.names[strings.ToLower(t.account)]
		others = row.name == "ListMembers" || row.name == "ListGroups" || row.name == "ListUsers" || c.Mailbox != "" && c.box != own
	}
	c.w.mu.Unlock()
	any := needs(row)
	granted := t.scopes == nil || any == nil || slices.ContainsFunc(any, func(p string) bool { return slices.Contains(has, p) })
	switch {
	case granted && !others:
		return nil
	case row.mailbox:
		return c.refusal(http.StatusForbidden, "ErrorAccessDenied")
	}
	return c.refusal(http.StatusForbidden, "Authorization_RequestDenied")
}

// claims are what a token for Graph tells whoever looks into it.
func (w *World) claims(t token) string {
	about := map[string]any{"aud": "https://graph.microsoft.com", "tid": w.opt.Tenant, "appid": t.app, "exp": t.expires.Unix()}
	if t.account == "" {
		about["roles"] = t.scopes
	} else {
		about["scp"] = strings.Join(t.scopes, " ")
		about["oid"] = w.names[strings.ToLower(t.account)].id
	}
	return base64.RawURLEncoding.EncodeToString(encode(about))
}

// plainScopes are the permissions in a scope parameter, without their resource and what is OpenID's own.
func plainScopes(scope string) []string {
	plain := []string{}
	for _, s := range strings.Fields(scope) {
		if s = s[strings.LastIndexByte(s, '/')+1:]; !slices.Contains([]string{"openid", "profile", "email", "offline_access", ".default"}, s) {
			plain = append(plain, s)
		}
	}
	return plain
}

// WithholdScope takes a scope out of all Webex tokens: calls that need it are refused, and a refresh does not name it.
func (w *World) WithholdScope(scope string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := webexScopes[scope]; !known {
		w.misused(fmt.Errorf("no Webex scope %q", scope))
	}
	w.webex.withheld = append(w.webex.withheld, scope)
}

// webexScopes are what a Service App's token has (webex.md 2.9), with the calls that need them.
var webexScopes = map[string][]string{
	"meeting:admin_schedule_read":    {"GET meetings", "GET meetingInvitees"},
	"meeting:admin_schedule_write":   {"POST meetings", "PATCH meetings", "PUT meetings", "DELETE meetings", "POST meetingInvitees", "PUT meetingInvitees", "DELETE meetingInvitees"},
	"meeting:admin_preferences_read": {"GET meetingPreferences"},
	"spark:people_read":              {"GET people"},
	"spark:rooms_read":               {"GET rooms"},
	"spark:rooms_write":              {"POST rooms", "PUT rooms", "DELETE rooms"},
	"spark:memberships_read":         {"GET memberships"},
	"spark:memberships_write":        {"POST memberships", "DELETE memberships"},
	"spark:messages_read":            {"GET messages"},
	"spark:messages_write":           {"POST messages", "DELETE messages"},
	"spark:kms":                      {},
}

// scopeMissing reports a call for which the token lacks the scope.
func (s *site) scopeMissing(row webexCall) bool {
	first, _, _ := strings.Cut(row.pattern, "/")
	return slices.ContainsFunc(s.withheld, func(scope string) bool {
		return slices.Contains(webexScopes[scope], row.method+" "+first)
	})
}

// scopes are the words for what a token has.
func (s *site) scopes() string {
	var all []string
	for _, scope := range sortedKeys(webexScopes) {
		spaces := s.noSpaces && strings.HasPrefix(scope, "spark:") && scope != "spark:kms" && scope != "spark:people_read"
		if !spaces && !slices.Contains(s.withheld, scope) {
			all = append(all, scope)
		}
	}
	return strings.Join(all, " ")
}
