package recurrence

import (
	"slices"
	"strings"
	"time"
)

type kind int

const (
	daily kind = iota
	weekly
	absolute // a day of the month, monthly or yearly
	relative // the nth of some weekdays in a month, monthly or yearly
)

// maxInterval is more than Exchange takes (999 days, 99 weeks or months).
const maxInterval = 999

// pattern gives the date of each occurrence by its number. All fields are checked.
type pattern struct {
	kind     kind
	yearly   bool
	interval int
	dom      int            // absolute: 1–31
	nth      int            // relative: 1–4, or -1 for last
	days     []time.Weekday // weekly, relative: without doubles, in the order of the week
	week     time.Weekday   // weekly: first day of the week
	start    day
	base     day   // weekly: first day of the week that holds start
	month    month // absolute, relative: the first period's month
	skip     int   // dates of the first period that lie before start
}

// parsePattern reads p with its phase counted from start.
func parsePattern(p Pattern, start day) (pattern, error) {
	out := pattern{interval: p.Interval, start: start}
	switch strings.ToLower(p.Type) {
	case "daily":
		out.kind = daily
	case "weekly":
		out.kind = weekly
	case "absolutemonthly":
		out.kind = absolute
	case "relativemonthly":
		out.kind = relative
	case "absoluteyearly":
		out.kind, out.yearly = absolute, true
	case "relativeyearly":
		out.kind, out.yearly = relative, true
	default:
		return out, because(PatternUnknown, "pattern type %.40q", p.Type)
	}
	if p.Interval < 1 || p.Interval > maxInterval {
		return out, because(PatternMalformed, "interval %d", p.Interval)
	}
	if err := out.parseDays(p); err != nil {
		return out, err
	}
	if err := out.parseMonth(p); err != nil {
		return out, err
	}
	for out.date(0) < start {
		out.skip++
	}
	return out, nil
}

func (p *pattern) parseDays(from Pattern) (err error) {
	if p.kind == daily || p.kind == absolute {
		return nil
	}
	if p.kind == weekly && from.FirstDayOfWeek != "" {
		if p.week, err = parseWeekday(from.FirstDayOfWeek); err != nil {
			return err
		}
	}
	p.base = p.start - day(p.order(p.start.weekday()))
	for _, name := range from.DaysOfWeek {
		d, err := parseWeekday(name)
		if err != nil {
			return err
		}
		if !slices.Contains(p.days, d) {
			p.days = append(p.days, d)
		}
	}
	if len(p.days) == 0 {
		return because(PatternMalformed, "no daysOfWeek")
	}
	slices.SortFunc(p.days, func(a, b time.Weekday) int { return p.order(a) - p.order(b) })
	if p.kind == relative {
		p.nth, err = parseIndex(from.Index)
	}
	return err
}

func (p *pattern) parseMonth(from Pattern) error {
	if p.kind != absolute && p.kind != relative {
		return nil
	}
	if p.kind == absolute {
		if from.DayOfMonth < 1 || from.DayOfMonth > 31 {
			return because(PatternMalformed, "dayOfMonth %d", from.DayOfMonth)
		}
		p.dom = from.DayOfMonth
	}
	p.month = monthOf(p.start)
	if p.yearly {
		if from.Month < 1 || from.Month > 12 {
			return because(PatternMalformed, "month %d", from.Month)
		}
		p.month += month(from.Month-1) - p.month%12
	}
	return nil
}

// order is the place of a weekday in a week that begins on p.week, 0 to 6.
func (p *pattern) order(d time.Weekday) int { return mod(int(d-p.week), 7) }

// date is the date of occurrence i, counted from 0. It grows with i.
func (p *pattern) date(i int) day {
	i += p.skip
	switch p.kind {
	case daily:
		return p.start + day(i*p.interval)
	case weekly:
		n := len(p.days)
		return p.base + day(i/n*p.interval*7+p.order(p.days[i%n]))
	}
	m := p.monthOf(i)
	if p.kind == absolute {
		return m.first() + day(min(p.dom, m.length())-1)
	}
	return p.nthOf(m)
}

// monthOf is the month of period i of a monthly or yearly pattern.
func (p *pattern) monthOf(i int) month {
	if p.yearly {
		i *= 12
	}
	return p.month + month(i*p.interval)
}

// nthOf is the nth of the days named, taken together. Each month has four of every weekday, so it is there.
func (p *pattern) nthOf(m month) day {
	d, step, n := m.first(), day(1), p.nth
	if n < 0 {
		d, step, n = (m+1).first()-1, -1, -n
	}
	for ; ; d += step {
		if slices.Contains(p.days, d.weekday()) {
			if n--; n == 0 {
				return d
			}
		}
	}
}

// skipsFirst says that every date of the first period lies before the start.
func (p *pattern) skipsFirst() bool {
	if p.kind == weekly {
		return p.skip >= len(p.days)
	}
	return p.skip > 0
}

func parseWeekday(name string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, nil
		}
	}
	return 0, because(PatternMalformed, "weekday %.20q", name)
}

func parseIndex(name string) (int, error) {
	switch strings.ToLower(name) {
	case "", "first":
		return 1, nil
	case "second":
		return 2, nil
	case "third":
		return 3, nil
	case "fourth":
		return 4, nil
	case "last":
		return -1, nil
	}
	return 0, because(PatternMalformed, "index %.20q", name)
}
