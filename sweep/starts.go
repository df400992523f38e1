package sweep

import (
	"slices"
	"time"

	"syncd/delta"
)

// mostStarts bounds how many starts of meetings a cursor remembers. The next full round finds those that come after.
const mostStarts = 16

// starts lists when the next meetings begin, for the timetable. What was moved or deleted since a full round may still be among
// them, which costs a few sweeps and nothing else.
func (r *run) starts(c *changes) delta.Times {
	var out []time.Time
	if !r.full {
		out = append(out, r.cursor.Starts.List()...)
	}
	for id, e := range c.events {
		if !e.Removed && e.Type != delta.Master && meets(r.records[id]) {
			out = append(out, e.Start)
		}
	}
	for id, starts := range c.plain {
		if meets(r.records[id]) {
			out = append(out, starts...)
		}
	}
	out = slices.DeleteFunc(out, func(t time.Time) bool { return !t.After(r.now) })
	slices.SortFunc(out, time.Time.Compare)
	out = slices.CompactFunc(out, time.Time.Equal)
	return delta.TimesOf(out[:min(len(out), mostStarts)])
}

// meets reports whether an event has a meeting, or is about to.
func meets(record delta.Record) bool {
	switch record.State {
	case delta.Intent, delta.Linked, delta.Silent, delta.Following:
		return true
	}
	return false
}
