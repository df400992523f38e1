package webex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"syncd/delta"
	"syncd/parser"
	"syncd/rest"
)

// Room reads somebody's Personal Room. Where Webex does not know him the error is [delta.ErrHost]; where he has none, or may not show
// it, [delta.ErrNoRoom], which is one too.
func (c *Client) Room(ctx context.Context, host string) (parser.Details, error) {
	var answer roomJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.rest.URL(url.Values{"userEmail": {host}}, "meetingPreferences", "personalMeetingRoom"),
		Decode: answer.decode,
	})
	if errors.Is(err, delta.ErrAccess) {
		err = fmt.Errorf("%w: %w", delta.ErrNoRoom, err)
	}
	if err != nil {
		return parser.Details{}, fmt.Errorf("reading a Personal Room: %w", hostError(err))
	}
	return parser.Details{
		Room: true, Link: answer.Link, Number: answer.Telephony.AccessCode, Video: answer.SIP, VideoIP: answer.DialInIP,
		Phones: answer.Telephony.phones(),
	}, nil
}

// roomJSON is a Personal Room with the members that syncd reads (Get Personal Meeting Room Options). Its hostPin is not.
type roomJSON struct {
	Link      string        `json:"personalMeetingRoomLink"`
	SIP       string        `json:"sipAddress"`
	DialInIP  string        `json:"dialInIpAddress"`
	Telephony telephonyJSON `json:"telephony"`
	Errors    failures      `json:"errors"`
}

func (r *roomJSON) decode(header http.Header, body io.Reader) error {
	if err := rest.JSON(r)(header, body); err != nil {
		return err
	}
	if r.Link == "" {
		return rest.Plain("answer names no Personal Room")
	}
	return r.Errors.check("personalMeetingRoomLink", "sipAddress", "dialInIpAddress", "telephony")
}
