package sweep_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/sweep"
)

// The randomised run: people edit singles and series, calls fail in every way, processes die, the store is lost, time passes
// and windows roll, two daemons sweep at once. Promises that hold at any time are looked at after every step. In the end all is
// healed, and the world must be what a person would expect.
//
// A schedule is made from its seed alone. SYNCD_TEST_SEED=17 runs just that one, and tells its story; SYNCD_TEST_SCHEDULES says
// how many to run: 1000 are 1,000 of these and 333 of those with spaces.

func TestRandomSchedulesKeepEveryPromise(t *testing.T) {
	eachSchedule(t, "SYNCD_TEST_SEED", 1, func(t *testing.T, seed uint64, tell func(string, ...any)) {
		inBubble(t, schedule(seed), func(r *rig) { runSchedule(r, seed, tell) })
	})
}

// eachSchedule runs schedules until one fails, or the one whose seed a variable names. Of their number it runs a share of one to share.
func eachSchedule(t *testing.T, variable string, share int, run func(t *testing.T, seed uint64, tell func(string, ...any))) {
	t.Helper()
	if seed := os.Getenv(variable); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		run(t, n, t.Logf)
		return
	}
	schedules := 200 / thin
	if n, err := strconv.Atoi(os.Getenv("SYNCD_TEST_SCHEDULES")); err == nil {
		schedules = n
	}
	schedules /= share
	const batches = 8
	var failed atomic.Bool // one is enough to look at
	for batch := range batches {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			t.Parallel()
			seed := batch
			defer func() { // also where a schedule ends the test
				if t.Failed() {
					failed.Store(true)
					t.Logf("run it again with %s=%d", variable, seed)
				}
			}()
			for ; seed < schedules && !failed.Load(); seed += batches {
				if run(t, uint64(seed), func(string, ...any) {}); t.Failed() {
					return
				}
			}
		})
	}
}

// schedule is the world of a schedule.
func schedule(seed uint64) simulator.Options {
	o := simulator.Options{Seed: seed, Exchange: []simulator.Harshness{simulator.Normal, simulator.Harsh}[seed%2]}
	if seed%3 != 0 {
		o.Quirks = simulator.Odd()
	}
	if seed%7 == 3 {
		o.Quirks.LeftOut = []string{"subject", "body", "recurrence"}
	}
	if lags(seed) {
		o.Quirks.ListLag = time.Minute
	}
	o.Quirks.OwnProperties, o.Quirks.OldOccurrenceID = seed%11 == 1, seed%13 == 2
	o.Quirks.PropertyMails, o.Quirks.KeepText = seed%19 == 4, seed%23 == 5
	if seed%9 == 6 {
		o.Quirks.DeltaLag = 20 * time.Second
	}
	return o
}

// lags tells the schedules in which Webex shows new meetings late.
func lags(seed uint64) bool { return seed%5 == 2 }

// chance is one schedule under way.
type chance struct {
	*rig
	rng    *rand.Rand
	people []*simulator.Mailbox
	carol  *simulator.Mailbox // whose calendar is full and whom nobody disturbs
	tell   func(format string, args ...any)
	social bool // people come and go, and talk in spaces
	lags   bool

	bodies  map[string]simulator.Draft // as somebody kept them
	setBack func()
	// wentBack says that the store was set back.
	wentBack bool
}

func runSchedule(r *rig, seed uint64, tell func(string, ...any)) {
	(&chance{rig: r, rng: rand.New(rand.NewPCG(seed, 1)), tell: tell, lags: lags(seed)}).run(seed)
}

func (c *chance) run(seed uint64) {
	r := c.rig
	c.rest.Occurrences = true
	c.rest.Link = seed%4 == 1
	c.sweeper.Eager, c.sweeper.Policy.Link = true, c.rest.Link
	for _, name := range []string{"alice", "bo"} {
		c.people = append(c.people, r.mailbox(name+"@example.com"))
	}
	c.standing()
	for step := range 14 {
		c.step()
		if err := r.world.CheckAlways(); err != nil {
			r.t.Errorf("seed %d, step %d: %v", seed, step, err)
			return
		}
	}
	c.heal()
	r.rest.From, r.rest.To = time.Now().Add(-behind), time.Now().Add(ahead)
	if err := r.world.Check(r.rest); err != nil {
		r.t.Errorf("seed %d: %v", seed, err)
	}
}

// step does one thing that may happen.
func (c *chance) step() {
	switch n := c.rng.IntN(26); {
	case n >= 24:
		c.older()
	case n < 9:
		c.act()
	case n >= 22:
		c.strange()
	case n < 12:
		c.tell("sweep")
		_, err := c.trySweep(c.t.Context())
		c.note(err)
	case n < 14:
		c.meddled()
	case n < 17:
		c.faulty()
	case n < 20:
		c.maybeAct()
		at := 1 + c.rng.IntN(25)
		c.tell("crash at call %d", at)
		c.crashAt(at)
		c.restart()
	case n < 21:
		c.tell("the store is lost")
		c.lose()
		c.rest.Strangers = true
		c.pass(10 * time.Minute) // with it went until when the vendors asked to wait
	default:
		c.apart()
	}
}

// standing fills the calendar of somebody who then is not at it any more.
func (c *chance) standing() {
	c.sweeper.Limit = standingLimit
	c.carol = c.mailbox("carol@example.com")
	for i := range standingEvents {
		d := draft("@webex:onetime")
		d.Start = tomorrow(24*40 + i)
		d.End = d.Start.Add(30 * time.Minute)
		c.carol.Create(d)
	}
	c.must(c.sweepErr())
}

const standingEvents = 4

