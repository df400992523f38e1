package schedules

import "time"

// Limits bound how many mailboxes are worked on at a time.
type Limits struct {
	First int // at the beginning, and whenever nothing speaks for more
	Most  int // what an operator allows
}

const (
	// least is how many there are at a time though everybody asks for fewer.
	least = 4
	// watched is how long is looked before it is decided anew.
	watched = 3 * time.Second
	// rest is for how many spans nothing is tried that has just proved useless, or too much for the vendor: a minute and half a minute.
	restInVain, restThrottled = 20, 10
	// shy is for how many spans the width at which a vendor throttled is not reached again, five minutes; then a tenth more is dared.
	shy = 100
	// fullAtOnce is how many full rounds there are at a time, however many sweeps there may be: each may have a calendar in memory.
	fullAtOnce = 32
)

// Reading is what was seen in a span.
type Reading struct {
	Done      int           // mailboxes that were worked on
	Took      time.Duration // one, on average
	Span      time.Duration
	Peak      int     // most at a time
	Behind    bool    // there was always more to do than could be begun
	Throttled int     // answers by which a vendor asked for fewer requests
	Processor float64 // share of the processor time that this process may have, which it used
	Memory    float64 // share of the memory that it may have, which it has; 0 where nobody said how much that is
}

// rate is mailboxes a second.
func (r Reading) rate() float64 {
	if r.Span <= 0 {
		return 0
	}
	return float64(r.Done) / r.Span.Seconds()
}

// throttled reports that a vendor means all of us: one answer in a hundred, and more than one.
func (r Reading) throttled() bool { return r.Throttled > 1 && r.Throttled*100 >= r.Done }

// Held is what keeps the width from growing, though more is to do.
type Held string

// The reasons.
const (
	ByNothing   Held = ""
	ByMost      Held = "limit"     // it is what the operator allows
	ByVendor    Held = "throttled" // a vendor asked for fewer requests
	ByProcessor Held = "processor" // there is no processor time left
	ByMemory    Held = "memory"    // likewise
	ByVain      Held = "no-gain"   // more at a time took longer each, and were no more in the end
)

// width is how many mailboxes are worked on at a time, and what was learned on the way there. It is a value: next is pure.
//
// While mailboxes wait it grows by half, and keeps what brought more sweeps a second. What brought none it gives up again, and so
// it does where sweeps take much longer than they did when it last grew and fewer at a time are as many in the end. When a vendor throttles
// it is halved.
type width struct {
	now   int
	held  Held
	trial *trial        // what was changed, and is to be judged by the next reading
	took  time.Duration // by a sweep when the width was last found good; 0 for not yet
	rest  int           // spans in which it does not grow
	knee  int           // width at which a vendor throttled; 0 for none
	shy   int           // spans until more is dared
}

// trial is how it was before a change.
type trial struct {
	width int
	rate  float64
	took  time.Duration
}

// next is the width after a reading.
func (w width) next(r Reading, l Limits) width {
	first := min(l.First, l.Most)
	w.rest, w.shy = max(0, w.rest-1), max(0, w.shy-1)
	if w.shy == 0 && w.knee > 0 {
		w.knee, w.shy = w.knee+max(1, w.knee/10), shy
	}
	switch {
	case r.throttled():
		return w.throttled(r)
	case r.Memory > 0.9:
		return w.cut(3*w.now/4, least, ByMemory)
	case r.Processor > 0.95 && w.now > first:
		return w.cut(7*w.now/8, first, ByProcessor)
	case !r.Behind:
		return w.calm(r, first)
	}
	if w.trial != nil {
		return w.judged(r)
	}
	if w.rest > 0 {
		return w
	}
	return w.tried(r, l, first)
}

// throttled halves it, once for all answers that were asked for before that.
func (w width) throttled(r Reading) width {
	if w.held == ByVendor && w.rest > restThrottled-2 {
		return w
	}
	w.knee, w.shy = max(least, min(w.now, max(r.Peak, least))), shy
	w = w.cut(w.knee/2, least, ByVendor)
	w.rest = restThrottled
	return w
}

// cut makes it smaller, for a reason.
func (w width) cut(to, floor int, why Held) width {
	w.now, w.held, w.trial = min(w.now, max(to, floor)), why, nil
	w.rest = max(w.rest, 1)
	return w
}

// calm is the width while all is done in time: it goes back to where it began, from above where less is used, from below by and by.
func (w width) calm(r Reading, first int) width {
	w.held, w.trial = ByNothing, nil
	switch {
	case w.now > first && r.Peak < w.now/2:
		w.now = max(first, 7*w.now/8)
	case w.now < first && w.rest == 0:
		w.now = min(first, w.now+max(1, w.now/4))
	}
	return w
}

// judged keeps a change that did good, and takes back one that did not: growing is to bring a quarter of what it would bring if
// nothing else were scarce; shrinking may cost a twentieth.
func (w width) judged(r Reading) width {
	before := *w.trial
	w.trial = nil
	grew := float64(w.now)/float64(before.width) - 1
	good := r.rate() >= before.rate*0.95
	if grew > 0 {
		good = r.rate() >= before.rate*(1+grew/4)
	}
	if good {
		w.took, w.held = r.Took, ByNothing
		if grew < 0 {
			w.held, w.rest = ByVain, restInVain
		}
		return w
	}
	if w.now = before.width; grew > 0 {
		w.held, w.took = ByVain, before.took
	} else { // sweeps take longer, but that is not our doing
		w.took = r.Took
	}
	w.rest = restInVain
	return w
}

// tried is the next thing to try while mailboxes wait.
func (w width) tried(r Reading, l Limits, first int) width {
	top := l.Most
	if w.knee > 0 {
		top = min(top, max(least, 9*w.knee/10))
	}
	w.trial = &trial{w.now, r.rate(), r.Took}
	switch {
	case w.took > 0 && r.Took > 2*w.took && w.now > first:
		w.now = max(first, 2*w.now/3)
	case r.Processor > 0.85:
		w.held, w.trial = ByProcessor, nil
	case r.Memory > 0.75:
		w.held, w.trial = ByMemory, nil
	case w.now >= top && top < l.Most:
		w.held, w.trial = ByVendor, nil
	case w.now >= top:
		w.held, w.trial = ByMost, nil
	default:
		w.now, w.held = min(top, w.now+max(1, w.now/2)), ByNothing
	}
	return w
}
