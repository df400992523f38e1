package sweep_test

import (
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// A "no such meeting" that is wrong is asked about once more: nothing is made again, nothing is taken out of the calendar, and the one
// time that a meeting its host deletes comes back is not used up.
func TestANoSuchMeetingThatIsWrongCostsNobodyAnything(t *testing.T) {
	wrong := simulator.Refuse(404, "", "")
	for name, rules := range map[string][]simulator.Rule{
		"told":           {{Call: "PatchMeeting", Times: 1, Fault: wrong}},
		"told and asked": {{Call: "PatchMeeting", Times: 1, Fault: wrong}, {Call: "GetMeeting", Times: 1, Fault: wrong}},
		"invitees":       {{Call: "ListInvitees", Times: 1, Fault: wrong}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 88}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Attendees = nil
				id := alice.Create(d).ID
				r.sweep()
				meeting, block := r.world.Live()[0].ID, alice.Block(id)
				for _, subject := range []string{"Once", "Twice", "Thrice"} {
					for _, rule := range rules {
						r.world.Fault(rule)
					}
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = subject }))
					r.sweep()
					r.pass(time.Hour)
					if report := r.sweep(); report.Patched+report.Created+report.RemovedBlocks != 0 {
						r.t.Errorf("%s: %+v", subject, report)
					}
					r.quiet()
				}
				live := r.world.Live()
				if len(live) != 1 || live[0].ID != meeting || live[0].Title != "Thrice" || alice.Block(id) != block {
					r.t.Errorf("%+v, block %q", live, alice.Block(id))
				}
				r.must(r.world.DeleteMeeting(meeting))
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Gone" }))
				if report := r.sweep(); report.Created != 1 || report.Reasons[delta.MeetingRemoved] != 1 {
					r.t.Errorf("it is gone for the first time: %+v", report)
				}
			})
		})
	}
}

// The list of meetings may lag behind: what was made in the place of a meeting that its host deleted is known by the record alone.
func TestWhatIsMadeInAMeetingsPlaceIsMadeOnceThoughTheEventChangesMeanwhile(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 89, Quirks: simulator.Quirks{ListLag: time.Minute}}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		r.pass(time.Hour)
		r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Gone" }))
		edited := false
		r.world.OnRequest(func(q simulator.Request) {
			if q.Call == "PatchEvent" && !edited {
				edited = true
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Body = "<p>Agenda</p>" + d.Body }))
			}
		})
		report := r.sweep()
		r.world.Unhook()
		if live := r.world.Live(); len(live) != 1 || report.Created != 1 || !edited {
			r.t.Errorf("%+v, and Webex has %+v", report, live)
		}
		r.quiet()
	})
}
