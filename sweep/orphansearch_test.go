package sweep_test

import (
	"testing"
	"time"

	"syncd/simulator"
)

// No list of the calendar's events has the occurrences that differ, and no round those beyond the window.
func TestAnOccurrenceMovedBeyondTheWindowKeepsItsMeetingThoughTheStoreIsLost(t *testing.T) {
	type step func(r *rig, alice *simulator.Mailbox, id, day string)
	move := func(days int) step {
		return func(r *rig, alice *simulator.Mailbox, id, day string) {
			r.must(alice.EditOccurrence(id, day, func(d *simulator.Draft) { d.Start, d.End = d.Start.AddDate(0, 0, days), d.End.AddDate(0, 0, days) }))
		}
	}
	for name, c := range map[string]struct {
		meanwhile step
		left      int // meetings of its own
		lists     int // of the calendar, by which it is looked for
	}{
		"nothing else happens": {func(*rig, *simulator.Mailbox, string, string) {}, 1, 2},
		"it moves again":       {move(20), 1, 3},
		"it is cancelled":      {func(r *rig, alice *simulator.Mailbox, id, day string) { r.must(alice.CancelOccurrence(id, day)) }, 0, 3},
		"its series goes":      {func(r *rig, alice *simulator.Mailbox, id, day string) { r.must(alice.Delete(id)) }, 0, 3},
	} {
		for _, keyword := range []string{"Room 4", "@webex:myroom", "@webex:onetime"} {
			inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
				alice.Create(draft("Room 5"))
				own := "@meet:onetime"
				if keyword == "@webex:onetime" {
					own = "@meet:space"
				}
				r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Location = own }))
				r.sweep()
				before := len(r.world.Live())
				move(300)(r, alice, id, days[3])
				r.sweep()
				r.quiet()
				c.meanwhile(r, alice, id, days[3])
				r.lose()
				r.world.ClearMails()
				r.world.ClearRequests()
				report := r.sweep()
				live, want := len(r.world.Live()), before-1+c.left
				if keyword == "@webex:onetime" && name == "its series goes" {
					want--
				}
				if live != want || report.Patched+report.Created != 0 || len(r.world.Mails()) != 0 {
					r.t.Errorf("%s, %s: %d meetings, want %d: %+v", keyword, name, live, want, report)
				}
				lists, views := r.world.Count("ListEvents", ""), r.world.Count("CalendarView", "")
				if keyword == "Room 4" && (lists != c.lists || views != 1) {
					r.t.Errorf("%s: %d lists and %d views: %v", name, lists, views, r.world.Requests())
				}
				r.quiet()
			})
		}
	}
}

// A list that changes between two of its pages may show one twice. Taken for two, one of them would go.
func TestWhatIsListedTwiceIsThereOnce(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@meet:space"} {
		inBubble(t, simulator.Options{Seed: 271, Quirks: simulator.Quirks{ListedTwice: 1}}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			alice.Create(draft(keyword))
			if report := r.sweep(); report.Created != 1 || report.Deleted != 0 || report.Patched != 1 {
				r.t.Errorf("%s: %+v", keyword, report)
			}
			r.quiet()
			r.lose()
			r.rest.Strangers = true
			r.quiet()
			r.resync(0, false)
			r.quiet()
			if live, spaces := r.world.Live(), r.world.Spaces(); len(live) != 1 || keyword == "@meet:space" && len(spaces) != 1 {
				r.t.Errorf("%s: %d meetings, %d spaces", keyword, len(live), len(spaces))
			}
		})
	}
}

// The series asks for the same now, the store was lost, and Webex was in trouble just then.
func TestAMeetingOfAnOccurrenceThatIsWithItsSeriesAgainGoes(t *testing.T) {
	for _, call := range []string{"DeleteMeeting", "CreateMeeting", "CreateInvitees", "CreateRoom", "CreateMembership", "CreateMessage", "ListMeetings"} {
		for nth := range 3 {
			inBubble(t, simulator.Options{Seed: 272}, func(r *rig) {
				r.rest.Occurrences = true
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 5}
				id := alice.Create(d).ID
				r.sweep()
				day := alice.Dates(id, time.Now(), time.Now().Add(ahead))[1]
				r.must(alice.EditOccurrence(id, day, func(d *simulator.Draft) { d.Location = "Hall @webex:space" }))
				r.sweep()
				r.lose()
				r.rest.Strangers = true
				r.world.Fault(simulator.Rule{Call: call, Nth: nth + 1, Fault: simulator.Refuse(502, "", "")})
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "Room @webex:space" }))
				_, err := r.trySweep(r.t.Context())
				r.world.Heal()
				r.t.Log(call, nth, err)
				r.pass(5 * time.Minute)
				_, _ = r.trySweep(r.t.Context())
				r.resync(0, false)
				r.sweep()
				r.quiet()
			})
		}
	}
}

// What nobody joins any more goes also where the store was lost before it could be noticed.
func TestAMeetingWhoseEventDoesWithoutItGoesThoughTheStoreIsLost(t *testing.T) {
	t.Run("a series that was cut short", func(t *testing.T) {
		for _, quirks := range []simulator.Quirks{{}, simulator.Odd()} {
			inBubble(t, simulator.Options{Seed: 272, Quirks: quirks}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 40}
				id := alice.Create(d).ID
				r.sweep()
				r.pass(5 * 7 * 24 * time.Hour)
				r.sweep()
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence.Count = 3 }))
				r.loses(0)
			})
		}
	})
	t.Run("an occurrence that was called back to its series", func(t *testing.T) {
		for _, keyword := range []string{"@webex:myroom", "@webex:onetime"} {
			inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
				before := len(r.world.Live())
				r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Location = "@meet:space" }))
				r.sweep()
				if n := len(r.world.Live()); n != before+1 {
					r.t.Fatalf("%d meetings", n)
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) }))
				r.loses(before)
			})
		}
	})
}

// loses loses the store, sweeps, and wants so many meetings to be left and nobody mailed.
func (r *rig) loses(left int) {
	r.t.Helper()
	r.lose()
	r.world.ClearMails()
	r.sweep()
	if n := len(r.world.Live()); n != left || len(r.world.Mails()) != 0 {
		r.t.Errorf("%d meetings, want %d; %d mails", n, left, len(r.world.Mails()))
	}
	r.quiet()
}
