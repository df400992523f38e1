package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The smaller calls of webex.md 2.3, 2.5 and 2.6.
var moreCalls = []webexCall{
	{"POST", "meetings/reassignHost", "ReassignHost", (*call).reassignHost},
	{"POST", "meetings/{meeting}/end", "EndMeeting", (*call).endMeeting},
	{"GET", "meetingPreferences/sites", "ListSites", (*call).listSites},
	{"GET", "meetingPreferences/schedulingOptions", "SchedulingOptions", (*call).schedulingOptions},
	{"GET", "people/{person}", "GetPerson", (*call).getPerson},
	{"GET", "messages/direct", "ListDirectMessages", (*call).listDirect},
	{"GET", "organizations", "ListOrganizations", (*call).listOrganizations},
}

// reassignHost gives meetings to another host: 204 when all could be, else 207 with a status for each.
func (c *call) reassignHost(map[string]string) *answer {
	var b struct {
		HostEmail  string
		MeetingIDs []string
	}
	if json.Unmarshal(c.body, &b) != nil || len(b.MeetingIDs) == 0 {
		return c.invalid("hostEmail and meetingIds are required.")
	}
	u := c.w.webex.user(b.HostEmail)
	if u == nil {
		return c.refusal(http.StatusForbidden, "The user is not qualified to be a host of the site.")
	}
	items, failed := []any{}, false
	for _, id := range b.MeetingIDs {
		met := c.w.webex.meetings[id]
		if met == nil || met.deleted || met.running {
			failed = true
			items = append(items, map[string]any{"meetingId": id, "httpStatus": http.StatusNotFound, "message": "The requested resource could not be found.",
				"errors": []map[string]string{{"description": "The meeting is not found."}}})
			continue
		}
		c.judgePatch(met)
		met.host.hosts = slices.DeleteFunc(met.host.hosts, func(o *meeting) bool { return o == met })
		met.host = u
		u.hosts = append(u.hosts, met)
		items = append(items, map[string]any{"meetingId": id, "httpStatus": http.StatusOK})
	}
	if !failed {
		return noContent()
	}
	a := c.webexJSON(map[string]any{"items": items})
	a.status = http.StatusMultiStatus
	return a
}

func (c *call) endMeeting(args map[string]string) *answer {
	met := c.w.webex.meetings[seriesID(args["meeting"])]
	if met == nil || met.deleted || !met.running {
		return c.refusal(http.StatusNotFound, "The meeting is not in progress.")
	}
	met.running = false
	return noContent()
}

func (c *call) listSites(map[string]string) *answer {
	if _, a := c.actor(c.r.URL.Query().Get("userEmail")); a != nil {
		return a
	}
	return c.webexJSON(map[string]any{"sites": []any{map[string]any{"siteUrl": c.w.webex.host, "default": true}}})
}

func (c *call) schedulingOptions(map[string]string) *answer {
	if _, a := c.actor(c.r.URL.Query().Get("userEmail")); a != nil {
		return a
	}
	return c.webexJSON(map[string]any{"enabledJoinBeforeHost": false, "joinBeforeHostMinutes": 0, "enabledAutoShareRecording": false,
		"enabledWebexAssistantByDefault": false, "delegateEmails": []string{}})
}

func (c *call) getPerson(args map[string]string) *answer {
	u := c.w.webex.byID[args["person"]]
	if u == nil {
		return c.refusal(http.StatusNotFound, "The requested resource could not be found.")
	}
	return c.webexJSON(u.json(c.w.webex.host, c.w.now()))
}

// listDirect finds the 1:1 space of the token's own account with somebody; of two others it cannot.
func (c *call) listDirect(map[string]string) *answer {
	email := c.r.URL.Query().Get("personEmail")
	for _, id := range sortedKeys(c.w.webex.spaces.rooms) {
		r := c.w.webex.spaces.rooms[id]
		if !r.direct || r.membership(c.me().email) == nil || r.membership(email) == nil || strings.EqualFold(email, c.me().email) {
			continue
		}
		items := []any{}
		for _, m := range slices.Backward(r.messages) {
			items = append(items, m.json(r, c.w.webex.user(m.From)))
		}
		return c.webexJSON(map[string]any{"items": items})
	}
	return c.refusal(http.StatusNotFound, "No direct room with this person was found.")
}

func (c *call) listOrganizations(map[string]string) *answer {
	return c.webexJSON(map[string]any{"items": []any{map[string]any{"id": organization, "displayName": "Simulated", "created": zulu(c.w.now())}}})
}
