package delta_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
)

var (
	noon   = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	blocks = []parser.Block{{Ref: "own"}}
)

// asking is an event that asks for a meeting of its own, an hour from now.
func asking(change func(*delta.Seen)) delta.Seen {
	s := delta.Seen{
		Event: delta.Event{
			ID: "event", Type: delta.Single, Organizer: true, Subject: "Plans", Start: noon.Add(time.Hour), End: noon.Add(2 * time.Hour),
			Modified: noon, Attendees: []delta.Attendee{{Address: "guest@example.org"}}, Body: parser.Body{Content: "Agenda"},
		},
		Keyword: "@webex:onetime", Asked: delta.OneTime, Ref: "own", Print: "1.print", When: "when", LastEnd: noon.Add(2 * time.Hour),
	}
	if change != nil {
		change(&s)
	}
	return s
}

// linked is what is remembered once that event has its block.
func linked(change func(*delta.Record)) delta.Record {
	r := delta.Record{
		State: delta.Linked, Keyword: "@webex:onetime", Asked: delta.OneTime, Kind: delta.OneTime, Meeting: "meeting", Fingerprint: "1.print", Times: "when",
		Modified: noon,
	}
	if change != nil {
		change(&r)
	}
	return r
}

// shown is the event with its block.
func shown(change func(*delta.Seen)) delta.Seen {
	return asking(func(s *delta.Seen) {
		s.Own = blocks
		if change != nil {
			change(s)
		}
	})
}

type ruling struct {
	name   string
	seen   delta.Seen
	have   delta.Record
	action delta.Action
	reason delta.Reason
	kind   delta.Kind
	// patches says that attendees get a mail.
	patches bool
	check   func(delta.Decision) bool // of what else matters
}

func decide(t *testing.T, rulings []ruling) {
	t.Helper()
	for _, r := range rulings {
		t.Run(string(r.reason)+"/"+r.name, func(t *testing.T) {
			d := delta.Plan(r.seen, r.have, noon)
			if d.Action != r.action || d.Reason != r.reason || d.Kind != r.kind {
				t.Errorf("%s %s %q, want %s %s %q", d.Action, d.Reason, d.Kind, r.action, r.reason, r.kind)
			}
			if d.Patches(r.seen) != r.patches {
				t.Errorf("patches: %v, want %v", !r.patches, r.patches)
			}
			if r.check != nil && !r.check(d) {
				t.Errorf("goes on from %+v", d.Have)
			}
		})
	}
}

func TestAnEventThatAsksGetsItsMeetingAndOthersGetNothing(t *testing.T) {
	none := delta.Record{}
	decide(t, []ruling{
		{"a keyword", asking(nil), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"for the Personal Room", asking(func(s *delta.Seen) { s.Asked = delta.MyRoom }), none, delta.Create, delta.Typed, delta.MyRoom, true, nil},
		{"for a space", asking(func(s *delta.Seen) { s.Asked = delta.Space }), none, delta.Create, delta.Typed, delta.Space, true, nil},
		{"too long for Webex", asking(func(s *delta.Seen) { s.Limit = delta.TooLong }), none, delta.Create, delta.Typed, delta.MyRoom, true, nil},
		{"no keyword", asking(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }), none, delta.Nothing, delta.NotAsked, "", false, nil},
		{"an attendee's copy", asking(func(s *delta.Seen) { s.Organizer = false }), none, delta.Nothing, delta.NotOrganizer, "", false, nil},
		{"cancelled before it was seen", asking(func(s *delta.Seen) { s.Cancelled = true }), none, delta.Nothing, delta.EventCancelled, "", false, nil},
		{"the event is over", asking(func(s *delta.Seen) { s.LastEnd = noon.Add(-time.Second) }), none, delta.Nothing, delta.Over, "", false, nil},
		{"a series without end is never", asking(func(s *delta.Seen) { s.LastEnd = time.Time{} }), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"not sent yet", asking(func(s *delta.Seen) { s.Draft = true }), none, delta.Nothing, delta.Draft, "", false, nil},
		{"foreign details", asking(func(s *delta.Seen) { s.Foreign = true }), none, delta.Nothing, delta.Foreign, "", false, nil},
		{"1500 are not", asking(invitees(1500)), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"1501 invitees", asking(invitees(1501)), none, delta.Nothing, delta.TooMany, "", false, nil},
		{"another event's block", asking(func(s *delta.Seen) { s.Copied = true }), none, delta.Create, delta.Copied, delta.OneTime, true, nil},
		{"and without a keyword", asking(func(s *delta.Seen) { s.Copied, s.Keyword = true, "" }), none, delta.Nothing, delta.NotAsked, "", false, nil},
		{"could not be read the first time", asking(nil), delta.Record{State: delta.Intent, Tries: 3}, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"and was cancelled meanwhile", shown(func(s *delta.Seen) { s.Cancelled = true }), delta.Record{State: delta.Intent, Tries: 3}, delta.Read, delta.Unread, "", false, nil},
		{"and says itself what it has", shown(func(s *delta.Seen) {
			s.Cancelled, s.MarkRead, s.Mark = true, true, delta.Mark{Valid: true, Kind: delta.Space, Meeting: "m1", Block: "digest"}
		}), delta.Record{State: delta.Intent, Tries: 3}, delta.Withdraw, delta.EventCancelled, delta.Space, true, nil},
	})
}

