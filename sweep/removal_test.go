package sweep_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/simulator"
	"syncd/sweep"
)

// meetings makes n events with meetings of their own, an hour apart.
func meetings(r *rig, m *simulator.Mailbox, n int) []string {
	var ids []string
	for i := range n {
		d := draft("@webex:onetime")
		d.Start, d.End = tomorrow(72+i), tomorrow(72+i).Add(30*time.Minute)
		ids = append(ids, m.Create(d).ID)
	}
	r.sweep()
	if live := len(r.world.Live()); live != n {
		r.t.Fatalf("%d meetings live, want %d", live, n)
	}
	return ids
}

func TestRemovalsOfUnknownEventsAreIgnored(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 31}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		ids := []string{alice.Create(draft("Room 4")).ID, alice.Create(draft("Room 5")).ID}
		r.sweep()
		for _, id := range ids {
			r.must(alice.Delete(id))
		}
		far := draft("@webex:onetime")
		far.Start, far.End = far.Start.AddDate(2, 0, 0), far.End.AddDate(2, 0, 0)
		r.rest.To = time.Now().Add(ahead)
		alice.Create(far) // outside the window: reported as removed, of an id never seen
		r.world.ClearRequests()
		report := r.sweep()
		if n := len(r.world.Requests()); n != 1 || report.Items < 2 {
			r.t.Errorf("%d requests for %d removals: %v", n, report.Items, r.world.Requests())
		}
	})
}

func TestAnEventThatLeavesTheWindowKeepsItsMeetingAndIsFollowed(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 32}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := meetings(r, alice, 1)[0]
		for _, days := range []int{300, 400, 20} { // out of it, about out there, and back
			r.must(alice.Move(id, tomorrow(9).AddDate(0, 0, days)))
			report := r.sweep()
			if report.Deleted != 0 || report.Updated != 1 {
				r.t.Errorf("moved by %d days: %+v", days, report)
			}
			r.quiet()
		}
		r.must(alice.Move(id, tomorrow(9).AddDate(0, 0, 300)))
		r.sweep()
		r.must(alice.Delete(id))
		if report := r.sweep(); report.Deleted != 1 {
			r.t.Errorf("deleted out there: %+v", report)
		}
	})
}

// The old link is followed once more before a window rolls: the new round says nothing of what was in the part that it leaves.
func TestAnEventThatMovesFarAwayWhileItsWindowRollsTakesItsMeetingAlong(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 139}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := meetings(r, alice, 1)[0]
		r.must(alice.Move(id, tomorrow(9).AddDate(0, 0, 300)))
		r.pass(15 * 24 * time.Hour)
		if report := r.sweep(); report.Updated != 1 || report.Deleted+report.Created != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestWhatVanishedUnseenIsFoundByAFullRound(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 33}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		ids := meetings(r, alice, 3)
		r.must(alice.Delete(ids[1]))
		r.world.Fault(simulator.Rule{Call: "DeltaResume", Times: 1, Fault: simulator.Refuse(410, "SyncStateNotFound", "")})
		if report := r.sweep(); report.Deleted != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestEventsThatEndAreForgottenWithTheWindowAndNotDeleted(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 34}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		meetings(r, alice, 3)
		r.world.ClearRequests()
		for range 20 {
			r.pass(24 * time.Hour)
			r.quiet()
		}
		if n := r.world.Count("DeleteMeeting", "") + r.world.Count("GetEvent", ""); n != 0 {
			r.t.Errorf("%d requests about events that have ended", n)
		}
	})
}

func TestAFailingSourceDeletesNothing(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 35}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				meetings(r, alice, 8)
				for _, call := range []string{"DeltaResume", "DeltaStart", "DeltaNext", "GetEvent"} {
					r.world.Fault(simulator.Rule{Call: call, Fault: fault})
				}
				for range 3 {
					_, _ = r.trySweep(r.t.Context())
					r.pass(10 * time.Minute)
				}
				if live := len(r.world.Live()); live != 8 {
					r.t.Errorf("%d of 8 meetings are left", live)
				}
			})
		})
	}
}

func TestAnOutageThatLooksLikeAnEmptyCalendarIsHeld(t *testing.T) {
	for name, all := range map[string]bool{"lists are empty": false, "single events are gone too": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 36}, func(r *rig) {
				r.sweeper.Limit = sweep.Limit{Count: 5, Share: 0.5}
				alice := r.mailbox("alice@example.com")
				meetings(r, alice, 12)
				alice.Outage(all)
				report, err := r.trySweep(r.t.Context())
				r.must(err)
				if report.Deleted != 0 {
					r.t.Errorf("%+v", report)
				}
				if all && (report.Held != 12 || r.cursor(0).State != delta.Held) {
					r.t.Errorf("held %d, cursor %+v", report.Held, r.cursor(0))
				}
				alice.Recover()
				r.sweep()
				r.quiet()
				if c, held := r.cursor(0), r.held(0); c.State != delta.OK || len(held) != 0 {
					r.t.Errorf("after they came back %v are held: %+v", held, c)
				}
			})
		})
	}
}

