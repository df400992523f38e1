package simulator

import (
	"slices"
	"testing"
	"time"
)

func TestAnEventWithAKeywordGetsAMeetingAndTheAuditIsClean(t *testing.T) {
	w, c, _ := newWorld(t, Options{Seed: 1})
	alice := w.AddMailbox("alice@example.com")
	w.AddMailbox("bob@example.com")
	rest := AtRest{Enrolled: []string{"alice@example.com"}}

	e := alice.Create(Draft{
		Subject: "Plans", Location: "@webex:onetime", Body: "<p>Bring the <b>plans</b>.</p>", HTML: true,
		Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour), Attendees: []string{"bob@example.com"},
	})
	if err := w.Check(rest); err == nil {
		t.Fatal("nobody has served the event and the audit says nothing")
	}
	items, link := c.round(deltaURL("alice@example.com", noon.Add(-24*time.Hour), noon.Add(180*24*time.Hour)))
	if got := names(items); !slices.Equal(got, []string{"singleInstance Plans"}) {
		t.Fatalf("first round: %v", got)
	}
	if items[0]["id"] != e.ID {
		t.Errorf("id %v, want %v", items[0]["id"], e.ID)
	}
	c.joined(alice, e.ID)
	w.Audit(t, rest)
	if n := len(w.Mails()); n != 2 {
		t.Errorf("%d mails, want the invitation and one update", n)
	}
	items, link = c.round(link)
	if got := names(items); !slices.Equal(got, []string{"singleInstance Plans"}) {
		t.Errorf("echo round: %v", got)
	}
	if items, _ = c.round(link); len(items) != 0 {
		t.Errorf("idle round: %v", names(items))
	}
	if got := w.Count("PatchEvent", "alice@example.com"); got != 1 {
		t.Errorf("%d PATCHes counted", got)
	}
}
