package sweep_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
)

// Random schedules in which most events ask for a space, people come and go, and the calls that bring them along fail too.
// SYNCD_TEST_SOCIAL_SEED=17 runs just that one, and tells its story.
func TestRandomSchedulesOfSpacesKeepEveryPromise(t *testing.T) {
	eachSchedule(t, "SYNCD_TEST_SOCIAL_SEED", 3, func(t *testing.T, seed uint64, tell func(string, ...any)) {
		inBubble(t, schedule(seed), func(r *rig) {
			(&chance{rig: r, rng: rand.New(rand.NewPCG(seed, 2)), tell: tell, social: true, lags: lags(seed)}).run(seed)
		})
	})
}

// socialCalls are those that only spaces and invitees need.
var socialCalls = []string{
	"GetMe", "ListRooms", "GetRoom", "CreateRoom", "PutRoom", "DeleteRoom", "ListMemberships", "CreateMembership", "DeleteMembership",
	"ListMessages", "CreateMessage", "DeleteMessage", "ListInvitees", "CreateInvitees", "DeleteInvitee",
}

// mingle lets people come, go and talk.
func (c *chance) mingle(person *simulator.Mailbox, events []simulator.Event) bool {
	spaces := c.world.Spaces()
	switch n := c.rng.IntN(8); {
	case n == 0 && len(spaces) > 0:
		s := spaces[c.rng.IntN(len(spaces))]
		c.tell("somebody talks in %q", s.Title)
		c.must(c.world.SayInSpace(s.ID, "guest@example.org", fmt.Sprint("talk at ", time.Now())))
	case n == 1 && len(spaces) > 0:
		s := spaces[c.rng.IntN(len(spaces))]
		who := s.Members[c.rng.IntN(len(s.Members))]
		if strings.HasPrefix(who, "service-app") {
			return false
		}
		c.tell("%s leaves %q", who, s.Title)
		c.must(c.world.LeaveSpace(s.ID, who))
	case n == 2 && len(spaces) > 0:
		s := spaces[c.rng.IntN(len(spaces))]
		if !slices.ContainsFunc(s.Members, func(who string) bool { return !strings.HasPrefix(who, "service-app") }) {
			return false // only who is in it can bring somebody
		}
		c.tell("somebody brings a friend into %q", s.Title)
		c.must(c.world.JoinSpace(s.ID, "friend@example.org"))
	case len(events) == 0, n > 3 && c.forgets(): // see odd
		return false
	case n == 3:
		e := events[c.rng.IntN(len(events))]
		c.tell("%s: asks for a space in %q", person.Address(), e.Subject)
		_ = person.Edit(e.ID, func(d *simulator.Draft) { d.Location = "@spark" })
	case n == 4:
		e := events[c.rng.IntN(len(events))]
		c.tell("%s: hides or shows the attendees of %q", person.Address(), e.Subject)
		_ = person.Edit(e.ID, func(d *simulator.Draft) { d.Hidden = !d.Hidden })
	default:
		e := events[c.rng.IntN(len(events))]
		who := people(1 + c.rng.IntN(6))[c.rng.IntN(2):]
		c.tell("%s: invites %d people to %q", person.Address(), len(who), e.Subject)
		_ = person.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = who })
	}
	return true
}
