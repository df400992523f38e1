package webex

import (
	"context"
	"errors"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

// safe keeps tokens as package vault does.
type safe struct {
	stored []byte
	err    error
	writes int
	dies   time.Time // the refresh token, as noted
}

func (s *safe) LoadTokens(context.Context) ([][]byte, error) {
	if s.stored == nil {
		return nil, s.err
	}
	return [][]byte{s.stored}, s.err
}

// KeepToken has nothing to do: there is one place.
func (s *safe) KeepToken(context.Context, []byte) (bool, error) { return false, nil }

func (s *safe) StoreToken(_ context.Context, tokens []byte) error {
	if s.err == nil {
		s.stored, s.writes = tokens, s.writes+1
	}
	return s.err
}

// LockToken finds nobody else at it.
func (s *safe) LockToken(context.Context, time.Duration) (unlock func(), ok bool, err error) {
	return func() {}, true, nil
}

func (s *safe) NoteToken(_ context.Context, expires time.Time, _ bool) error {
	s.dies = expires
	return nil
}

func TestEveryRequestFitsTheVendorsDescription(t *testing.T) {
	world := simulator.New(simulator.Options{Seed: 7})
	world.AddMailbox("alice@example.com")
	watch, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	transport := watch.RoundTripper(world.Transport())
	id, secret, refresh := world.ServiceApp()
	client, err := New(simulator.WebexURL, transport, NewServiceApp(simulator.WebexURL, id, secret, refresh, transport, &safe{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(24 * time.Hour).Truncate(time.Minute).UTC()
	request := delta.MeetingRequest{
		Host: "alice@example.com", Title: "Plans & <more>", Agenda: "Ünïcode", Start: start, End: start.Add(time.Hour), Zone: "Europe/Berlin",
		Tags: []string{"tag one", "tag two"}, Times: true,
	}
	single, err := client.Create(t.Context(), request)
	if err != nil || single.ID == "" || single.Details.Link == "" || single.Details.Password == "" || !single.Start.Equal(start) || len(single.Tags) != 2 {
		t.Fatalf("%+v, %v", single, err)
	}
	daily := request
	daily.RRULE, daily.Start, daily.End = "FREQ=DAILY;INTERVAL=1;COUNT=3", start.Add(2*time.Hour), start.Add(3*time.Hour)
	daily.Tags = []string{"tag two"}
	series, err := client.Create(t.Context(), daily)
	if err != nil {
		t.Fatal(err)
	}
	for range 120 { // more than a page
		more := request
		more.Tags = []string{"many"}
		if _, err := client.Create(t.Context(), more); err != nil && !errors.Is(err, delta.ErrThrottled) {
			t.Fatal(err)
		}
	}

	list := func(tag string) []string {
		t.Helper()
		found, err := client.Tagged(t.Context(), "alice@example.com", tag, start.Add(-24*time.Hour), start.Add(30*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range found {
			ids = append(ids, m.ID)
		}
		return ids
	}
	if one, two, none := list("tag one"), list("tag two"), list("tag"); len(one) != 1 || len(two) != 2 || len(none) != 0 || one[0] != single.ID {
		t.Errorf("found %v, %v, %v", one, two, none)
	}
	made := len(world.Live()) - 2
	if many := list("many"); len(many) != made || made <= 100 {
		t.Errorf("found %d of %d", len(many), made)
	}
	world.SetQuirks(func(q *simulator.Quirks) { q.EmptyListPage, q.MaxNull = 1, true })
	if many := list("many"); len(many) != made {
		t.Errorf("found %d of %d behind an empty page", len(many), made)
	}
	world.SetQuirks(func(q *simulator.Quirks) { q.EmptyListPage, q.ListedTwice = 0, 1 })
	if many := list("many"); len(many) != made {
		t.Errorf("found %d of %d where one is listed twice", len(many), made)
	}

	request.Title, request.Start, request.End = "Moved", start.Add(time.Hour), start.Add(2*time.Hour)
	if err := client.Update(t.Context(), single.ID, request); err != nil {
		t.Error(err)
	}
	request.Title, request.Times, request.Tags = "Renamed", false, nil
	if err := client.Update(t.Context(), single.ID, request); err != nil {
		t.Error(err)
	}
	got, err := client.Meeting(t.Context(), "alice@example.com", single.ID)
	if err != nil || got.Title != "Renamed" || !got.Start.Equal(start.Add(time.Hour)) || len(got.Tags) != 2 || got.Details.Link != single.Details.Link {
		t.Errorf("%+v, %v", got, err)
	}
	room, err := client.Room(t.Context(), "alice@example.com")
	if err != nil || !room.Room || room.Link != world.PersonalRoom("alice@example.com") {
		t.Errorf("%+v, %v", room, err)
	}
	if _, err := client.Room(t.Context(), "nobody@example.com"); !errors.Is(err, delta.ErrHost) {
		t.Errorf("the room of nobody: %v", err)
	}
	if err := client.Delete(t.Context(), "alice@example.com", series.ID); err != nil {
		t.Error(err)
	}
	if err := client.Delete(t.Context(), "alice@example.com", series.ID); !errors.Is(err, delta.ErrGone) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := client.Meeting(t.Context(), "alice@example.com", series.ID); !errors.Is(err, delta.ErrGone) {
		t.Errorf("read after it was deleted: %v", err)
	}
	if err := watch.Err(); err != nil {
		t.Error(err)
	}
	if err := world.CheckAlways(); err != nil { // no mail by Webex
		t.Error(err)
	}
	if watch.Requests() < 130 {
		t.Errorf("only %d requests were checked", watch.Requests())
	}
}
