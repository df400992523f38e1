package sweep_test

import (
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

func TestTheOrganiserIsFoundByAnyOfHisAddresses(t *testing.T) {
	for name, options := range map[string][]simulator.MailboxOption{
		"alias":     {simulator.WithAliases("a.smith@example.com", "alice.smith@example.com"), simulator.WithWebexEmail("alice.smith@example.com")},
		"user name": {simulator.WithUPN("asmith@corp.example.com"), simulator.WithWebexEmail("asmith@corp.example.com")},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 91}, func(r *rig) {
				alice := r.mailbox("alice@example.com", options...)
				alice.Create(later("@webex:onetime", 20))
				alice.Create(later("@webex", 21))
				if report := r.sweep(); report.Created != 1 || report.Patched != 2 || report.Retrying != 0 {
					r.t.Errorf("%+v", report)
				}
				for range 3 { // the address is read anew each day, and found again
					r.pass(nextList)
					r.quiet()
				}
			})
		})
	}
}

func TestARenamedMailboxKeepsItsMeetings(t *testing.T) {
	for _, before := range []string{"an edit", "the daily check", "a full round"} {
		t.Run(before, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 92}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				id := alice.Create(later("@webex:onetime", 20)).ID
				r.sweep()
				alice.Rename("alice.jones@example.com") // at Webex she is who she was
				switch before {
				case "the daily check":
					r.pass(nextList)
					r.quiet()
				case "a full round":
					r.resync(0, false)
					r.quiet()
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Renamed" }))
				alice.Create(later("@webex:onetime", 30))
				if report := r.sweep(); report.Updated != 1 || report.Created != 1 || report.Retrying != 0 {
					r.t.Errorf("%+v", report)
				}
				r.quiet()
			})
		})
	}
}

func TestAPersonalRoomThatIsOffHasAReasonAndIsTriedAgain(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 93}, func(r *rig) {
		alice := r.mailbox("alice@example.com", simulator.WithoutPersonalRoom())
		alice.Create(later("@webex", 20))
		long := later("@webex:onetime", 21) // gets the room, since Webex holds no such meeting
		long.End = long.Start.Add(30 * time.Hour)
		alice.Create(long)
		own := later("@webex:onetime", 25)
		alice.Create(own)
		for _, want := range []time.Duration{time.Hour, 24 * time.Hour, 24 * time.Hour} {
			report, err := r.trySweep(r.t.Context())
			r.must(err)
			if report.Reasons[delta.NoRoom] != 2 || report.Retrying != 2 {
				r.t.Errorf("%+v", report)
			}
			views, err := r.store.Views(r.t.Context(), r.boxes, true)
			r.must(err)
			for _, w := range views[0].Waiting {
				if got := time.Until(w.At).Round(time.Minute); got != want || views[0].Reasons[w.ID] != delta.NoRoom {
					r.t.Errorf("waits %s for %s, want %s", got, views[0].Reasons[w.ID], want)
				}
			}
			r.pass(want + time.Second)
		}
		if live := r.world.Live(); len(live) != 1 {
			r.t.Errorf("%d meetings", len(live))
		}
		r.world.RemoveWebexUser("alice@example.com")
		r.world.AddWebexUser("alice@example.com", true)
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Patched < 2 || report.Retrying != 0 {
			r.t.Errorf("switched on: %+v %v", report, err)
		}
	})
}

func TestThePersonalRoomIsAskedForOnceADay(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 94}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		for i := range 4 {
			alice.Create(later("@webex", 20+i))
		}
		r.sweep()
		if n := r.world.Count("PersonalRoom", ""); n != 1 {
			r.t.Errorf("asked %d times for four events", n)
		}
		r.pass(25 * time.Hour)
		alice.Create(later("@webex", 30))
		r.sweep()
		if n := r.world.Count("PersonalRoom", ""); n != 2 {
			r.t.Errorf("asked %d times in two days", n)
		}
	})
}
