package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Recurrence is a pattern and a range as Outlook offers them (microsoft-graph.md 2.2).
type Recurrence struct {
	Pattern    string         // daily, weekly, absoluteMonthly, relativeMonthly, absoluteYearly, relativeYearly
	Interval   int            // every so many days, weeks, months, years; 0 = 1
	Days       []time.Weekday // weekly and relative patterns; weekly: none = the day of the start
	FirstDay   time.Weekday   // weekly: the day a week begins
	DayOfMonth int            // absolute patterns; 0 = the day of the start. Shorter months take their last day
	Month      time.Month     // yearly patterns; 0 = the month of the start
	Index      string         // relative patterns: first, second, third, fourth, last; "" = first
	Count      int            // range numbered; 0 = see Until
	Until      string         // range endDate, yyyy-mm-dd, last day inclusive; "" = noEnd
	Start      string         // startDate, yyyy-mm-dd; "" = the day of the start

	skip bool // months that are too short are left out (RFC 2445) instead of taking their last day (Outlook)
}

var indexes = []string{"first", "second", "third", "fourth", "last"}

// normal fills in what follows from the first day, and refuses what Outlook would not offer.
func (r Recurrence) normal(start time.Time) (*Recurrence, error) {
	if r.Interval == 0 {
		r.Interval = 1
	}
	if r.Start == "" {
		r.Start = start.Format(time.DateOnly)
	}
	if r.Index == "" {
		r.Index = "first"
	}
	r.Index = strings.ToLower(r.Index)
	r.Days = slices.Clone(r.Days)
	switch r.Pattern {
	case "daily":
	case "weekly":
		if len(r.Days) == 0 {
			r.Days = []time.Weekday{start.Weekday()}
		}
	case "absoluteMonthly", "absoluteYearly":
		if r.DayOfMonth == 0 {
			r.DayOfMonth = start.Day()
		}
	case "relativeMonthly", "relativeYearly":
		if len(r.Days) == 0 {
			r.Days = []time.Weekday{start.Weekday()}
		}
	default:
		return nil, fmt.Errorf("recurrence pattern %q does not exist", r.Pattern)
	}
	if strings.HasSuffix(r.Pattern, "Yearly") && r.Month == 0 {
		r.Month = start.Month()
	}
	switch {
	case r.Interval < 1 || r.Interval > 99:
		return nil, fmt.Errorf("recurrence interval %d is not in 1 to 99", r.Interval)
	case r.DayOfMonth < 0 || r.DayOfMonth > 31:
		return nil, fmt.Errorf("recurrence day of month %d", r.DayOfMonth)
	case !slices.Contains(indexes, r.Index):
		return nil, fmt.Errorf("recurrence index %q does not exist", r.Index)
	case r.Count < 0 || r.Count > 9999:
		return nil, fmt.Errorf("recurrence of %d occurrences is too many", r.Count)
	}
	if _, err := time.Parse(time.DateOnly, r.Start); err != nil {
		return nil, fmt.Errorf("recurrence start %q is no date", r.Start)
	}
	if _, err := time.Parse(time.DateOnly, r.Until); r.Until != "" && err != nil {
		return nil, fmt.Errorf("recurrence end %q is no date", r.Until)
	}
	return &r, nil
}

// movedAlong is what a calendar client makes of a series whose first occurrence was dragged to another day: range and pattern
// follow, where they were those of that day.
func (r Recurrence) movedAlong(from, to time.Time) Recurrence {
	r.Start = ""
	if len(r.Days) == 1 && r.Days[0] == from.Weekday() {
		r.Days = []time.Weekday{to.Weekday()}
	}
	if r.DayOfMonth == from.Day() {
		r.DayOfMonth = to.Day()
	}
	if r.Month == from.Month() {
		r.Month = to.Month()
	}
	return r
}

// equal tells whether two series fall on the same days; the end of the range may differ if sameEnd is false.
func (r *Recurrence) equal(o *Recurrence, sameEnd bool) bool {
	if r == nil || o == nil {
		return r == o
	}
	if sameEnd && (r.Count != o.Count || r.Until != o.Until) {
		return false
	}
	return r.Pattern == o.Pattern && r.Interval == o.Interval && slices.Equal(r.Days, o.Days) && r.FirstDay == o.FirstDay &&
		r.DayOfMonth == o.DayOfMonth && r.Month == o.Month && r.Index == o.Index && r.Start == o.Start
}

// day is a civil date as days since 1970-01-01.
type day int

func dayOf(y int, m time.Month, d int) day {
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func parseDay(s string) day {
	t, _ := time.Parse(time.DateOnly, s)
	return dayOf(t.Date())
}

func (d day) time() time.Time       { return time.Unix(int64(d)*86400, 0).UTC() }
func (d day) weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) } // 1970-01-01 was a Thursday
func (d day) String() string        { return d.time().Format(time.DateOnly) }

// each calls yield with the days of a normal r in order, from about the given day on, until yield or the range says stop.
func (r *Recurrence) each(from day, yield func(day) bool) {
	start, last := parseDay(r.Start), day(1<<30)
	if r.Until != "" && r.Count == 0 {
		last = parseDay(r.Until)
	}
	period := 0
	if r.Count == 0 && from > start { // no need to count: jump to just before from
		period = max(0, int(from-start)/r.longestPeriod()-1)
	}
	for n, misses := 0, 0; misses < 1000; period++ {
		for _, d := range r.period(start, period) {
			misses = 0
			switch {
			case d < start:
				continue
			case d > last || r.Count > 0 && n == r.Count:
				return
			}
			n++
			if !yield(d) {
				return
			}
		}
		misses++
	}
}

// longestPeriod is an upper bound of the days between two periods.
func (r *Recurrence) longestPeriod() int {
	switch r.Pattern {
	case "daily":
		return r.Interval
	case "weekly":
		return 7 * r.Interval
	case "absoluteMonthly", "relativeMonthly":
		return 31 * r.Interval
	}
	return 366 * r.Interval
}

// period gives the days of the n-th day, week, month or year of the series.
func (r *Recurrence) period(start day, n int) []day {
	n *= r.Interval
	switch r.Pattern {
	case "daily":
		return []day{start + day(n)}
	case "weekly":
		monday := start - day((int(start.weekday())-int(r.FirstDay)+7)%7) + day(7*n)
		var days []day
		for i := range 7 {
			if slices.Contains(r.Days, (monday + day(i)).weekday()) {
				days = append(days, monday+day(i))
			}
		}
		return days
	case "absoluteMonthly", "relativeMonthly":
		y, m, _ := start.time().Date()
		return r.inMonth(y, m+time.Month(n))
	}
	return r.inMonth(start.time().Year()+n, r.Month)
}

// inMonth gives the one day of an absolute or relative pattern in a month; months beyond December run into the next year.
func (r *Recurrence) inMonth(y int, m time.Month) []day {
	first, next := dayOf(y, m, 1), dayOf(y, m+1, 1)
	if strings.HasPrefix(r.Pattern, "absolute") {
		if r.skip && first+day(r.DayOfMonth-1) >= next {
			return nil
		}
		return []day{min(first+day(r.DayOfMonth-1), next-1)}
	}
	var fits []day
	for d := first; d < next; d++ {
		if slices.Contains(r.Days, d.weekday()) {
			fits = append(fits, d)
		}
	}
	i := slices.Index(indexes, r.Index)
	if r.Index == "last" {
		i = len(fits) - 1
	}
	return fits[i : i+1]
}
