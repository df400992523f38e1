package rest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"syncd/delta"
	"syncd/rest"
)

const root = "https://vendor.example/v1"

// vendor answers requests within the process, one reply after the other; the last one is given again and again.
type vendor struct {
	mu      sync.Mutex
	replies []reply
	sent    []sent // what was asked
}

type reply func(*http.Request) (*http.Response, error)

type sent struct {
	at     time.Time
	method string
	url    string
	header http.Header
	body   string
}

func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	v.mu.Lock()
	v.sent = append(v.sent, sent{time.Now(), r.Method, r.URL.String(), r.Header.Clone(), body})
	next := v.replies[min(len(v.sent), len(v.replies))-1]
	v.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return next(r)
}

func (v *vendor) asked() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sent)
}

// says answers with a status, a body and header lines "Name: value". The body is JSON unless a header says otherwise.
func says(status int, body string, header ...string) reply {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		for _, line := range header {
			name, value, _ := strings.Cut(line, ": ")
			h.Set(name, value)
		}
		return &http.Response{
			StatusCode: status, Header: h, Request: r, ContentLength: -1, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	}
}

// cut answers and breaks off after the body.
func cut(status int, body string) reply {
	return func(r *http.Request) (*http.Response, error) {
		response, _ := says(status, "")(r)
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(body), broken{}))
		return response, nil
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func fails(err error) reply {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// fixed is a token that is never renewed.
type fixed string

func (f fixed) Token(_ context.Context, refused string) (string, error) {
	if refused != "" {
		return "", delta.ErrCredentials
	}
	return string(f), nil
}

func newClient(t *testing.T, transport http.RoundTripper, tokens rest.Tokens) *rest.Client {
	t.Helper()
	c, err := rest.New(rest.Config{Vendor: "vendor", Root: root, Transport: transport, Tokens: tokens, Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kind is a plain reading of statuses.
func kind(status int, codes []string) error {
	switch {
	case status == 401:
		return delta.ErrCredentials
	case status == 404 && len(codes) > 0:
		return delta.ErrGone
	case status == 429, status == 423:
		return delta.ErrThrottled
	case status >= 500, status == 404:
		return delta.ErrTrouble
	case status >= 300 && status < 400:
		return delta.ErrForeign
	}
	return delta.ErrRefused
}

type thing struct {
	Name  string `json:"name"`
	Other string `json:"other"`
}

// get reads a thing.
func get(ctx context.Context, c *rest.Client) (thing, error) {
	var answer thing
	err := c.Do(ctx, rest.Call{Method: "GET", URL: c.URL(nil, "things", "1"), Decode: rest.JSON(&answer)})
	return answer, err
}

// post writes a thing.
func post(ctx context.Context, c *rest.Client) error {
	var answer thing
	return c.Do(ctx, rest.Call{
		Method: "POST", URL: c.URL(nil, "things"), Body: map[string]string{"name": "new"}, Decode: rest.JSON(&answer),
	})
}

func remove(ctx context.Context, c *rest.Client) error {
	return c.Do(ctx, rest.Call{Method: "DELETE", URL: c.URL(nil, "things", "1")})
}

// is reports that err is of a kind.
func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func parse(t *testing.T, link string) *url.URL {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
