package sweep_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"syncd/parser"
	"syncd/simulator"
)

// calendar is a mailbox with an event for everything that can be done to one.
type calendar struct {
	r                                                                      *rig
	alice                                                                  *simulator.Mailbox
	rename, move, release, switched, grow, gone, dropped, stripped, series string // event ids
}

// fill lets a person make the events.
func fill(r *rig) *calendar {
	c := &calendar{r: r, alice: r.mailbox("alice@example.com")}
	series := draft("@webex:onetime")
	series.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
	c.series = c.alice.Create(series).ID
	c.rename, c.move = c.add(7, "@webex:onetime"), c.add(8, "@webex:onetime")
	c.release, c.switched, c.grow = c.add(9, "@webex:onetime"), c.add(10, "@webex:onetime"), c.add(11, "@webex")
	c.gone, c.dropped, c.stripped = c.add(12, "@webex"), c.add(13, "@webex:onetime"), c.add(14, "@webex:onetime")
	return c
}

func (c *calendar) add(hour int, location string) string {
	d := draft(location)
	d.Start, d.End = tomorrow(hour), tomorrow(hour+1)
	return c.alice.Create(d).ID
}

// change lets the person change all of them, each in another way.
func (c *calendar) change() {
	c.edit(c.rename, func(d *simulator.Draft) { d.Subject = "Renamed" })
	c.edit(c.move, func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) })
	c.edit(c.release, func(d *simulator.Draft) { d.Location = "Room 4" })
	c.edit(c.switched, func(d *simulator.Draft) { d.Location = "@webex:myroom" })
	c.edit(c.grow, func(d *simulator.Draft) { d.Location = "@webex:onetime" })
	c.edit(c.series, func(d *simulator.Draft) { d.Subject = "Renamed series" })
	c.edit(c.stripped, func(d *simulator.Draft) { d.Body = withoutBlock(d.Body) })
	for _, id := range []string{c.gone, c.dropped} {
		if err := c.alice.Delete(id); err != nil {
			c.r.t.Fatal(err)
		}
	}
	c.add(15, "@webex:onetime")
	c.add(16, "@webex")
	c.add(17, "nowhere")
}

// thinkAgain lets the person take the keyword out of every second event, and cancel the others.
func (c *calendar) thinkAgain() {
	c.r.t.Helper()
	for i, e := range c.alice.Events() {
		if i%2 == 0 {
			c.edit(e.ID, func(d *simulator.Draft) { d.Location = "Room 4" })
		} else if err := c.alice.Cancel(e.ID); err != nil {
			c.r.t.Fatal(err)
		}
	}
}

func (c *calendar) edit(id string, change func(*simulator.Draft)) {
	c.r.t.Helper()
	if err := c.alice.Edit(id, change); err != nil {
		c.r.t.Fatal(err)
	}
}

// withoutBlock is a body after a person took the join details out by hand.
func withoutBlock(body string) string {
	return parser.Body{Content: body, HTML: true}.Without("", parser.AllOurs).Content
}

// busy is a calendar that was swept, and then changed in every way.
func busy(r *rig) *calendar {
	c := fill(r)
	r.sweep()
	c.change()
	return c
}

// settled sweeps until there is nothing left to do, and audits the world.
func (r *rig) settled() {
	r.t.Helper()
	r.sweeper.Eager = true
	for range 6 {
		report, err := r.trySweep(r.t.Context())
		if err == nil && report.Changed == 0 && report.Retrying == 0 {
			break
		}
	}
	r.world.Audit(r.t, r.rest)
}

func TestACrashAfterAnyRemoteCallIsMadeGood(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(r *rig, c *calendar){
		"state kept": func(*rig, *calendar) {},
		"state lost": func(r *rig, _ *calendar) {
			r.lose()
			r.rest.Strangers = true
		},
		"and people think again": func(_ *rig, c *calendar) { c.thinkAgain() },
	} {
		for n := 1; ; n += thin {
			reached := true
			t.Run(fmt.Sprintf("%s, call %d", name, n), func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
					c := busy(r)
					reached = r.crashAt(n)
					then(r, c)
					r.start()
					r.expireLeases()
					r.settled()
				})
			})
			if !reached {
				if n < 10 {
					t.Fatalf("the busy sweep took only %d calls", n)
				}
				break
			}
		}
	}
}

// crashAt sweeps until the n-th remote call is answered, and dies there. It reports whether there were that many.
func (r *rig) crashAt(n int) bool {
	var calls atomic.Int64
	return r.crashOn(func(simulator.Request) bool { return calls.Add(1) == int64(n) })
}

// crashOn sweeps as a process does that dies when a certain request was done.
func (r *rig) crashOn(last func(simulator.Request) bool) bool {
	ctx, crash := context.WithCancel(r.t.Context())
	defer crash()
	r.world.OnAnswer(func(q simulator.Request) {
		if last(q) {
			crash()
		}
	})
	defer r.world.Unhook()
	_, err := r.trySweep(ctx)
	return err != nil
}
