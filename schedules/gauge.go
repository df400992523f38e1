package schedules

import "time"

// Usage is what a process has used so far, and what it was told.
type Usage struct {
	Processor  time.Duration // processor time
	Processors float64       // how many of them it may use
	Memory     float64       // share of the memory that it may have; 0 where nobody said how much that is
	Throttled  int64         // answers by which a vendor asked for fewer requests
}

// gauge reads what the crew does, and has its width decided. The shift uses it.
type gauge struct {
	*Runner
	width width
	began time.Time
	used  Usage // when it began

	done          int           // jobs in this span
	took          time.Duration // their sum
	looks, behind int           // looks into the queue, and those after which more was due than there was room for
}

func newGauge(r *Runner, first int) gauge {
	return gauge{Runner: r, width: width{now: first}, began: time.Now(), used: r.usage()}
}

func (r *Runner) usage() Usage {
	if r.Usage == nil {
		return Usage{}
	}
	return r.Usage()
}

// finished notes a job that is done.
func (g *gauge) finished(took time.Duration) {
	g.done++
	g.took += took
}

// looked notes how many were left in the queue.
func (g *gauge) looked(waiting int) {
	g.looks++
	if waiting > 0 {
		g.behind++
	}
}

// decide has the width decided when a span is over.
func (g *gauge) decide(c *crew) {
	now := time.Now()
	if now.Sub(g.began) < watched {
		return
	}
	used := g.usage()
	before := g.width
	g.width = g.width.next(g.reading(used, now, c.busiest()), g.AtOnce)
	c.resize(g.width.now)
	g.held.Store(g.width.held)
	if g.width.held == ByVendor && before.held != ByVendor {
		g.Log.Warn().Int("at_once", g.width.now).Msg("asked for fewer requests: fewer mailboxes are swept at a time")
	} else if g.width.now != before.now {
		g.Log.Debug().Int("at_once", g.width.now).Str("held_by", string(g.width.held)).Msg("as many mailboxes are swept at a time")
	}
	*g = gauge{Runner: g.Runner, width: g.width, began: now, used: used}
}

// reading is what was seen in the span that ends now.
func (g *gauge) reading(used Usage, now time.Time, peak int) Reading {
	r := Reading{
		Done: g.done, Span: now.Sub(g.began), Peak: peak, Memory: used.Memory, Throttled: int(used.Throttled - g.used.Throttled),
		Behind: g.looks > 0 && g.behind*5 >= g.looks*4,
	}
	if g.done > 0 {
		r.Took = g.took / time.Duration(g.done)
	}
	if used.Processors > 0 {
		r.Processor = (used.Processor - g.used.Processor).Seconds() / used.Processors / r.Span.Seconds()
	}
	return r
}
