// Package graph speaks with Microsoft Graph and Entra: it fetches what changed in a calendar, reads and patches events, and
// knows what each refusal means. Nobody else reads Graph's JSON.
//
// Links in answers are followed only to the configured host, and within the mailbox they were asked of. Graph's limits are
// counted per mailbox, and so is what its Retry-After holds back.
package graph

import (
	"net/http"
	"strings"
	"sync"

	"syncd/delta"
	"syncd/rest"
)

// Client speaks with one Graph root.
type Client struct {
	rest    *rest.Client
	readers sync.Pool // of *reader: their buffers are used again
}

// New makes a client for a Graph root such as https://graph.microsoft.com. The transport carries proxies, roots and pools.
func New(root string, transport http.RoundTripper, tokens rest.Tokens) (*Client, error) {
	client, err := rest.New(rest.Config{
		Vendor: "graph", Root: strings.TrimSuffix(root, "/") + "/v1.0", Transport: transport, Tokens: tokens, Kind: kindOf,
	})
	if err != nil {
		return nil, err
	}
	return &Client{rest: client}, nil
}

// Share has all processes heed what one of them is told of the directory's limits, which are the tenant's.
func (c *Client) Share(with rest.Pauses) { c.rest.Share(directory, with) }

// Requests counts the requests sent to Graph so far.
func (c *Client) Requests() int64 { return c.rest.Requests() }

// kindOf says what a refusal means to a sweep (errors.md, "Error codes"; the threads that name the others). A status that says
// "not now" goes before codes, and of the codes the finest that means something to us counts. Without a code it is not Graph
// that refuses, but something on the way to it.
func kindOf(status int, codes []string) error {
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusLocked:
		return delta.ErrThrottled
	case status == http.StatusNotImplemented, status == http.StatusInsufficientStorage: // mailbox full
		return delta.ErrRefused
	case status >= 500, status == http.StatusRequestTimeout:
		return delta.ErrTrouble
	case status < 400:
		return delta.ErrForeign
	}
	for i := len(codes) - 1; i >= 0; i-- {
		if kind := kindOfCode(codes[i]); kind != nil {
			return kind
		}
	}
	switch status {
	case http.StatusUnauthorized:
		return delta.ErrCredentials
	case http.StatusGone:
		return delta.ErrCursorExpired
	case http.StatusPreconditionFailed, http.StatusConflict:
		return delta.ErrConflict
	case http.StatusForbidden:
		if len(codes) > 0 {
			return delta.ErrAccess
		}
		return delta.ErrTrouble
	case http.StatusNotFound:
		if len(codes) == 0 {
			return delta.ErrTrouble
		}
	}
	return delta.ErrRefused
}

func kindOfCode(code string) error {
	switch code {
	case "syncstatenotfound", "syncstateinvalid", "resyncrequired", "errorinvalidsyncstatedata", "errorsyncfoldernotfound":
		return delta.ErrCursorExpired
	case "erroritemnotfound":
		return delta.ErrGone
	case "mailboxnotenabledforrestapi", "resourcenotfound", "request_resourcenotfound", "errorinvaliduser",
		"errornonexistentmailbox", "extensionerror":
		return delta.ErrMailbox
	case "erroraccessdenied":
		return delta.ErrAccess
	case "authorization_requestdenied", "invalidauthenticationtoken":
		return delta.ErrCredentials
	}
	return nil
}
