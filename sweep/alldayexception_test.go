package sweep_test

import (
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/sweep"
)

// plan tells what the next sweep of a mailbox would do.
func (r *rig) plan(i int) []sweep.Planned {
	r.t.Helper()
	report, err := r.sweeper.Plan(r.t.Context(), r.boxes[i])
	r.must(err)
	return report.Planned
}

func TestAnOccurrenceThatWebexCannotHoldGetsThePersonalRoomAtOnceAndAMeetingWhenItIsShortAgain(t *testing.T) {
	for reason, longer := range map[delta.Reason]func(d *simulator.Draft){
		delta.AllDay:  func(d *simulator.Draft) { d.AllDay = true },
		delta.TooLong: func(d *simulator.Draft) { d.End = d.Start.Add(24 * time.Hour) },
	} {
		for _, keyword := range []string{"@webex:onetime", "@meet:space"} {
			inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
				before, _ := alice.Event(alice.OccurrenceID(id, days[2]))
				edit := func(change func(d *simulator.Draft)) { r.must(alice.EditOccurrence(id, days[2], change)) }
				as := func(action delta.Action, why delta.Reason, created int) {
					planned := r.plan(0)
					if len(planned) != 1 || planned[0].Action != action || planned[0].Reason != why || planned[0].Mails != 1 {
						r.t.Errorf("%s: planned %+v", keyword, planned)
					}
					r.world.ClearRequests()
					report := r.sweep()
					if report.Patched != 1 || report.Mails != 1 || report.Created != created || report.Deleted != 1-created || report.Retrying != 0 {
						r.t.Errorf("%s, %s: %+v", keyword, why, report)
					}
					if n := r.world.Count("PatchMeeting", "") + r.world.Count("CreateMeeting", ""); n != created {
						r.t.Errorf("%s, %s: %d writes at Webex: %v", keyword, why, n, r.world.Requests())
					}
					r.quiet()
				}
				edit(longer)
				as(delta.Create, reason, 0)
				edit(func(d *simulator.Draft) { d.AllDay, d.Start, d.End = false, before.Start, before.End.Add(time.Hour) })
				as(delta.Replace, delta.Edited, 1)
				edit(longer)
				as(delta.Replace, reason, 0)
				r.lose()
				r.rest.Strangers = true
				r.quiet()
			})
		}
	}
}

func TestAnOccurrenceWithoutBlockStaysWithoutOneWhenItLastsLongerThanWebexCanHold(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		edit := func(change func(d *simulator.Draft)) { r.must(alice.EditOccurrence(id, days[3], change)) }
		for range 2 {
			edit(func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) })
			r.sweep()
		}
		edit(func(d *simulator.Draft) { d.AllDay = true })
		if report := r.sweep(); report.Patched+report.Created+report.Retrying != 0 || report.Deleted != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
		r.lose()
		r.quiet()
	})
}
