package sweep_test

import (
	"context"
	"testing"
	"time"

	"syncd/simulator"
)

// What people did twice is respected, whatever happens to us meanwhile.

func TestAMeetingThatItsHostDeletedTwiceStaysAwayWhateverHappens(t *testing.T) {
	atThePatch := func(r *rig, hook func(func(simulator.Request)), then func()) {
		done := false
		hook(func(q simulator.Request) {
			if q.Call == "PatchEvent" && !done {
				done = true
				then()
			}
		})
		ctx, crash := context.WithCancel(r.t.Context())
		defer crash()
		_, _ = r.trySweep(ctx)
		r.world.Unhook()
		if !done {
			r.t.Error("there was no PATCH")
		}
	}
	dies := func(r *rig, hook func(func(simulator.Request))) {
		ctx, crash := context.WithCancel(r.t.Context())
		defer crash()
		hook(func(q simulator.Request) {
			if q.Call == "PatchEvent" {
				crash()
			}
		})
		if _, err := r.trySweep(ctx); err == nil {
			r.t.Error("it did not die")
		}
		r.world.Unhook()
		r.start()
		r.expireLeases()
		r.sweep()
	}
	for name, happens := range map[string]func(r *rig, edit func(string)){
		"the store is lost": func(r *rig, _ func(string)) { r.sweep(); r.lose() },
		"somebody edits at the very moment": func(r *rig, edit func(string)) {
			atThePatch(r, r.world.OnRequest, func() { edit("At that moment") })
			r.sweep()
		},
		"the answer to the PATCH is lost": func(r *rig, _ func(string)) {
			r.world.Fault(simulator.Rule{Call: "PatchEvent", Times: 1, Fault: simulator.Unheard()})
			r.sweep()
		},
		"the process dies before the PATCH": func(r *rig, _ func(string)) { dies(r, r.world.OnRequest) },
		"the process dies after the PATCH":  func(r *rig, _ func(string)) { dies(r, r.world.OnAnswer) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 42}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				id := alice.Create(draft("@webex:onetime")).ID
				edit := func(subject string) { r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = subject })) }
				r.sweep()
				for _, subject := range []string{"Once", "Twice"} {
					r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
					edit(subject)
					if subject == "Once" {
						r.sweep()
					}
				}
				happens(r, edit)
				r.quiet()
				edit("Thrice")
				r.quiet()
				if live := r.world.Live(); len(live) != 0 || alice.Block(id) != "" {
					r.t.Errorf("%d meetings, block %q", len(live), alice.Block(id))
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "@meet:onetime" }))
				if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
					r.t.Errorf("another keyword: %+v", report)
				}
				r.quiet()
			})
		})
	}
}

func TestAnOccurrenceWithoutBlockStaysWithoutOneAfterTheStoreWasLost(t *testing.T) {
	for name, own := range map[string]string{"that follows its series": "", "that went its own way": "@webex:myroom"} {
		t.Run(name, func(t *testing.T) {
			inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
				edit := func(change func(d *simulator.Draft)) { r.must(alice.EditOccurrence(id, days[3], change)) }
				if own != "" {
					edit(func(d *simulator.Draft) { d.Location = own })
					r.sweep()
				}
				for again := range 2 {
					edit(func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) })
					if report := r.sweep(); report.Patched != 1-again {
						r.t.Errorf("taken out for the time %d: %+v", 1+again, report)
					}
				}
				r.quiet()
				r.lose()
				r.rest.Strangers = true
				r.quiet()
			})
		})
	}
}

func TestAnOccurrenceWhoseOwnMeetingWasDeletedTwiceHasNoneAfterTheStoreWasLost(t *testing.T) {
	inSeries(t, "@webex", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		edit := func(change func(d *simulator.Draft)) { r.must(alice.EditOccurrence(id, days[3], change)) }
		edit(func(d *simulator.Draft) { d.Location = "@webex:onetime" })
		r.sweep()
		for _, subject := range []string{"Once", "Twice"} {
			r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
			edit(func(d *simulator.Draft) { d.Subject = subject })
			r.sweep()
		}
		r.quiet()
		r.lose()
		r.quiet()
		if n := len(r.world.Live()); n != 0 {
			r.t.Errorf("%d meetings", n)
		}
	})
}

