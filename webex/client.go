// Package webex speaks with the Webex REST API: it finds, makes, changes and deletes meetings on behalf of their hosts, invites
// people to them, keeps spaces as itself, and reads Personal Rooms. Nobody else reads Webex's JSON.
//
// Every write says sendEmail=false: the calendar is the invitation. Host keys and PINs are in no struct here and so end with the
// answer they came in.
package webex

import (
	"net/http"

	"syncd/delta"
	"syncd/rest"
)

// Client speaks with one API root as one Service App.
type Client struct {
	rest *rest.Client
	self self
}

// New makes a client for an API root such as https://webexapis.com/v1.
func New(root string, transport http.RoundTripper, tokens rest.Tokens) (*Client, error) {
	client, err := rest.New(rest.Config{Vendor: "webex", Root: root, Transport: transport, Tokens: tokens, Kind: kindOf})
	if err != nil {
		return nil, err
	}
	return &Client{rest: client}, nil
}

// Share has all processes hear what one of them is told of the account's limits.
func (c *Client) Share(with rest.Pauses) { c.rest.Share("", with) }

// Requests counts the requests sent to Webex so far.
func (c *Client) Requests() int64 { return c.rest.Requests() }

// kindOf says what a refusal means to a sweep ("REST API Basics", error codes). A 404 that is not Webex's own says nothing
// about the meeting asked for.
func kindOf(status int, codes []string) error {
	switch {
	case status == http.StatusUnauthorized:
		return delta.ErrCredentials
	case status == http.StatusNotFound && len(codes) > 0:
		return delta.ErrGone
	case status == http.StatusForbidden:
		return delta.ErrAccess
	case status == http.StatusConflict:
		return delta.ErrConflict
	case status == http.StatusTooManyRequests, status == http.StatusLocked:
		return delta.ErrThrottled
	case status >= 500, status == http.StatusNotFound:
		return delta.ErrTrouble
	case status >= 300 && status < 400:
		return delta.ErrForeign
	default:
		return delta.ErrRefused
	}
}