// standingLimit is exceeded by what is in that calendar.
var standingLimit = sweep.Limit{Count: standingEvents - 1, Share: 0.5}

// strange lets Graph say strange things in earnest: an empty calendar, a list that never ends, links that lead elsewhere. Or somebody
// is at work at Webex.
func (c *chance) strange() {
	switch c.rng.IntN(5) {
	case 4:
		c.operated()
	case 3:
		c.atWebex()
	case 0:
		all := c.rng.IntN(2) == 0 && !c.waits(c.carol) // what is asked for alone and not found is gone
		c.tell("carol's calendar looks empty, single events too: %v", all)
		c.carol.Outage(all)
		_, err := c.trySweep(c.t.Context())
		c.note(err)
		c.carol.Recover()
	case 1:
		c.tell("lists never end")
		c.world.SetQuirks(func(q *simulator.Quirks) { q.Endless = true })
		c.endless()
		c.world.SetQuirks(func(q *simulator.Quirks) { q.Endless = false })
	default:
		fault := []simulator.Fault{simulator.ForeignLink(), simulator.OtherMailbox(c.carol.ID()), simulator.Redirect(simulator.ForeignURL)}[c.rng.IntN(3)]
		c.tell("links lead elsewhere: %s", fault.Name)
		c.world.Fault(simulator.Rule{Call: "Delta*", Fault: fault})
		for range 2 {
			_, err := c.trySweep(c.t.Context())
			c.note(err)
		}
		c.world.Heal()
	}
}

// waits reports whether events of a mailbox wait for another try.
func (c *chance) waits(m *simulator.Mailbox) bool {
	memory, err := c.store.Peek(c.t.Context(), delta.Mailbox{ID: m.ID(), Address: m.Address()})
	c.must(err)
	return len(memory.Waiting()) > 0
}

// endless sweeps while the lists of changes do not end.
func (c *chance) endless() {
	const most = 150 // pages
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	defer c.world.Unhook()
	pages := 0
	c.world.OnRequest(func(q simulator.Request) {
		if pages++; strings.HasPrefix(q.Call, "Delta") && pages > most {
			cancel()
		}
	})
	_, err := c.trySweep(ctx)
	c.note(err)
	if ctx.Err() != nil {
		c.t.Errorf("more than %d requests in one sweep of a calendar whose list of changes does not end", most)
	}
}

func (c *chance) note(err error) {
	if err != nil {
		c.tell("  which said: %v", err)
	}
}

// restart makes a new process.
func (c *chance) restart() {
	c.start()
	c.sweeper.Eager, c.sweeper.Limit = true, standingLimit
	c.rest.Occurrences = true
	c.expireLeases()
}

// maybeAct leaves something to be done for what follows, half of the time.
func (c *chance) maybeAct() {
	if c.rng.IntN(2) == 0 {
		c.act()
	}
}

// faulty sweeps while some calls fail.
func (c *chance) faulty() {
	c.maybeAct()
	all := faults()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 1 + c.rng.IntN(3) {
		call := append(firstCalls, laterCalls...)[c.rng.IntN(len(firstCalls)+len(laterCalls))]
		if c.social && c.rng.IntN(2) == 0 {
			call = socialCalls[c.rng.IntN(len(socialCalls))]
		}
		name := names[c.rng.IntN(len(names))]
		if c.lags && call == "GetMeeting" && name == "404" {
			continue // where lists lag too, nothing tells that from a meeting that its host deleted
		}
		c.tell("fault: %s of %s", name, call)
		c.world.Fault(simulator.Rule{Call: call, Probability: 0.3 + 0.7*c.rng.Float64(), Fault: all[name]})
	}
	_, err := c.trySweep(c.t.Context())
	c.note(err)
	c.world.Heal()
	c.pass(time.Duration(c.rng.IntN(5)) * time.Minute)
}

// meddled sweeps while somebody edits: the very event that is written, or anything in mid-sweep.
func (c *chance) meddled() {
	c.maybeAct()
	c.tell("somebody edits meanwhile")
	at, calls, done := c.rng.IntN(12), 0, false
	c.world.OnRequest(func(q simulator.Request) {
		calls++
		switch {
		case done:
		case at < 6 && q.Call == "PatchEvent":
			done = true
			person := c.world.Mailbox(q.Mailbox)
			if e, ok := person.Event(q.Item); ok {
				c.told(person, e, c.write)
			}
		case at >= 6 && calls == at:
			done = true
			c.act()
		}
	})
	defer c.world.Unhook()
	_, err := c.trySweep(c.t.Context())
	c.note(err)
}

// apart lets two daemons sweep at once, of which one believes wrongly that it has the lease; or lets days pass.
func (c *chance) apart() {
	switch c.rng.IntN(4) {
	case 0, 1:
		days := 1 + c.rng.IntN(9)
		c.tell("%d days pass", days)
		c.pass(time.Duration(days) * 24 * time.Hour)
	case 2:
		c.both()
	default:
		c.together()
	}
}

// heal ends all trouble and sweeps until nothing changes any more.
func (c *chance) heal() {
	c.world.Heal()
	c.restart()
	c.pass(28 * time.Hour) // every Retry-After is over, every list of Webex shows all
	quiet := 0
	for range 8 {
		report, err := c.trySweep(c.t.Context())
		c.note(err)
		if err == nil && report.Changed == 0 && report.Retrying == 0 && report.Held == 0 {
			if quiet++; quiet == 2 { // an empty calendar is looked at twice, a day apart
				return
			}
		}
		if report.Held > 0 { // an operator has looked, and finds them gone indeed
			for i := range c.boxes {
				c.resync(i, true)
			}
		}
		c.pass(28 * time.Hour)
	}
}
