package sweep_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
)

// dwellings are events that ask for spaces, with one for each thing that can happen to them.
type dwellings struct {
	*calendar
	fresh, people, off, on, deleted, weekly string
}

func dwell(r *rig) *dwellings {
	d := &dwellings{calendar: &calendar{r: r, alice: r.mailbox("alice@example.com")}}
	weekly := draft("@spark")
	weekly.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 4}
	d.weekly = d.alice.Create(weekly).ID
	d.people, d.off, d.on, d.deleted = d.add(8, "@meet"), d.add(9, "@meet"), d.add(10, "@webex:onetime"), d.add(11, "@meet:space")
	return d
}

func (d *dwellings) change() {
	d.edit(d.weekly, func(e *simulator.Draft) { e.Subject = "Renamed series" })
	d.edit(d.people, func(e *simulator.Draft) { e.Attendees = []string{"late@example.org", "later@example.org"} })
	d.edit(d.off, func(e *simulator.Draft) { e.Location = "Room 4" })
	d.edit(d.on, func(e *simulator.Draft) { e.Location = "@meet" })
	d.r.must(d.alice.Delete(d.deleted))
	d.fresh = d.add(13, "@meet")
}

func TestACrashAfterAnyCallMakesNoSecondSpaceAndSaysNothingTwice(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"never", "before", "after"} {
		for n := 1; ; n += thin {
			reached := true
			t.Run(fmt.Sprintf("store lost %s, call %d", lost, n), func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
					lose := func(when string) {
						if lost == when {
							r.lose()
							r.rest.Strangers = true
						}
					}
					d := dwell(r)
					r.sweep()
					d.change()
					lose("before")
					reached = r.crashAt(n)
					lose("after")
					r.start()
					r.expireLeases()
					r.settled()
				})
			})
			if !reached {
				if n < 40 {
					t.Fatalf("the sweep took only %d calls", n)
				}
				break
			}
		}
	}
}

func TestWhoeverThinksAgainWhileASpaceIsLeftHasTheLinkAsItsLastWord(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"Room 4", "@webex:onetime", "@webex:myroom"} {
		for _, lost := range []bool{false, true} {
			for n := 1; ; n += thin {
				reached := true
				t.Run(fmt.Sprintf("%s, store lost %v, call %d", to, lost, n), func(t *testing.T) {
					inSpace(t, uint64(n), func(r *rig, alice *simulator.Mailbox, id string) {
						r.must(location(alice, id, to))
						reached = r.crashAt(n)
						r.must(location(alice, id, "@meet"))
						if lost {
							r.lose()
							r.rest.Strangers = true
						}
						r.start()
						r.expireLeases()
						r.settled()
						said := r.space().Messages
						if last := said[len(said)-1].Text; !strings.Contains(last, "https://") {
							r.t.Errorf("the last word is %q", last)
						}
					})
				})
				if !reached {
					break
				}
			}
		}
	}
}

var companyCalls = []string{
	"GetMe", "ListRooms", "CreateRoom", "CreateMembership", "ListMessages", "CreateMessage", "CreateInvitees",
}

func TestAFaultOfAnyCallOfASpaceIsMadeGood(t *testing.T) {
	t.Parallel()
	eachFault(t, companyCalls, func(r *rig, strike func()) {
		dwell(r)
		strike()
	})
}

func TestAFaultOfAnyCallOfASpaceThatChangesIsMadeGood(t *testing.T) {
	t.Parallel()
	later := []string{
		"ListMemberships", "CreateMembership", "DeleteMembership", "PutRoom", "ListMessages", "CreateMessage", "ListInvitees",
		"CreateInvitees", "DeleteInvitee", "CreateRoom",
	}
	eachFault(t, later, func(r *rig, strike func()) {
		d := dwell(r)
		r.sweep()
		d.change()
		strike()
	})
}

