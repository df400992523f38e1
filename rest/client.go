// Package rest sends JSON requests to a vendor's API and tells what became of them. Both vendors' clients stand on it.
//
// A bearer token goes to the configured host and no other, over verified TLS; redirects are never followed. Reads are repeated a
// few times. A write is repeated only where the vendor says that it was not carried out (429); whenever its answer is lost, or
// the vendor failed while at it, the error is delta.ErrUnclear, and the caller has to look before it writes again.
//
// No error text holds an address, a body or a token: delta links and look-ups carry them.
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
	vendor   string   // for error texts
	root     *url.URL // without a slash at the end
	http     *http.Client
	tokens   Tokens
	kind     func(status int, code string) error
	policy   policy
	requests atomic.Int64
}

// Config is what makes a client.
type Config struct {
	Vendor    string // "graph", "webex"
	Root      string // https address of the API with its version
	Transport http.RoundTripper
	Tokens    Tokens
	// Kind says which of package delta's errors a refusal is. The code is in lower case, and "" where the body was not the
	// vendor's own JSON.
	Kind func(status int, code string) error
}

// New makes a client.
func New(c Config) (*Client, error) {
	u, err := url.Parse(strings.TrimSuffix(c.Root, "/"))
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%s_url %q is not an https address", c.Vendor, c.Root)
	}
	client := &Client{
		vendor: c.Vendor, root: u, tokens: c.Tokens, kind: c.Kind,
		http: NoRedirects(c.Transport),
	}
	client.policy.budget.Store(maxBudget)
	return client, nil
}

const (
	// requestTimeout bounds a request with its whole answer.
	requestTimeout = 90 * time.Second
	// maxAnswer bounds an answer after decompression. A page of 200 events with large bodies has some 6 MB.
	maxAnswer = 128 << 20
)

// NoRedirects is an HTTP client that follows no redirect.
func NoRedirects(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Root is the address of the API.
func (c *Client) Root() *url.URL { u := *c.root; return &u }

// Requests counts the requests sent so far.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Call is one request.
type Call struct {
	Method string
	URL    *url.URL // see [Client.URL]
	Header http.Header
	Body   any // sent as JSON; nil for none
	// Decode reads a 2xx answer; nil wants none.
	Decode func(header http.Header, body io.Reader) error
}

// JSON decodes an answer into v.
func JSON(v any) func(http.Header, io.Reader) error {
	return func(_ http.Header, body io.Reader) error { return json.NewDecoder(body).Decode(v) }
}

// Do sends a call, as often as is safe.
func (c *Client) Do(ctx context.Context, call Call) error {
	refusedToken := ""
	for try := 0; ; try++ {
		token, err := c.tokens.Token(ctx, refusedToken)
		if err != nil {
			return err
		}
		err = c.once(ctx, call, token)
		refused := new(Error)
		answered := errors.As(err, &refused)
		switch {
		case err == nil:
			c.policy.succeeded()
			return nil
		case answered && refused.Status == http.StatusUnauthorized && refusedToken == "":
			refusedToken = token
			continue
		case !repeatable(call.Method, err, refused.Status):
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
		return method == http.MethodGet && errors.Is(err, delta.ErrUnclear)
	case http.StatusTooManyRequests, http.StatusLocked:
		return true
	case 500, 502, 503, 504, 509:
		return method == http.MethodGet
	}
	return false
}

// fate says what a failure means once no repeat is left.
func (c *Client) fate(method string, err error, refused *Error) error {
	if refused.Status >= 500 && method != http.MethodGet {
		err = fmt.Errorf("%w: %w", delta.ErrUnclear, err) // 504 after the write was done has been seen
	}
	if refused.After > 0 {
		return &delta.LaterError{At: time.Now().Add(refused.After), Err: err}
	}
	return err
}

// once sends a call once.
func (c *Client) once(ctx context.Context, call Call, token string) error {
	request, err := c.request(ctx, call, token)
	if err != nil {
		return err
	}
	c.requests.Add(1)
	response, err := c.http.Do(request)
	if err != nil {
		return lost(ctx, err)
	}
	defer response.Body.Close()
	body := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode >= 300 {
		return c.readError(response, body)
	}
	switch {
	case call.Decode == nil && response.StatusCode == http.StatusNoContent:
	case !strings.Contains(response.Header.Get("Content-Type"), "json"):
		err = fmt.Errorf("answer is %.60q, not JSON", response.Header.Get("Content-Type"))
	case call.Decode != nil:
		err = call.Decode(response.Header, body)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body) // an answer counts when it is there to its end
	}
	if err != nil {
		return lost(ctx, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, call Call, token string) (*http.Request, error) {
	if call.URL.Scheme != c.root.Scheme || call.URL.Host != c.root.Host {
		return nil, fmt.Errorf("%w: to host %q", delta.ErrForeign, call.URL.Host)
	}
	var body io.Reader
	if call.Body != nil {
		raw, err := json.Marshal(call.Body)
		if err != nil {
			return nil, fmt.Errorf("encoding a request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, call.URL.String(), body)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", Cause(err))
	}
	if call.Header != nil {
		request.Header = call.Header.Clone()
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// lost is the error of a request whose answer did not arrive whole.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", delta.ErrUnclear, Cause(err))
}

// Cause leaves the address out of a transport's error.
func Cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// URL makes an address below the root of segments, each escaped by itself: ids hold '/', '+' and '='. Blanks in the query are
// written %20, since not every place takes '+' for one.
func (c *Client) URL(query url.Values, segments ...string) *url.URL {
	u := *c.root
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	u.Path = c.root.Path + "/" + strings.Join(segments, "/")
	u.RawPath = c.root.EscapedPath() + "/" + strings.Join(escaped, "/")
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return &u
}
