package main

import (
	"context"
	"time"

	"syncd/redisstore"
	"syncd/schedules"
)

// plan is what the timetable plans for some mailboxes.
type plan struct {
	timetable schedules.Timetable
	due       map[string]time.Time // mailbox key → when it is due; absent where no daemon has it in its queue
	pace      schedules.Pace
	hints     map[string]schedules.Hints // mailbox key → hints that can be relied on
}

// readPlan reads what the timetable plans for some of the enrolled mailboxes.
func readPlan(ctx context.Context, c *Config, store *redisstore.Store, views []redisstore.View, enrolled int) (plan, error) {
	p := plan{timetable: schedules.Timetable{Schedule: c.Sweep, Hinted: c.SweepHinted}, hints: map[string]schedules.Hints{}}
	keys := make([]string, len(views))
	for i, v := range views {
		keys[i] = v.Mailbox.Key()
	}
	var err error
	if p.due, err = store.DueAt(ctx, keys); err != nil {
		return p, err
	}
	if p.hints, err = hintsOf(ctx, c, store, keys); err != nil || c.GraphBudget == 0 {
		return p, err
	}
	spent, err := store.SpentGraph(ctx, time.Now())
	p.pace = schedules.Pace{Budget: c.GraphBudget, Spent: spent, Mailboxes: enrolled, At: time.Now()}
	return p, err
}

// next is when a mailbox is swept next.
func (p plan) next(v redisstore.View) time.Time {
	due, queued := p.due[v.Mailbox.Key()]
	switch {
	case !v.Cursor.NextAt.IsZero():
		return v.Cursor.NextAt
	case queued:
		return due
	case v.Cursor.SweptAt.IsZero():
		return time.Time{}
	}
	return p.timetable.Schedule.Next(v.Mailbox.Key(), v.Cursor.SweptAt)
}

// ahead is the rhythm of a mailbox in the next day.
func (p plan) ahead(v redisstore.View) []shownPhase {
	now := time.Now().UTC().Truncate(time.Second)
	facts := factsOf(v.Cursor, schedules.Facts{Pace: p.pace})
	if v.Retrying+len(v.Held) == 0 {
		facts.Hints = p.hints[v.Mailbox.Key()]
	}
	var out []shownPhase
	for _, phase := range p.timetable.Ahead(v.Mailbox.Key(), facts, now, now.Add(24*time.Hour)) {
		every := ""
		if phase.Every > 0 {
			every = phase.Every.Round(time.Second).String()
		}
		out = append(out, shownPhase{phase.From, every, phase.Why})
	}
	return out
}
