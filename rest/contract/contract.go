// Package contract holds requests against a vendor's published OpenAPI description. It is for tests: nothing else imports it.
//
// It is stricter than the descriptions: a query parameter or a member of a body that they do not name is an error, since a
// misspelt one would be passed over in silence by the vendor.
package contract

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Spec is a description of an API.
type Spec struct{ router routers.Router }

// Load reads a description (YAML or JSON) for the API at a root address.
func Load(path, root string) (*Spec, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	doc.Servers = openapi3.Servers{{URL: root}}
	doc.Security = nil
	for _, item := range doc.Paths.Map() {
		item.Servers = nil
		for _, operation := range item.Operations() {
			operation.Security = nil
			if operation.RequestBody == nil {
				continue
			}
			content := operation.RequestBody.Value.Content
			// Webex prints a merge of plain JSON under the name of JSON Patch.
			if patch := content["application/json-patch+json"]; patch != nil && content["application/json"] == nil {
				content["application/json"] = patch
			}
			for _, media := range content {
				closeObject(media.Schema, 0)
			}
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return &Spec{router}, nil
}

// closeObject takes no members that the schema does not name.
func closeObject(ref *openapi3.SchemaRef, depth int) {
	const deepest = 6
	if ref == nil || ref.Value == nil || depth > deepest {
		return
	}
	// Graph's description writes "this type, or null" as a choice between it and an object of any kind.
	if choice := ref.Value.AnyOf; len(choice) == 2 && choice[1].Value.Nullable && len(choice[1].Value.Properties) == 0 {
		only := *choice[0].Value
		only.Nullable = true
		ref.Value = &only
	}
	schema := ref.Value
	gather(schema)
	for _, property := range schema.Properties {
		closeObject(property, depth+1)
	}
	closeObject(schema.Items, depth+1)
	if len(schema.Properties) > 0 && len(schema.AnyOf)+len(schema.OneOf) == 0 {
		no := false
		schema.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
	}
}

// gather makes one object of a type and those it is derived from.
func gather(schema *openapi3.Schema) {
	for _, part := range schema.AllOf {
		gather(part.Value)
		for name, property := range part.Value.Properties {
			if schema.Properties == nil {
				schema.Properties = openapi3.Schemas{}
			}
			schema.Properties[name] = property
		}
		schema.Required = append(schema.Required, part.Value.Required...)
	}
	schema.AllOf = nil
}

// Check says what is wrong with a request. Its body can be read again afterwards.
func (s *Spec) Check(r *http.Request) (operation string, err error) {
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		return "", fmt.Errorf("%s %s is not described: %w", r.Method, r.URL.Path, err)
	}
	operation = r.Method + " " + route.Path
	if err := known(route, r.URL.Query()); err != nil {
		return operation, fmt.Errorf("%s: %w", operation, err)
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		return operation, fmt.Errorf("%s: %w", operation, err)
	}
	return operation, nil
}

// known reports query parameters that the description does not name.
func known(route *routers.Route, query url.Values) error {
	var names []string
	for _, list := range []openapi3.Parameters{route.PathItem.Parameters, route.Operation.Parameters} {
		for _, p := range list {
			if p.Value.In == openapi3.ParameterInQuery {
				names = append(names, p.Value.Name)
			}
		}
	}
	for name := range query {
		if !slices.Contains(names, name) {
			return fmt.Errorf("query parameter %q is not described, only %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// Watch checks every request on its way to next.
type Watch struct {
	Spec *Spec
	Next http.RoundTripper
	T    testing.TB
	// Skip, if set, leaves requests alone: links that the vendor made.
	Skip func(*http.Request) bool

	mu   sync.Mutex
	seen map[string]int // guarded by mu
}

// RoundTrip implements [http.RoundTripper].
func (w *Watch) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.Skip == nil || !w.Skip(r) {
		operation, err := w.check(r)
		if err != nil {
			w.T.Errorf("a request does not fit the vendor's description: %v", err)
		}
		w.mu.Lock()
		if w.seen == nil {
			w.seen = map[string]int{}
		}
		w.seen[operation]++
		w.mu.Unlock()
	}
	return w.Next.RoundTrip(r)
}

func (w *Watch) check(r *http.Request) (string, error) {
	copied := r.Clone(context.WithoutCancel(r.Context()))
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return "", err
		}
		r.Body, copied.Body = io.NopCloser(bytes.NewReader(raw)), io.NopCloser(bytes.NewReader(raw))
	}
	return w.Spec.Check(copied)
}

// Seen lists the operations that were asked for, sorted.
func (w *Watch) Seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for operation := range w.seen {
		all = append(all, operation)
	}
	slices.Sort(all)
	return all
}