// After a loss of the store the limit counts what is known by then, which may be a part of what there is.
func TestACalendarThatWasEmptySinceTheStoreWasLostIsNotBelievedToBeSo(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 136}, func(r *rig) {
		r.sweeper.Limit = sweep.Limit{Count: 3, Share: 0.5}
		alice := r.mailbox("alice@example.com")
		meetings(r, alice, 6)
		r.lose()
		r.rest.Strangers = true
		alice.Outage(true)
		_, err := r.trySweep(r.t.Context())
		r.must(err)
		alice.Recover()
		for n := 1; len(r.known(0)) < 2; n++ {
			r.crashAt(n)
			r.start()
			r.sweeper.Limit = sweep.Limit{Count: 3, Share: 0.5}
			r.expireLeases()
		}
		if n := len(r.known(0)); n > 3 {
			r.t.Fatalf("%d are known already", n)
		}
		alice.Outage(true)
		for range 3 {
			if report, err := r.trySweep(r.t.Context()); err != nil || report.Deleted != 0 {
				r.t.Errorf("%+v, %v", report, err)
			}
			r.pass(10 * time.Minute)
		}
		if n := len(r.world.Live()); n != 6 {
			r.t.Errorf("%d of 6 meetings are left", n)
		}
		alice.Recover()
		r.pass(nextList)
		r.sweep()
		r.quiet()
		// Once it was seen to have events they may go.
		for _, e := range alice.Events()[:3] {
			r.must(alice.Delete(e.ID))
		}
		if report := r.sweep(); report.Deleted != 3 {
			r.t.Errorf("%+v", report)
		}
	})
}

func TestHeldRemovalsWaitForAnOperatorAndTheRestGoesOn(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 37}, func(r *rig) {
		r.sweeper.Limit = sweep.Limit{Count: 3, Share: 0.2}
		alice := r.mailbox("alice@example.com")
		ids := meetings(r, alice, 10)
		for _, id := range ids[:5] {
			r.must(alice.Delete(id))
		}
		r.must(alice.Edit(ids[8], func(d *simulator.Draft) { d.Subject = "Renamed" }))
		r.must(alice.Edit(ids[9], func(d *simulator.Draft) { d.Location = "Room 4" })) // an edit is never held
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Held != 5 || report.Deleted != 1 || report.Updated != 1 {
			r.t.Errorf("%+v", report)
		}
		held := r.held(0)
		slices.Sort(held)
		if want := slices.Sorted(slices.Values(ids[:5])); !slices.Equal(held, want) {
			r.t.Errorf("held %v, want %v", held, want)
		}
		if report, err = r.trySweep(r.t.Context()); err != nil || report.Held != 5 || r.cursor(0).State != delta.Held {
			r.t.Errorf("they stay held: %+v %v", report, err)
		}
		// What vanishes later is not accepted along with what is held now.
		r.resync(0, true)
		r.pass(time.Second)
		for _, id := range ids[5:9] {
			r.must(alice.Delete(id))
		}
		if report, err = r.trySweep(r.t.Context()); err != nil || report.Deleted != 5 || report.Held != 4 || r.cursor(0).State != delta.Held {
			r.t.Errorf("accepted: %+v, cursor %+v, %v", report, r.cursor(0), err)
		}
		r.resync(0, true)
		if report = r.sweep(); report.Deleted != 4 || report.Held != 0 || r.cursor(0).State != delta.OK {
			r.t.Errorf("accepted: %+v, cursor %+v", report, r.cursor(0))
		}
		r.quiet()
	})
}

// held lists the events of a mailbox whose removal is held.
func (r *rig) held(i int) []string {
	r.t.Helper()
	views, err := r.store.Views(r.t.Context(), r.boxes[i:i+1], true)
	r.must(err)
	return views[0].Held
}

// known lists the events that the store holds something of.
func (r *rig) known(i int) []string {
	r.t.Helper()
	ids, err := r.redis.HKeys(r.t.Context(), "syncd:{"+r.boxes[i].ID+"}:events").Result()
	r.must(err)
	return ids
}

// resync asks for a resync of a mailbox as an operator does.
func (r *rig) resync(i int, accept bool) {
	r.t.Helper()
	_, err := r.store.RequestResync(r.t.Context(), r.boxes[i].Address, accept)
	r.must(err)
	_, _, err = r.store.TakeResyncs(r.t.Context(), redisstore.NamesOf(r.boxes))
	r.must(err)
}

