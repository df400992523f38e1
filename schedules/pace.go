package schedules

import "time"

// Pace is how the requests of the day are getting on, over all daemons. The zero value is that of no budget.
type Pace struct {
	Budget    int64     // requests a day (UTC); 0 for as many as it takes
	Spent     int64     // of them, today
	Mailboxes int       // that share them
	At        time.Time // when this was so
}

const day = 24 * time.Hour

// forHeat is the part of the budget that the ordinary rhythm leaves to heat, to changes and to full rounds.
const forHeat = 0.2

// factor is how many times longer than the schedule's the interval between two sweeps has to be.
func (p Pace) factor(interval time.Duration) float64 {
	if p.Budget <= 0 || interval <= 0 {
		return 1
	}
	needed := float64(p.Mailboxes) * float64(day) / float64(interval)
	planned := needed / (float64(p.Budget) * (1 - forHeat))
	return max(1, planned*min(4, max(0.25, p.ahead())))
}

// ahead is what was spent today, by what may have been spent by now. An hour's share counts on both sides, so that the first minutes
// of a day say little.
func (p Pace) ahead() float64 {
	if p.Budget <= 0 {
		return 0
	}
	hour := float64(p.Budget) / 24
	passed := float64(p.At.UTC().Sub(p.At.UTC().Truncate(day))) / float64(day)
	return (float64(p.Spent) + hour) / (float64(p.Budget)*passed + hour)
}
