package sweep_test

import (
	"fmt"
	"testing"
	"time"

	"syncd/delta"
	"syncd/recurrence"
	"syncd/simulator"
)

// weekly makes a series of ten weeks, whose third occurrence is renamed and whose fourth is cancelled, and sweeps until it is known.
func (r *rig) weekly(alice *simulator.Mailbox) (id string, days []string, occurrence func(week int) string) {
	d := later("@webex:onetime", 5)
	d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 10}
	id = alice.Create(d).ID
	r.sweep()
	days = alice.Dates(id, time.Now(), time.Now().Add(ahead))
	r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "Renamed" }))
	r.must(alice.CancelOccurrence(id, days[3]))
	r.sweep()
	r.pass(nextList)
	r.quiet() // what the series was told is learned here
	r.world.ClearMails()
	meeting := r.world.Live()[0]
	return id, days, func(week int) string { return recurrence.OccurrenceID(meeting.ID, meeting.Start.AddDate(0, 0, 7*week)) }
}

func (r *rig) noMails() {
	r.t.Helper()
	if n := len(r.world.Mails()); n != 0 {
		r.t.Errorf("%d mails", n)
	}
}

func TestAnOccurrenceThatIsChangedAtWebexIsChangedBackWithoutAMail(t *testing.T) {
	changes := hosts()
	changes["far away"] = func(m *simulator.Meeting) { m.Start, m.End = m.Start.AddDate(0, 3, 0), m.End.AddDate(0, 3, 0) }
	for name, change := range changes {
		for week, what := range map[int]string{1: "like all others", 2: "renamed"} {
			if name == "far away" && week == 2 {
				continue // it is not listed, and where it is nobody knows
			}
			t.Run(name+", "+what, func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 185, Quirks: simulator.Quirks{EmptyListPage: 0.3, MaxNull: true}}, func(r *rig) {
					r.rest.Occurrences = true
					_, _, occurrence := r.weekly(r.mailbox("alice@example.com"))
					r.must(r.world.ChangeMeeting(occurrence(week), change))
					r.pass(nextList)
					report, err := r.trySweep(r.t.Context())
					r.must(err)
					if report.Updated != 1 || report.Patched+report.Created+report.Deleted+report.Retrying != 0 || report.Reasons[delta.MeetingChanged] != 1 {
						r.t.Errorf("%+v", report)
					}
					for range 3 {
						r.quiet()
						r.pass(nextList)
					}
					r.settled()
					r.noMails()
				})
			})
		}
	}
}

func TestAnOccurrenceThatItsHostDeletesIsNotedAndStaysDeleted(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 186}, func(r *rig) {
		r.rest.Occurrences = true
		alice := r.mailbox("alice@example.com")
		id, days, occurrence := r.weekly(alice)
		r.must(r.world.DeleteMeeting(occurrence(1)))
		r.pass(nextList)
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Updated+report.Patched+report.Created+report.Deleted+report.Retrying != 0 || report.Reasons[delta.OccurrenceDeleted] != 1 {
			r.t.Errorf("%+v", report)
		}
		for range 3 { // and it is not asked for again
			r.pass(nextList)
			r.world.ClearRequests()
			r.quiet()
			if n := r.world.Count("GetMeeting", ""); n != 0 {
				r.t.Errorf("asked %d times more", n)
			}
		}
		r.settled()
		r.noMails()
		// Whoever changes it in the calendar means it to be held.
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "Held after all" }))
		report, err = r.trySweep(r.t.Context())
		r.must(err)
		if report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.sweep()
		r.settled()
	})
}

func TestAListOfOccurrencesThatMakesNoSenseIsNotBelieved(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"empty":        simulator.Answer(200, map[string][]string{"Content-Type": {"application/json"}}, `{"items":[]}`),
		"others' only": simulator.Answer(200, map[string][]string{"Content-Type": {"application/json"}}, `{"items":[{"id":"x_20260101T090000Z","title":"Other"}]}`),
		"refused":      simulator.Refuse(403, "", ""),
		"no list":      simulator.Answer(200, map[string][]string{"Content-Type": {"application/json"}}, `{}`),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 187}, func(r *rig) {
				r.rest.Occurrences = true
				r.weekly(r.mailbox("alice@example.com"))
				r.pass(nextList)
				lists := 0
				r.world.OnRequest(func(q simulator.Request) {
					if q.Call != "ListMeetings" {
						return
					}
					if lists++; lists == 1 { // the first is that of the series
						r.world.Fault(simulator.Rule{Call: "ListMeetings", Fault: fault})
						r.world.Fault(simulator.Rule{Call: "GetMeeting", Fault: simulator.Refuse(404, "", "")})
					}
				})
				if report := r.quiet(); lists < 2 || report.Reasons[delta.OccurrenceDeleted] != 0 {
					r.t.Errorf("%d lists were asked for: %+v", lists, report)
				}
				r.world.Unhook()
				r.world.Heal()
				for range 3 {
					r.pass(nextList)
					r.quiet()
				}
				r.settled()
				r.noMails()
			})
		})
	}
}

func TestAnOccurrenceUnderWayIsItsHosts(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 188}, func(r *rig) {
		_, _, occurrence := r.weekly(r.mailbox("alice@example.com"))
		start := r.world.Live()[0].Start.AddDate(0, 0, 7)
		r.must(r.world.ChangeMeeting(occurrence(1), func(m *simulator.Meeting) { m.Title, m.End = "Longer today", m.End.Add(time.Hour) }))
		r.pass(time.Until(start) + 10*time.Minute)
		if report := r.quiet(); report.Updated != 0 || report.Reasons[delta.MeetingChanged] != 0 {
			r.t.Errorf("%+v", report)
		}
	})
}

func TestACrashAfterAnyCallOfTheCheckOfOccurrencesIsMadeGood(t *testing.T) {
	for n := 1; ; n += thin {
		reached := true
		t.Run(fmt.Sprintf("call %d", n), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
				r.rest.Occurrences = true
				_, _, occurrence := r.weekly(r.mailbox("alice@example.com"))
				r.must(r.world.ChangeMeeting(occurrence(1), func(m *simulator.Meeting) { m.Title = "Party" }))
				r.must(r.world.ChangeMeeting(occurrence(2), func(m *simulator.Meeting) { m.End = m.End.Add(time.Hour) }))
				r.must(r.world.DeleteMeeting(occurrence(4)))
				r.pass(nextList)
				reached = r.crashAt(n)
				r.start()
				r.expireLeases()
				r.pass(nextList)
				r.settled()
				r.noMails()
			})
		})
		if !reached {
			if n < 7 {
				t.Fatalf("the check took only %d calls", n)
			}
			return
		}
	}
}
