package webex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/rest"
)

// meetingJSON is a meeting as Webex answers, with the members that syncd reads (Create a Meeting, response).
type meetingJSON struct {
	ID           string        `json:"id"`
	Number       string        `json:"meetingNumber"`
	Title        string        `json:"title"`
	Password     string        `json:"password"`
	DialPassword string        `json:"phoneAndVideoSystemPassword"`
	Start        string        `json:"start"`
	End          string        `json:"end"`
	HostEmail    string        `json:"hostEmail"`
	WebLink      string        `json:"webLink"`
	SIP          string        `json:"sipAddress"`
	DialInIP     string        `json:"dialInIpAddress"`
	Telephony    telephonyJSON `json:"telephony"`
	Tags         []string      `json:"integrationTags"`
	// Errors names the members that could not be had, inside a 200 (REST API Basics, partial failures).
	Errors map[string]any `json:"errors"`
}

type telephonyJSON struct {
	AccessCode string `json:"accessCode"`
	Numbers    []struct {
		Label  string `json:"label"`
		Number string `json:"callInNumber"`
		Toll   string `json:"tollType"`
	} `json:"callInNumbers"`
}

func (t telephonyJSON) phones() []parser.Phone {
	var out []parser.Phone
	for _, n := range t.Numbers {
		out = append(out, parser.Phone{Label: n.Label, Number: n.Number, Toll: n.Toll})
	}
	return out
}

func (m meetingJSON) meeting() delta.Meeting {
	start, _ := time.Parse(time.RFC3339, m.Start) // zero where Webex sent none
	end, _ := time.Parse(time.RFC3339, m.End)
	if m.Errors["title"] != nil {
		m.Title = ""
	}
	return delta.Meeting{
		ID: m.ID, Host: m.HostEmail, Title: m.Title, Tags: m.Tags, Start: start, End: end,
		Details: parser.Details{
			Link: m.WebLink, Number: m.Number, Password: m.Password, DialPassword: m.DialPassword,
			Video: m.SIP, VideoIP: m.DialInIP, Phones: m.Telephony.phones(),
		},
	}
}

// meetingRequest is what syncd asks of a meeting.
type meetingRequest struct {
	Title      string   `json:"title"`
	Agenda     string   `json:"agenda"`
	Start      string   `json:"start,omitempty"`
	End        string   `json:"end,omitempty"`
	Timezone   string   `json:"timezone,omitempty"`
	Recurrence string   `json:"recurrence,omitempty"`
	HostEmail  string   `json:"hostEmail"`
	SendEmail  bool     `json:"sendEmail"` // its default is true
	Tags       []string `json:"integrationTags,omitempty"`
}

func encodeRequest(r delta.MeetingRequest) meetingRequest {
	out := meetingRequest{Title: r.Title, Agenda: r.Agenda, HostEmail: r.Host, Tags: r.Tags}
	if r.Times {
		zone, err := time.LoadLocation(r.Zone)
		if err != nil {
			zone, r.Zone = time.UTC, "UTC"
		}
		out.Start, out.End = r.Start.In(zone).Format(time.RFC3339), r.End.In(zone).Format(time.RFC3339)
		out.Timezone, out.Recurrence = r.Zone, r.RRULE
	}
	return out
}

// Create makes a meeting. A lost answer is [delta.ErrUnclear]: there may be a meeting now, to be found by its tag. An organiser
// whom Webex does not know is [delta.ErrHost].
func (c *Client) Create(ctx context.Context, r delta.MeetingRequest) (delta.Meeting, error) {
	var answer meetingJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodPost, URL: c.rest.URL(nil, "meetings"), Body: encodeRequest(r), Decode: answer.decode,
	})
	if err != nil {
		return delta.Meeting{}, fmt.Errorf("making a meeting: %w", hostError(err))
	}
	return answer.meeting(), nil
}

// decode refuses an answer that names no meeting.
func (m *meetingJSON) decode(header http.Header, body io.Reader) error {
	if err := rest.JSON(m)(header, body); err != nil {
		return fmt.Errorf("reading a meeting: %w", err)
	}
	if m.ID == "" {
		return errors.New("reading a meeting: no id")
	}
	return nil
}

