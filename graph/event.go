package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
	"syncd/parser"
	"syncd/recurrence"
)

// eventJSON is an event as Graph sends it, with the members that syncd reads; others are passed over (event.md).
type eventJSON struct {
	ETag       string                 `json:"@odata.etag"`
	Removed    *struct{}              `json:"@removed"`
	ID         string                 `json:"id"`
	Type       string                 `json:"type"`
	SeriesID   string                 `json:"seriesMasterId"`
	Original   string                 `json:"originalStart"`
	Modified   string                 `json:"lastModifiedDateTime"`
	Subject    string                 `json:"subject"`
	Body       *bodyJSON              `json:"body"`
	Location   jsontext.Value         `json:"location"`
	Locations  []locationJSON         `json:"locations"`
	Start      dateTimeJSON           `json:"start"`
	End        dateTimeJSON           `json:"end"`
	Zone       string                 `json:"originalStartTimeZone"`
	AllDay     bool                   `json:"isAllDay"`
	Cancelled  bool                   `json:"isCancelled"`
	Draft      bool                   `json:"isDraft"`
	Organizer  *bool                  `json:"isOrganizer"`
	Sensitive  string                 `json:"sensitivity"`
	Recurrence *recurrence.Recurrence `json:"recurrence"`
	Attendees  []attendeeJSON         `json:"attendees"`
	HideOthers bool                   `json:"hideAttendees"`
	Properties []propertyJSON         `json:"singleValueExtendedProperties"`
}

type bodyJSON struct {
	ContentType string `json:"contentType"`
	// Content stays as it came until it is known that somebody will look at it: it is nine tenths of a calendar.
	Content jsontext.Value `json:"content"`
}

type locationJSON struct {
	DisplayName string `json:"displayName"`
	Address     string `json:"locationEmailAddress"`
	URI         string `json:"locationUri"`
}

type dateTimeJSON struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

type attendeeJSON struct {
	Type         string `json:"type"`
	EmailAddress struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	} `json:"emailAddress"`
}

type propertyJSON struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// lenient reads what Exchange really sends: bodyPreview is cut in the middle of characters.
var lenient = jsonv2.JoinOptions(jsontext.AllowInvalidUTF8(true))

func (e *eventJSON) decode(_ http.Header, body io.Reader) error {
	if err := jsonv2.UnmarshalRead(body, e, lenient); err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	if e.ID == "" {
		return errors.New("reading an event: no id")
	}
	return nil
}

// event turns Graph's form into ours.
func (e *eventJSON) event() (delta.Event, error) {
	if e.Removed != nil {
		return delta.Event{ID: e.ID, Removed: true}, nil
	}
	out := delta.Event{
		ID: e.ID, ETag: e.ETag, Type: eventType(e.Type), SeriesID: e.SeriesID, Subject: e.Subject,
		Zone: e.Zone, AllDay: e.AllDay, Cancelled: e.Cancelled,
		Draft: e.Draft, Organizer: e.Organizer != nil && *e.Organizer, Private: private(e.Sensitive),
		Recurrence: e.Recurrence, HideOthers: e.HideOthers, Attendees: attendees(e.Attendees),
		Modified: timestamp(e.Modified), OriginalStart: timestamp(e.Original),
	}
	out.Bare = out.Type == delta.Occurrence && e.Organizer == nil && e.Body == nil
	var err error
	if out.Start, err = e.Start.time(); err != nil {
		return out, fmt.Errorf("event's start: %w", err)
	}
	if out.End, err = e.End.time(); err != nil {
		return out, fmt.Errorf("event's end: %w", err)
	}
	if out.Location, err = e.location(); err != nil {
		return out, fmt.Errorf("event's location: %w", err)
	}
	_, asks := parser.FindKeyword(out.Location.Text)
	if e.Body != nil && (asks || parser.MayHoldBlock(e.Body.Content)) {
		out.Body.HTML = !strings.EqualFold(e.Body.ContentType, "text")
		if err := jsonv2.Unmarshal(e.Body.Content, &out.Body.Content, lenient); err != nil {
			return out, fmt.Errorf("event's body: %w", err)
		}
	}
	return out, nil
}

// location reads where an event is. Of several places `location` is only a summary, and writing it would lose what is known of
// each.
func (e *eventJSON) location() (delta.Location, error) {
	var l locationJSON
	if len(e.Location) > 0 {
		if err := jsonv2.Unmarshal(e.Location, &l, lenient); err != nil {
			return delta.Location{}, err
		}
	}
	out := delta.Location{Text: l.DisplayName}
	known := func(l locationJSON) bool { return l.Address != "" || l.URI != "" }
	if strings.ContainsAny(l.DisplayName, "@:") && (len(e.Locations) <= 1 || !slices.ContainsFunc(e.Locations, known)) {
		out.Place = bytes.Clone(e.Location)
	}
	return out, nil
}

func eventType(s string) delta.Type {
	for _, t := range []delta.Type{delta.Single, delta.Master, delta.Occurrence, delta.Exception} {
		if strings.EqualFold(s, string(t)) {
			return t
		}
	}
	return delta.Type(s)
}

func private(sensitivity string) bool {
	return strings.EqualFold(sensitivity, "private") || strings.EqualFold(sensitivity, "confidential")
}

func attendees(list []attendeeJSON) []delta.Attendee {
	var out []delta.Attendee
	for _, a := range list {
		out = append(out, delta.Attendee{
			Address: strings.ToLower(a.EmailAddress.Address), Name: a.EmailAddress.Name, Type: strings.ToLower(a.Type),
		})
	}
	return out
}

// timestamp reads a time of Graph's; the year 1, which stands for "unknown", and text that is none give the zero time.
func timestamp(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}

// time reads a dateTimeTimeZone: a wall clock time of up to 7 fraction digits, in UTC as we ask for.
func (d dateTimeJSON) time() (time.Time, error) {
	zone, _, err := recurrence.Zone(d.TimeZone)
	if d.TimeZone == "" {
		zone, err = time.UTC, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	for _, layout := range []string{"2006-01-02T15:04:05.9999999", time.RFC3339Nano} {
		if t, err := time.ParseInLocation(layout, d.DateTime, zone); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time: %.40q", d.DateTime)
}

// patchJSON is what syncd writes into an event, and nothing else (event-update.md).
type patchJSON struct {
	Body       *patchBodyJSON  `json:"body,omitempty"`
	Location   json.RawMessage `json:"location,omitempty"`
	Properties []propertyJSON  `json:"singleValueExtendedProperties,omitempty"`
}

type patchBodyJSON struct {
	ContentType string `json:"contentType"`
	Content     string `json:"content"`
}

func encodePatch(p delta.Patch) patchJSON {
	var out patchJSON
	if p.Body != nil {
		out.Body = &patchBodyJSON{ContentType: "text", Content: p.Body.Content}
		if p.Body.HTML {
			out.Body.ContentType = "html"
		}
	}
	out.Location = p.Place
	if p.Mark != "" {
		out.Properties = append(out.Properties, propertyJSON{delta.MarkProperty, p.Mark})
	}
	if p.Tag != "" {
		out.Properties = append(out.Properties, propertyJSON{delta.TagProperty, p.Tag})
	}
	return out
}
