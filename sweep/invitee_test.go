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

// people makes n addresses.
func people(n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("p%04d@example.org", i))
	}
	return all
}

// invited lists whom the one live meeting invites.
func (r *rig) invited() []string {
	r.t.Helper()
	live := r.world.Live()
	if len(live) != 1 {
		r.t.Fatalf("%d meetings live", len(live))
	}
	slices.Sort(live[0].Invitees)
	return live[0].Invitees
}

// asked counts the requests to Webex since the last time.
func (r *rig) asked() int {
	n := 0
	for _, request := range r.world.Requests() {
		if request.Service == simulator.Webex {
			n++
		}
	}
	r.world.ClearRequests()
	return n
}

func TestAttendeesAreInvitedInBulkAndNobodyIsMailedByWebex(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 71}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees = append(people(250), "alice@example.com", "PEOPLE@example.org")
		alice.Create(d)
		if report := r.sweep(); report.Patched != 1 || report.Created != 1 {
			r.t.Errorf("%+v", report)
		}
		if got := r.invited(); len(got) != 251 || slices.Contains(got, "alice@example.com") {
			r.t.Errorf("%d invited", len(got))
		}
		if n := r.world.Count("CreateInvitees", ""); n != 3 {
			r.t.Errorf("%d requests for 251 people", n)
		}
		if n := r.world.Count("ListInvitees", ""); n != 0 {
			r.t.Errorf("a new meeting was asked whom it invites")
		}
	})
}

func TestAnUnchangedListOfAttendeesCostsNoRequest(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 72}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		e := alice.Create(draft("@webex:onetime"))
		r.sweep()
		r.asked()
		r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Subject = "Renamed" }))
		r.sweep()
		if n := r.asked(); n != 1 {
			r.t.Errorf("%d requests to Webex for another title", n)
		}
		r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Body = "<p>Agenda: more cake</p>" + d.Body }))
		r.sweep()
		if n := r.asked(); n != 1 {
			r.t.Errorf("%d requests to Webex for another agenda", n)
		}
	})
}

func TestWhoComesLaterIsInvitedAndWhoGoesIsNotAndTheCalendarIsNotTouched(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 73}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees = people(5)
		e := alice.Create(d)
		r.sweep()
		for _, now := range [][]string{people(8), people(3), {"solo@example.org"}, nil, people(2)} {
			r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = now }))
			if report := r.sweep(); report.Patched != 0 {
				r.t.Errorf("%d attendees: %+v", len(now), report)
			}
			if got := r.invited(); !slices.Equal(got, now) {
				r.t.Errorf("invited %v, want %v", got, now)
			}
			r.quiet()
		}
	})
}

func TestRoomsAreNotInvited(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 74}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.world.AddMailbox("room4@example.com", simulator.AsRoom(true))
		d := draft("@webex:onetime")
		d.Attendees = append(d.Attendees, "room4@example.com")
		alice.Create(d)
		r.sweep()
		if got := r.invited(); !slices.Equal(got, []string{"guest@example.org"}) {
			r.t.Errorf("invited %v", got)
		}
	})
}

func TestDistributionListsAreNeitherInvitedNorTakenIntoTheSpace(t *testing.T) {
	for _, where := range []string{"@webex:onetime", "@meet"} {
		inBubble(t, simulator.Options{Seed: 78}, func(r *rig) {
			r.sweeper.Lists = r.directory.Lists
			r.world.AddList("all.o'hara@example.org")
			r.rest.Lists = []string{"all.o'hara@example.org"}
			alice := r.mailbox("alice@example.com")
			d := draft(where)
			d.Attendees = append(people(20), "All.O'Hara@example.org")
			id := alice.Create(d).ID
			if report := r.sweep(); report.Reasons[delta.ListLeftOut] != 1 || report.Created != 1 {
				r.t.Errorf("%s: %+v", where, report)
			}
			if n := r.world.Count("ListGroups", ""); len(r.invited()) != 20 || n != 2 {
				r.t.Errorf("%s: %d requests for %d people", where, n, len(r.invited()))
			}
			r.quiet()
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Another" }))
			r.sweep()
			if n := r.world.Count("ListGroups", ""); n != 2 {
				r.t.Errorf("%s: %d requests although nobody came or went", where, n)
			}
		})
	}
}

