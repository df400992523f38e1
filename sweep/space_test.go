package sweep_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// inSpace runs a test on an event that asks for a space, swept once.
func inSpace(t *testing.T, seed uint64, test func(r *rig, alice *simulator.Mailbox, id string)) {
	t.Helper()
	inBubble(t, simulator.Options{Seed: seed, Exchange: simulator.Harsh}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.world.AddWebexUser("guest@example.org", false)
		d := draft("@meet")
		d.Attendees = append(d.Attendees, "bob@example.org")
		id := alice.Create(d).ID
		if report := r.sweep(); report.Patched != 1 || report.Created != 1 {
			r.t.Errorf("%+v", report)
		}
		test(r, alice, id)
	})
}

// space is the one space that there is.
func (r *rig) space() simulator.Space {
	r.t.Helper()
	spaces := r.world.Spaces()
	if len(spaces) != 1 {
		r.t.Fatalf("%d spaces: %+v", len(spaces), spaces)
	}
	return spaces[0]
}

// house is the space's members without syncd itself.
func house(s simulator.Space) []string {
	members := slices.DeleteFunc(slices.Clone(s.Members), func(m string) bool { return strings.HasPrefix(m, "service-app") })
	slices.Sort(members)
	return members
}

func TestASpaceIsMadeWithThePeopleAndTheLinkOfTheMeetingInIt(t *testing.T) {
	inSpace(t, 101, func(r *rig, _ *simulator.Mailbox, _ string) {
		s := r.space()
		if s.Title != "Planning" || !slices.Equal(house(s), []string{"alice@example.com", "bob@example.org", "guest@example.org"}) {
			r.t.Errorf("%+v", s)
		}
		live := r.world.Live()
		if len(s.Messages) != 1 || len(live) != 1 || !strings.Contains(s.Messages[0].Text, live[0].Link) || live[0].Host != "alice@example.com" {
			r.t.Errorf("%+v, meetings %+v", s.Messages, live)
		}
		r.world.ClearRequests()
		r.quiet()
		if n := r.asked(); n != 0 {
			r.t.Errorf("%d requests to Webex by an idle sweep", n)
		}
	})
}

func TestWhoComesLaterIsAddedToTheSpaceAndWhoGoesIsRemovedIfWeAddedHim(t *testing.T) {
	inSpace(t, 102, func(r *rig, alice *simulator.Mailbox, id string) {
		s := r.space()
		r.must(r.world.JoinSpace(s.ID, "carla@example.org")) // by a person, before she is invited
		r.must(r.world.LeaveSpace(s.ID, "bob@example.org"))  // of his own accord
		edit := func(who ...string) []string {
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = who }))
			if report := r.sweep(); report.Patched != 0 {
				r.t.Errorf("%+v", report)
			}
			return house(r.space())
		}
		if got := edit("guest@example.org", "bob@example.org", "carla@example.org", "dora@example.org"); !slices.Equal(got,
			[]string{"alice@example.com", "carla@example.org", "dora@example.org", "guest@example.org"}) {
			r.t.Errorf("%v", got)
		}
		if got := edit("bob@example.org"); !slices.Equal(got, []string{"alice@example.com", "carla@example.org"}) {
			r.t.Errorf("%v", got)
		}
		if n := len(r.space().Messages); n != 1 {
			r.t.Errorf("%d messages", n)
		}
	})
}

func TestARenamedEventRenamesItsSpaceAndANamePeopleGaveStaysUntilThen(t *testing.T) {
	inSpace(t, 103, func(r *rig, alice *simulator.Mailbox, id string) {
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Planning II" }))
		r.sweep()
		if s := r.space(); s.Title != "Planning II" {
			r.t.Errorf("%+v", s)
		}
		r.must(alice.Move(id, tomorrow(15)))
		before := r.world.Count("PutRoom", "")
		r.sweep()
		if n := r.world.Count("PutRoom", "") - before; n != 0 || len(r.space().Messages) != 1 {
			r.t.Errorf("%d renamings for another hour; messages %+v", n, r.space().Messages)
		}
	})
}