// hostError tells a refusal because of the host, who is unknown or has no licence, from others. Webex gives 403 or 404.
func hostError(err error) error {
	if errors.Is(err, delta.ErrAccess) || errors.Is(err, delta.ErrGone) {
		return fmt.Errorf("%w: %w", delta.ErrHost, err)
	}
	return err
}

// Meeting reads a meeting or series. One that Webex says does not exist is [delta.ErrGone].
func (c *Client) Meeting(ctx context.Context, host, id string) (delta.Meeting, error) {
	var answer meetingJSON
	query := url.Values{"hostEmail": {host}, "current": {"false"}}
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: c.rest.URL(query, "meetings", id), Decode: answer.decode})
	if err != nil {
		return delta.Meeting{}, fmt.Errorf("reading a meeting: %w", err)
	}
	return answer.meeting(), nil
}

// Tagged lists the meetings of a host that carry a tag and overlap a span of time, in the order of their ids. Left to
// itself the list would give ten single occurrences of the next seven days, and those that the host was invited to.
func (c *Client) Tagged(ctx context.Context, host, tag string, from, to time.Time) ([]delta.Meeting, error) {
	query := url.Values{
		"integrationTag": {tag}, "hostEmail": {host}, "meetingType": {"meetingSeries"}, "current": {"false"}, "max": {maxPage},
		"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)},
	}
	var found []delta.Meeting
	next := c.rest.URL(query, "meetings")
	for pages := 0; next != nil; pages++ {
		if pages == maxPages {
			return nil, fmt.Errorf("listing meetings: %w", delta.ErrLoop)
		}
		var answer struct {
			Items []meetingJSON `json:"items"`
		}
		var following *url.URL
		err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: next, Decode: func(h http.Header, body io.Reader) error {
			following = c.nextPage(h)
			return rest.JSON(&answer)(h, body)
		}})
		if err != nil {
			return nil, fmt.Errorf("listing meetings: %w", hostError(err))
		}
		for _, m := range answer.Items {
			if m.ID != "" && slices.Contains(m.Tags, tag) { // a list that ignores the tag would be everybody's meetings
				found = append(found, m.meeting())
			}
		}
		next = following
	}
	slices.SortFunc(found, func(a, b delta.Meeting) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// maxPages ends a list that leads nowhere.
const maxPages = 1000

// Update changes a meeting, a whole series, or one occurrence. Tags that are left out stay; those of an occurrence cannot be
// changed (Patch a Meeting).
func (c *Client) Update(ctx context.Context, id string, r delta.MeetingRequest) error {
	body := encodeRequest(r)
	var answer meetingJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodPatch, URL: c.rest.URL(nil, "meetings", id), Body: body, Decode: answer.decode,
	})
	if err != nil {
		return fmt.Errorf("changing a meeting: %w", err)
	}
	return nil
}

// Delete deletes a meeting. One that is gone already is [delta.ErrGone], one that has begun or ended [delta.ErrRefused].
func (c *Client) Delete(ctx context.Context, host, id string) error {
	query := url.Values{"hostEmail": {host}, "sendEmail": {"false"}}
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(query, "meetings", id)})
	if err != nil {
		return fmt.Errorf("deleting a meeting: %w", err)
	}
	return nil
}

// Room reads somebody's Personal Room. Where Webex does not know him the error is [delta.ErrHost]; where he has none, or may not show
// it, [delta.ErrNoRoom], which is one too.
func (c *Client) Room(ctx context.Context, host string) (parser.Details, error) {
	var answer struct {
		Link      string        `json:"personalMeetingRoomLink"`
		SIP       string        `json:"sipAddress"`
		DialInIP  string        `json:"dialInIpAddress"`
		Telephony telephonyJSON `json:"telephony"`
	}
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.rest.URL(url.Values{"userEmail": {host}}, "meetingPreferences", "personalMeetingRoom"),
		Decode: rest.JSON(&answer),
	})
	if err != nil {
		if errors.Is(err, delta.ErrAccess) {
			err = fmt.Errorf("%w: %w", delta.ErrNoRoom, err)
		}
		return parser.Details{}, fmt.Errorf("reading a Personal Room: %w", hostError(err))
	}
	return parser.Details{
		Room: true, Link: answer.Link, Number: answer.Telephony.AccessCode, Video: answer.SIP, VideoIP: answer.DialInIP,
		Phones: answer.Telephony.phones(),
	}, nil
}
