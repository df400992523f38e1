package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// batchItem is one request of a batch (microsoft-graph.md 5).
type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body"`
}

// batch serves up to 20 requests, each counted, throttled and struck by faults like any other. Answers come in any order; an item
// whose predecessor failed gets 424.
func (c *call) batch() *answer {
	var in struct {
		Requests []batchItem `json:"requests"`
	}
	bad := func(text string) *answer { return c.graphError(http.StatusBadRequest, "BadRequest", text) }
	if json.Unmarshal(c.body, &in) != nil {
		return bad("Invalid batch payload format.")
	}
	if len(in.Requests) == 0 || len(in.Requests) > 20 {
		return bad("Number of batch request steps must be 1 to 20.")
	}
	status := map[string]int{}
	answers := []batchAnswer{}
	for _, item := range in.Requests {
		if item.ID == "" || status[item.ID] != 0 {
			return bad("Every request must have an id of its own.")
		}
		if len(item.Body) > 0 && header(item.Headers, "Content-Type") == "" {
			return bad("Content-Type is required when there is a body.")
		}
		failed := slices.ContainsFunc(item.DependsOn, func(id string) bool { return status[id] < 200 || status[id] > 299 })
		a := batchAnswer{ID: item.ID, Status: http.StatusFailedDependency, Body: json.RawMessage(`{"error":{"code":"FailedDependency","message":"Failed Dependency"}}`)}
		if !failed {
			a = c.batched(item)
		}
		status[item.ID] = a.Status
		answers = append(answers, a)
	}
	c.w.mu.Lock()
	c.w.rng.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	c.w.mu.Unlock()
	return jsonAnswer(http.StatusOK, map[string]any{"responses": answers})
}

// batched does one item; what a client would see as a cut connection is a 504 here.
func (c *call) batched(item batchItem) batchAnswer {
	failure := func(status int, text string) batchAnswer {
		return batchAnswer{ID: item.ID, Status: status, Body: encode(map[string]any{"error": map[string]string{"code": "BadRequest", "message": text}})}
	}
	if strings.Contains(item.URL, "$batch") {
		return failure(http.StatusBadRequest, "Batches cannot be nested.")
	}
	r, err := http.NewRequestWithContext(c.r.Context(), item.Method, c.root+"/v1.0/"+strings.TrimPrefix(item.URL, "/"), bytes.NewReader(item.Body))
	if err != nil {
		return failure(http.StatusBadRequest, err.Error())
	}
	r.Header.Set("Authorization", c.r.Header.Get("Authorization"))
	for name, value := range item.Headers {
		r.Header.Set(name, value)
	}
	rec := &recorder{header: http.Header{}}
	rec.serve(service{w: c.w, name: Graph, route: routeGraph, batch: c.N}, r)
	if rec.status == 0 || rec.aborted {
		return failure(http.StatusGatewayTimeout, "The upstream service did not answer.")
	}
	a := batchAnswer{ID: item.ID, Status: rec.status, Headers: map[string]string{}}
	for name := range rec.header {
		a.Headers[name] = rec.header.Get(name)
	}
	switch body := rec.body.Bytes(); {
	case len(body) == 0:
	case json.Valid(body):
		a.Body = body
	default:
		a.Body = encode(base64.StdEncoding.EncodeToString(body))
	}
	return a
}

func header(h map[string]string, name string) string {
	for key, value := range h {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}