func TestALostStoreMakesNoSecondSpaceSaysNothingTwiceAndPutsNobodyOut(t *testing.T) {
	inSpace(t, 106, func(r *rig, alice *simulator.Mailbox, id string) {
		first := r.space()
		for i := range 120 { // the link is far back by now
			r.must(r.world.SayInSpace(first.ID, "bob@example.org", fmt.Sprint("talk ", i)))
		}
		r.lose()
		r.start()
		r.rest.Strangers = true
		r.world.ClearMails()
		r.must(alice.Edit(id, func(d *simulator.Draft) {
			d.Attendees = []string{"bob@example.org", "late@example.org"}
			d.Subject = "Renamed"
		}))
		r.world.ClearMails()
		r.sweep()
		s := r.space()
		if s.ID != first.ID || len(s.Messages) != 121 || s.Title != "Renamed" || len(r.world.Mails()) != 0 {
			r.t.Errorf("%q, %d messages, mails %v", s.Title, len(s.Messages), r.world.Mails())
		}
		if got := house(s); !slices.Equal(got, []string{"alice@example.com", "bob@example.org", "guest@example.org", "late@example.org"}) {
			r.t.Errorf("%v", got)
		}
		r.quiet()
		r.must(alice.Delete(id))
		r.sweep()
		if s := r.space(); len(s.Messages) != 122 {
			r.t.Errorf("%d messages", len(s.Messages))
		}
	})
}

func TestAListThatFailsRightAfterASpaceWasMadeIsNotTakenForWantOfScopes(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 111}, func(r *rig) {
		asked := 0
		r.world.Fault(simulator.Rule{Call: "ListRooms", Fault: simulator.Refuse(404, "", ""), Match: func(simulator.Request) bool {
			asked++
			return asked == 2 || asked == 3
		}})
		alice := r.mailbox("alice@example.com")
		alice.Create(draft("@meet"))
		r.sweep()
		r.world.Heal()
		alice.Create(later("@meet", 3))
		if report := r.sweep(); len(r.world.Spaces()) != 2 || report.Reasons[delta.SpaceScope] != 0 {
			r.t.Errorf("%+v, %d spaces", report, len(r.world.Spaces()))
		}
		r.quiet()
	})
}

func TestASeriesHasOneSpace(t *testing.T) {
	inSeries(t, "@meet", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "Once" }))
		// Past the next occurrence, which Webex refuses: a meeting of its own.
		r.must(alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Start, d.End = d.Start.AddDate(0, 0, 8), d.End.AddDate(0, 0, 8) }))
		r.must(alice.EditOccurrence(id, days[4], func(d *simulator.Draft) { d.Attendees = append(d.Attendees, "expert@example.org") }))
		r.sweep()
		if s := r.space(); s.Title != "Planning" || len(s.Messages) != 1 {
			r.t.Errorf("%+v", s)
		}
		r.must(alice.Move(id, tomorrow(15)))
		r.sweep()
		r.quiet()
		r.must(alice.Delete(id))
		r.sweep()
		if s := r.space(); len(s.Messages) != 2 {
			r.t.Errorf("%+v", s)
		}
	})
}

func TestAnOccurrenceThatAsksForASpaceByItselfHasOne(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@meet" }))
		r.sweep()
		r.space()
		r.must(alice.CancelOccurrence(id, days[1]))
		r.sweep()
		if s := r.space(); len(s.Messages) != 2 {
			r.t.Errorf("%+v", s)
		}
	})
}

