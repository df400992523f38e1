package sweep_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/sweep"
)

// another is a second daemon that takes every lease, whoever holds it.
func (c *chance) another() *sweep.Sweeper {
	c.rest.Strangers = true // one may overwrite what the other remembers
	first := c.sweeper
	c.start()
	other := c.sweeper
	other.Limit = standingLimit
	c.sweeper = first
	other.Claim = func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) {
		c.expireLeases()
		return c.fence.claim(ctx, c.store, m)
	}
	return other
}

// both lets two daemons sweep at once, of which one believes wrongly that it has the lease.
func (c *chance) both() {
	c.tell("two daemons")
	other := c.another()
	var both sync.WaitGroup
	both.Go(func() {
		for _, m := range c.boxes {
			_, _ = other.Sweep(c.t.Context(), m)
		}
	})
	_, err := c.trySweep(c.t.Context())
	both.Wait()
	c.note(err)
	c.expireLeases()
	c.pass(leaseTTL + time.Second)
	if report, err := c.trySweep(c.t.Context()); err == nil && report.Retrying == 0 {
		c.single()
	}
}

// together lets two daemons make a meeting for the same event at the same moment: each has looked, and found none. The one that
// lost the lease is done first.
func (c *chance) together() {
	c.tell("two daemons make a meeting at once")
	c.pass(time.Minute) // neither waits in place until Webex may be asked
	c.people[0].Create(draft("@webex:onetime"))
	other, box := c.another(), c.boxes[0]
	met, done := make(chan struct{}), make(chan struct{})
	await := func(there <-chan struct{}) {
		select {
		case <-there:
		case <-time.After(time.Minute): // it never comes: it fails before, or waits for something else
		}
	}
	var makes atomic.Int32
	c.world.OnRequest(func(q simulator.Request) {
		switch {
		case q.Call != "CreateMeeting":
		case makes.Add(1) == 1:
			await(met)
		case makes.Load() == 2:
			close(met)
			await(done)
		}
	})
	var both sync.WaitGroup
	both.Go(func() {
		defer close(done)
		_, err := c.sweeper.Sweep(c.t.Context(), box)
		c.note(err)
	})
	synctest.Wait() // it is as far as it gets
	report, err := other.Sweep(c.t.Context(), box)
	both.Wait()
	c.note(err)
	c.world.Unhook()
	c.expireLeases()
	if err == nil && report.Retrying == 0 && makes.Load() >= 2 {
		c.single()
	}
}

// single checks that no two meetings are there for one event: while two daemons have a mailbox a second may live, for one sweep
// at most (P1), or until a list that lags shows it.
func (c *chance) single() {
	for range 2 { // the first search may be put off for an hour
		if !c.lags {
			break
		}
		c.pass(2 * time.Hour)
		if report, err := c.trySweep(c.t.Context()); err != nil || report.Retrying != 0 {
			return
		}
	}
	found := map[string]string{}
	for _, m := range c.world.Live() {
		if tag, ok := delta.EventTag(m.Tags); ok {
			if other := found[tag]; other != "" {
				c.t.Errorf("P1: meetings %s and %s are there for one event, after two daemons had it", other, m.ID)
			}
			found[tag] = m.ID
		}
	}
}
