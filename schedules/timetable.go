package schedules

import (
	"slices"
	"time"
)

// Timetable says when a mailbox is swept next, and why then. It is pure: the same in every process, and for `syncd status`.
//
// The schedule gives the ordinary rhythm. Heat only ever makes a sweep sooner: a mailbox that changed lately, or one with a meeting
// that starts soon, is swept every few seconds. Where a budget of requests a day does not go round, intervals stretch evenly, and
// twice as much for a mailbox that is quiet, and at night.
type Timetable struct {
	Schedule Schedule
	Hinted   *Schedule      // for mailboxes whose hints can be relied on; nil for the same as the others
	Zone     *time.Location // in which it is night; nil for this machine's
}

const (
	hotEvery   = 5 * time.Second
	hotBefore  = 5 * time.Minute // a meeting's start
	hotAfter   = time.Minute     // a meeting's start
	hotChanged = 2 * time.Minute // after a change
	// quietAfter is how long nothing may have changed in a mailbox that counts as quiet.
	quietAfter = 7 * 24 * time.Hour
	// Night is from 22 to 6 o'clock.
	nightBegins, nightEnds = 22, 6
	// rarest is the longest that a budget can make of an interval: a budget that is too small starves nobody.
	rarest = 24 * time.Hour
)

// Facts are what the timetable looks at.
type Facts struct {
	Changed time.Time   // when something last changed; zero for never
	Starts  []time.Time // of meetings to come
	// NotBefore is when the mailbox may be asked again, where that was said; else zero.
	NotBefore time.Time
	Hints     Hints
	Pace      Pace
	Crowded   bool // there is more to do than can be done: no heat
}

// Why is the reason for a rhythm.
type Why string

// The reasons.
const (
	Rhythm  Why = "ordinary"
	Hinting Why = "hinted"
	Recent  Why = "changed-lately"
	Soon    Why = "meeting-soon"
	Quiet   Why = "quiet"
	Night   Why = "night"
	Saving  Why = "budget"
	Waiting Why = "told-to-wait"
)

// Next is when a mailbox that was swept just now is swept again.
func (t Timetable) Next(mailbox string, f Facts, now time.Time) (at time.Time, why Why) {
	at, why = t.ordinary(mailbox, f, now)
	if hot, because := f.nextHot(now); because != "" && hot.Before(at) {
		at, why = hot, because
	}
	if at.Before(f.NotBefore) {
		return f.NotBefore, Waiting
	}
	return at, why
}

// ordinary is the next sweep without any heat.
func (t Timetable) ordinary(mailbox string, f Facts, now time.Time) (time.Time, Why) {
	at := t.Schedule.Next(mailbox, now)
	interval := t.interval(mailbox, now)
	every, why := t.stretched(f, interval, now)
	if every > interval {
		at = at.Add(every - interval)
	}
	if t.hinted(f, now) {
		if later := t.Hinted.Next(mailbox, now); later.After(at) {
			return later, Hinting
		}
	}
	return at, why
}

// interval is the schedule's own, around now.
func (t Timetable) interval(mailbox string, now time.Time) time.Duration {
	at := t.Schedule.Next(mailbox, now)
	return t.Schedule.Next(mailbox, at).Sub(at)
}

// stretched is an ordinary interval as the budget allows it.
func (t Timetable) stretched(f Facts, interval time.Duration, now time.Time) (time.Duration, Why) {
	factor, why := f.Pace.factor(interval), Saving
	if factor <= 1 {
		return interval, Rhythm
	}
	if now.Sub(f.Changed) > quietAfter {
		factor, why = 2*factor, Quiet
	}
	if t.night(now) {
		factor, why = 2*factor, Night
	}
	return max(interval, time.Duration(min(float64(rarest), factor*float64(interval)))), why
}

func (t Timetable) night(now time.Time) bool {
	zone := t.Zone
	if zone == nil {
		zone = time.Local
	}
	hour := now.In(zone).Hour()
	return hour >= nightBegins || hour < nightEnds
}

// span is a time of heat.
type span struct {
	from, until time.Time
	why         Why
}

// heat lists the times of heat that are not over, by their beginnings.
func (f Facts) heat(now time.Time) []span {
	var out []span
	if f.Crowded || f.Pace.ahead() > 1 {
		return nil
	}
	if until := f.Changed.Add(hotChanged); until.After(now) && !f.Changed.After(now) {
		out = append(out, span{f.Changed, until, Recent})
	}
	for _, start := range f.Starts {
		if until := start.Add(hotAfter); until.After(now) {
			out = append(out, span{start.Add(-hotBefore), until, Soon})
		}
	}
	slices.SortStableFunc(out, func(a, b span) int { return a.from.Compare(b.from) })
	return out
}

// nextHot is when heat wants the next sweep; no reason for not at all.
func (f Facts) nextHot(now time.Time) (time.Time, Why) {
	spans := f.heat(now)
	if len(spans) == 0 {
		return time.Time{}, ""
	}
	if first := spans[0]; first.from.After(now) {
		return first.from, first.why
	}
	return now.Add(hotEvery), spans[0].why
}

// Phase is a rhythm that a mailbox follows from some time on.
type Phase struct {
	From  time.Time
	Every time.Duration
	Why   Why
}

// Ahead is the rhythm that a mailbox will follow until some time, if nothing happens to it.
func (t Timetable) Ahead(mailbox string, f Facts, now, until time.Time) []Phase {
	turns := []time.Time{now, f.NotBefore, f.Hints.Since.Add(settling)}
	for _, s := range f.heat(now) {
		turns = append(turns, s.from, s.until)
	}
	for hour := now.Truncate(time.Hour); hour.Before(until); hour = hour.Add(time.Hour) {
		turns = append(turns, hour) // night may begin or end
	}
	slices.SortFunc(turns, time.Time.Compare)
	var out []Phase
	for _, at := range turns {
		if at.Before(now) || !at.Before(until) {
			continue
		}
		p := t.phase(mailbox, f, at)
		if last := len(out) - 1; last < 0 || out[last].Every != p.Every || out[last].Why != p.Why {
			out = append(out, p)
		}
	}
	return out
}

// phase is the rhythm at one time.
func (t Timetable) phase(mailbox string, f Facts, at time.Time) Phase {
	every, why := t.stretched(f, t.interval(mailbox, at), at)
	if t.hinted(f, at) {
		next := t.Hinted.Next(mailbox, at)
		if long := t.Hinted.Next(mailbox, next).Sub(next); long > every {
			every, why = long, Hinting
		}
	}
	if spans := f.heat(at); len(spans) > 0 && !spans[0].from.After(at) && hotEvery < every {
		every, why = hotEvery, spans[0].why
	}
	if at.Before(f.NotBefore) {
		every, why = 0, Waiting
	}
	return Phase{at, every, why}
}
