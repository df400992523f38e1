package sweep_test

import (
	"testing"
	"time"

	"syncd/simulator"
)

func TestASeriesWhoseMasterCannotBeReadWhenItsKeywordIsTypedIsServedLater(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 121, Quirks: simulator.Quirks{MasterMissing: 1}}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("Room 4")
		d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 5}
		id := alice.Create(d).ID
		r.sweep()
		days := alice.Dates(id, tomorrow(0), tomorrow(24*60))
		r.must(location(alice, id, "@webex:onetime"))
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "Once" }))
		r.world.Fault(simulator.Rule{Call: "GetEvent", Fault: simulator.Refuse(503, "", "")})
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Retrying == 0 {
			r.t.Errorf("%+v", report)
		}
		r.world.Heal()
		r.rest.Occurrences = true
		r.settled()
		if n := len(r.world.Live()); n != 1 {
			r.t.Errorf("%d meetings", n)
		}
	})
}

// What is left out of a changed event is not empty: the event is read before anything is concluded from that.
func TestMembersThatARoundLeavesOutAreRead(t *testing.T) {
	for _, member := range []string{"subject", "body", "location", "recurrence"} {
		for _, series := range []bool{false, true} {
			for seed := range uint64(4) { // it is left out every other time
				inBubble(t, simulator.Options{Seed: 281 + seed, Quirks: simulator.Quirks{LeftOut: []string{member}}}, func(r *rig) {
					alice := r.mailbox("alice@example.com")
					d := draft("@webex:onetime")
					if d.Body = "<p>bring cake</p>"; series {
						d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 4}
					}
					id := alice.Create(d).ID
					r.sweep()
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.End = d.End.Add(time.Hour) }))
					if report := r.sweep(); report.Patched+report.Created+report.Deleted != 0 {
						r.t.Errorf("%s: %+v", member, report)
					}
					r.quiet()
					if series {
						r.must(alice.Cancel(alice.OccurrenceID(id, alice.Dates(id, time.Now(), time.Now().Add(ahead))[1])))
						if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
							r.t.Errorf("%s, one cancelled: %+v", member, report)
						}
						r.quiet()
					}
				})
			}
		}
	}
}
