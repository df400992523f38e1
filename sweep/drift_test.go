package sweep_test

import (
	"fmt"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// nextList is when the next list of a mailbox's meetings is due at the latest.
const nextList = 28 * time.Hour

// later draws up a draft that is not over when the next lists come.
func later(location string, days int) simulator.Draft {
	d := draft(location)
	d.Start, d.End = d.Start.AddDate(0, 0, days), d.End.AddDate(0, 0, days)
	return d
}

// hosts are what hosts change of a meeting or occurrence at Webex.
func hosts() map[string]func(*simulator.Meeting) {
	return map[string]func(*simulator.Meeting){
		"title":  func(m *simulator.Meeting) { m.Title = "Party" },
		"start":  func(m *simulator.Meeting) { m.Start = m.Start.Add(-30 * time.Minute) },
		"longer": func(m *simulator.Meeting) { m.End = m.End.Add(time.Hour) },
		"moved":  func(m *simulator.Meeting) { m.Start, m.End = m.Start.Add(48*time.Hour), m.End.Add(48*time.Hour) },
	}
}

func TestAMeetingThatIsChangedAtWebexIsChangedBackWithoutAMail(t *testing.T) {
	for name, change := range hosts() {
		for _, series := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, series %v", name, series), func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 85, Quirks: simulator.Quirks{EmptyListPage: 0.3, MaxNull: true}}, func(r *rig) {
					r.rest.Occurrences = true
					alice := r.mailbox("alice@example.com")
					d := later("@webex:onetime", 5)
					if series {
						d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
					}
					id := alice.Create(d).ID
					alice.Create(later("@webex:onetime", 9))
					r.sweep()
					if series {
						days := alice.Dates(id, time.Now(), time.Now().Add(ahead))
						r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "Renamed" }))
						r.must(alice.CancelOccurrence(id, days[3]))
						r.must(alice.EditOccurrence(id, days[4], func(d *simulator.Draft) { d.Location = "Room 4" }))
						r.sweep()
					}
					r.pass(nextList)
					r.quiet() // what a series was told is learned here
					meeting := r.world.Live()[0]
					if meeting.Title != "Planning" || (meeting.Recurrence != "") != series {
						r.t.Fatalf("changing %+v", meeting)
					}
					r.must(r.world.ChangeMeeting(meeting.ID, change))
					r.world.ClearMails()
					r.pass(nextList)
					report, err := r.trySweep(r.t.Context())
					r.must(err)
					if report.Updated == 0 || report.Patched+report.Created != 0 || report.Reasons[delta.MeetingChanged] != 1 {
						r.t.Errorf("%+v", report)
					}
					r.sweep() // what a series' occurrences have of their own
					r.quiet()
					if n := len(r.world.Mails()); n != 0 {
						r.t.Errorf("%d mails", n)
					}
				})
			})
		}
	}
}

func TestADeletedMeetingIsFoundWithoutAnEditAndMadeAgainOnce(t *testing.T) {
	for _, series := range []bool{false, true} {
		t.Run(fmt.Sprintf("series %v", series), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 86}, func(r *rig) {
				r.rest.Occurrences = true
				alice := r.mailbox("alice@example.com")
				d := later("@webex:onetime", 9)
				if series {
					d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
				}
				id := alice.Create(d).ID
				if series {
					days := alice.Dates(id, time.Now(), time.Now().Add(ahead))
					r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "Renamed" }))
					r.must(alice.CancelOccurrence(id, days[3]))
				}
				r.sweep()
				r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
				r.pass(nextList)
				report, err := r.trySweep(r.t.Context())
				r.must(err)
				if report.Created != 1 || report.Patched != 1 || report.Reasons[delta.MeetingRemoved] != 1 {
					r.t.Errorf("first time: %+v", report)
				}
				r.sweep()
				r.quiet()
				r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
				r.pass(nextList)
				report, err = r.trySweep(r.t.Context())
				r.must(err)
				if report.Created != 0 || report.RemovedBlocks < 1 || report.Reasons[delta.HostDeleted] < 1 {
					r.t.Errorf("second time: %+v", report)
				}
				r.sweep()
				r.quiet()
				for range 3 {
					r.pass(nextList)
					r.quiet()
				}
				if n := len(r.world.Live()); n != 0 {
					r.t.Errorf("%d meetings", n)
				}
			})
		})
	}
}

