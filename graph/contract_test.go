package graph

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

// tokens gives the simulator's tokens out.
type tokens func() string

func (f tokens) Token(context.Context, string) (string, error) { return f(), nil }

// collect reads a round to its end.
func collect(ctx context.Context, c *Calendar, link string, start, end time.Time) (events []delta.Event, next string, err error) {
	for page, err := range c.Round(ctx, link, start, end) {
		if err != nil {
			return events, "", err
		}
		events = append(events, page.Events...)
		next = page.Link
	}
	return events, next, nil
}

func TestEveryRequestFitsTheVendorsDescription(t *testing.T) {
	world := simulator.New(simulator.Options{Seed: 7})
	alice := world.AddMailbox("alice@example.com")
	now := time.Now()
	for range 300 { // more than a page
		alice.Create(simulator.Draft{Subject: "Plans", Location: "@webex", Body: "<p>x</p>", HTML: true, Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)})
	}
	watch, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(simulator.GraphURL, watch.RoundTripper(world.Transport()), tokens(world.GraphToken))
	if err != nil {
		t.Fatal(err)
	}
	box, host, err := client.User(t.Context(), "Alice@example.com")
	if err != nil || host != "alice@example.com" || box.Address != "alice@example.com" || box.ID == "" {
		t.Fatalf("%+v %q %v", box, host, err)
	}
	c := client.Calendar(box)
	events, link, err := collect(t.Context(), c, "", now.Add(-24*time.Hour), now.Add(90*24*time.Hour))
	if err != nil || len(events) != 300 || link == "" {
		t.Fatalf("%d events, link %q, %v", len(events), link, err)
	}
	if _, _, err := collect(t.Context(), c, link, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	e, mark, err := c.Event(t.Context(), events[0].ID)
	if err != nil || mark != "" {
		t.Fatal(mark, err)
	}
	etag, modified, err := c.Patch(t.Context(), e.ID, e.ETag, delta.Patch{
		Body: &parser.Body{Content: e.Body.Content + "<p>y</p>", HTML: true}, Place: e.Location.Place, Mark: "mark 1", Tag: "tag1",
	})
	if err != nil || etag == "" || etag == e.ETag || modified.IsZero() {
		t.Fatalf("%q, %s, %v", etag, modified, err)
	}
	if _, mark, err = c.Event(t.Context(), e.ID); err != nil || mark != "mark 1" {
		t.Errorf("mark %q, %v", mark, err)
	}
	if _, _, err = c.Patch(t.Context(), e.ID, e.ETag, delta.Patch{Mark: "mark 2"}); !errors.Is(err, delta.ErrConflict) {
		t.Errorf("an old version: %v", err)
	}
	ids, err := c.IDs(t.Context())
	if err != nil || len(ids) != 300 {
		t.Errorf("%d ids, %v", len(ids), err)
	}
	if marked, err := c.Marked(t.Context(), "tag1"); err != nil || !slices.Equal(marked, []string{e.ID}) {
		t.Errorf("marked %v, %v", marked, err)
	}
	if ours, err := c.Ours(t.Context(), now); err != nil || !slices.Equal(ours, []string{e.ID}) {
		t.Errorf("ours %v, %v", ours, err)
	}
	if ours, err := c.Ours(t.Context(), now.Add(3*time.Hour)); err != nil || len(ours) != 0 {
		t.Errorf("ours that are not over %v, %v", ours, err)
	}
	if language, err := c.Language(t.Context()); err != nil || language == "" {
		t.Errorf("%q, %v", language, err)
	}
	if host, err := c.Host(t.Context()); err != nil || host != "alice@example.com" {
		t.Errorf("%q, %v", host, err)
	}
	if all, err := c.Addresses(t.Context()); err != nil || !slices.Equal(all, []string{"alice@example.com"}) {
		t.Errorf("%v, %v", all, err)
	}
	if _, _, err := c.Dropped(t.Context(), e.ID); err != nil {
		t.Error(err)
	}
	for p, err := range c.View(t.Context(), now.Add(-24*time.Hour), now.Add(90*24*time.Hour)) {
		if err != nil || len(p.Events) == 0 {
			t.Errorf("%d events, %v", len(p.Events), err)
		}
	}
	if err := watch.Err(); err != nil {
		t.Error(err)
	}
	if watch.Requests() < 15 {
		t.Errorf("only %d requests were checked", watch.Requests())
	}
}
