// Package openapi holds requests to Graph and Webex, and their answers, against the vendors' own API descriptions.
//
// A Checker wraps a client's transport or a service's handler and records everything that the descriptions do not know: paths,
// query parameters, members of bodies, wrong types, enum values, missing parameters. It changes nothing on the way. The
// descriptions are subsets kept in testdata; what they lack although the reference has it (extras.go) is let through.
//
// It is for tests: nothing of the program imports it.
package openapi

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed testdata/graph-v1.0-subset.yaml
var graphYAML []byte

//go:embed testdata/webex-subset.json
var webexJSON []byte

// Checker records what does not fit. It is safe for concurrent use.
type Checker struct {
	graph, webex *openapi3.T

	mu       sync.Mutex
	found    []error // guarded by mu
	requests int     // guarded by mu; how many were held against a description
}

// New makes a checker that has found nothing yet.
func New() (*Checker, error) {
	both, err := descriptions()
	if err != nil {
		return nil, err
	}
	return &Checker{graph: both[0], webex: both[1]}, nil
}

// descriptions are read once; they are never changed.
var descriptions = sync.OnceValues(func() (both [2]*openapi3.T, err error) {
	if both[0], err = read(graphYAML); err != nil {
		return both, fmt.Errorf("reading the description of Graph: %w", err)
	}
	if both[1], err = read(webexJSON); err != nil {
		return both, fmt.Errorf("reading the description of Webex: %w", err)
	}
	return both, nil
})

func read(data []byte) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // any host will do
	for _, schema := range doc.Components.Schemas {
		for _, member := range schema.Value.Properties {
			if strings.Contains(member.Value.Description, "can be specified `null`") { // the text says so, and the schema does not
				member.Value.Nullable = true
			}
		}
	}
	return doc, nil
}

// Err tells everything that did not fit, and nil when all did.
func (c *Checker) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.found...)
}

// Requests tells how many requests were held against a description: a check of nothing is no check.
func (c *Checker) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

func (c *Checker) add(err error) {
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.found) < 100 {
		c.found = append(c.found, err)
	}
}

// RoundTripper checks each request before next sends it.
func (c *Checker) RoundTripper(next http.RoundTripper) http.RoundTripper {
	return transport{c, next}
}

type transport struct {
	c    *Checker
	next http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := drain(&r.Body)
	if err != nil {
		return nil, err
	}
	t.c.Request(r, body)
	return t.next.RoundTrip(r)
}

// Handler checks each request before next serves it, and next's answers of 2xx after.
func (c *Checker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := drain(&r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		input := c.Request(r, body)
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		c.answer(input, rec)
		for key, values := range rec.Header() {
			rw.Header()[key] = values
		}
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(rec.Body.Bytes())
	})
}

// Watch checks each request before next serves it. Answers go out as next writes them, cut and broken ones too.
func (c *Checker) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := drain(&r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the caller is gone
		}
		c.Request(r, body)
		next.ServeHTTP(rw, r)
	})
}

// drain reads a body and puts it back.
func drain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(*body)
	if err != nil {
		return nil, err
	}
	if err := (*body).Close(); err != nil {
		return nil, err
	}
	*body = io.NopCloser(bytes.NewReader(data))
	return data, nil
}

// Request holds one request against the description of its service.
func (c *Checker) Request(r *http.Request, body []byte) *openapi3filter.RequestValidationInput {
	doc, path := c.service(r.URL)
	if doc == nil || extra(r.Method, path) {
		return nil
	}
	name := r.Method + " " + strings.Join(path, "/")
	template, item, params := match(doc, path)
	var op *openapi3.Operation
	if item != nil {
		op = item.GetOperation(r.Method)
	}
	if op == nil {
		c.add(fmt.Errorf("%s: the description has no such operation", name))
		return nil
	}
	c.mu.Lock()
	c.requests++
	c.mu.Unlock()
	in := r.Clone(context.Background())
	in.Body = io.NopCloser(bytes.NewReader(body))
	c.add(prefixed(name, query(in, item, op)))
	if op.RequestBody != nil {
		c.add(prefixed(name, c.body(in, op, body)))
	} else if len(body) > 0 {
		c.add(fmt.Errorf("%s: a body where none is described", name))
	}
	input := &openapi3filter.RequestValidationInput{
		Request: in, PathParams: params, QueryParams: in.URL.Query(),
		Route:   &routers.Route{Spec: doc, Path: template, PathItem: item, Method: r.Method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	c.add(prefixed(name, openapi3filter.ValidateRequest(context.Background(), input)))
	if template == "/$batch" {
		c.batch(r, body)
	}
	return input
}

func prefixed(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// service tells which description a URL belongs to, and the path within it.
func (c *Checker) service(u *url.URL) (*openapi3.T, []string) {
	path := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i, segment := range path {
		if plain, err := url.PathUnescape(segment); err == nil {
			path[i] = plain
		}
	}
	switch path[0] {
	case "v1.0":
		if last := &path[len(path)-1]; *last == "delta()" || *last == "microsoft.graph.delta()" {
			*last = "delta"
		}
		return c.graph, path[1:]
	case "v1":
		return c.webex, path[1:]
	}
	return nil, nil // Entra has no description
}

// match finds the path template with the most literal segments that fits.
func match(doc *openapi3.T, path []string) (string, *openapi3.PathItem, map[string]string) {
	best, bestLiterals, bestParams := "", -1, map[string]string(nil)
	for template := range doc.Paths.Map() {
		parts := strings.Split(strings.Trim(template, "/"), "/")
		if len(parts) != len(path) {
			continue
		}
		literals, params := 0, map[string]string{}
		for i, part := range parts {
			if strings.HasPrefix(part, "{") {
				params[strings.Trim(part, "{}")] = path[i]
			} else if part == path[i] {
				literals++
			} else {
				literals = -1
				break
			}
		}
		if literals > bestLiterals {
			best, bestLiterals, bestParams = template, literals, params
		}
	}
	if bestLiterals < 0 {
		return "", nil, nil
	}
	return best, doc.Paths.Value(best), bestParams
}

// query refuses parameters that are not described. Links of delta rounds carry their window in a token, so for them what the
// description requires is filled in.
func query(r *http.Request, item *openapi3.PathItem, op *openapi3.Operation) error {
	known := slices.Clone(linkParameters)
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		if p.Value.In == openapi3.ParameterInQuery {
			known = append(known, p.Value.Name)
		}
	}
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains(known, name) {
			return fmt.Errorf("query parameter %s is not described", name)
		}
	}
	if q.Has("$skiptoken") || q.Has("$deltatoken") {
		for _, name := range []string{"startDateTime", "endDateTime"} {
			if slices.Contains(known, name) && !q.Has(name) {
				q.Set(name, "2026-01-01T00:00:00Z")
			}
		}
		r.URL.RawQuery = q.Encode()
	}
	return nil
}