func TestMeetingsWhoseEventsWentWithTheStoreAreFound(t *testing.T) {
	for _, by := range []string{"the first round of a new store", "a resync", "the daily search"} {
		t.Run(by, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 38}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				ids := meetings(r, alice, 3)
				r.must(alice.Delete(ids[0]))
				if by == "the first round of a new store" {
					r.lose()
				} else {
					r.forgetRecord(0, ids[0])
				}
				switch by {
				case "a resync":
					r.resync(0, false)
				case "the daily search":
					r.must(r.sweepErr())
					if len(r.world.Live()) != 3 {
						r.t.Error("found before its time")
					}
					r.pass(28 * time.Hour)
				}
				r.world.ClearRequests()
				if report := r.sweep(); report.Deleted != 1 {
					r.t.Errorf("%+v", report)
				}
				if n := r.world.Count("ListEvents", ""); n == 0 {
					r.t.Error("deleted without a look at the calendar")
				}
				r.quiet()
			})
		})
	}
}

// A calendar that shows some events and lacks most of those that meetings are there for is no reason to delete so many at once.
func TestMoreOrphansThanTheLimitAreHeldUntilAnOperatorAcceptsOrTheirEventsAreFound(t *testing.T) {
	state := func(r *rig) (delta.State, int) {
		views, err := r.store.Views(r.t.Context(), r.boxes, false)
		r.must(err)
		return views[0].Cursor.State, len(views[0].Held)
	}
	for name, end := range map[string]func(r *rig){
		"accepted": func(r *rig) {
			r.resync(0, true)
			if report := r.sweep(); report.Deleted != 6 || report.Held != 0 || report.Reasons[delta.Orphaned] != 6 {
				r.t.Errorf("%+v", report)
			}
		},
		"accepted, and the deletions broke off": func(r *rig) {
			r.resync(0, true)
			ctx, crash := context.WithCancel(r.t.Context())
			defer crash()
			r.world.OnAnswer(func(q simulator.Request) {
				if q.Call == "DeleteMeeting" {
					crash()
				}
			})
			_, _ = r.trySweep(ctx)
			r.world.Unhook()
			r.start()
			r.sweeper.Limit = sweep.Limit{Count: 3, Share: 0.5}
			r.expireLeases()
			if report := r.sweep(); report.Deleted != 5 || report.Held != 0 {
				r.t.Errorf("%+v", report)
			}
		},
		"lost once more, and accepted": func(r *rig) {
			r.lose()
			r.must(r.sweepErr())
			if is, n := state(r); is != delta.Held || n != 6 {
				r.t.Errorf("%s, %d held", is, n)
			}
			r.resync(0, true)
			r.sweep()
		},
		"the limit was raised": func(r *rig) {
			r.sweeper.Limit = sweep.Limit{Count: 10}
			r.resync(0, false)
			if report := r.sweep(); report.Deleted != 6 {
				r.t.Errorf("%+v", report)
			}
		},
		"their host deleted them": func(r *rig) {
			live := r.world.Live()
			slices.SortFunc(live, func(a, b simulator.Meeting) int { return a.Start.Compare(b.Start) })
			for _, m := range live[:6] {
				r.must(r.world.DeleteMeeting(m.ID))
			}
			r.pass(28 * time.Hour)
			r.sweep()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 138}, func(r *rig) {
				r.sweeper.Limit = sweep.Limit{Count: 3, Share: 0.5}
				alice := r.mailbox("alice@example.com")
				ids := meetings(r, alice, 8)
				for _, id := range ids[:6] {
					r.must(alice.Delete(id))
				}
				r.lose()
				for n := range 3 { // the first finds them, the next ones remember
					report, err := r.trySweep(r.t.Context())
					r.must(err)
					if is, held := state(r); report.Deleted != 0 || report.Held != 6 || is != delta.Held || held != 6 || len(r.world.Live()) != 8 {
						r.t.Errorf("sweep %d: %s, %d held: %+v", n, is, held, report)
					}
				}
				r.resync(0, false)
				if report, err := r.trySweep(r.t.Context()); err != nil || report.Deleted != 0 || report.Held != 6 {
					r.t.Errorf("a resync that accepts nothing: %+v", report)
				}
				end(r)
				if is, held := state(r); is != delta.OK || held != 0 || len(r.world.Live()) != 2 {
					r.t.Errorf("%s, %d held, %d meetings", is, held, len(r.world.Live()))
				}
				r.quiet()
			})
		})
	}
}

// sweepErr sweeps without an audit.
func (r *rig) sweepErr() error {
	_, err := r.trySweep(r.t.Context())
	return err
}

// forgetRecord loses what the store holds of one event.
func (r *rig) forgetRecord(i int, id string) {
	r.t.Helper()
	r.must(r.redis.HDel(r.t.Context(), "syncd:{"+r.boxes[i].ID+"}:events", id).Err())
}
