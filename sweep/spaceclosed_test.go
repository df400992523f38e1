package sweep_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

func TestTheSpaceStaysAndSaysThatTheMeetingIsOff(t *testing.T) {
	ways := map[string]func(*simulator.Mailbox, string) error{
		"deleted":         (*simulator.Mailbox).Delete,
		"cancelled":       (*simulator.Mailbox).Cancel,
		"keyword removed": func(m *simulator.Mailbox, id string) error { return location(m, id, "Room 4") },
		"another kind":    func(m *simulator.Mailbox, id string) error { return location(m, id, "@webex:onetime") },
		"Personal Room":   func(m *simulator.Mailbox, id string) error { return location(m, id, "@webex") },
	}
	for name, withdraw := range ways {
		t.Run(name, func(t *testing.T) {
			inSpace(t, 104, func(r *rig, alice *simulator.Mailbox, id string) {
				r.must(withdraw(alice, id))
				r.sweep()
				s := r.space()
				if len(s.Messages) != 2 || s.Messages[1].Text != "This meeting is off." || len(house(s)) != 3 {
					r.t.Errorf("%+v", s)
				}
				r.quiet()
				if len(r.space().Messages) != 2 {
					r.t.Errorf("said again: %+v", r.space().Messages)
				}
			})
		})
	}
}

func location(m *simulator.Mailbox, id, text string) error {
	return m.Edit(id, func(d *simulator.Draft) { d.Location = text })
}

func TestAKeywordTypedAnewOpensTheSameSpaceAgain(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprint("store lost: ", lost), func(t *testing.T) {
			inSpace(t, 105, func(r *rig, alice *simulator.Mailbox, id string) {
				first := r.space().ID
				r.must(location(alice, id, "Room 4"))
				r.sweep()
				if lost {
					r.lose()
					r.start()
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location, d.Attendees = "@spark", []string{"late@example.org"} }))
				r.sweep()
				all := []string{"alice@example.com", "bob@example.org", "guest@example.org", "late@example.org"}
				if s := r.space(); s.ID != first || len(s.Messages) != 3 || !slices.Equal(house(s), all) {
					r.t.Errorf("%+v", s)
				}
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Attendees = nil }))
				r.sweep()
				if s := r.space(); !slices.Equal(house(s), all[:3]) {
					r.t.Errorf("%+v", s)
				}
				r.quiet()
			})
		})
	}
}

func TestAnEventDeletedWhileTheStoreWasLostStillHasItsSpaceClosed(t *testing.T) {
	inSpace(t, 107, func(r *rig, alice *simulator.Mailbox, id string) {
		other := draft("nowhere")
		alice.Create(other) // an empty calendar would be looked at twice
		r.must(alice.Delete(id))
		r.lose()
		r.start()
		r.sweep()
		if s := r.space(); len(s.Messages) != 2 || len(r.world.Live()) != 0 {
			r.t.Errorf("%+v", s)
		}
		r.quiet()
	})
}

// refusedLately has the token refused, once, for another mailbox, and loses the store.
func (r *rig) refusedLately() {
	r.t.Helper()
	r.world.WithholdSpaces(true)
	r.mailbox("bo@example.com").Create(draft("@meet"))
	if report, err := r.trySweep(r.t.Context()); err != nil || report.Reasons[delta.SpaceScope] == 0 {
		r.t.Errorf("%+v %v", report, err)
	}
	r.world.WithholdSpaces(false)
	r.lose()
}

func TestASpaceIsClosedThoughTheTokenWasRefusedLatelyAndTheStoreWasLost(t *testing.T) {
	inSpace(t, 107, func(r *rig, alice *simulator.Mailbox, id string) {
		alice.Create(draft("nowhere")) // an empty calendar would be looked at twice
		r.refusedLately()
		r.must(alice.Delete(id))
		_, err := r.trySweep(r.t.Context())
		if s := r.space(); err != nil || len(s.Messages) != 2 {
			r.t.Errorf("%v, %+v", err, s)
		}
	})
}

func TestASpaceThatWasMadeAndForgottenGoesWithItsKeyword(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 112}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@meet")).ID
		r.world.Fault(simulator.Rule{Call: "CreateMessage", Fault: simulator.Refuse(403, "", "")})
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.world.Heal()
		r.space()
		r.refusedLately()
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Reasons[delta.SpaceScope] == 0 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.must(location(alice, id, "@webex:onetime"))
		report, err := r.trySweep(r.t.Context())
		if n := len(r.world.Spaces()); err != nil || n != 0 {
			r.t.Errorf("%+v %v, %d spaces", report, err, n)
		}
	})
}

func TestAnEmptySpaceGoesThoughItsEventIsOver(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 113}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@meet")).ID
		r.world.Fault(simulator.Rule{Call: "GetMailboxSettings", Fault: simulator.Refuse(503, "", "")})
		if report, err := r.trySweep(r.t.Context()); err != nil || report.Retrying != 1 {
			r.t.Errorf("%+v %v", report, err)
		}
		r.space()
		r.world.Heal()
		r.pass(3 * 24 * time.Hour)
		r.must(location(alice, id, ""))
		report, err := r.trySweep(r.t.Context())
		if n := len(r.world.Spaces()); err != nil || n != 0 {
			r.t.Errorf("%+v %v, %d spaces", report, err, n)
		}
		r.quiet()
	})
}

// A space that was made for an occurrence, and forgotten right then, goes where the series asks for one of its own meanwhile.
func TestAForgottenSpaceOfAnOccurrenceGoesWhereItsSeriesHasOne(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 114}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		d := draft("@webex:onetime")
		d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 4}
		id := alice.Create(d).ID
		r.sweep()
		days := alice.Dates(id, time.Now(), time.Now().Add(ahead))
		r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Location = "@meet" }))
		r.crashOn(func(q simulator.Request) bool { return q.Call == "CreateRoom" })
		r.start()
		r.expireLeases()
		r.must(location(alice, id, "@meet"))
		report, err := r.trySweep(r.t.Context())
		if n := len(r.world.Spaces()); err != nil || n != 1 {
			r.t.Errorf("%+v %v, %d spaces", report, err, n)
		}
		r.quiet()
	})
}