func TestASeriesThatWasCutShortWhileTheStoreWasLostIsToldToWebexAlsoWhereTheBlockIsWrittenAnew(t *testing.T) {
	for name, change := range map[string]func(r *rig, alice *simulator.Mailbox, id string){
		"the block was taken out": func(r *rig, alice *simulator.Mailbox, id string) { r.must(alice.DeleteBlock(id)) },
		"another's was pasted": func(r *rig, alice *simulator.Mailbox, id string) {
			other := alice.Create(later("@webex:onetime", 3)).ID
			r.sweep()
			r.must(alice.PasteBody(id, other))
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 66}, func(r *rig) {
				r.rest.Occurrences = true
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
				id := alice.Create(d).ID
				r.sweep()
				change(r, alice, id)
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Recurrence.Count = 3 }))
				r.lose()
				if report := r.sweep(); report.Patched != 1 || report.Created != 0 {
					r.t.Errorf("%+v", report)
				}
				r.quiet()
			})
		})
	}
}

func TestAnOccurrenceWhoseBlockWasPutBackBeforeTheStoreWasLostHasItTakenOutForGood(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@webex:myroom"} {
		inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			strip := func() {
				r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) }))
			}
			strip()
			if report := r.sweep(); report.Patched != 1 {
				r.t.Errorf("%s, taken out: %+v", keyword, report)
			}
			r.lose()
			r.quiet()
			strip()
			if planned := r.plan(0); len(planned) > 1 || len(planned) == 1 && planned[0].Mails != 0 {
				r.t.Errorf("%s: planned %+v", keyword, planned)
			}
			r.quiet()
			r.world.ClearRequests()
			r.resync(0, false)
			if r.quiet(); r.world.Count("GetEvent", "") > 1 { // the master's, where the round lacks it
				r.t.Errorf("%s: read once more: %v", keyword, r.world.Requests())
			}
			r.lose()
			r.quiet()
		})
	}
}

func TestAKeywordTypedAnewInAnOccurrenceCountsAnew(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@webex:myroom"} {
		inSeries(t, keyword, func(r *rig, alice *simulator.Mailbox, id string, days []string) {
			edit := func(patched int, change func(d *simulator.Draft)) {
				r.must(alice.EditOccurrence(id, days[3], change))
				if report := r.sweep(); report.Patched != patched {
					r.t.Errorf("%s: %+v", keyword, report)
				}
			}
			for range 2 {
				edit(1, func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) })
				edit(0, func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) })
				edit(0, func(d *simulator.Draft) { d.Location = "Room 4" })
				edit(1, func(d *simulator.Draft) { d.Location = keyword })
				r.quiet()
			}
		})
	}
}

// The keyword is taken out after the store was lost, and typed again while the meeting goes: nobody knows then what it stood for.
func TestAKeywordThatIsTypedAgainWhileItsMeetingGoesGetsWhatItAsksFor(t *testing.T) {
	for name, trouble := range map[string]func(r *rig, again func()){
		"somebody types at the very moment": func(r *rig, again func()) {
			r.world.OnRequest(func(q simulator.Request) {
				if q.Call == "PatchEvent" && again != nil {
					again()
					again = nil
				}
			})
			_, _ = r.trySweep(r.t.Context())
			r.world.Unhook()
		},
		"the PATCH is refused": func(r *rig, again func()) {
			r.world.Fault(simulator.Rule{Call: "PatchEvent", Times: 9, Fault: simulator.Refuse(503, "", "")})
			_, _ = r.trySweep(r.t.Context())
			r.world.Heal()
			again()
			r.pass(time.Hour)
		},
	} {
		for _, keyword := range []string{"@webex:myroom", "@webex:onetime", "@meet:space"} {
			t.Run(name+", "+keyword, func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 43}, func(r *rig) {
					alice := r.mailbox("alice@example.com")
					id := alice.Create(draft(keyword)).ID
					r.sweep()
					r.lose()
					at := func(location string) { r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = location })) }
					at("Room 1")
					trouble(r, func() { at(keyword) })
					r.sweep()
					r.quiet()
					live := r.world.Live()
					if owned := keyword != "@webex:myroom"; owned && (len(live) != 1 || r.shownLink(alice, id) != live[0].Link) || !owned && len(live) != 0 {
						r.t.Errorf("%d meetings, and the event shows %q", len(live), alice.Block(id))
					}
				})
			})
		}
	}
}
