package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// linkParameters come with links that a service hands out, which a client follows verbatim.
var linkParameters = []string{"$skiptoken", "$deltatoken", "$skip", "cursor"}

// extras are operations that the reference describes and the subsets lack.
var extras = []string{
	"POST access_token",                         // OAuth of Webex
	"POST users/*/translateExchangeIds",         // microsoft-graph.md 2.4
	"GET users/*/mailboxSettings/*",             // 4.4
	"GET groups",                                // group-list.md
	"GET groups/*/members",                      // enrolling a group
	"GET groups/*/transitiveMembers",            //
	"GET groups/*/members/microsoft.graph.user", //
	"GET groups/*/transitiveMembers/microsoft.graph.user",
}

func extra(method string, path []string) bool {
	return slices.ContainsFunc(extras, func(e string) bool {
		m, pattern, _ := strings.Cut(e, " ")
		parts := strings.Split(pattern, "/")
		return m == method && slices.EqualFunc(parts, path, func(part, segment string) bool { return part == "*" || part == segment })
	})
}

// body refuses members that are not described, one level deep and in lists of objects. Where the description names only a JSON
// Patch type although the bodies are plain objects (PATCH of a Webex meeting), plain JSON is right.
func (c *Checker) body(r *http.Request, op *openapi3.Operation, data []byte) error {
	content := op.RequestBody.Value.Content
	media := content.Get("application/json")
	if media == nil {
		if media = content.Get("application/json-patch+json"); media != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			r.Header.Set("Content-Type", "application/json-patch+json")
		}
	}
	if media == nil || media.Schema == nil || len(data) == 0 {
		return nil
	}
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	return unknown(value, media.Schema, "")
}

// unknown finds the first member that the schema does not name.
func unknown(value any, ref *openapi3.SchemaRef, at string) error {
	switch v := value.(type) {
	case []any:
		if ref.Value.Items == nil {
			return nil
		}
		for i, one := range v {
			if err := unknown(one, ref.Value.Items, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		members := map[string]*openapi3.SchemaRef{}
		gather(ref, members)
		if len(members) == 0 {
			return nil
		}
		for name, one := range v {
			member, ok := members[name]
			if !ok && !strings.HasPrefix(name, "@odata.") {
				return fmt.Errorf("member %s.%s is not described", at, name)
			}
			if ok {
				if err := unknown(one, member, at+"."+name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// gather collects the properties of a schema and of all that it is made of.
func gather(ref *openapi3.SchemaRef, into map[string]*openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil {
		return
	}
	for name, property := range ref.Value.Properties {
		into[name] = property
	}
	for _, part := range slices.Concat(ref.Value.AllOf, ref.Value.AnyOf, ref.Value.OneOf) {
		gather(part, into)
	}
}

// batch checks the requests within a batch.
func (c *Checker) batch(outer *http.Request, body []byte) {
	var in struct {
		Requests []struct {
			Method, URL string
			Headers     map[string]string
			Body        json.RawMessage
		}
	}
	if json.Unmarshal(body, &in) != nil {
		return // told already
	}
	for _, item := range in.Requests {
		r, err := http.NewRequest(item.Method, "https://"+outer.Host+"/v1.0"+item.URL, bytes.NewReader(item.Body))
		if err != nil {
			c.add(fmt.Errorf("an item of a batch: %w", err))
			continue
		}
		for name, value := range item.Headers {
			r.Header.Set(name, value)
		}
		c.Request(r, item.Body)
	}
}

// answer holds a successful answer against the description.
func (c *Checker) answer(input *openapi3filter.RequestValidationInput, rec *httptest.ResponseRecorder) {
	if input == nil || rec.Code < 200 || rec.Code > 299 {
		return
	}
	var out any
	if rec.Body.Len() > 0 && json.Unmarshal(rec.Body.Bytes(), &out) != nil {
		c.add(fmt.Errorf("%s %s: the answer is not JSON", input.Request.Method, input.Route.Path))
		return
	}
	responses := input.Route.Operation.Responses
	ref := responses.Status(rec.Code)
	if ref == nil {
		ref = responses.Value("2XX")
	}
	if ref == nil {
		c.add(fmt.Errorf("%s %s: status %d is not described", input.Request.Method, input.Route.Path, rec.Code))
		return
	}
	for _, media := range ref.Value.Content {
		if media.Schema == nil {
			continue
		}
		err := media.Schema.Value.VisitJSON(out, openapi3.MultiErrors(), openapi3.VisitAsResponse())
		c.add(prefixed("answer to "+input.Request.Method+" "+input.Route.Path, tolerable(err)))
	}
}
