package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"syncd/simulator"
)

// What people do less often, and what a failover does to a store.

// odd changes an event in one of the ways that few think of.
func (c *chance) odd(person *simulator.Mailbox, e simulator.Event) (what string, err error) {
	switch c.rng.IntN(7) {
	case 0:
		if person.Block(e.ID) == "" {
			return "misses the block of", nil
		}
		return "takes the block out of", person.DeleteBlock(e.ID)
	case 1:
		others := slices.DeleteFunc(person.Events(), func(o simulator.Event) bool { return !o.IsOrganizer || o.ID == e.ID })
		if len(others) == 0 {
			return "looks for a text for", nil
		}
		from := others[c.rng.IntN(len(others))]
		return fmt.Sprintf("pastes the text of %q into", from.Subject), person.PasteBody(e.ID, from.ID)
	case 2:
		if len(e.Attendees) == 0 {
			return "waits for an answer to", nil
		}
		who := e.Attendees[c.rng.IntN(len(e.Attendees))]
		return who + " answers", person.Respond(e.ID, who, []string{"accepted", "declined"}[c.rng.IntN(2)])
	case 3:
		if e.Recurrence != nil {
			return "makes one of the series", person.Edit(e.ID, func(d *simulator.Draft) { d.Recurrence = nil })
		}
		return "makes a series of", person.Edit(e.ID, func(d *simulator.Draft) {
			d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 2 + c.rng.IntN(6)}
		})
	case 4:
		length := []time.Duration{time.Hour, 25 * time.Hour}[c.rng.IntN(2)]
		return "makes last " + length.String(), person.Edit(e.ID, func(d *simulator.Draft) { d.End = d.Start.Add(length) })
	case 5:
		if c.forgets() { // who goes and comes back, while what was told of it is forgotten, is not looked for at Webex
			return "thinks of inviting others to", nil
		}
		return "invites others to", person.Edit(e.ID, func(d *simulator.Draft) { d.Attendees = people(c.rng.IntN(4)) })
	default:
		if body, known := c.bodies[e.ID]; known {
			return "brings back the text of", person.Edit(e.ID, func(d *simulator.Draft) { d.Body, d.HTML = body.Body, body.HTML })
		}
		if c.bodies == nil {
			c.bodies = map[string]simulator.Draft{}
		}
		c.bodies[e.ID] = e.Draft
		return "keeps the text of", nil
	}
}

// older keeps the store as it is, or sets it back to what it was then, as a failover does that loses the last writes.
func (c *chance) older() {
	if c.setBack == nil {
		c.tell("the store is copied")
		var restore []func()
		for _, m := range append(c.people, c.carol) {
			restore = append(restore, c.backup(m))
		}
		c.setBack = func() {
			c.lose()
			for _, r := range restore {
				r()
			}
		}
		return
	}
	c.tell("the store is set back")
	c.setBack()
	c.setBack, c.wentBack = nil, true
	c.rest.Strangers = true
	c.pass(10 * time.Minute) // until when the vendors asked to wait is not set back, but lost
	c.expireLeases()
}

// forgets reports that the store is set back later on, or was, and perhaps nobody has swept since.
func (c *chance) forgets() bool { return c.setBack != nil || c.wentBack }

// leaves takes syncd out of a mailbox, cut off now and then, and lets it come back.
func (c *chance) leaves() {
	person := c.people[0]
	person.Withdrawn(true)
	ctx, crash := context.WithCancel(c.t.Context())
	defer crash()
	at, calls := 1+c.rng.IntN(40), 0
	c.tell("%s leaves, cut off at call %d", person.Address(), at)
	c.world.OnAnswer(func(simulator.Request) {
		if calls++; calls == at {
			crash()
		}
	})
	report, err := c.withdraw(ctx)
	c.world.Unhook()
	c.note(err)
	if err != nil {
		c.restart()
	}
	if err != nil && c.rng.IntN(2) == 0 {
		report, err = c.withdraw(c.t.Context())
		c.note(err)
	}
	if err == nil && report.Retrying == 0 {
		c.must(c.store.Unenroll(c.t.Context(), c.boxes[0]))
	}
	c.maybeAct()
	c.tell("%s comes back", person.Address())
	person.Withdrawn(false)
	c.must(c.store.Enroll(c.t.Context(), c.boxes[0]))
	c.rest.Strangers = true
}

// operated lets an operator order something for a mailbox, or its access be taken away for a while.
func (c *chance) operated() {
	who := c.rng.IntN(len(c.people))
	switch c.rng.IntN(6) {
	case 4, 5:
		c.leaves()
	case 3:
		c.tell("%s reads another language now", c.people[who].Address())
		c.people[who].SetLanguage([]string{"de-DE", "ja-JP", "ar-SA"}[c.rng.IntN(3)])
	case 0:
		c.tell("a resync of %s is ordered", c.people[who].Address())
		c.resync(who, c.rng.IntN(2) == 0)
	case 1:
		c.tell("join details of %s are to be written anew", c.people[0].Address())
		c.people[0].Allow(1)
		c.rewrite()
	default:
		c.tell("%s is denied for a while", c.people[who].Address())
		c.people[who].Deny()
		_, err := c.trySweep(c.t.Context())
		c.note(err)
		c.people[who].Restore()
	}
}
