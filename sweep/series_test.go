package sweep_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
	"syncd/sweep"
)

// inSeries runs a test on a weekly series of ten with a keyword in its location, swept once.
func inSeries(t *testing.T, keyword string, test func(r *rig, alice *simulator.Mailbox, id string, days []string)) {
	t.Helper()
	for name, quirks := range map[string]simulator.Quirks{"plain": {}, "master missing": {MasterMissing: 1}, "odd": simulator.Odd()} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 11, Quirks: quirks, Exchange: simulator.Harsh}, func(r *rig) {
				r.rest.Occurrences = true
				alice := r.mailbox("alice@example.com")
				d := draft(keyword)
				d.Zone = "W. Europe Standard Time"
				d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 10}
				e := alice.Create(d)
				r.sweep()
				days := alice.Dates(e.ID, time.Now(), time.Now().Add(ahead))
				if len(days) != 10 {
					r.t.Fatalf("the series has the days %v", days)
				}
				test(r, alice, e.ID, days)
			})
		})
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// quiet sweeps once more and wants nothing to happen.
func (r *rig) quiet() *sweep.Report {
	r.t.Helper()
	report := r.sweep()
	if report.Created+report.Updated+report.Deleted+report.Patched != 0 {
		r.t.Errorf("not at rest: %+v", report)
	}
	return report
}

func TestAMovedOccurrenceMovesAtWebex(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(2*time.Hour), d.End.Add(3*time.Hour) }))
		if report := r.sweep(); report.Updated != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAnOccurrenceMovedBeyondTheWindowDoesNotKeepItsDayAtWebex(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(ahead), d.End.Add(ahead) }))
		if report := r.sweep(); report.Created != 1 || report.Deleted != 1 || report.Patched != 1 { // Webex moves none past the next
			r.t.Errorf("%+v", report)
		}
		r.quiet()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject += ", weekly" }))
		r.sweep()
		r.quiet()
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(-ahead), d.End.Add(-ahead) }))
		r.sweep()
		r.quiet()
	})
}

func TestARenamedOccurrenceIsRenamedAtWebex(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Subject = "With guests" }))
		if report := r.sweep(); report.Updated != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestACancelledOccurrenceIsDeletedAtWebex(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.CancelOccurrence(id, days[4]))
		r.world.ClearRequests()
		if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
		r.must(alice.CancelOccurrence(id, days[5]))
		r.sweep()
		r.quiet()
	})
}

func TestACancelledOccurrenceThatWebexDoesNotDeleteIsTriedAgain(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.CancelOccurrence(id, days[4]))
		r.world.Fault(simulator.Rule{Call: "DeleteMeeting", Fault: simulator.Refuse(412, "", "")})
		for tries, pause := 1, time.Minute; tries < 4; tries, pause = tries+1, 2*pause {
			if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 {
				r.t.Errorf("try %d: %+v %v", tries, report, err)
			}
			if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 0 {
				r.t.Errorf("right after try %d: %+v %v", tries, report, err)
			}
			r.pass(pause)
		}
		r.world.Heal()
		if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestACancelledOccurrenceThatWebexOnlyOnceDoesNotKnowIsTriedAgain(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.CancelOccurrence(id, days[4]))
		r.world.Fault(simulator.Rule{Call: "DeleteMeeting", Fault: simulator.Refuse(404, "", "")})
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 || report.Deleted != 0 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.world.Heal()
		r.pass(time.Minute)
		if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAnOccurrenceThatWebexWillNotMoveGetsAMeetingOfItsOwn(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(-30*time.Hour), d.End.Add(-30*time.Hour) }))
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAnOccurrenceThatWebexOnlyOnceDoesNotKnowStaysInItsSeries(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Subject = "With guests" }))
		r.world.Fault(simulator.Rule{Call: "PatchMeeting", Fault: simulator.Refuse(404, "", "")})
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 || report.Created+report.Patched != 0 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.world.Heal()
		r.pass(time.Minute)
		if report := r.sweep(); report.Updated != 1 || report.Created+report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestASeriesThatMovesTakesItsExceptionsAlong(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "With guests" }))
		r.must(alice.CancelOccurrence(id, days[4]))
		r.sweep()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) }))
		r.sweep()
		r.quiet()
	})
}

