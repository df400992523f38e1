package schedules

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// register knows who is to be served, and sees that the queue holds them. It has a goroutine of its own: with a million mailboxes that
// takes seconds, in which others are swept.
type register struct {
	*Runner
	held  atomic.Int64  // mailboxes in the queue, at the last look
	again chan struct{} // that there was a look

	known   []string // mailboxes, as listed
	listed  time.Time
	filled  time.Time
	unequal bool // the list is another than the queue was filled with
}

// look tells how many mailboxes the queue has.
func (g *register) look(held int) {
	g.held.Store(int64(held))
	select {
	case g.again <- struct{}{}:
	default:
	}
}

// keep refreshes after each look, until ctx ends.
func (g *register) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.again:
			g.refresh(ctx)
		}
	}
}

// refresh reads the list of mailboxes now and then, and sees that the queue holds them.
func (g *register) refresh(ctx context.Context) {
	now := time.Now()
	held := int(g.held.Load())
	lost := held == 0 && len(g.known) > 0 && now.Sub(g.filled) >= look
	if enlisted := g.enlisted.Swap(false); enlisted || lost || now.Sub(g.listed) >= g.Relist {
		list, err := g.List(ctx)
		if err != nil {
			return // who gave it has said what is wrong
		}
		g.unequal = g.unequal || !slices.Equal(list, g.known)
		g.known, g.listed = list, now
	}
	since := now.Sub(g.filled)
	if !g.unequal && !lost && since < refill && (held >= len(g.known) || since < refill/60) {
		return
	}
	first := func(mailbox string) time.Duration { return g.Schedule.First(mailbox, now).Sub(now) }
	added, removed, err := g.Queue.Fill(ctx, g.known, first)
	g.heard(ctx, err)
	if err != nil {
		return
	}
	g.unequal, g.filled = false, now
	if added+removed > 0 {
		g.Log.Info().Int("mailboxes", len(g.known)).Int("added", added).Int("removed", removed).Msg("timetable filled")
		g.Wake() // what is new may be due
	}
}
