package graph

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"syncd/delta"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

func TestAMailboxIsFoundByAnyOfItsAddressesAndItsID(t *testing.T) {
	world := simulator.New(simulator.Options{Seed: 8})
	world.AddMailbox("other@example.com", simulator.WithAliases("x@example.com"))
	dave := world.AddMailbox("dave@example.com", simulator.WithUPN("d123@corp.example.com"), simulator.WithAliases("dave.o'hara@example.com"))
	watch, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(simulator.GraphURL, watch.RoundTripper(world.Transport()), tokens(world.GraphToken))
	if err != nil {
		t.Fatal(err)
	}
	for name, searches := range map[string]int{
		"D123@corp.example.com": 0, dave.ID(): 0, "Dave@example.com": 1, "dave.O'Hara@example.com": 1,
	} {
		before := world.Count("ListUsers", "")
		m, host, err := client.User(t.Context(), name)
		if err != nil || m.ID != dave.ID() || m.Address != strings.ToLower(name) || host != "dave@example.com" {
			t.Errorf("%s: %+v %q %v", name, m, host, err)
		}
		if n := world.Count("ListUsers", "") - before; n != searches {
			t.Errorf("%s: %d searches, want %d", name, n, searches)
		}
	}
	for name, searches := range map[string]int{"nobody@example.com": 1, "dave.o": 0, strings.Repeat("x", 120) + "@example.com": 0, "99999999-0000-4000-8000-000000000000": 0} {
		before := world.Count("ListUsers", "")
		if _, _, err := client.User(t.Context(), name); !errors.Is(err, delta.ErrMailbox) {
			t.Errorf("%s: %v", name, err)
		}
		if n := world.Count("ListUsers", "") - before; n != searches {
			t.Errorf("%s: %d searches, want %d", name, n, searches)
		}
	}
	world.AddMailbox("dave2@example.com", simulator.WithAliases("dave.o'hara@example.com"))
	if _, _, err := client.User(t.Context(), "dave.o'hara@example.com"); !errors.Is(err, delta.ErrMailbox) || !strings.Contains(err.Error(), "2 people") {
		t.Errorf("two people with one address: %v", err)
	}
	if err := watch.Err(); err != nil {
		t.Error(err)
	}
}

// Only Graph's own word that there is nobody by that name leads to a search, and only an answer to that counts.
func TestAnAddressIsSearchedForOnlyWhereGraphSaysThatNobodyHasThatName(t *testing.T) {
	const nobody = `{"error":{"code":"Request_ResourceNotFound","message":"x"}}`
	for what, c := range map[string]struct {
		first, second int
		body, then    string
		want          error
		sent          int
	}{
		"another 404":              {404, 200, "<html>", `{"value":[{"id":"1","mail":"a@example.com"}]}`, delta.ErrTrouble, 1},
		"403":                      {403, 200, `{"error":{"code":"Authorization_RequestDenied"}}`, "", delta.ErrCredentials, 1},
		"a search that is closed":  {404, 403, nobody, `{"error":{"code":"Authorization_RequestDenied"}}`, delta.ErrCredentials, 2},
		"a filter that is refused": {404, 400, nobody, `{"error":{"code":"Request_UnsupportedQuery"}}`, delta.ErrRefused, 2},
		"no list":                  {404, 200, nobody, `{}`, delta.ErrUnclear, 2},
		"nobody":                   {404, 200, nobody, `{"value":[]}`, delta.ErrMailbox, 2},
		"no id":                    {404, 200, nobody, `{"value":[{"mail":"a@example.com"}]}`, delta.ErrUnclear, 2},
		"the same one twice":       {404, 200, nobody, `{"value":[{"id":"1","mail":"a@example.com"},{"id":"1","mail":"a@example.com"}]}`, nil, 2},
		"another resource":         {404, 200, nobody, `{"value":[],"@odata.nextLink":"` + graphRoot + `/v1.0/groups?x"}`, delta.ErrForeign, 2},
	} {
		w := &wire{}
		w.reply = func(r *http.Request) *http.Response {
			if len(w.sent) == 1 || strings.Contains(r.URL.Path, "@") {
				return jsonReply(r, c.first, c.body)
			}
			return jsonReply(r, c.second, c.then)
		}
		_, _, err := newCalendar(t, w).client.User(t.Context(), "A@example.com")
		if !errors.Is(err, c.want) || len(w.sent) < c.sent || c.sent == 1 && strings.HasSuffix(w.sent[len(w.sent)-1].URL.Path, "/users") {
			t.Errorf("%s: %d requests, %v", what, len(w.sent), err)
		}
	}
}
