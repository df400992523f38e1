package sweep_test

import (
	"fmt"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

func TestAnEventThatCannotSucceedWaitsLongerEachTimeAndStopsNobody(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 51}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		bad := draft("@webex:onetime")
		bad.Subject = "cannot be"
		bad.Start, bad.End = bad.Start.AddDate(0, 0, 90), bad.End.AddDate(0, 0, 90)
		alice.Create(bad)
		rule := r.world.Fault(simulator.Rule{Call: "CreateMeeting", Fault: simulator.Refuse(400, "", "")})
		good := draft("@webex")
		good.Start, good.End = tomorrow(12), tomorrow(13)
		alice.Create(good)
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Retrying != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		var waits []time.Duration
		for len(waits) < 14 {
			views, err := r.store.Views(r.t.Context(), r.boxes, true)
			r.must(err)
			if len(views[0].Waiting) != 1 || views[0].Reasons[views[0].Waiting[0].ID] != delta.Refused {
				r.t.Fatalf("waiting: %+v", views[0])
			}
			wait := time.Until(views[0].Waiting[0].At)
			waits = append(waits, wait.Round(time.Minute))
			r.pass(wait - time.Second)
			before := rule.Hits()
			r.must(r.sweepErr())
			if rule.Hits() != before {
				r.t.Errorf("tried before its time")
			}
			r.pass(2 * time.Second)
			r.must(r.sweepErr())
			if rule.Hits() != before+1 {
				r.t.Errorf("not tried when its time came")
			}
		}
		if waits[0] != time.Minute || waits[1] != 2*time.Minute || waits[len(waits)-1] != 24*time.Hour {
			r.t.Errorf("waits %v", waits)
		}
	})
}

func TestAnOrganiserWhomWebexDoesNotKnowIsTriedAfterAnHourAndThenDaily(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 52}, func(r *rig) {
		ghost := r.mailbox("ghost@example.com", simulator.WithoutWebex())
		for i, keyword := range []string{"@webex", "@webex:onetime"} {
			d := draft(keyword)
			d.Start, d.End = d.Start.AddDate(0, 0, 9+i), d.End.AddDate(0, 0, 9+i)
			ghost.Create(d)
		}
		for _, want := range []time.Duration{time.Hour, 24 * time.Hour, 24 * time.Hour} {
			report, err := r.trySweep(r.t.Context())
			r.must(err)
			if report.Reasons[delta.Unknown] != 2 {
				r.t.Errorf("%+v", report)
			}
			views, err := r.store.Views(r.t.Context(), r.boxes, true)
			r.must(err)
			for _, w := range views[0].Waiting {
				if got := time.Until(w.At).Round(time.Minute); got != want {
					r.t.Errorf("waits %s, want %s", got, want)
				}
			}
			for range 3 { // sweeps between the tries, which ask nobody, still show it
				if c := r.cursor(0); c.State != delta.OK || c.Reason != delta.Unknown {
					r.t.Errorf("the mailbox is %s, reason %q", c.State, c.Reason)
				}
				r.pass(want / 4)
				r.must(r.sweepErr())
			}
			r.pass(want/4 + time.Second)
		}
		r.world.AddWebexUser(ghost.Address(), true)
		r.sweep()
		if c := r.cursor(0); c.Reason != "" {
			r.t.Errorf("known by now, and the mailbox's reason is %q", c.Reason)
		}
		r.quiet()
	})
}

