package sweep_test

import (
	"fmt"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// cursor reads the mailbox's cursor from the store.
func (r *rig) cursor(i int) delta.Cursor {
	r.t.Helper()
	views, err := r.store.Views(r.t.Context(), r.boxes[i:i+1], false)
	r.must(err)
	return views[0].Cursor
}

func TestARoundThatDoesNotEndIsLeftAndTheCalendarListed(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 21}, func(r *rig) {
		r.rest.Occurrences = true
		c := fill(r)
		r.sweep()
		c.change()
		r.world.SetQuirks(func(q *simulator.Quirks) { q.Endless = true })
		r.world.ClearRequests()
		r.sweep()
		if n := r.world.Count("Delta*", ""); n > 20 {
			r.t.Errorf("%d pages before the loop was seen", n)
		}
		if c := r.cursor(0); c.State != delta.OK || c.Reason != delta.Loop || c.ViewUntil.IsZero() {
			r.t.Errorf("cursor %+v", c)
		}
		c.add(20, "@webex:onetime")
		r.world.ClearRequests()
		r.sweep()
		if n := r.world.Count("Delta*", ""); n != 0 {
			r.t.Errorf("delta was asked %d times while the calendar is listed", n)
		}
		r.quiet()
		// Later delta gets another chance.
		r.world.SetQuirks(func(q *simulator.Quirks) { q.Endless = false })
		r.pass(7 * time.Hour)
		r.quiet()
		if c := r.cursor(0); c.Reason != "" || c.Link == "" {
			r.t.Errorf("cursor after the loop %+v", c)
		}
	})
}

func TestALostLinkIsAFullRoundInEveryShape(t *testing.T) {
	shapes := map[string]simulator.Fault{
		"410 with code": simulator.Refuse(410, "SyncStateNotFound", ""), "410 lower case": simulator.Refuse(410, "syncStateNotFound", ""),
		"410 other code": simulator.Refuse(410, "ErrorGone", ""), "410 without body": simulator.Answer(410, nil, ""),
		"400 with code": simulator.Refuse(400, "SyncStateInvalid", ""), "404 folder": simulator.Refuse(404, "ErrorSyncFolderNotFound", ""),
		"resync required": simulator.Refuse(409, "resyncRequired", ""), "token refused": simulator.Refuse(400, "BadRequest", ""),
		"invalid data": simulator.Refuse(400, "ErrorInvalidSyncStateData", ""),
	}
	for name, fault := range shapes {
		for _, call := range []string{"DeltaResume", "DeltaNext", "DeltaStart"} {
			t.Run(name+" of "+call, func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 22, Quirks: simulator.Quirks{EmptyPage: 1}}, func(r *rig) {
					c := fill(r)
					r.sweep()
					c.change()
					rule := r.world.Fault(simulator.Rule{Call: call, Times: 1, Fault: fault})
					if call == "DeltaStart" { // the first request of the full round that another loss brings about
						r.world.Fault(simulator.Rule{Call: "DeltaResume", Times: 1, Fault: simulator.Refuse(410, "SyncStateNotFound", "")})
					}
					_, _ = r.trySweep(r.t.Context())
					if rule.Hits() != 1 {
						r.t.Errorf("struck %d times", rule.Hits())
					}
					r.settled()
					r.quiet()
				})
			})
		}
	}
}

// The first nextLink of a round may be dead at once (microsoft-graph.md 1).
func TestAFullRoundWhoseFirstNextLinkIsDeadBeginsOnceMore(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 122, Quirks: simulator.Quirks{EmptyPage: 1}}, func(r *rig) {
		c := fill(r)
		r.sweep()
		c.change()
		for _, call := range []string{"DeltaResume", "DeltaNext"} {
			r.world.Fault(simulator.Rule{Call: call, Times: 1, Fault: simulator.Refuse(410, "SyncStateNotFound", "")})
		}
		if _, err := r.trySweep(r.t.Context()); err != nil {
			r.t.Error(err)
		}
		if n := r.world.Count("DeltaStart", ""); n != 1+2 {
			r.t.Errorf("%d rounds were begun", n)
		}
		r.settled()
		r.quiet()
	})
}

func TestAWindowThatRollsCausesNoPatchAndNoMail(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 23, Exchange: simulator.Harsh}, func(r *rig) {
		r.rest.Occurrences = true
		alice := r.mailbox("alice@example.com")
		for day := range 30 {
			d := draft([]string{"@webex", "@webex:onetime", "Room 4"}[day%3])
			d.Start, d.End = d.Start.AddDate(0, 0, day), d.End.AddDate(0, 0, day)
			alice.Create(d)
		}
		r.sweep()
		r.world.ClearMails()
		generation := r.cursor(0).Generation
		for range 24 {
			r.pass(12 * time.Hour)
			r.quiet()
		}
		if len(r.world.Mails()) != 0 {
			r.t.Errorf("%d mails", len(r.world.Mails()))
		}
		if rolls := r.cursor(0).Generation - generation; rolls < 1 || rolls > 2 {
			r.t.Errorf("the window rolled %d times in 12 days", rolls)
		}
	})
}

func TestRequestsAreCountedAtAnySizeOfCalendar(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 1000, 10000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 24}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				for i := range size {
					d := draft("Room 4")
					d.Start = tomorrow(0).Add(time.Duration(i) * 20 * time.Minute)
					d.End, d.Attendees = d.Start.Add(15*time.Minute), nil
					alice.Create(d)
				}
				series := draft("@webex:onetime")
				series.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 20}
				seriesID := alice.Create(series).ID
				mine := alice.Create(draft("@webex"))
				gone := alice.Create(draft("@webex:onetime"))
				r.sweep()
				r.sweep()
				count := func(what string, want map[string]int) {
					r.t.Helper()
					r.world.ClearRequests()
					r.sweep()
					got := map[string]int{}
					for _, q := range r.world.Requests() {
						got[q.Call]++
					}
					for call, n := range got {
						if want[call] != n {
							r.t.Errorf("%s: %d × %s, want %d", what, n, call, want[call])
						}
					}
					for call, n := range want {
						if got[call] != n {
							r.t.Errorf("%s: %d × %s, want %d", what, got[call], call, n)
						}
					}
				}
				count("idle", map[string]int{"DeltaResume": 1})
				r.must(alice.Edit(mine.ID, func(d *simulator.Draft) { d.Location = "Room 4" }))
				count("one change", map[string]int{"DeltaResume": 1, "PatchEvent": 1})
				r.must(alice.Delete(gone.ID))
				count("one deletion", map[string]int{"DeltaResume": 1, "GetEvent": 1, "DeleteMeeting": 1})
				r.must(alice.Edit(seriesID, func(d *simulator.Draft) { d.Location = "Room 4" }))
				count("one series edit", map[string]int{"DeltaResume": 1, "PatchEvent": 1, "DeleteMeeting": 1})
				r.sweep()
				count("idle again", map[string]int{"DeltaResume": 1})
			})
		})
	}
}
