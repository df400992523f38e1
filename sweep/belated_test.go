package sweep_test

import (
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// A round may say of any part of a series, late or once more, that it is removed. Alone, so that the series does not come with it.
func TestAnExceptionThatOnlySeemsRemovedStaysWithItsSeries(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@webex:myroom"} {
		inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			var ids []string
			for day, change := range map[string]func(d *simulator.Draft){
				days[2]: func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(2*time.Hour), d.End.Add(2*time.Hour) },
				days[3]: func(d *simulator.Draft) { d.Location = "Room 4" },
				days[4]: func(d *simulator.Draft) { d.Location = "@meet:onetime" },
			} {
				r.must(alice.EditOccurrence(id, day, change))
				ids = append(ids, alice.OccurrenceID(id, day))
			}
			r.sweep()
			r.quiet()
			r.world.ClearMails()
			alice.RemoveBelated(ids...)
			if report := r.quiet(); report.Reasons[delta.Outside] != len(ids) || len(r.world.Mails()) != 0 {
				r.t.Errorf("%s: %+v, %d mails", keyword, report, len(r.world.Mails()))
			}
			r.quiet()
		})
	}
}
