package webex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/rest"
)

// meetingJSON is a meeting as Webex answers, with the members that syncd reads (Create a Meeting, response).
type meetingJSON struct {
	ID           string        `json:"id"`
	Type         string        `json:"meetingType"`
	Number       string        `json:"meetingNumber"`
	Title        string        `json:"title"`
	Password     string        `json:"password"`
	DialPassword string        `json:"phoneAndVideoSystemPassword"`
	Start        string        `json:"start"`
	End          string        `json:"end"`
	Recurrence   string        `json:"recurrence"`
	Timezone     string        `json:"timezone"`
	HostEmail    string        `json:"hostEmail"`
	WebLink      string        `json:"webLink"`
	SIP          string        `json:"sipAddress"`
	DialInIP     string        `json:"dialInIpAddress"`
	Telephony    telephonyJSON `json:"telephony"`
	Tags         []string      `json:"integrationTags"`
	Errors       failures      `json:"errors"`
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
	return delta.Meeting{
		ID: m.ID, Host: m.HostEmail, Title: m.Title, Tags: m.Tags, Start: start, End: end, RRULE: m.Recurrence, Zone: m.Timezone,
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
	Recurrence any      `json:"recurrence,omitempty"` // a rule; what is left out stays, and only null ends it (Patch a Meeting)
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
		out.Timezone = r.Zone
		switch {
		case r.RRULE != "":
			out.Recurrence = r.RRULE
		case r.Single:
			out.Recurrence = json.RawMessage("null")
		}
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
	return m.check()
}

func (m meetingJSON) id() string { return m.ID }

// part reports an occurrence of a meeting, or one that was held, and not the meeting itself, with whose id its own begins.
func (m meetingJSON) part() bool {
	return (m.Type == "scheduledMeeting" || m.Type == "meeting") && strings.Contains(m.ID, "_")
}

// check refuses a meeting without an id, and one that Webex could not read to the end itself.
func (m *meetingJSON) check() error {
	if m.ID == "" {
		return rest.Plain("answer names no meeting")
	}
	if m.Errors["title"] != nil {
		m.Title = "" // what stands there is no title; it is written anew
	}
	return m.Errors.check("id", "meetingNumber", "password", "phoneAndVideoSystemPassword", "start", "end", "hostEmail", "webLink",
		"sipAddress", "dialInIpAddress", "telephony", "integrationTags")
}

// failures are the members of an answer that Webex could not read, by name ("REST API Basics", "Errors in List Results"). The
// answer is a 200, and what else is in it is valid.
type failures map[string]any

// check refuses an answer whose members that syncd acts on are among the failures.
func (f failures) check(names ...string) error {
	for _, name := range names {
		if f[name] != nil {
			return rest.Plain("answer is incomplete")
		}
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