func TestWhereTheDirectoryDoesNotTellNobodyIsInvitedByMistake(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 79}, func(r *rig) {
		r.sweeper.Lists = r.directory.Lists
		r.world.AddList("all@example.org")
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees = []string{"all@example.org", "bob@example.org"}
		alice.Create(d)
		r.world.Fault(simulator.Rule{Call: "ListGroups", Fault: simulator.Refuse(403, "Authorization_RequestDenied", "")})
		report, err := r.trySweep(r.t.Context())
		if err != nil || report.Retrying != 1 || report.Reasons[delta.ListsUnread] != 1 || report.Patched != 1 || len(r.invited()) != 0 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.world.Heal()
		r.rest.Lists = []string{"all@example.org"}
		r.pass(time.Minute)
		if report := r.sweep(); report.Patched != 0 || !slices.Equal(r.invited(), []string{"bob@example.org"}) {
			r.t.Errorf("%+v %v", report, r.invited())
		}
		r.quiet()
	})
}

func TestHiddenAttendeesAreNotShownToEachOtherAtWebex(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 75}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees, d.Hidden = people(4), true
		e := alice.Create(d)
		if report := r.sweep(); report.Reasons[delta.GuestsHidden] != 1 {
			r.t.Errorf("%+v", report.Reasons)
		}
		if got := r.invited(); len(got) != 0 {
			r.t.Errorf("invited %v", got)
		}
		for _, hidden := range []bool{false, true} {
			r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Hidden = hidden }))
			r.sweep()
			if got := r.invited(); (len(got) == 0) != hidden {
				r.t.Errorf("hidden %v: invited %v", hidden, got)
			}
		}
	})
}

func TestSomebodyWhomWebexRefusesDoesNotKeepTheOthersOut(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 76}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.world.Bar("p0017@example.org")
		r.world.Bar("p0140@example.org")
		d := draft("@webex:onetime")
		d.Attendees = people(150)
		alice.Create(d)
		report := r.sweep()
		if report.Retrying != 0 || report.Reasons[delta.GuestRefused] != 2 {
			r.t.Errorf("%+v", report)
		}
		if got := r.invited(); len(got) != 148 {
			r.t.Errorf("%d invited", len(got))
		}
		r.asked()
		r.quiet()
		if n := r.asked(); n != 0 {
			r.t.Errorf("%d more requests", n)
		}
	})
}

func TestAMeetingThatInvitesNobodyAtAllIsNotAskedAHundredTimes(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 77}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees = people(400)
		alice.Create(d)
		r.world.Fault(simulator.Rule{Call: "CreateInvitees", Fault: simulator.Refuse(400, "", "")})
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Retrying != 0 || report.Reasons[delta.GuestRefused] == 0 {
			r.t.Errorf("%+v", report)
		}
		if n := r.world.Count("CreateInvitees", ""); n > 70 { // twenty single ones twice, and the halves on the way to them
			r.t.Errorf("%d requests", n)
		}
	})
}

func TestMorePeopleThanWebexInvitesAreCutAndMoreThanItServesGetNothing(t *testing.T) {
	for n, want := range map[int]delta.Reason{1000: delta.Typed, 1001: delta.GuestsCut, 1500: delta.GuestsCut, 1501: delta.TooMany} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 78}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Attendees = people(n)
				id := alice.Create(d).ID
				if report := r.sweep(); report.Reasons[want] != 1 || (report.Reasons[delta.GuestsCut] == 1) != (want == delta.GuestsCut) {
					r.t.Errorf("%+v", report)
				}
				if want == delta.TooMany {
					if e, _ := alice.Event(id); len(r.world.Live()) != 0 || strings.Contains(e.Body, "webex.com") {
						r.t.Errorf("%d meetings, body %s", len(r.world.Live()), e.Body)
					}
					return
				}
				if len(r.invited()) != 1000 {
					r.t.Errorf("%d invited", len(r.invited()))
				}
			})
		})
	}
}

