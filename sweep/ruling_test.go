package sweep_test

import (
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// Rulings for what Webex cannot express or refuses, and for the language of what is written.

func TestASeriesThatWebexCannotExpressGetsThePersonalRoomUntilItCan(t *testing.T) {
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	for want, rec := range map[delta.Reason]simulator.Recurrence{
		"several-days":           {Pattern: "relativeMonthly", Index: "last", Days: weekdays},
		"short-months":           {Pattern: "absoluteMonthly", DayOfMonth: 30},
		"too-many-occurrences":   {Pattern: "weekly", Days: weekdays, Count: 262},
		"longer-than-five-years": {Pattern: "weekly", Interval: 2, Until: "2006-01-01"},
	} {
		t.Run(string(want), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 131, Exchange: simulator.Harsh}, func(r *rig) {
				r.rest.Occurrences = true
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Zone, d.Recurrence = "W. Europe Standard Time", &rec
				id := alice.Create(d).ID
				report := r.sweep()
				if report.Patched != 1 || report.Retrying != 0 || len(r.world.Live()) != 0 {
					r.t.Errorf("%+v, %d meetings", report, len(r.world.Live()))
				}
				if e, _ := alice.Event(id); !strings.Contains(e.Body, r.world.PersonalRoom("alice@example.com")) || r.record(0, id).Reason != want {
					r.t.Errorf("reason %q, body %s", r.record(0, id).Reason, e.Body)
				}
				r.quiet()
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 10} }))
				if report := r.sweep(); report.Created != 1 || report.Patched != 1 || r.record(0, id).Reason != "" {
					r.t.Errorf("as one that Webex can express: %+v, reason %q", report, r.record(0, id).Reason)
				}
				r.quiet()
			})
		})
	}
}

func TestWhatCrossesWhatWebexCanHoldIsFollowedThoughTheStoreIsLost(t *testing.T) {
	hour := func(d *simulator.Draft) {
		d.AllDay, d.Start, d.End, d.Recurrence = false, tomorrow(9), tomorrow(10), nil
	}
	day := func(d *simulator.Draft) {
		d.AllDay, d.Start, d.End, d.Recurrence = true, tomorrow(0), tomorrow(24), nil
	}
	long := func(d *simulator.Draft) { hour(d); d.End = d.Start.Add(30 * time.Hour) }
	weekly := func(d *simulator.Draft) { hour(d); d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 5} }
	monthly := func(d *simulator.Draft) {
		hour(d)
		d.Recurrence = &simulator.Recurrence{Pattern: "absoluteMonthly", DayOfMonth: 30}
	}
	for name, change := range map[string][2]func(d *simulator.Draft){
		"an hour to a day": {hour, day}, "a day to an hour": {day, hour}, "an hour to thirty": {hour, long}, "weekly to the 30th": {weekly, monthly},
		"the 30th to weekly": {monthly, weekly}, "an hour to the 30th": {hour, monthly},
	} {
		for _, keyword := range []string{"@webex:onetime", "@webex:space"} {
			for _, lost := range []bool{false, true} {
				inBubble(t, simulator.Options{Seed: 136}, func(r *rig) {
					alice := r.mailbox("alice@example.com")
					d := draft(keyword)
					change[0](&d)
					id := alice.Create(d).ID
					r.sweep()
					if lost {
						r.lose()
						r.rest.Strangers = true
					}
					r.must(alice.Edit(id, change[1]))
					if report := r.sweep(); report.Patched != 1 || report.Retrying != 0 {
						r.t.Errorf("%s, %s, store lost %v: %+v", name, keyword, lost, report)
					}
					r.quiet()
					r.resync(0, false)
					r.quiet()
				})
			}
		}
	}
}

func TestAKeywordThatIsTypedWhileThePersonalRoomStandsInIsWhatCountsAfterwards(t *testing.T) {
	for _, keyword := range []string{"@webex", "@webex:myroom", "@webex:space"} {
		for _, lost := range []bool{false, true} {
			inBubble(t, simulator.Options{Seed: 137}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.AllDay, d.Start, d.End = true, tomorrow(0), tomorrow(24)
				id := alice.Create(d).ID
				r.sweep()
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = keyword }))
				r.sweep()
				if lost {
					r.lose()
					r.rest.Strangers = true
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.AllDay, d.Start, d.End = false, tomorrow(9), tomorrow(10) }))
				r.sweep()
				r.quiet()
			})
		}
	}
}

