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

func (c *Client) readError(response *http.Response) error {
	const enough = 64 << 10
	e := &Error{Vendor: c.vendor, Status: response.StatusCode, After: retryAfter(response.Header)}
	var answer envelope
	raw, err := io.ReadAll(io.LimitReader(response.Body, enough))
	if err != nil || json.Unmarshal(raw, &answer) != nil {
		answer = envelope{}
	}
	tracking := response.Header.Get("trackingid")
	for _, id := range []string{response.Header.Get("request-id"), tracking, answer.TrackingID} {
		if e.RequestID == "" {
			e.RequestID = Word(id)
		}
	}
	codes := answer.codes()
	if len(codes) == 0 && answer.Message != nil && answer.TrackingID+tracking != "" { // else it is some gateway's message
		codes = []string{WebexBody}
	}
	if len(codes) > 0 {
		e.Code = codes[0]
	}
	for i := range codes {
		codes[i] = lower(codes[i])
	}
	e.Kind = c.kind(e.Status, codes)
	return e
}

// codes are the error codes of an answer, the finest last (errors.md).
func (a envelope) codes() []string {
	var oauth string
	if json.Unmarshal(a.Error, &oauth) == nil {
		return appendWord(nil, oauth)
	}
	var codes []string
	inner := a.Error
	for range maxNesting {
		var level struct {
			Code  json.RawMessage `json:"code"`
			Inner json.RawMessage `json:"innerError"`
		}
		if json.Unmarshal(inner, &level) != nil {
			break
		}
		var word string
		if json.Unmarshal(level.Code, &word) == nil {
			codes = appendWord(codes, word)
		}
		inner = level.Inner
	}
	return codes
}

// maxNesting is how deep in an error finer codes are looked for.
const maxNesting = 8

func appendWord(words []string, s string) []string {
	if s = Word(s); s == "" {
		return words
	}
	return append(words, s)
}

// Word keeps text that is no plain word, and so may be anything, out of logs. Tokens are longer than any word.
func Word(s string) string {
	const longest = 64
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r) {
			return ""
		}
	}
	if len(s) > longest {
		return ""
	}
	return s
}
