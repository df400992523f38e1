package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// userJSON is a person in the directory (user.md), or a group (group.md).
type userJSON struct {
	ID   string `json:"id"`
	Mail string `json:"mail"`
	UPN  string `json:"userPrincipalName"`
	// Proxies come only where they are asked for.
	Proxies []string `json:"proxyAddresses"`
}

const userFields = "id,mail,userPrincipalName"

// directory is what is throttled apart from any mailbox, for the whole tenant (throttling-limits.md, identity and access).
const directory = "directory"

// primary is the address by which others know a person.
func (u userJSON) primary() string { return strings.ToLower(cmp.Or(u.Mail, u.UPN)) }

// User finds a mailbox by any of its addresses or its directory id. Host is the primary address, by which Webex knows its owner. The
// directory itself knows ids and user names only (user-get.md); by another address it has to be searched for.
func (c *Client) User(ctx context.Context, name string) (m delta.Mailbox, host string, err error) {
	answer, err := c.profile(ctx, nil, userFields, "users", name)
	if errors.Is(err, delta.ErrMailbox) && strings.Contains(name, "@") {
		answer, err = c.addressed(ctx, name, err)
	}
	if err != nil {
		return m, "", fmt.Errorf("looking up %s: %w", name, err)
	}
	return delta.Mailbox{ID: answer.ID, Address: strings.ToLower(name)}, answer.primary(), nil
}

// addressed searches for the person whom mail to an address reaches (user-list.md). All clauses work by default, without
// ConsistencyLevel (aad-advanced-queries.md, user properties). Proxy addresses begin with SMTP: for the primary one and smtp: for the
// others, and whether eq tells these apart is not documented. none is the error where there is nobody.
func (c *Client) addressed(ctx context.Context, address string, none error) (userJSON, error) {
	if len(address) > longestMail {
		return userJSON{}, none
	}
	value := strings.ReplaceAll(address, "'", "''")
	clauses := []string{"mail eq '%s'", "userPrincipalName eq '%s'", "proxyAddresses/any(p:p eq 'smtp:%s')", "proxyAddresses/any(p:p eq 'SMTP:%s')"}
	for i, clause := range clauses {
		clauses[i] = fmt.Sprintf(clause, value)
	}
	found, err := list[userJSON](ctx, c, collection{
		first: c.rest.URL(url.Values{"$select": {userFields}, "$filter": {strings.Join(clauses, " or ")}}, "users"),
		scope: directory,
		holds: just("users"),
	})
	if err != nil {
		return userJSON{}, err
	}
	slices.SortFunc(found, func(a, b userJSON) int { return strings.Compare(a.ID, b.ID) })
	found = slices.CompactFunc(found, func(a, b userJSON) bool { return a.ID == b.ID })
	switch {
	case len(found) == 0:
		return userJSON{}, none
	case len(found) > 1:
		return userJSON{}, fmt.Errorf("%w: %d people in the directory have this address; say which one by directory id", delta.ErrMailbox, len(found))
	case found[0].ID == "":
		return userJSON{}, fmt.Errorf("%w: answer has no id", delta.ErrUnclear)
	}
	return found[0], nil
}

// Host is the primary address of the mailbox's owner. One without any cannot host: Webex would take the meeting for our own.
func (c *Calendar) Host(ctx context.Context) (string, error) {
	answer, err := c.profile(ctx, userFields)
	if err != nil {
		return "", fmt.Errorf("looking up the owner: %w", err)
	}
	host := answer.primary()
	if host == "" {
		err = fmt.Errorf("%w: the owner of the mailbox has no address", delta.ErrHost)
	}
	return host, err
}

// profile reads members of a user's entry in the directory.
func (c *Client) profile(ctx context.Context, tokens rest.Tokens, fields string, path ...string) (userJSON, error) {
	var answer userJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.rest.URL(url.Values{"$select": {fields}}, path...), Scope: directory, Decode: rest.JSON(&answer), Tokens: tokens,
	})
	if err == nil && answer.ID == "" {
		err = fmt.Errorf("%w: answer has no id", delta.ErrUnclear)
	}
	return answer, err
}

// Members lists the people in a directory group, also by way of groups in it (group-list-transitivemembers.md). Such as have no
// address, and so no mailbox, are left out.
func (c *Client) Members(ctx context.Context, group string) ([]delta.Mailbox, error) {
	place := []string{"groups", group, "transitiveMembers"}
	users, err := list[userJSON](ctx, c, collection{
		first: c.rest.URL(url.Values{"$select": {userFields}, "$top": {"999"}}, append(place, "microsoft.graph.user")...),
		scope: directory,
		holds: func(path []string) error {
			if len(path) < len(place) || !slices.EqualFunc(path[:len(place)], place, sameASCII) {
				return fmt.Errorf("%w: to another group or resource", delta.ErrForeign)
			}
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("reading the members of group %s: %w", group, err)
	}
	var out []delta.Mailbox
	for _, u := range users {
		if u.ID != "" && u.primary() != "" {
			out = append(out, delta.Mailbox{ID: u.ID, Address: u.primary()})
		}
	}
	return out, nil
}

const (
	// groupsAtOnce is how many addresses one filter may name with `in` (known issues, query parameters).
	groupsAtOnce = 15
	// longestMail is how long a value in a filter may be (likewise).
	longestMail = 120
)

// Lists tells which of some addresses belong to groups: distribution lists, mail-enabled security groups and Microsoft 365 groups
// (group-list.md; `mail` supports `in`). Dynamic distribution lists are known to Exchange only, and are not found.
func (c *Client) Lists(ctx context.Context, addresses []string) ([]string, error) {
	var out []string
	for some := range slices.Chunk(filterable(addresses), groupsAtOnce) {
		groups, err := list[userJSON](ctx, c, collection{
			first: c.rest.URL(url.Values{"$select": {"id,mail"}, "$filter": {"mail in (" + strings.Join(some, ",") + ")"}}, "groups"),
			scope: directory,
			holds: just("groups"),
		})
		if err != nil {
			return nil, fmt.Errorf("asking the directory for distribution lists: %w", err)
		}
		for _, g := range groups {
			out = append(out, strings.ToLower(g.Mail))
		}
	}
	return out, nil
}

// filterable quotes the addresses that a filter can name.
func filterable(addresses []string) []string {
	var out []string
	for _, a := range addresses {
		if len(a) <= longestMail {
			out = append(out, "'"+strings.ReplaceAll(a, "'", "''")+"'")
		}
	}
	return out
}