func TestTheDailyCheckCostsOneRequestWhereNothingChangedAndOneMoreWithSeries(t *testing.T) {
	for _, series := range []bool{false, true} {
		t.Run(fmt.Sprintf("series %v", series), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 87}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				for i := range 40 {
					alice.Create(later([]string{"@webex:onetime", "@webex"}[i%2], 30+i))
				}
				want := 1
				if series {
					want = 2
					for i := range 3 {
						d := later("@webex:onetime", 20+i)
						d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 20}
						alice.Create(d)
					}
				}
				r.sweep()
				r.sweep()
				r.pass(nextList)
				r.quiet()
				for range 3 {
					r.pass(nextList)
					r.world.ClearRequests()
					r.quiet()
					if n := r.world.Count("*Meeting*", ""); n != want || r.world.Count("GetEvent", "") != 0 {
						r.t.Errorf("%d requests to Webex, not %d: %v", n, want, r.world.Requests())
					}
				}
			})
		})
	}
}

func TestTheDailyChecksOfManyMailboxesAreSpread(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 90}, func(r *rig) {
		for i := range 24 {
			r.mailbox(fmt.Sprintf("p%02d@example.com", i))
		}
		r.sweep()
		hours := map[time.Duration]int{}
		for i := range r.boxes {
			due := time.Until(r.cursor(i).OrphansAt)
			if due < 20*time.Hour || due > nextList {
				r.t.Errorf("%s is looked over in %s", r.boxes[i].Address, due)
			}
			hours[due.Truncate(time.Hour)]++
		}
		if len(hours) < 5 {
			r.t.Errorf("within the hours %v", hours)
		}
	})
}

func TestAnEmptyListOfMeetingsIsNotBelieved(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 88}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		for i := range 30 {
			alice.Create(later("@webex:onetime", 30+i))
		}
		r.sweep()
		r.pass(nextList)
		empty := simulator.Answer(200, map[string][]string{"Content-Type": {"application/json"}}, `{"items":[]}`)
		r.world.Fault(simulator.Rule{Call: "ListMeetings", Fault: empty})
		r.quiet()
		// And where single meetings are said to be gone too, it is an outage if there are many.
		r.pass(nextList)
		r.world.Fault(simulator.Rule{Call: "GetMeeting", Fault: simulator.Refuse(404, "", "")})
		r.quiet()
		r.world.Heal()
		r.pass(nextList)
		r.quiet()
	})
}

func TestATitleThatCannotBeReadIsNoChange(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 89, Quirks: simulator.Quirks{ListErrors: true}}, func(r *rig) {
		r.mailbox("alice@example.com").Create(later("@webex:onetime", 30))
		r.sweep()
		for range 3 {
			r.pass(nextList)
			r.quiet()
		}
	})
}

func TestACrashAfterAnyCallOfTheDailyCheckIsMadeGood(t *testing.T) {
	for n := 1; ; n += min(thin, 5) {
		reached := true
		t.Run(fmt.Sprintf("call %d", n), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				for i := range 3 {
					alice.Create(later("@webex:onetime", 10+i))
				}
				r.sweep()
				live := r.world.Live()
				r.must(r.world.DeleteMeeting(live[0].ID))
				r.must(r.world.ChangeMeeting(live[1].ID, func(m *simulator.Meeting) { m.Title = "Party" }))
				r.pass(nextList)
				reached = r.crashAt(n)
				r.start()
				r.expireLeases()
				r.pass(nextList)
				r.settled()
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
