package webex

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncd/rest"
)

// What `syncd doctor` asks. None of these change anything.

// The scopes of a Service App that syncd needs for meetings and Personal Rooms, and further ones for spaces (README, step 4).
const (
	meetingScopes = "meeting:admin_schedule_read meeting:admin_schedule_write meeting:admin_preferences_read"
	spaceScopes   = "spark:people_read spark:rooms_read spark:rooms_write spark:memberships_read spark:memberships_write " +
		"spark:messages_read spark:messages_write"
)

// MeetingScopes lists what meetings need.
func MeetingScopes() []string { return strings.Fields(meetingScopes) }

// SpaceScopes lists what spaces need.
func SpaceScopes() []string { return strings.Fields(spaceScopes) }

// Scopes are those of the Service App's token, as Webex named them with the last refresh. known is false where it did not.
func (s *ServiceApp) Scopes(ctx context.Context) (scopes []string, known bool, err error) {
	g, err := s.load(ctx)
	if err != nil {
		return nil, false, err
	}
	scopes = strings.Fields(g.Scope)
	return scopes, len(scopes) > 0, nil
}

// Allowed asks whether the token may read what a scope stands for, by a call for the host where it needs one. asked is false for scopes
// of which that cannot be told without changing something.
func (c *Client) Allowed(ctx context.Context, scope, host string) (asked bool, err error) {
	var query url.Values
	var path []string
	now := time.Now().UTC()
	switch scope {
	case "spark:people_read":
		path = []string{"people", "me"}
	case "spark:rooms_read":
		path, query = []string{"rooms"}, url.Values{"max": {"1"}}
	case "meeting:admin_schedule_read":
		path, query = []string{"meetings"}, url.Values{
			"hostEmail": {host}, "meetingType": {"meetingSeries"}, "current": {"false"}, "max": {"1"},
			"from": {now.Format(time.RFC3339)}, "to": {now.Add(time.Hour).Format(time.RFC3339)},
		}
	}
	if path == nil || query.Has("hostEmail") && host == "" {
		return false, nil
	}
	err = c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: c.rest.URL(query, path...), Decode: rest.JSON(&struct{}{})})
	if err != nil {
		return true, fmt.Errorf("asking for %s: %w", path[0], err)
	}
	return true, nil
}