// Exchange keeps them; Webex drops them with every change of times, and has to be told again.
func TestASeriesThatIsLengthenedOrProlongedKeepsItsExceptionsAtWebex(t *testing.T) {
	for name, change := range map[string]func(d *simulator.Draft){
		"lengthened": func(d *simulator.Draft) { d.End = d.End.Add(30 * time.Minute) },
		"prolonged":  func(d *simulator.Draft) { d.Recurrence.Count = 14 },
	} {
		inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "With guests" }))
			r.must(alice.EditOccurrence(id, days[4], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(2*time.Hour), d.End.Add(2*time.Hour) }))
			r.must(alice.CancelOccurrence(id, days[6]))
			r.sweep()
			before := r.world.Live()[0]
			if len(before.Changed) != 2 || len(before.Dropped) != 1 {
				r.t.Fatalf("%+v", before)
			}
			r.must(alice.Edit(id, change))
			if report := r.sweep(); report.Updated < 1 || report.Patched+report.Created != 0 {
				r.t.Errorf("%s: %+v", name, report)
			}
			after := r.world.Live()[0]
			if after.ID != before.ID || !slices.Equal(after.Changed, before.Changed) || !slices.Equal(after.Dropped, before.Dropped) {
				r.t.Errorf("%s: %+v, before %+v", name, after, before)
			}
			r.quiet()
		})
	}
}

func TestASeriesThatEndsEarlierOrIsSplitIsFollowed(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EndSeries(id, days[7]))
		r.sweep()
		r.quiet()
		_, err := alice.SplitSeries(id, days[4], func(d *simulator.Draft) { d.Subject = "Second half" })
		r.must(err)
		r.sweep()
		r.quiet()
	})
}

func TestAKeywordOnOneOccurrenceGivesItAMeeting(t *testing.T) {
	inSeries(t, "Room 4", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "Room 4" }))
		if report := r.sweep(); report.Deleted != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAMeetingOfOneOccurrenceGoesWithItsSeriesThatHasNone(t *testing.T) {
	inSeries(t, "Room 4", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		r.sweep()
		r.quiet()
		r.must(alice.Delete(id))
		if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAKeywordTakenOutOfOneOccurrence(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@webex:myroom"} {
		inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "Room 4" }))
			if report := r.sweep(); report.Patched != 1 {
				r.t.Errorf("%+v", report)
			}
			r.quiet()
		})
	}
}

func TestAnotherKeywordOnOneOccurrence(t *testing.T) {
	inSeries(t, "@webex:myroom", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
		if report := r.sweep(); report.Created != 0 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

func TestAnOccurrenceThatGoesItsOwnWayDoesWithoutTheLinkOfItsSeries(t *testing.T) {
	for want, edit := range map[string]func(r *rig, alice *simulator.Mailbox, id, day string){
		"Room 1 @webex:myroom": func(r *rig, alice *simulator.Mailbox, id, day string) {
			r.must(alice.EditOccurrence(id, day, func(d *simulator.Draft) { d.Location = strings.Replace(d.Location, "onetime", "myroom", 1) }))
		},
		"Room 4 @webex:onetime": func(r *rig, alice *simulator.Mailbox, id, day string) {
			r.must(alice.EditOccurrence(id, day, func(d *simulator.Draft) { d.Location = "Room 4 @webex:onetime" }))
			r.sweep()
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "" }))
		},
	} {
		inSeries(t, "Room 1 @webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			r.sweeper.Policy.Link, r.rest.Link = true, true
			alice.Allow(1)
			r.rewrite()
			r.sweep()
			edit(r, alice, id, days[1])
			r.sweep()
			e, _ := alice.Event(alice.OccurrenceID(id, days[1]))
			if !strings.HasPrefix(e.Location, want+" https://") || strings.Count(e.Location, "https://") != 1 {
				r.t.Errorf("location %q, want %q and a link", e.Location, want)
			}
			r.quiet()
		})
	}
}

