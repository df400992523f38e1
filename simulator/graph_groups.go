package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// AddGroup makes a directory group of mailboxes, and gives its id.
func (w *World) AddGroup(members ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := guid(w.rng)
	w.groups[id] = members
	return id
}

// SetGroup changes who is in a group.
func (w *World) SetGroup(id string, members ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups[id] = members
}

// AddList makes a distribution list: a group that has an address.
func (w *World) AddList(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists = append(w.lists, group{
		"id": guid(w.rng), "displayName": "List", "mail": address, "mailEnabled": true, "securityEnabled": false, "groupTypes": []string{},
		"proxyAddresses": []string{"SMTP:" + address},
	})
}

// group is a group as the directory shows it (group.md).
type group map[string]any

func (g group) show(sel selection) group {
	shown := group{}
	for name, value := range g {
		if sel.has(name) {
			shown[name] = value
		}
	}
	return shown
}

// mailIn is the one filter of groups that is known here, with at most 15 values (known issues, query parameters).
var mailIn = regexp.MustCompile(`^mail in \('(?:[^']|'')*'(?:,'(?:[^']|'')*')*\)$`)

// listGroups serves GET /groups by address.
func (c *call) listGroups() *answer {
	q := c.r.URL.Query()
	filter := query(q, "$filter")
	values := quoted.FindAllStringSubmatch(filter, -1)
	if filter != "" && !mailIn.MatchString(filter) {
		return c.graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for property 'mail' of resource 'Group'.")
	}
	if len(values) > 15 {
		return c.graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Too many child clauses specified in search filter expression containing 'OR' operators: "+strconv.Itoa(len(values))+". Max allowed: 15.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	list := []any{}
	for _, g := range c.w.lists {
		named := slices.ContainsFunc(values, func(m []string) bool { return strings.EqualFold(unquote(m[1]), g["mail"].(string)) })
		if filter == "" || named {
			list = append(list, g.show(selected(q)))
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": c.context("groups"), "value": list})
}

// groupMembers serves GET /groups/{id}/members and /transitiveMembers in pages; members that are no users come along without mail.
func (c *call) groupMembers() *answer {
	q := c.r.URL.Query()
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	members, ok := c.w.groups[c.Item]
	if !ok {
		return c.refusal(http.StatusNotFound, "Request_ResourceNotFound")
	}
	top, _ := strconv.Atoi(query(q, "$top"))
	if top < 1 || top > 999 {
		top = 100
	}
	skip, _ := strconv.Atoi(query(q, "$skiptoken"))
	list := []any{}
	for _, name := range members[min(skip, len(members)):min(skip+top, len(members))] {
		if box := c.w.names[strings.ToLower(name)]; box != nil && box.status != statusGone {
			u := box.user(selected(q))
			u["@odata.type"] = "#microsoft.graph.user"
			list = append(list, u)
		}
	}
	page := map[string]any{"@odata.context": c.context("directoryObjects"), "value": list}
	if skip+top < len(members) {
		next := url.Values{"$skiptoken": {strconv.Itoa(skip + top)}, "$top": {strconv.Itoa(top)}}
		if s := query(q, "$select"); s != "" {
			next.Set("$select", s)
		}
		page["@odata.nextLink"] = c.root + c.r.URL.EscapedPath() + "?" + next.Encode()
	}
	return jsonAnswer(http.StatusOK, page)
}

// translateIDs serves POST translateExchangeIds, up to 1000 ids from one form to the other (microsoft-graph.md 2.4).
func (c *call) translateIDs() *answer {
	var b struct {
		InputIDs                   []string `json:"inputIds"`
		SourceIDType, TargetIDType string
	}
	if json.Unmarshal(c.body, &b) != nil || len(b.InputIDs) > 1000 {
		return c.graphError(http.StatusBadRequest, "ErrorInvalidRequest", "inputIds must be a list of at most 1000 ids.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	list := []any{}
	for _, id := range b.InputIDs {
		if r, ok := c.box.stamp.ref(id); ok {
			list = append(list, map[string]string{"sourceId": id, "targetId": c.box.stamp.id(r, strings.EqualFold(b.TargetIDType, "restImmutableEntryId"))})
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": c.context("Collection(microsoft.graph.convertIdResult)"), "value": list})
}