// What was cut off before its details were shown goes too, where Webex cannot hold it any more.
func TestAMeetingThatWasNotShownYetGoesWithWhatWebexCanHold(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@meet:space"} {
		inBubble(t, simulator.Options{Seed: 90}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			id := alice.Create(draft(keyword)).ID
			r.world.Fault(simulator.Rule{Call: "PatchEvent", Fault: simulator.Refuse(503, "", "")})
			_, _ = r.trySweep(r.t.Context())
			r.world.Heal()
			r.pass(time.Hour)
			if len(r.world.Live()) != 1 || alice.Block(id) != "" {
				r.t.Fatalf("%s: the PATCH was to fail", keyword)
			}
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.End = d.Start.Add(25 * time.Hour) }))
			if report := r.sweep(); report.Deleted != 1 || report.Patched != 1 {
				r.t.Errorf("%s: %+v", keyword, report)
			}
			r.quiet()
		})
	}
}

func TestAMeetingInProgressIsToldOnceItHasEnded(t *testing.T) {
	for name, edit := range map[string]func(*simulator.Draft){
		"renamed":         func(d *simulator.Draft) { d.Subject = "Renamed" },
		"moved":           func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(5*time.Hour), d.End.Add(5*time.Hour) },
		"keyword removed": func(d *simulator.Draft) { d.Location = "Room 4" },
	} {
		for _, series := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 132}, func(r *rig) {
					alice := r.mailbox("alice@example.com")
					d := draft("@webex:onetime")
					if series {
						d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 4}
					}
					id := alice.Create(d).ID
					r.sweep()
					meeting := r.world.Live()[0].ID
					r.must(r.world.StartMeeting(meeting)) // people came early
					r.must(alice.Edit(id, edit))
					report, err := r.trySweep(r.t.Context())
					r.must(err)
					if report.Retrying != 1 || report.Reasons[delta.Refused] != 1 || report.Created != 0 {
						r.t.Errorf("%+v", report)
					}
					r.must(r.world.EndMeeting(meeting))
					r.pass(2 * time.Minute)
					if report := r.sweep(); report.Updated+report.Deleted != 1 || report.Created != 0 {
						r.t.Errorf("%+v", report)
					}
					r.quiet()
				})
			})
		}
	}
}

func TestWhatIsMovedIntoThePastStaysAtWebexWhereItWas(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 134}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		d := draft("@webex:onetime")
		d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
		series := alice.Create(d).ID
		r.sweep()
		days := alice.Dates(series, time.Now(), time.Now().Add(ahead))
		r.pass(3 * time.Hour)
		hourAgo := time.Now().Add(-time.Hour).Truncate(time.Minute)
		for what, length := range map[string]time.Duration{"under way": 2 * time.Hour, "over": 30 * time.Minute} {
			for _, edit := range []func(func(*simulator.Draft)) error{
				func(change func(*simulator.Draft)) error { return alice.Edit(id, change) },
				func(change func(*simulator.Draft)) error { return alice.EditOccurrence(series, days[0], change) },
			} {
				r.must(edit(func(d *simulator.Draft) { d.Subject, d.Start, d.End = what, hourAgo, hourAgo.Add(length) }))
				report, err := r.trySweep(r.t.Context())
				r.must(err)
				if report.Retrying+report.Created != 0 {
					r.t.Errorf("%s: %+v", what, report)
				}
			}
			// Webex takes no time in the past, and a made-up one would be a lie: at Webex they stay where they were.
			r.pass(10 * time.Minute)
			for _, m := range r.world.Live() {
				left := r.world.Occurrences(m.ID, tomorrow(24))
				if len(left) != 1 || m.Recurrence == "" && !m.Start.Equal(tomorrow(9)) {
					r.t.Errorf("%s: %+v begins tomorrow as %v", what, m, left)
				}
			}
		}
		// And back: the same meetings serve them.
		r.must(alice.Move(id, tomorrow(15)))
		r.must(alice.EditOccurrence(series, days[0], func(d *simulator.Draft) { d.Start, d.End = tomorrow(15), tomorrow(16) }))
		if report := r.sweep(); report.Created+report.Patched+report.Retrying != 0 || report.Updated != 2 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestTheBlockIsInTheMailboxesLanguageOrTheOperators(t *testing.T) {
	for name, c := range map[string]struct{ mailbox, operator, word string }{
		"the mailbox's":    {"nl-NL", "", "wachtwoord"},
		"from the right":   {"he-IL", "", `dir="rtl"`},
		"no such language": {"tlh-AQ", "", "Meeting password"},
		"none":             {"", "", "Meeting password"},
		"the operator's":   {"nl-NL", "de_AT", "Kennnummer"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 133}, func(r *rig) {
				r.sweeper.Language = c.operator
				alice := r.mailbox("alice@example.com", simulator.WithLanguage(c.mailbox))
				for i := range 2 { // the second is written by a sweep that remembers the language
					d := draft("@webex:onetime")
					d.Start, d.End = tomorrow(9+i), tomorrow(10+i)
					id := alice.Create(d).ID
					r.sweep()
					if e, _ := alice.Event(id); !strings.Contains(e.Body, c.word) {
						r.t.Errorf("no %q in %s", c.word, e.Body)
					}
				}
				r.quiet()
			})
		})
	}
}
