// Package graph speaks with Microsoft Graph and Entra: it fetches what changed in a calendar, reads and patches events, and
// knows what each refusal means. Nobody else reads Graph's JSON.
//
// Links in answers are followed only to the configured host, and within the mailbox they were asked of.
package graph

import (
	"net/http"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// Client speaks with one Graph root.
type Client struct{ rest *rest.Client }

// New makes a client for a Graph root such as https://graph.microsoft.com. The transport carries proxies, roots and pools.
func New(root string, transport http.RoundTripper, tokens rest.Tokens) (*Client, error) {
	client, err := rest.New(rest.Config{
		Vendor: "graph", Root: strings.TrimSuffix(root, "/") + "/v1.0", Transport: transport, Tokens: tokens, Kind: kindOf,
	})
	if err != nil {
		return nil, err
	}
	return &Client{client}, nil
}

// Requests counts the requests sent to Graph so far.
func (c *Client) Requests() int64 { return c.rest.Requests() }

// kindOf says what a refusal means to a sweep. Codes go before status (errors.md, "Error codes"; the threads that name the
// others).
func kindOf(status int, code string) error {
	switch code {
	case "syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata", "errorsyncfoldernotfound":
		return delta.ErrCursorExpired
	case "erroritemnotfound":
		return delta.ErrGone
	case "mailboxnotenabledforrestapi", "resourcenotfound", "request_resourcenotfound", "errorinvaliduser",
		"errornonexistentmailbox":
		return delta.ErrMailbox
	case "erroraccessdenied":
		return delta.ErrAccess
	case "authorization_requestdenied":
		return delta.ErrCredentials
	}
	switch {
	case status == http.StatusUnauthorized:
		return delta.ErrCredentials
	case status == http.StatusForbidden:
		return delta.ErrAccess
	case status == http.StatusGone:
		return delta.ErrCursorExpired
	case status == http.StatusPreconditionFailed, status == http.StatusConflict:
		return delta.ErrConflict
	case status == http.StatusTooManyRequests:
		return delta.ErrThrottled
	case status >= 500:
		return delta.ErrTrouble
	case status >= 300 && status < 400:
		return delta.ErrForeign
	default:
		return delta.ErrRefused
	}
}