func TestATokenWithoutTheScopesGivesAMeetingAndTheSpaceFollowsOnceItHasThem(t *testing.T) {
	for _, by := range []string{"a resync", "the daily look"} {
		t.Run(by, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 108}, func(r *rig) {
				r.world.WithholdSpaces(true)
				alice := r.mailbox("alice@example.com")
				for i := range 3 {
					d := draft("@meet")
					d.Start, d.End = tomorrow(72+i), tomorrow(73+i)
					alice.Create(d)
				}
				report := r.sweep()
				if report.Reasons[delta.SpaceScope] != 3 || report.Patched != 3 || report.Retrying != 0 {
					r.t.Errorf("%+v", report)
				}
				if n := r.world.Count("ListRooms", ""); n != 2 {
					r.t.Errorf("%d requests found out that there is no scope", n)
				}
				r.quiet()
				r.world.WithholdSpaces(false)
				r.pass(2 * time.Hour)
				if by == "a resync" {
					r.resync(0, false)
				} else {
					r.pass(26 * time.Hour)
				}
				r.world.ClearMails()
				if report = r.sweep(); report.Reasons[delta.Owed] != 3 || report.Patched != 0 || len(r.world.Mails()) != 0 {
					r.t.Errorf("%+v", report)
				}
				if n := len(r.world.Spaces()); n != 3 {
					r.t.Errorf("%d spaces", n)
				}
				r.quiet()
			})
		})
	}
}

func TestASpaceThatWebexWillNotMakeCostsTheEventTwoTriesAndNotItsMeeting(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 109}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		alice.Create(draft("@meet"))
		r.world.Fault(simulator.Rule{Call: "CreateRoom", Fault: simulator.Refuse(403, "", "")})
		r.sweeper.Eager = true
		for try, want := range []int{0, 0, 1, 0} {
			report, err := r.trySweep(r.t.Context())
			r.must(err)
			if report.Patched != want || (report.Reasons[delta.SpaceRefused] == 1) != (want == 1) {
				r.t.Errorf("try %d: %+v", try, report)
			}
		}
		if n := r.world.Count("CreateMeeting", ""); n != 1 {
			r.t.Errorf("%d meetings made", n)
		}
		r.world.Heal()
		r.pass(28 * time.Hour)
		r.sweep()
		r.space()
	})
}

func TestWhatASpaceWasRefusedIsMadeUpForOnceItIsNot(t *testing.T) {
	inSpace(t, 118, func(r *rig, alice *simulator.Mailbox, id string) {
		r.sweeper.Eager = true
		for _, call := range []string{"ListMemberships", "PutRoom", "DeleteMembership", "CreateMembership"} {
			r.world.Fault(simulator.Rule{Call: call, Fault: simulator.Refuse(403, "", "")})
		}
		r.must(alice.Edit(id, func(d *simulator.Draft) {
			d.Subject, d.Attendees = "Planning II", []string{"guest@example.org", "dora@example.org"}
		}))
		for range 5 {
			if _, err := r.trySweep(r.t.Context()); err != nil {
				r.t.Error(err)
			}
			r.pass(10 * time.Minute)
		}
		r.world.Heal()
		r.resync(0, false)
		r.sweep()
		if s := r.space(); s.Title != "Planning II" || !slices.Equal(house(s), []string{"alice@example.com", "dora@example.org", "guest@example.org"}) {
			r.t.Errorf("%+v", s)
		}
	})
}

func TestWhoIsInvitedAgainComesInAgainThoughTheAnswerToHisRemovalWasLost(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{"lost": simulator.Unheard(), "502": simulator.Refuse(502, "", "").Applied(), "nothing": simulator.Delay(0)} {
		inSpace(t, 119, func(r *rig, alice *simulator.Mailbox, id string) {
			edit := func(who ...string) []string {
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = who }))
				_, err := r.trySweep(r.t.Context())
				r.must(err)
				r.world.Heal()
				r.pass(5 * time.Minute)
				r.sweep()
				return house(r.space())
			}
			r.world.Fault(simulator.Rule{Call: "DeleteMembership", Times: 1, Fault: fault})
			if got := edit("guest@example.org"); len(got) != 2 {
				r.t.Errorf("%s: %v", name, got)
			}
			if got := edit("guest@example.org", "bob@example.org"); len(got) != 3 {
				r.t.Errorf("%s: invited again: %v", name, got)
			}
		})
	}
}

