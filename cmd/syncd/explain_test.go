package main

import (
	"strings"
	"testing"

	"syncd/simulator"
)

func TestExplainTellsWhyAnEventIsAsItIs(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 21})
	asks, quiet := s.alice().Create(appointment(9, "@webex:onetime https://zoom.us/j/123456789")).ID, s.alice().Create(appointment(11, "Room 4")).ID
	before := object(t, s.syncd("explain", "--json", "alice@example.com", asks).out)
	if before["action"] != "create" || before["reason"] != "typed" || before["mails"] != true || before["asked"] != "onetime" || before["record"] != nil {
		t.Errorf("before a sweep: %v", before)
	}
	if n := len(s.world.Live()); n != 0 {
		t.Fatalf("explaining made %d meetings", n)
	}
	s.sweep()
	after := object(t, s.syncd("explain", "--json", "alice@example.com", asks).out)
	record, _ := after["record"].(map[string]any)
	if after["action"] != "nothing" || after["reason"] != "unchanged" || after["mails"] != false || after["blocks"] != 1.0 ||
		record["state"] != "linked" || record["meeting"] != s.world.Live()[0].ID || record["patched_at"] == nil {
		t.Errorf("after a sweep: %v", after)
	}
	if found, _ := after["candidates"].([]any); len(found) == 0 || found[0].(map[string]any)["joinUrl"] != s.world.Live()[0].Link || found[0].(map[string]any)["rank"] != 1.0 {
		t.Errorf("candidates %v", found)
	}
	text := s.syncd("explain", "alice@example.com", asks)
	for _, part := range []string{"onetime, typed as @webex:onetime", "nothing (unchanged); nobody is mailed", "linked onetime", s.world.Live()[0].ID} {
		if !strings.Contains(text.out, part) {
			t.Errorf("lacks %q:\n%s%s", part, text.out, text.err)
		}
	}
	if got := object(t, s.syncd("explain", "--json", "alice@example.com", quiet).out); got["reason"] != "not-asked" || got["keyword"] != nil {
		t.Errorf("an event that asks for nothing: %v", got)
	}
	s.must(s.alice().Delete(asks))
	if got := object(t, s.syncd("explain", "--json", "alice@example.com", asks).out); got["gone"] != true || got["action"] != "withdraw" {
		t.Errorf("a deleted event: %v", got)
	}
	if got := s.syncd("explain", "nobody@example.com", asks); got.code != 2 || !strings.Contains(got.err, "nobody@example.com is not enrolled") {
		t.Errorf("an unknown mailbox: %+v", got)
	}
}
