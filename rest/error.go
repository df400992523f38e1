package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Error is a vendor's refusal. It wraps one of the kinds that package delta declares.
type Error struct {
	Vendor    string
	Status    int
	Code      string        // Graph's error code, Webex's or OAuth's error word; "" where the body was not the vendor's
	RequestID string        // the vendor's name for the request, for a support call
	After     time.Duration // from Retry-After; 0 for none
	Kind      error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s answered %d", e.Vendor, e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

func (e *Error) Unwrap() error { return e.Kind }

// envelope is what both vendors' error bodies have: Graph's {"error":{"code"}}, Webex's {"message","errors","trackingId"},
// OAuth's {"error":"word"}.
type envelope struct {
	Error      json.RawMessage `json:"error"`
	Message    *string         `json:"message"`
	TrackingID string          `json:"trackingId"`
}

// WebexBody stands for the code of a refusal in Webex's own form, which has none.
const WebexBody = "webex"

func (c *Client) readError(response *http.Response, body io.Reader) error {
	const enough = 64 << 10
	e := &Error{Vendor: c.vendor, Status: response.StatusCode, After: RetryAfter(response.Header.Get("Retry-After"), time.Now())}
	var answer envelope
	if raw, err := io.ReadAll(io.LimitReader(body, enough)); err == nil && json.Unmarshal(raw, &answer) == nil {
		e.Code = answer.code()
	}
	for _, id := range []string{response.Header.Get("request-id"), response.Header.Get("trackingid"), answer.TrackingID} {
		if e.RequestID == "" {
			e.RequestID = Word(id)
		}
	}
	e.Kind = c.kind(e.Status, strings.ToLower(e.Code))
	return e
}

func (a envelope) code() string {
	var graph struct {
		Code string `json:"code"`
	}
	var oauth string
	switch {
	case json.Unmarshal(a.Error, &graph) == nil:
		return Word(graph.Code)
	case json.Unmarshal(a.Error, &oauth) == nil:
		return Word(oauth)
	case a.Message != nil:
		return WebexBody
	}
	return ""
}

// Word keeps text that is no plain word, and so may be anything, out of logs.
func Word(s string) string {
	const longest = 80
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r) {
			return ""
		}
	}
	return s[:min(len(s), longest)]
}
