package webex

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// MaxInvite is how many people one request invites (Create Meeting Invitees).
const MaxInvite = 100

type inviteeJSON struct {
	ID     string   `json:"id"`
	Email  string   `json:"email"`
	Errors failures `json:"errors"`
}

func (i inviteeJSON) id() string { return i.ID }

func (i *inviteeJSON) check() error { return i.Errors.check("id", "email") }

// Invitees lists whom a meeting, series or occurrence invites.
func (c *Client) Invitees(ctx context.Context, host, meeting string) ([]delta.Invitee, error) {
	query := url.Values{"meetingId": {meeting}, "hostEmail": {host}, "max": {maxPage}}
	var found []delta.Invitee
	err := pages(ctx, c, c.rest.URL(query, "meetingInvitees"), func(items []inviteeJSON) bool {
		for _, i := range items {
			if i.ID != "" && i.Email != "" {
				found = append(found, delta.Invitee{ID: i.ID, Address: strings.ToLower(i.Email)})
			}
		}
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("listing invitees: %w", err)
	}
	return found, nil
}

// newInvitee is somebody to be invited. Names are left to Webex, which knows its own people better.
type newInvitee struct {
	Email     string `json:"email"`
	SendEmail bool   `json:"sendEmail"` // its default is true
}

// Invite invites up to [MaxInvite] people to a meeting, series or occurrence, and mails nobody. Where one of them is invited
// already, it is [delta.ErrConflict] and nobody was invited; where one cannot be, [delta.ErrRefused] and likewise.
func (c *Client) Invite(ctx context.Context, host, meeting string, addresses []string) error {
	body := struct {
		MeetingID string       `json:"meetingId"`
		HostEmail string       `json:"hostEmail"`
		Items     []newInvitee `json:"items"`
	}{MeetingID: meeting, HostEmail: host}
	for _, a := range addresses {
		body.Items = append(body.Items, newInvitee{Email: a})
	}
	call := rest.Call{Method: http.MethodPost, URL: c.rest.URL(nil, "meetingInvitees", "bulkInsert"), Body: body}
	if err := c.rest.Do(ctx, call); err != nil {
		return fmt.Errorf("inviting: %w", err)
	}
	return nil
}

// Uninvite takes an invitation back, and mails nobody. One that is not there is [delta.ErrGone].
func (c *Client) Uninvite(ctx context.Context, host, invitee string) error {
	query := url.Values{"hostEmail": {host}, "sendEmail": {"false"}}
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(query, "meetingInvitees", invitee)})
	if err != nil {
		return fmt.Errorf("taking an invitation back: %w", err)
	}
	return nil
}