// A space that somebody else made, with the very words of ours on it, is not taken for ours.
func TestAForgedSpaceIsNotOurs(t *testing.T) {
	inSpace(t, 115, func(r *rig, alice *simulator.Mailbox, id string) {
		s := r.space()
		mallory := r.world.AddMailbox("mallory@example.com")
		forged, err := r.world.MakeSpace(mallory.Address(), "Planning", s.Description, "service-app@example.webex.bot")
		r.must(err)
		r.must(r.world.DeleteSpace(s.ID))
		r.must(location(alice, id, "Room 4"))
		r.sweep()
		r.must(location(alice, id, "@meet"))
		r.start()
		r.sweep()
		for _, s := range r.world.Spaces() {
			if s.ID == forged && len(s.Messages)+len(house(s)) != 1 {
				r.t.Errorf("%+v", s)
			}
		}
	})
}

func TestASpaceIsKnownThoughTheListOfSpacesWasRefusedRightAfterItWasMade(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 132}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.sweep()
		id := alice.Create(draft("@meet")).ID
		made := false
		r.world.OnAnswer(func(q simulator.Request) {
			if q.Call == "CreateRoom" && !made {
				made = true
				r.world.Fault(simulator.Rule{Call: "ListRooms", Fault: simulator.Refuse(403, "", "")})
			}
		})
		_, _ = r.trySweep(r.t.Context())
		r.world.Unhook()
		r.world.Heal()
		if s := r.space(); !made || len(s.Messages) != 1 {
			r.t.Errorf("%+v", s)
		}
		r.must(location(alice, id, "@webex"))
		r.settled()
		if s := r.space(); len(s.Messages) != 2 {
			r.t.Errorf("%+v", s)
		}
	})
}

func TestASpaceThatNobodyRemembersGoesWhereAnotherKeywordWasTypedMeanwhile(t *testing.T) {
	for _, location := range []string{"@webex:onetime", "@webex:myroom", ""} {
		t.Run(location, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 131}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				r.sweep() // so that the event is found by a round that is not the first
				id := alice.Create(draft("@meet")).ID
				r.world.Fault(simulator.Rule{Call: "CreateMessage", Fault: simulator.Refuse(500, "", "")})
				_, _ = r.trySweep(r.t.Context())
				r.world.Heal()
				if n := len(r.world.Spaces()); n != 1 {
					r.t.Fatalf("%d spaces before the store is lost", n)
				}
				r.lose()
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = location }))
				r.start()
				r.settled()
				if n := len(r.world.Spaces()); n != 0 {
					r.t.Errorf("%d spaces are left", n)
				}
			})
		})
	}
}

// A space in which nothing was said goes with its event's keyword. Where syncd is cut off right then, and the keyword is typed again, it was
// not people who deleted it.
func TestASpaceThatSyncdDeletedBeforeItWasCutOffIsMadeAgain(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 97}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@meet")).ID
		r.world.Fault(simulator.Rule{Call: "GetMailboxSettings", Fault: faults()["409"]}) // there are no words to say
		_, err := r.trySweep(r.t.Context())
		r.must(err)
		r.world.Heal()
		r.pass(time.Hour)
		r.must(location(alice, id, "Room 4"))
		if !r.crashOn(func(q simulator.Request) bool { return q.Call == "DeleteRoom" }) {
			r.t.Fatal("no space was deleted")
		}
		r.start()
		r.expireLeases()
		r.must(location(alice, id, "@meet"))
		r.sweep()
		if s := r.space(); len(s.Messages) != 1 {
			r.t.Errorf("%+v", s)
		}
		r.quiet()
	})
}

// Where a withdrawal was cut off, and the store set back to before it, the space does not go on saying that the meeting is off.
func TestTheLinkIsTheLastWordThoughTheStoreIsOlderThanAWithdrawal(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 98}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@meet")).ID
		r.sweep()
		restore := r.backup(alice)
		r.must(location(alice, id, "Room 4"))
		if !r.crashOn(func(q simulator.Request) bool { return q.Call == "CreateMessage" }) {
			r.t.Fatal("nothing was said")
		}
		r.must(location(alice, id, "@meet"))
		r.start()
		r.lose()
		restore()
		r.expireLeases()
		r.sweep()
		if s := r.space(); len(s.Messages) < 2 || !strings.Contains(s.Messages[len(s.Messages)-1].Text, "j.php?MTID=") {
			r.t.Errorf("%+v", s.Messages)
		}
		r.quiet()
	})
}