func invitees(n int) func(*delta.Seen) {
	return func(s *delta.Seen) { s.Attendees = make([]delta.Attendee, n) }
}

func TestAnEventThatChangesTakesItsMeetingWithIt(t *testing.T) {
	edited := func(s *delta.Seen) { s.Print = "1.another" }
	decide(t, []ruling{
		{"nothing", shown(nil), linked(nil), delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"in what Webex knows", shown(edited), linked(nil), delta.Update, delta.Edited, delta.OneTime, false, nil},
		{"of a Personal Room", shown(func(s *delta.Seen) { edited(s); s.Asked = delta.MyRoom }), linked(func(r *delta.Record) { r.Kind, r.Asked = delta.MyRoom, delta.MyRoom }), delta.Note, delta.Edited, delta.MyRoom, false, nil},
		{"only the fingerprint's scheme", shown(nil), linked(func(r *delta.Record) { r.Fingerprint = "0.print" }), delta.Note, delta.Edited, delta.OneTime, false, nil},
		{"another word for the same", shown(func(s *delta.Seen) { s.Keyword = "@meet:onetime" }), linked(nil), delta.Note, delta.Edited, delta.OneTime, false, nil},
		{"to the Personal Room", shown(func(s *delta.Seen) { s.Keyword, s.Asked = "@webex:myroom", delta.MyRoom }), linked(nil), delta.Replace, delta.KeywordChanged, delta.MyRoom, true, nil},
		{"keyword removed", shown(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }), linked(nil), delta.Withdraw, delta.KeywordRemoved, delta.OneTime, true, nil},
		{"and the block by hand", asking(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }), linked(nil), delta.Withdraw, delta.KeywordRemoved, delta.OneTime, false, nil},
		{"event cancelled", shown(func(s *delta.Seen) { s.Cancelled = true }), linked(nil), delta.Withdraw, delta.EventCancelled, delta.OneTime, true, nil},
		{"now all day", shown(func(s *delta.Seen) { s.When, s.Limit = "then", delta.AllDay }), linked(nil), delta.Replace, delta.AllDay, delta.MyRoom, true, nil},
		{"all day no more", shown(func(s *delta.Seen) { s.When = "then" }), linked(func(r *delta.Record) { r.Kind = delta.MyRoom }), delta.Replace, delta.Edited, delta.OneTime, true, nil},
		{"the operator means something else now", shown(func(s *delta.Seen) { s.Asked = delta.MyRoom }), linked(nil), delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"what Webex can hold is asked anew with the times alone", shown(nil), linked(func(r *delta.Record) { r.Kind = delta.MyRoom }), delta.Nothing, delta.Unchanged, delta.MyRoom, false, nil},
		{"over since", shown(func(s *delta.Seen) { s.LastEnd = noon.Add(-time.Hour) }), linked(nil), delta.Nothing, delta.Over, delta.OneTime, false, nil},
		{"an old version", shown(func(s *delta.Seen) { s.Modified = noon.Add(-time.Second) }), linked(nil), delta.Read, delta.Stale, "", false, nil},
		{"an old version that was read", shown(func(s *delta.Seen) { s.Modified, s.MarkRead = noon.Add(-time.Second), true }), linked(nil), delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"a block pasted beside ours", shown(func(s *delta.Seen) { s.Copied = true }), linked(nil), delta.Rewrite, delta.Copied, delta.OneTime, true, nil},
		{"an earlier try was cut off", asking(nil), linked(func(r *delta.Record) { r.State = delta.Intent }), delta.Create, delta.Resumed, delta.OneTime, true, nil},
		{"asked for again while it was taken away", asking(nil), linked(func(r *delta.Record) { r.State = delta.Leaving }), delta.Create, delta.Resumed, delta.OneTime, true, nil},
		{"of which no more is known than its mark says", asking(nil), linked(func(r *delta.Record) { r.State, r.Asked, r.Fingerprint, r.Times = delta.Leaving, "", "", "" }), delta.Create, delta.Resumed, delta.OneTime, true, nil},
		{"as something else", asking(func(s *delta.Seen) { s.Asked = delta.MyRoom }), linked(func(r *delta.Record) { r.State = delta.Leaving }), delta.Replace, delta.KeywordChanged, delta.MyRoom, true, nil},
	})
}

