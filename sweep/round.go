package sweep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"syncd/delta"
	"syncd/parser"
)

// changes is what a round of changes came to: the last word on each event.
type changes struct {
	events map[string]*delta.Event // event id → event, without the bare occurrences of series
	seen   map[string]bool         // all ids of the round that were not removals
	plain  map[string][]time.Time  // series master's id → starts of its occurrences that are like all others
	link   string                  // of the next round
	// asking are the series of which a listed occurrence asks for a meeting; nil for a round, which does not tell.
	asking map[string]bool
}

// fetch follows the delta link, or goes once over the whole window where there is none, where the window has to roll, where an
// operator asked for it, or where Graph lost the link.
func (r *run) fetch(ctx context.Context) (*changes, error) {
	c := newChanges()
	if r.now.Before(r.cursor.ViewUntil) {
		return r.list(ctx)
	}
	r.cursor.ViewUntil = time.Time{}
	err := r.rounds(ctx, &c)
	if errors.Is(err, delta.ErrLoop) {
		r.log.Warn().Err(err).Dur("for", viewFor).Msg("rounds of changes do not end: the calendar is listed instead")
		r.cursor.ViewUntil = r.now.Add(viewFor)
		return r.list(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c, r.recall(ctx, c)
}

// viewFor is how long a mailbox whose rounds do not end is listed, until delta gets another chance.
const viewFor = 6 * time.Hour

// list goes over the window without delta. Each time is like a full round.
func (r *run) list(ctx context.Context) (*changes, error) {
	c := newChanges()
	c.asking = map[string]bool{}
	r.full = true
	r.cursor.WindowStart, r.cursor.WindowEnd = delta.Window(r.mailbox.ID, r.now, r.Behind, r.Ahead)
	if err := r.fold(ctx, c, r.calendar.View(ctx, r.cursor.WindowStart, r.cursor.WindowEnd)); err != nil {
		return nil, err
	}
	return c, r.recall(ctx, c)
}

// rounds follows the delta link, or begins anew.
func (r *run) rounds(ctx context.Context, into **changes) error {
	c := *into
	rolls := !r.cursor.InWindow(r.now, r.Behind, r.Ahead)
	r.full = r.cursor.Link == "" || r.memory.Resync() != nil || rolls || r.Policy.Rewrite
	if !r.full || rolls && r.cursor.Link != "" {
		// A window that rolls is asked once more, so that what changed in the part that it leaves is not passed over.
		err := r.round(ctx, c, r.cursor.Link)
		lost := errors.Is(err, delta.ErrCursorExpired) || errors.Is(err, delta.ErrRefused)
		if err != nil && !lost {
			return err
		}
		if lost {
			r.log.Info().Err(err).Msg("delta link is of no use any more: full round")
			c = newChanges()
			*into = c
		}
		r.full = r.full || lost
	}
	if !r.full {
		return nil
	}
	r.cursor.WindowStart, r.cursor.WindowEnd = delta.Window(r.mailbox.ID, r.now, r.Behind, r.Ahead)
	c.anew()
	err := r.round(ctx, c, "")
	if errors.Is(err, delta.ErrCursorExpired) {
		// The first nextLink of a round may be dead at once. One more try, and then the next sweep.
		err = r.round(ctx, c, "")
	}
	return err
}

func newChanges() *changes {
	return &changes{}
}

// anew forgets which events are there, before a round that tells it of all.
func (c *changes) anew() {
	clear(c.seen)
	clear(c.plain)
}

// round reads a round to its end.
func (r *run) round(ctx context.Context, c *changes, link string) error {
	return r.fold(ctx, c, r.calendar.Round(ctx, link, r.cursor.WindowStart, r.cursor.WindowEnd))
}

// fold folds the pages of a round: order within it means nothing, and the last copy of an event counts.
func (r *run) fold(ctx context.Context, c *changes, pages iter.Seq2[delta.Page, error]) error {
	for page, err := range pages {
		if err != nil {
			return err
		}
		if err := r.memory.Holds(); err != nil && !r.dry {
			return err
		}
		if len(page.Events) > 0 {
			c.prepare()
		}
		for i := range page.Events {
			c.fold(&page.Events[i])
		}
		r.report.Items += len(page.Events)
		c.link = page.Link
	}
	return ctx.Err()
}

// prepare makes room. Most rounds bring nothing.
func (c *changes) prepare() {
	if c.events == nil {
		c.events, c.seen, c.plain = map[string]*delta.Event{}, map[string]bool{}, map[string][]time.Time{}
	}
}

// fold keeps an event, which stays where it is.
func (c *changes) fold(e *delta.Event) {
	switch {
	case e.Removed:
		delete(c.seen, e.ID)
		c.events[e.ID] = e
	case e.Bare:
		c.seen[e.ID] = true
		delete(c.events, e.ID)
		c.plain[e.SeriesID] = append(c.plain[e.SeriesID], e.Start)
		if _, asks := parser.FindKeyword(e.Location.Text); asks && c.asking != nil {
			c.asking[e.SeriesID] = true
		}
	default:
		c.seen[e.ID] = true
		c.events[e.ID] = e
	}
}

// recall reads what is remembered of the events of a round. Of a full round, and where a series comes again whole, that is
// everything, since what is missing counts too.
func (r *run) recall(ctx context.Context, c *changes) (err error) {
	r.all = r.full || c.hasSeries()
	if r.all {
		r.records, err = r.memory.AllRecords(ctx)
	} else {
		ids := make([]string, 0, len(c.events))
		for id := range c.events {
			ids = append(ids, id)
		}
		r.records, err = r.memory.Records(ctx, ids)
		if err == nil && c.removesSeries(r.records) {
			r.all = true
			r.records, err = r.memory.AllRecords(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("recalling what is known: %w", err)
	}
	if r.records == nil {
		r.records = map[string]delta.Record{}
	}
	return nil
}

// removesSeries reports whether a round took a series away, or what may be one: of a series that asks for nothing there is no record,
// and single occurrences of it may ask. Or a series has become a single event.
func (c *changes) removesSeries(known map[string]delta.Record) bool {
	for id, e := range c.events {
		if record, ok := known[id]; e.Removed && !ok || record.Master && e.Type != delta.Master {
			return true
		}
	}
	return false
}

// hasSeries reports whether a round brought any part of a series.
func (c *changes) hasSeries() bool {
	if len(c.plain) > 0 {
		return true
	}
	for _, e := range c.events {
		if e.Type == delta.Master || e.SeriesID != "" {
			return true
		}
	}
	return false
}