func TestAMailboxThatRefusesIsParkedAndAskedNowAndThen(t *testing.T) {
	for name, refuse := range map[string]func(*simulator.Mailbox){
		"access-denied": (*simulator.Mailbox).Deny, "no-mailbox": (*simulator.Mailbox).Unlicense, "vanished": (*simulator.Mailbox).Vanish,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 53}, func(r *rig) {
				alice, bo := r.mailbox("alice@example.com"), r.mailbox("bo@example.com")
				meetings(r, alice, 2)
				link := r.cursor(0).Link
				refuse(alice)
				bo.Create(draft("@webex"))
				report, err := r.trySweep(r.t.Context())
				if err == nil || report.Patched != 1 || len(r.world.Live()) != 2 {
					r.t.Errorf("%+v, error %v", report, err)
				}
				c := r.cursor(0)
				if c.State != delta.Parked || c.Reason == "" || c.Link != link || time.Until(c.NextAt) < 50*time.Minute {
					r.t.Errorf("cursor %+v", c)
				}
				alice.Restore()
				r.sweep()
				if c := r.cursor(0); c.State != delta.OK || c.Reason != "" {
					r.t.Errorf("cursor %+v", c)
				}
				r.quiet()
			})
		})
	}
}

func TestMostMailboxesRefusingAtOnceIsOneAlarm(t *testing.T) {
	for _, mailboxes := range []int{6, 14, 30} {
		t.Run(fmt.Sprint(mailboxes), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 54}, func(r *rig) {
				var people []*simulator.Mailbox
				for i := range mailboxes {
					people = append(people, r.mailbox(fmt.Sprintf("p%02d@example.com", i)))
				}
				for range 10 { // all goes well for a while
					r.sweep()
				}
				for _, p := range people {
					p.Deny()
				}
				r.world.ClearRequests()
				_, err := r.trySweep(r.t.Context())
				if err == nil {
					r.t.Fatal("no error")
				}
				if n := len(r.world.Requests()); n >= mailboxes {
					r.t.Errorf("%d requests before all waited", n)
				}
				for i := range people {
					if c := r.cursor(i); c.State != delta.OK {
						r.t.Errorf("%s is %s", c.Address, c.State)
					}
				}
				// One is asked each minute.
				r.world.ClearRequests()
				for range 5 {
					r.pass(61 * time.Second)
					_ = r.sweepErr()
				}
				if n := len(r.world.Requests()); n > 10 {
					r.t.Errorf("%d requests in five minutes", n)
				}
				for _, p := range people {
					p.Restore()
				}
				r.pass(61 * time.Second)
				r.sweep()
				r.quiet()
			})
		})
	}
}

func TestASweepThatWasAnsweredBeforeAllRefuseDoesNotEndTheAlarm(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 57}, func(r *rig) {
		var people []*simulator.Mailbox
		for i := range 14 {
			people = append(people, r.mailbox(fmt.Sprintf("p%02d@example.com", i)))
		}
		r.sweep()
		slow := r.boxes[0]
		r.world.OnAnswer(func(q simulator.Request) {
			if q.Mailbox != slow.Address || r.sweeper.Refused() != nil {
				return
			}
			for i, p := range people {
				if p.Deny(); i > 0 {
					_, _ = r.sweeper.Sweep(r.t.Context(), r.boxes[i])
				}
			}
		})
		if _, err := r.sweeper.Sweep(r.t.Context(), slow); err != nil {
			r.t.Fatal(err)
		}
		if r.sweeper.Refused() == nil {
			r.t.Error("the alarm is over")
		}
		r.world.Unhook()
		for _, p := range people {
			p.Restore()
		}
		r.pass(61 * time.Second)
		r.sweep()
		if err := r.sweeper.Refused(); err != nil {
			r.t.Error(err)
		}
	})
}

func TestSomeMailboxesThatRefuseAreParkedAndDoNotStopTheOthers(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 56}, func(r *rig) {
		var people []*simulator.Mailbox
		for i := range 14 {
			people = append(people, r.mailbox(fmt.Sprintf("p%02d@example.com", i)))
		}
		r.sweep()
		for _, p := range people[:6] {
			p.Deny()
		}
		for range 3 {
			_ = r.sweepErr()
			r.pass(2 * time.Hour)
		}
		for i := range people {
			if c := r.cursor(i); (c.State == delta.Parked) != (i < 6) {
				r.t.Errorf("%s is %s", c.Address, c.State)
			}
		}
	})
}