func TestWhatPeopleDoByHandIsMendedOnceAndThenRespected(t *testing.T) {
	again := func(r *delta.Record) { r.Restored = 1 }
	remade := func(r *delta.Record) { r.Remade = 1 }
	silent := func(r *delta.Record) { r.State = delta.Silent }
	dead := func(r *delta.Record) { r.State, r.Meeting = delta.Dead, "" }
	gone := func(s *delta.Seen) { s.MeetingGone = true }
	edited := func(s *delta.Seen) { s.Print = "1.another" }
	isSilent := func(d delta.Decision) bool { return d.Have.State == delta.Silent && d.Have.Meeting == "meeting" }
	decide(t, []ruling{
		{"once", asking(nil), linked(nil), delta.Rewrite, delta.BlockRemoved, delta.OneTime, true, func(d delta.Decision) bool { return d.Have.Meeting == "meeting" }},
		{"twice", asking(nil), linked(again), delta.Note, delta.BlockRefused, delta.OneTime, false, isSilent},
		{"twice, in an edit", asking(edited), linked(again), delta.Update, delta.BlockRefused, delta.OneTime, false, isSilent},
		{"and stays out", asking(nil), linked(silent), delta.Nothing, delta.BlockRefused, delta.OneTime, false, nil},
		{"while the meeting follows", asking(edited), linked(silent), delta.Update, delta.Edited, delta.OneTime, false, nil},
		{"until another keyword is typed", asking(func(s *delta.Seen) { s.Keyword, s.Asked = "@webex:myroom", delta.MyRoom }), linked(silent), delta.Replace, delta.KeywordChanged, delta.MyRoom, true, nil},
		{"the host deletes the meeting", shown(gone), linked(nil), delta.Create, delta.MeetingRemoved, delta.OneTime, true, func(d delta.Decision) bool {
			return d.Have.State == delta.Intent && d.Have.Meeting == "" && d.Have.Remade == 1
		}},
		{"the host deletes it again", shown(gone), linked(remade), delta.Withdraw, delta.HostDeleted, delta.OneTime, true, func(d delta.Decision) bool { return d.Have.Meeting == "" }},
		{"and it stays away", asking(edited), linked(dead), delta.Nothing, delta.HostDeleted, delta.OneTime, false, nil},
		{"until the keyword goes", asking(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }), linked(dead), delta.Forget, delta.KeywordRemoved, "", false, nil},
		{"or another is typed", asking(func(s *delta.Seen) { s.Keyword, s.Asked = "@meet:myroom", delta.MyRoom }), linked(dead), delta.Create, delta.KeywordChanged, delta.MyRoom, true, func(d delta.Decision) bool { return d.Have.Remade == 0 }},
		{"or the same in another word", asking(func(s *delta.Seen) { s.Keyword = "@meet:onetime" }), linked(dead), delta.Create, delta.KeywordChanged, delta.OneTime, true, nil},
		{"taking the block out was cut off", shown(nil), linked(dead), delta.Withdraw, delta.HostDeleted, delta.OneTime, true, nil},
		{"with the link in the location still there", asking(nil), linked(func(r *delta.Record) { dead(r); r.Block = "lines" }), delta.Withdraw, delta.HostDeleted, delta.OneTime, false, nil},
	})
}

