// Package rest sends JSON requests to a vendor's API and tells what became of them. Both vendors' clients stand on it.
//
// A bearer token goes to the configured host and no other, over verified TLS; redirects are never followed. Reads are repeated a
// few times. A write is repeated only where the vendor says that it was not carried out (429, 423); whenever its answer is lost,
// or the vendor failed while at it, the error is delta.ErrUnclear, and the caller has to look before it writes again.
//
// Retry-After binds every request of its scope, whoever sends it: nobody asks before its time. A wait of up to half a minute is
// taken in place; a longer one is a delta.LaterError.
//
// No error text holds an address, a query, a body or a token: delta links and look-ups carry them. What a server says is shown
// only where it is a plain word.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"syncd/delta"
)

// Tokens gives bearer tokens.
type Tokens interface {
	// Token gives a token other than refused, which is "" or one that the vendor did not take.
	Token(ctx context.Context, refused string) (string, error)
}

// Client speaks with one API.
type Client struct {
	vendor    string   // for error texts
	root      *url.URL // without a slash at the end
	plainRoot string   // root as it stands at the head of a link, with a slash; "" where anything in it is escaped
	http      guard
	tokens    Tokens
	kind      func(status int, codes []string) error
	policy    policy
	gates     gates
	shared    shared
	requests  atomic.Int64
}

// Config is what makes a client.
type Config struct {
	Vendor    string // "graph", "webex"
	Root      string // https address of the API with its version
	Transport http.RoundTripper
	Tokens    Tokens
	// Kind says which of package delta's errors a refusal is. The codes are in lower case, the finest last; there are none where
	// the body was not the vendor's own JSON.
	Kind func(status int, codes []string) error
}

// New makes a client.
func New(c Config) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(c.Root, "/"))
	switch {
	case err != nil, u.Scheme != "https", u.Host == "", u.User != nil: // not shown: it may hold a password
		return nil, fmt.Errorf("%s_url is not a plain https address", c.Vendor)
	case u.RawQuery != "", u.Fragment != "", u.ForceQuery, badSegments(u.EscapedPath()):
		return nil, fmt.Errorf("%s_url is not the address of an API: it has more than a host and a path", c.Vendor)
	}
	u.Host = plainHost(u)
	client := &Client{vendor: c.Vendor, root: u, tokens: c.Tokens, kind: c.Kind, http: guarded(c.Transport, maxPage)}
	if u.RawPath == "" && u.EscapedPath() == u.Path {
		client.plainRoot = u.String() + "/"
	}
	client.policy.budget.Store(maxBudget)
	return client, nil
}

// Root is the address of the API.
func (c *Client) Root() *url.URL { u := *c.root; return &u }

// Requests counts the requests sent so far.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Call is one request.
type Call struct {
	Method string
	URL    *url.URL // see [Client.URL] and [Client.Follow]
	Header http.Header
	Body   any    // sent as JSON; nil for none
	Tokens Tokens // in place of the client's; nil for those
	// Scope names what the vendor's limits are counted for: a mailbox, or "" for the whole client. Retry-After binds a scope.
	Scope string
	// Told, if set, is told until when the vendor wants to be left alone, before anybody waits for it.
	Told func(ctx context.Context, until time.Time)
	// Decode reads a 2xx answer to its end, and begins anew each time: a first answer may have broken off in the middle. Nil
	// throws the answer away.
	Decode func(header http.Header, body io.Reader) error
}

