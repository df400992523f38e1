package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
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