// The round says what the occurrence asked for before.
func TestASeriesTypedAnewInMidSweepKeepsAnOccurrenceThatDiffers(t *testing.T) {
	for _, before := range []string{"@meet:space", "@webex:myroom"} {
		inSeries(t, "Room 4", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "With guests" }))
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = before }))
			typed := false
			r.world.OnRequest(func(q simulator.Request) {
				if q.Call == "PatchEvent" && !typed {
					typed = true
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
				}
			})
			r.sweep()
			r.world.Unhook()
			r.quiet()
			if live := r.world.Live(); len(live) != 1 {
				r.t.Errorf("%d meetings", len(live))
			}
			occurrence := alice.OccurrenceID(id, days[1])
			if own, series := alice.Block(occurrence), alice.Block(id); own != series {
				r.t.Errorf("it shows %q beside %q", own, series)
			}
		})
	}
}

func TestAnotherKeywordOnOneOccurrenceIsSeenThroughByTheNextTry(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
		r.world.Fault(simulator.Rule{Call: "PersonalRoom", Fault: simulator.Refuse(503, "", "")})
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.world.Heal()
		r.pass(2 * time.Minute)
		if report := r.sweep(); report.Patched != 1 || report.Deleted != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

// The audit looks at the occurrences of the series' meeting.
func TestASeriesMeetingDoesWithoutAnOccurrenceThatHasItsOwn(t *testing.T) {
	for name, change := range map[string]func(d *simulator.Draft){
		"typed into the series after it": func(d *simulator.Draft) { d.Location = "@webex:onetime" },
		"and typed anew":                 func(d *simulator.Draft) { d.Location = "@meet:onetime" },
		"the series moves":               func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) },
	} {
		for _, before := range []string{"Room 4", "@webex:myroom", "@webex:onetime"} {
			inSeries(t, before, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
				own := "@webex:onetime"
				if before == own {
					own = "@webex:myroom"
				}
				r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = own }))
				r.sweep()
				r.t.Log(before, name)
				r.must(alice.Edit(id, change))
				r.sweep()
				r.quiet()
			})
		}
	}
}

// Each answer of an attendee brings the whole series again.
func TestAnAnswerToASeriesCostsNothingAtWebex(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "Room 4" }))
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
		r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Subject = "Renamed" }))
		r.sweep()
		r.quiet()
		for range 2 {
			r.must(alice.Respond(id, "guest@example.org", "accepted"))
			r.world.ClearRequests()
			report := r.quiet()
			if n := r.asked(); n != 0 || report.Changed != 0 {
				r.t.Errorf("%d requests to Webex: %v, %+v", n, r.world.Requests(), report)
			}
		}
	})
}

func TestAnOccurrenceThatDifferedBeforeTheKeywordWasTyped(t *testing.T) {
	inSeries(t, "Room 4", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject, d.Body = "With guests", "<p>Another agenda</p>" }))
		r.sweep()
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		r.sweep()
		r.quiet()
	})
}

func TestASeriesYearsOlderThanTheWindow(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 12}, func(r *rig) {
		r.rest.Occurrences = true
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Start, d.End = d.Start.AddDate(-6, 0, 0), d.End.AddDate(-6, 0, 0)
		d.Recurrence = &simulator.Recurrence{Pattern: "weekly"}
		e := alice.Create(d)
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		days := alice.Dates(e.ID, time.Now(), time.Now().Add(ahead))
		r.must(alice.CancelOccurrence(e.ID, days[1]))
		r.must(alice.EditOccurrence(e.ID, days[2], func(d *simulator.Draft) { d.Subject = "With guests" }))
		r.sweep()
		r.quiet()
	})
}

func TestADeletedSeriesTakesEverythingAlong(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(-30*time.Hour), d.End.Add(-30*time.Hour) }))
		r.sweep()
		r.must(alice.Delete(id))
		r.sweep()
		if live := r.world.Live(); len(live) != 0 {
			r.t.Errorf("left: %+v", live)
		}
		r.quiet()
	})
}

func TestASeriesSurvivesTheLossOfTheStore(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "With guests" }))
		r.must(alice.CancelOccurrence(id, days[3]))
		r.must(alice.EditOccurrence(id, days[5], func(d *simulator.Draft) { d.Location = "Room 4" }))
		r.sweep()
		r.lose()
		r.world.ClearMails()
		report := r.sweep()
		if report.Created+report.Patched != 0 || len(r.world.Mails()) != 0 {
			r.t.Errorf("%+v, %d mails", report, len(r.world.Mails()))
		}
		r.quiet()
	})
}