// Do sends a call, as often as is safe.
func (c *Client) Do(ctx context.Context, call Call) error {
	refusedToken, tokens := "", c.tokens
	if call.Tokens != nil {
		tokens = call.Tokens
	}
	for try := 0; ; try++ {
		if err := c.heed(ctx, call.Scope); err != nil {
			return err
		}
		if err := c.gates.pass(ctx, call.Scope); err != nil {
			return err
		}
		token, err := tokens.Token(ctx, refusedToken)
		if err != nil {
			return err
		}
		if err = c.once(ctx, call, token); err == nil {
			c.policy.succeeded()
			return nil
		}
		refused := new(Error)
		if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized && refusedToken == "" {
			refusedToken = token
			continue
		}
		if refused.After > 0 {
			until := time.Now().Add(refused.After)
			c.gates.close(call.Scope, until, refused.Kind)
			if call.Told != nil {
				call.Told(ctx, until)
			}
			if err := c.tell(ctx, call.Scope, until); err != nil {
				return err
			}
		}
		if !repeatable(call.Method, err, refused.Status) {
			return c.fate(call.Method, err, refused)
		}
		wait, again := c.policy.next(try, refused.After)
		if !again {
			return c.fate(call.Method, err, refused)
		}
		if refused.Status == http.StatusServiceUnavailable {
			c.http.CloseIdleConnections() // Graph asks for another connection (best-practices-concept.md)
		}
		if err := Wait(ctx, wait); err != nil {
			return err
		}
	}
}

// repeatable reports whether a failed call may be sent again without looking: a read that may succeed, or a write that the
// vendor refused to begin. Status is 0 where no answer came.
func repeatable(method string, err error, status int) bool {
	switch status {
	case 0:
		return method == http.MethodGet && !errors.Is(err, errTooLarge) &&
			(errors.Is(err, delta.ErrUnclear) || errors.Is(err, delta.ErrTrouble))
	case http.StatusTooManyRequests, http.StatusLocked:
		return true
	}
	return method == http.MethodGet && vendorFailed(status)
}

// vendorFailed reports a status by which the vendor, or something on the way to it, failed while at the request.
func vendorFailed(status int) bool {
	switch status {
	case http.StatusRequestTimeout:
		return true
	case http.StatusNotImplemented, http.StatusInsufficientStorage: // these will not, however often they are asked
		return false
	}
	return status >= 500
}

// fate says what a failure means once no repeat is left.
func (c *Client) fate(method string, err error, refused *Error) error {
	if vendorFailed(refused.Status) && method != http.MethodGet {
		err = fmt.Errorf("%w: %w", delta.ErrUnclear, err) // 504 after the write was done has been seen
	}
	if refused.After > 0 {
		return &delta.LaterError{At: time.Now().Add(refused.After), Err: err}
	}
	return err
}

// once sends a call once. There are no redirects and no cookies, so it needs no http.Client; the time limit of one costs a
// goroutine and a timer for each request, that of a context only the timer.
func (c *Client) once(ctx context.Context, call Call, token string) error {
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := c.request(limited, call, token)
	if err != nil {
		return err
	}
	c.requests.Add(1)
	response, err := c.http.RoundTrip(request)
	if err != nil {
		return c.lost(ctx, call.Method, err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		err := c.readError(response)
		if ctx.Err() != nil && vendorFailed(response.StatusCode) {
			return c.lost(ctx, call.Method, err) // stopped within it
		}
		return err
	}
	if err := read(response, call.Decode); err != nil {
		return c.lost(ctx, call.Method, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, call Call, token string) (*http.Request, error) {
	if err := c.checkURL(call.URL); err != nil {
		return nil, err
	}
	var body io.Reader
	if call.Body != nil {
		raw, err := encode(call.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, "", body)
	if err != nil {
		return nil, fmt.Errorf("%w: no request can be made of this", delta.ErrRefused)
	}
	request.URL, request.Host = call.URL, call.URL.Host
	for name, values := range call.Header { // what is set below replaces values, and changes none
		if slices.ContainsFunc(values, hasControl) {
			return nil, fmt.Errorf("%w: a header with control characters", delta.ErrRefused)
		}
		request.Header[name] = values
	}
	if token == "" || hasControl(token) {
		return nil, fmt.Errorf("%w: the token is no token", delta.ErrCredentials)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// encode writes JSON and leaves '<', '>' and '&' as they are: escaped, a body of half of Graph's limit would be over it.
func encode(v any) ([]byte, error) {
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding a request: %w", err)
	}
	return raw.Bytes(), nil
}
