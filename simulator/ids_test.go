package simulator

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestIdsAreLongBase64WithSlashesAndSomeDifferInCaseOnly(t *testing.T) {
	w, c, _ := newWorld(t, Options{Seed: 3})
	m := w.AddMailbox("alice@example.com")
	byFold := map[string]string{}
	twins, special := 0, map[rune]bool{}
	for range 40 {
		e := m.Create(Draft{Subject: "x", Start: noon, End: noon.Add(time.Hour)})
		for _, id := range []string{e.ID, e.RestID} {
			if len(id) < 140 || len(id) > 160 {
				t.Fatalf("an id of %d characters", len(id))
			}
			for _, r := range "/+=" {
				special[r] = special[r] || strings.ContainsRune(id, r)
			}
			if other := byFold[strings.ToLower(id)]; other != "" {
				twins++
				a := c.ok("GET", events("alice@example.com", id), nil, "Prefer", immutable)
				b := c.ok("GET", events("alice@example.com", other), nil, "Prefer", immutable)
				if a["id"] == b["id"] {
					t.Error("two ids that differ in case name one event")
				}
			}
			byFold[strings.ToLower(id)] = id
		}
	}
	if twins < 8 || len(special) != 3 {
		t.Errorf("%d twins, special characters %v", twins, special)
	}
}

func TestTheOtherFormOfAnIdComesWithoutThePreferHeader(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox("alice@example.com")
	e := m.Create(Draft{Subject: "x", Start: noon, End: noon.Add(time.Hour)})
	if e.ID == e.RestID {
		t.Fatal("both forms are the same")
	}
	if got := c.ok("GET", events("alice@example.com", e.ID), nil)["id"]; got != e.RestID {
		t.Errorf("without Prefer: %v", got)
	}
	if got := c.ok("GET", events("alice@example.com", e.RestID), nil, "Prefer", immutable)["id"]; got != e.ID {
		t.Errorf("with Prefer: %v", got)
	}
}

func TestIdsOfOtherMailboxesAndNonsenseAreNotFound(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	alice, bob := w.AddMailbox("alice@example.com"), w.AddMailbox("bob@example.com")
	e := alice.Create(Draft{Subject: "x", Start: noon, End: noon.Add(time.Hour)})
	if r := c.do("GET", events(bob.Address(), e.ID), nil); r.status != http.StatusNotFound || code(r) != "ErrorItemNotFound" {
		t.Errorf("%d %s", r.status, r.body)
	}
	for _, id := range []string{"x", "../..", "AAMk", strings.Repeat("A", 4000), "a/b", "\x00", e.ID[:20]} {
		if r := c.do("GET", events(alice.Address(), id), nil); r.status != http.StatusBadRequest || code(r) != "ErrorInvalidIdMalformed" {
			t.Errorf("%q: %d %s", id, r.status, r.body)
		}
	}
}

func TestTheSameSeedGivesTheSameWorld(t *testing.T) {
	ids := func(seed uint64) []string {
		w := New(Options{Seed: seed})
		w.AddMailbox("zoe@example.com")
		m := w.AddMailbox("alice@example.com")
		e := m.Create(Draft{Subject: "x", Start: noon, End: noon.Add(time.Hour)})
		return []string{e.ID, e.ICalUID, m.ID(), w.Tenant(), w.GraphToken(), w.WebexToken("a")}
	}
	if a, b := ids(7), ids(7); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("%v\n%v", a, b)
	}
	if a, b := ids(7), ids(8); a[0] == b[0] || a[2] == b[2] {
		t.Error("seeds do not matter")
	}
}

// code is the error code of a Graph answer.
func code(r reply) string {
	e, _ := r.js["error"].(js)
	s, _ := e["code"].(string)
	return s
}