func TestALinkInTheLocationComesBackOnlyWhereItWas(t *testing.T) {
	k := newKeys(t, master, "tenant")
	e := event(func(e *delta.Event) {
		e.Type, e.Recurrence, e.Location = delta.Single, nil, delta.Location{Text: "@webex:onetime", Place: []byte(`{"displayName":"@webex:onetime"}`)}
	})
	seen := k.See("mailbox", e, delta.Policy{Link: true}, noon)
	seen.Own = blocks
	have := linked(func(r *delta.Record) {
		r.Fingerprint, r.Times, r.Block = seen.Print, seen.When, k.DigestLines([]string{"a line"})
	})
	decide(t, []ruling{{"it was never there", seen, have, delta.Nothing, delta.Unchanged, delta.OneTime, false, nil}})
	have.Block = k.Located(have.Block)
	decide(t, []ruling{{"typed anew", seen, have, delta.Rewrite, delta.LinkRemoved, delta.OneTime, true, nil}})
}

func TestAnotherLinkInTheLocationStandsForNoneOfOurs(t *testing.T) {
	const link = "https://example.webex.com/example/j.php?MTID=m1"
	k := newKeys(t, master, "tenant")
	see := func(location string, policy delta.Policy, lines ...string) delta.Seen {
		return k.See("mailbox", event(func(e *delta.Event) {
			e.Type, e.Recurrence, e.Location = delta.Single, nil, delta.Location{Text: location, Place: []byte("{}")}
			ref := k.Ref("mailbox", e.ID)
			lines := slices.Concat([]string{parser.OpenMarker(ref)}, lines, []string{parser.CloseMarker(ref)})
			e.Body = parser.Body{Content: strings.Join(lines, "\r\n")}
		}), policy, noon)
	}
	have := func(seen delta.Seen, block delta.Digest) delta.Record {
		return linked(func(r *delta.Record) { r.Fingerprint, r.Times, r.Block = seen.Print, seen.When, block })
	}
	digest := k.DigestLines([]string{link})
	earlier := k.DigestLines([]string{link, "\x00location"}) // as versions wrote it that took any link for ours
	wants, on := delta.LinkRemoved, delta.Policy{Link: true}
	for _, c := range []struct {
		name     string
		location string
		block    delta.Digest
		policy   delta.Policy
		want     delta.Reason
	}{
		{"a map", "@webex:onetime https://maps.example/x", k.Located(digest), on, wants},
		{"none", "@webex:onetime", k.Located(digest), on, wants},
		{"a map and ours", "@webex:onetime https://maps.example/x " + link, k.Located(digest), on, delta.Unchanged},
		{"ours, cut", "@webex:onetime https://maps.example/x https://example.webex.c", k.Located(digest), on, delta.Unchanged},
		{"ours, rewritten", "@webex:onetime https://safe.example/?url=https%3A%2F%2Fexample.Webex.com%2Fx", k.Located(digest), on, delta.Unchanged},
		{"somebody else's at Webex", "@webex:onetime https://other.webex.com/meet/x", k.Located(digest), on, delta.Unchanged},
		{"no room", "@webex:onetime https://maps.example/" + strings.Repeat("x", 200), k.Located(digest), on, delta.Unchanged},
		{"it was never there", "@webex:onetime https://maps.example/x", digest, on, delta.Unchanged},
		{"an earlier version wrote it", "@webex:onetime https://maps.example/x", earlier, on, delta.Unchanged},
		{"that, and no link at all", "@webex:onetime", earlier, on, wants},
		{"the operator wants none", "@webex:onetime https://maps.example/x", k.Located(digest), delta.Policy{}, delta.Unchanged},
	} {
		seen := see(c.location, c.policy, link)
		if d := delta.Plan(seen, have(seen, c.block), noon); d.Reason != c.want {
			t.Errorf("%s: %s, want %s", c.name, d.Reason, c.want)
		}
	}
	if seen := see("@webex:onetime https://maps.example/x", on); seen.Ousted {
		t.Error("a block without a link") // nobody knows what would be appended
	}
}
