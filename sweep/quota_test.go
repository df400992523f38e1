package sweep_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// crowded fills a calendar with n events that ask for meetings of their own, what begins last first.
func crowded(m *simulator.Mailbox, n int) {
	for i := range n {
		d := draft("@webex:onetime")
		d.Start = tomorrow(0).Add(time.Duration(n-1-i) * 3 * time.Hour)
		d.End, d.Attendees = d.Start.Add(time.Hour), nil
		m.Create(d)
	}
}

// spent lets so many of today's meetings of the first mailbox have been tried, by Webex's count and by ours.
func (r *rig) spent(tries int) {
	r.t.Helper()
	r.world.SpendQuota(r.boxes[0].Address, tries)
	key := "syncd:quota:{" + time.Now().UTC().Format(time.DateOnly) + "}:" + r.boxes[0].ID
	r.must(r.redis.Set(r.t.Context(), key, tries, 48*time.Hour).Err())
}

func TestWhatBeginsSoonestGoesFirstAndTheRestWaitsForTheNextDay(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 81}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.pass(9 * time.Hour)
		r.spent(720)
		crowded(alice, 110)
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Created != 80 || report.Retrying != 30 || report.Reasons[delta.Quota] != 30 {
			r.t.Fatalf("%d made, %d wait, reasons %v", report.Created, report.Retrying, report.Reasons)
		}
		for _, m := range r.world.Live() {
			if m.Start.After(tomorrow(0).Add(80 * 3 * time.Hour)) {
				r.t.Fatalf("a meeting of %s was made, and one before it waits", m.Start)
			}
		}
		views, err := r.store.Views(r.t.Context(), r.boxes, true)
		r.must(err)
		midnight := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		for _, w := range views[0].Waiting {
			if w.At.Before(midnight) || w.At.After(midnight.Add(10*time.Minute)) || views[0].Reasons[w.ID] != delta.Quota {
				r.t.Errorf("waits until %s: %s", w.At, views[0].Reasons[w.ID])
			}
		}
		// Neither another process, nor a full round, nor an operator's sweep makes one before.
		r.start()
		r.sweeper.Eager = true
		r.resync(0, false)
		before := r.world.Count("CreateMeeting", "")
		r.must(r.sweepErr())
		r.must(r.sweepErr())
		if n := r.world.Count("CreateMeeting", "") - before; n != 0 {
			r.t.Errorf("%d calls beyond the quota", n)
		}
		// By Webex's clock, which counts 24 hours, the quota is free a while after midnight.
		r.pass(24*time.Hour + 10*time.Minute)
		if report := r.sweep(); report.Created != 30 {
			r.t.Errorf("the day after: %+v", report)
		}
		r.quiet()
	})
}

func TestWhereTheQuotaOfAllIsShortWhatBeginsLateWaitsForWhatBeginsSoonInOtherMailboxes(t *testing.T) {
	for used, want := range map[int][]int{2200: {1, 20, 90}, 2400: {1, 20}, 2800: {1}, 3000: nil} {
		t.Run(fmt.Sprint(used), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 84}, func(r *rig) {
				ids := map[int]string{}
				for i, days := range []int{90, 20, 1} { // each in a mailbox of its own, the latest first
					ids[days] = r.mailbox(fmt.Sprintf("p%d@example.com", i)).Create(later("@webex:onetime", days)).ID
				}
				key := "syncd:quota:{" + time.Now().UTC().Format(time.DateOnly) + "}"
				r.must(r.redis.Set(r.t.Context(), key, used, 48*time.Hour).Err())
				report, err := r.trySweep(r.t.Context())
				r.must(err)
				if report.Created != len(want) || report.Reasons[delta.Quota] != 3-len(want) {
					r.t.Fatalf("%+v", report)
				}
				for i, days := range []int{90, 20, 1} {
					if made := r.record(i, ids[days]).Meeting != ""; made != slices.Contains(want, days) {
						r.t.Errorf("in %d days: made %v", days, made)
					}
				}
				r.pass(23*time.Hour + 30*time.Minute) // what nobody needed is given free as the day goes on
				report, err = r.trySweep(r.t.Context())
				r.must(err)
				if used < 2900 && report.Created != 3-len(want) || used == 3000 && report.Created != 0 {
					r.t.Errorf("late in the day: %+v", report)
				}
			})
		})
	}
}

func TestARefusalBecauseOfTheQuotaIsNotRepeatedByEachEvent(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 82}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.pass(20 * time.Hour)
		r.spent(740)
		crowded(alice, 120)
		r.must(r.sweepErr())
		// A new day by our calendar, and not yet by Webex's.
		r.pass(4*time.Hour + 10*time.Minute)
		before := r.world.Count("CreateMeeting", "")
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if n := r.world.Count("CreateMeeting", "") - before; n == 0 || n > 4 || report.Reasons[delta.Quota] != 60 {
			r.t.Errorf("%d calls, reasons %v", n, report.Reasons)
		}
		views, err := r.store.Views(r.t.Context(), r.boxes, true)
		r.must(err)
		if wait := time.Until(views[0].Waiting[0].At); wait < 50*time.Minute || wait > 70*time.Minute {
			r.t.Errorf("waits %s", wait)
		}
		for range 22 {
			r.pass(70 * time.Minute)
			r.must(r.sweepErr())
		}
		r.sweep()
		r.quiet()
	})
}

func TestAPersonalRoomAndAnEditNeedNoQuota(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 83}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		key := "syncd:quota:{" + time.Now().UTC().Format(time.DateOnly) + "}:" + r.boxes[0].ID
		r.must(r.redis.Set(r.t.Context(), key, 799, time.Hour).Err())
		crowded(alice, 6)
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Created != 1 || report.Reasons[delta.Quota] != 5 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Renamed" }))
		room := draft("@webex")
		room.Start, room.End = tomorrow(1), tomorrow(2)
		alice.Create(room)
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Updated != 1 || report.Patched != 1 {
			r.t.Errorf("%+v %v", report, err)
		}
	})
}

func TestWhatWaitsForARetryAfterIsSaidToWaitByEachSweep(t *testing.T) {
	for _, after := range []string{"120", "soon"} {
		inBubble(t, simulator.Options{Seed: 145}, func(r *rig) {
			r.sweeper.Eager = true // one sweep after the other, by hand
			r.mailbox("alice@example.com").Create(draft("@webex:onetime"))
			r.world.Fault(simulator.Rule{Call: "CreateMeeting", Fault: simulator.Refuse(429, "", after)})
			for range 3 {
				if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 || report.Reasons[delta.Throttled] != 1 {
					r.t.Errorf("Retry-After %s: %+v, %v", after, report, err)
				}
				r.world.Heal()
			}
			r.pass(3 * time.Minute)
			if report := r.sweep(); report.Created != 1 || report.Retrying != 0 {
				r.t.Errorf("Retry-After %s: %+v", after, report)
			}
		})
	}
}