func TestASeriesEditCostsTwoRequestsAtMostBeforeItsWrites(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Subject = "With guests" }))
		r.world.ClearRequests()
		r.sweep()
		reads := 0
		for _, q := range r.world.Requests() {
			if q.Method == "GET" && q.Service == simulator.Graph {
				reads++
			}
		}
		if reads > 2 {
			r.t.Errorf("%d reads: %v", reads, r.world.Requests())
		}
	})
}

func TestASeriesThatBecomesASingleEventIsOneAtWebexToo(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[4], func(d *simulator.Draft) { d.Location = "@meet" }))
		r.sweep()
		if n := len(r.world.Live()); n != 2 {
			r.t.Fatalf("%d meetings", n)
		}
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence = nil }))
		if report := r.sweep(); report.Updated != 1 || report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		live := r.world.Live()
		if len(live) != 1 || live[0].Recurrence != "" {
			r.t.Errorf("%+v", live)
		}
		r.quiet()
		r.lose()
		r.quiet()
	})
}

func TestAMeetingDoesNotOutliveASeriesThatWasCutShort(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for count, what := range map[int]string{0: "endless", 40: "with an end"} {
		for _, quirks := range []simulator.Quirks{{}, simulator.Odd()} {
			inBubble(t, simulator.Options{Seed: 13, Quirks: quirks}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: count}
				id := alice.Create(d).ID
				r.sweep()
				r.pass(5 * week)
				r.sweep()
				r.world.ClearMails()
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence.Count = 3 }))
				before := alice.Block(id)
				if report := r.sweep(); report.Deleted != 1 || report.Patched != 0 {
					r.t.Errorf("%s: %+v", what, report)
				}
				if live := r.world.Live(); len(live) != 0 {
					r.t.Errorf("%s: %+v", what, live)
				}
				r.quiet()
				r.pass(nextList)
				r.quiet()
				if alice.Block(id) != before {
					r.t.Errorf("%s: the event was touched", what)
				}
				// It comes back.
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence, d.Start, d.End = nil, tomorrow(9), tomorrow(10) }))
				if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
					r.t.Errorf("%s, and back: %+v", what, report)
				}
				r.quiet()
			})
		}
	}
}

func TestAMeetingThatRunsIsNotEndedBySomebodyWhoEndsItsEventEarly(t *testing.T) {
	for what, recurrence := range map[string]*simulator.Recurrence{"single": nil, "the last of a series": {Pattern: "daily", Count: 2}} {
		inBubble(t, simulator.Options{Seed: 14}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			d := draft("@webex:onetime")
			d.Recurrence = recurrence
			e := alice.Create(d)
			r.sweep()
			if recurrence != nil {
				r.pass(24 * time.Hour)
			}
			r.pass(time.Until(e.Start.Add(30 * time.Minute)))
			r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.End = e.Start.Add(20 * time.Minute) }))
			if report := r.sweep(); report.Deleted != 0 || report.Patched != 0 || report.Retrying != 0 {
				r.t.Errorf("%s: %+v", what, report)
			}
			if n := len(r.world.Live()); n != 1 {
				r.t.Errorf("%s: %d meetings", what, n)
			}
			r.quiet()
		})
	}
}

func TestTheLastComingOccurrenceThatIsCancelledGoesAtWebexToo(t *testing.T) {
	for _, quirks := range []simulator.Quirks{{}, simulator.Odd()} {
		inBubble(t, simulator.Options{Seed: 15, Quirks: quirks}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			d := draft("@webex:onetime")
			d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 4}
			id := alice.Create(d).ID
			r.sweep()
			days := alice.Dates(id, time.Now(), time.Now().Add(ahead))
			r.pass(22 * 24 * time.Hour) // three are over, and beyond the window
			r.sweep()
			r.world.ClearMails()
			r.must(alice.CancelOccurrence(id, days[3]))
			for range 2 {
				r.sweep()
			}
			for _, m := range r.world.Live() {
				if left := r.world.Occurrences(m.ID, time.Now().Add(ahead)); len(left) != 0 {
					r.t.Errorf("at Webex stays %v", left)
				}
			}
			r.quiet()
		})
	}
}