func TestWhoLeftIsNotFetchedBackWhereSomebodyElseCouldNotBeBroughtInAtFirst(t *testing.T) {
	inSpace(t, 120, func(r *rig, alice *simulator.Mailbox, id string) {
		r.must(r.world.LeaveSpace(r.space().ID, "bob@example.org"))
		r.world.Fault(simulator.Rule{Call: "CreateMembership", Times: 1, Fault: simulator.Unheard()})
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = append(d.Attendees, "dora@example.org") }))
		_, err := r.trySweep(r.t.Context())
		r.must(err)
		r.world.Heal()
		r.pass(5 * time.Minute)
		r.sweep()
		if got := house(r.space()); !slices.Equal(got, []string{"alice@example.com", "dora@example.org", "guest@example.org"}) {
			r.t.Errorf("%v", got)
		}
	})
}

func TestASpaceThatPeopleDeletedOrPutUsOutOfIsNotMadeAgain(t *testing.T) {
	for name, act := range map[string]func(r *rig, s simulator.Space) error{
		"deleted": func(r *rig, s simulator.Space) error { return r.world.DeleteSpace(s.ID) },
		"put out": func(r *rig, s simulator.Space) error {
			return r.world.LeaveSpace(s.ID, "service-app@example.webex.bot")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSpace(t, 110, func(r *rig, alice *simulator.Mailbox, id string) {
				r.must(act(r, r.space()))
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject, d.Attendees = "Renamed", people(2) }))
				if report := r.sweep(); report.Reasons[delta.SpaceGone] != 1 || report.Retrying != 0 {
					r.t.Errorf("%+v", report)
				}
				r.quiet()
				r.must(alice.Delete(id))
				r.sweep()
				if n := r.world.Count("CreateRoom", ""); n != 1 {
					r.t.Errorf("%d spaces made", n)
				}
			})
		})
	}
}

func TestMorePeopleThanASpaceTakesHaveAMeetingWithoutOne(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 111}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@meet")
		d.Attendees = people(121)
		e := alice.Create(d)
		if report := r.sweep(); report.Reasons[delta.SpaceTooLarge] != 1 || len(r.world.Spaces()) != 0 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = people(120) }))
		r.sweep()
		if got := house(r.space()); len(got) != 121 {
			r.t.Errorf("%d members", len(got))
		}
		r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = people(130)[5:] }))
		r.sweep()
		if got := house(r.space()); len(got) != 116 {
			r.t.Errorf("%d members, nobody should have come and five gone", len(got))
		}
	})
}

func TestSomebodyWhomTheSpaceDoesNotTakeIsPassedOver(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 112}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.world.Bar("p0001@example.org")
		d := draft("@meet")
		d.Attendees = people(3)
		alice.Create(d)
		if report := r.sweep(); report.Reasons[delta.MemberRefused] != 1 || report.Retrying != 0 || len(house(r.space())) != 3 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
		r.world.Unbar("p0001@example.org")
		r.pass(28 * time.Hour)
		if report := r.sweep(); report.Reasons[delta.Owed] != 1 || report.Patched != 0 || len(house(r.space())) != 4 {
			r.t.Errorf("%+v", report)
		}
	})
}

func TestHiddenAttendeesAreNotPutIntoASpace(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 113}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@meet")
		d.Attendees, d.Hidden = people(3), true
		alice.Create(d)
		r.sweep()
		if got := house(r.space()); !slices.Equal(got, []string{"alice@example.com"}) {
			r.t.Errorf("%v", got)
		}
	})
}

func TestTheSpaceOfAMeetingThatTheHostDeletedHasTheLinkOfTheNewOne(t *testing.T) {
	inSpace(t, 114, func(r *rig, alice *simulator.Mailbox, id string) {
		r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Renamed" }))
		r.sweep()
		s := r.space()
		if len(s.Messages) != 2 || !strings.Contains(s.Messages[1].Text, r.world.Live()[0].Link) {
			r.t.Errorf("%+v", s)
		}
	})
}
