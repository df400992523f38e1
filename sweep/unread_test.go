package sweep_test

import (
	"testing"

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