func TestSomebodyInvitedToOneOccurrenceIsInvitedToThatAlone(t *testing.T) {
	inSeries(t, "@webex:onetime", func(r *rig, alice *simulator.Mailbox, id string, days []string) {
		edit := func(day string, who ...string) {
			r.must(alice.EditOccurrence(id, day, func(d *simulator.Draft) { d.Attendees = who }))
			if report := r.sweep(); report.Patched != 0 {
				r.t.Errorf("%+v", report)
			}
		}
		edit(days[2], "guest@example.org", "expert@example.org")
		edit(days[3])
		r.sweeper.Lists, r.rest.Lists = r.directory.Lists, []string{"experts@example.org"}
		r.world.AddList("experts@example.org")
		edit(days[2], "expert@example.org", "experts@example.org")
		if got := r.invited(); !slices.Equal(got, []string{"guest@example.org"}) {
			r.t.Errorf("the series invites %v", got)
		}
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = people(3) }))
		r.sweep()
		// Another hour: Webex forgets what was different about its occurrences.
		r.must(alice.Move(id, tomorrow(15)))
		r.sweep()
		r.lose()
		r.rest.Strangers = true
		r.sweep()
		r.quiet()
	})
}

func TestAfterTheStoreWasLostWhoCameMeanwhileIsInvited(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 79}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Attendees = people(4)
		e := alice.Create(d)
		r.sweep()
		r.lose()
		r.rest.Strangers = true
		r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = append(people(3), "late@example.org") }))
		if report := r.sweep(); report.Patched != 0 {
			r.t.Errorf("%+v", report)
		}
		if got := r.invited(); !slices.Contains(got, "late@example.org") || len(got) != 4 {
			r.t.Errorf("invited %v", got)
		}
		r.quiet()
	})
}

func TestNoAddressOfAnAttendeeIsInTheStore(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 80}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		for i, keyword := range []string{"@webex:onetime", "@meet"} {
			d := draft(keyword)
			d.Subject = "Confidential"
			d.Attendees = people(3)
			d.Start, d.End = d.Start.Add(time.Duration(i)*time.Hour), d.End.Add(time.Duration(i)*time.Hour)
			alice.Create(d)
		}
		r.sweep()
		records, err := r.redis.HGetAll(r.t.Context(), "syncd:{"+r.boxes[0].ID+"}:events").Result()
		r.must(err)
		if len(records) != 2 {
			r.t.Fatalf("%d records", len(records))
		}
		for _, raw := range records {
			for _, secret := range append(people(3), "Confidential", "p0001") {
				if strings.Contains(raw, secret) {
					r.t.Errorf("%q is in %s", secret, raw)
				}
			}
		}
	})
}

// A "not there" that is wrong would leave somebody in the meeting, or in its space, who is not invited any more.
func TestWhoIsSaidNotToBeThereAndIsGoesTheNextDay(t *testing.T) {
	for _, call := range []string{"DeleteInvitee", "DeleteMembership"} {
		inBubble(t, simulator.Options{Seed: 91}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			d := draft("@meet")
			d.Attendees = people(3)
			id := alice.Create(d).ID
			r.sweep()
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = people(2) }))
			r.world.Fault(simulator.Rule{Call: call, Times: 2, Fault: simulator.Refuse(404, "", "")})
			around := func() int { return len(r.invited()) + len(house(r.space())) } // the organiser is in the space
			if _, err := r.trySweep(r.t.Context()); err != nil || around() != 2+3+1 {
				r.t.Fatalf("%s: %v, %v, %v: two wrong answers were to be believed", call, err, r.invited(), house(r.space()))
			}
			r.pass(28 * time.Hour)
			r.sweep()
			r.sweep()
			if around() != 2+3 {
				r.t.Errorf("%s: %v, %v", call, r.invited(), house(r.space()))
			}
			r.pass(28 * time.Hour)
			r.quiet()
		})
	}
}

// Nor does somebody stay outside of whom Webex says wrongly that he is in already.
func TestWhoIsSaidToBeInASpaceAndIsNotComesInTheNextDay(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 94}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@meet")
		d.Attendees = people(2)
		r.world.Fault(simulator.Rule{Call: "CreateMembership", Times: 2, Fault: simulator.Refuse(409, "", "")})
		alice.Create(d)
		if _, err := r.trySweep(r.t.Context()); err != nil || len(house(r.space())) != 2 {
			r.t.Fatalf("%v, %v: two wrong answers were to be believed", err, house(r.space()))
		}
		r.pass(28 * time.Hour)
		r.sweep()
		r.sweep()
		if len(house(r.space())) != 3 {
			r.t.Errorf("%v", house(r.space()))
		}
		r.pass(28 * time.Hour)
		r.quiet()
	})
}
