package recurrence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Webex's limits for rules that end, and for any start (page Update a Meeting; Create a Meeting for the start). The page
// speaks of 261 occurrences "for a weekly meeting"; whether five days a week count as one is not said, so they count as five.
const (
	maxYears      = 5
	maxStartYears = 10
	mostDaily     = 1826
	mostWeekly    = 261
	mostMonthly   = 60
	mostYearly    = 5
)

// Rule is what Webex is told of a series: start, end, timezone and recurrence of a meeting belong together and are sent
// together.
type Rule struct {
	// Start is an occurrence of the series, in its zone. The rule's dates begin with it.
	Start time.Time
	// End is that occurrence's end. Webex has limits on its length, which are not looked at here.
	End time.Time
	// Timezone is the IANA name.
	Timezone string
	// RRULE is the value without the word RRULE, as in "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;COUNT=7".
	RRULE string
	// Occurrences counts the rule's dates; 0 for a rule without end.
	Occurrences int
}

// Rule gives the series' occurrences at or after t as a rule that Webex takes: exactly those dates, or a Reason for none
// (Over, SeveralDays, ShortMonths, TooMany, TooLong, TooFar, StartSkipped). t is the moment of sending, since Webex
// refuses a start in the past and counts its years from there; leave it the minutes that the request may take.
//
// The rule begins at an occurrence, which lies in a period of the pattern, so a rule that begins later keeps the phase
// of the interval. A count is what is left; UNTIL is the last occurrence's start in UTC, which RFC 2445 includes.
func (s Series) Rule(t time.Time) (Rule, error) {
	i := s.index(t)
	if i == s.n {
		return Rule{}, because(Over, "no occurrence is left")
	}
	start, same := s.at(i)
	if !same {
		return Rule{}, because(StartSkipped, "%s", start.Format(time.RFC3339))
	}
	if !start.Before(t.AddDate(maxStartYears, 0, 0)) {
		return Rule{}, because(TooFar, "%s", start.Format(time.DateOnly))
	}
	parts, most, err := s.parts(i)
	if err != nil {
		return Rule{}, err
	}
	r := Rule{Start: start, End: s.end(i, start), Timezone: s.zone.String()}
	if s.ends != never {
		r.Occurrences = s.n - i
		tail, err := s.tail(r.Occurrences, most, t)
		if err != nil {
			return Rule{}, err
		}
		parts = append(parts, tail)
	}
	r.RRULE = strings.Join(parts, ";")
	return r, nil
}

// tail is the part that ends the rule, where Webex keeps that many occurrences that long.
func (s Series) tail(left, most int, t time.Time) (string, error) {
	last, _ := s.at(s.n - 1)
	if last.After(t.AddDate(maxYears, 0, 0)) {
		return "", because(TooLong, "until %s", last.Format(time.DateOnly))
	}
	if left > most {
		return "", because(TooMany, "%d, at most %d", left, most)
	}
	if s.ends == byCount {
		return "COUNT=" + strconv.Itoa(left), nil
	}
	return "UNTIL=" + last.UTC().Format(basicUTC), nil
}

// parts are the rule without its end from occurrence i on, and how many occurrences Webex keeps of such a rule.
func (s Series) parts(i int) (parts []string, most int, err error) {
	p := &s.pattern
	switch {
	case p.kind == daily, p.kind == weekly && len(p.days) == 7 && p.interval == 1:
		parts, most = []string{"FREQ=DAILY"}, mostDaily
	case p.kind == weekly:
		parts, most = []string{"FREQ=WEEKLY"}, mostWeekly
	case p.yearly:
		parts, most = []string{"FREQ=YEARLY"}, mostYearly
	default:
		parts, most = []string{"FREQ=MONTHLY"}, mostMonthly
	}
	parts = append(parts, "INTERVAL="+strconv.Itoa(p.interval))
	if most == mostDaily {
		return parts, most, nil
	}
	if p.kind == weekly {
		return append(parts, p.weekParts()...), most, nil
	}
	if p.yearly {
		parts = append(parts, fmt.Sprintf("BYMONTH=%d", p.month%12+1))
	}
	day, err := p.monthPart(i, s.n)
	return append(parts, day), most, err
}

// weekParts names the days, and the first day of the week where another one than RFC 2445's Monday gives other dates.
func (p *pattern) weekParts() []string {
	names := make([]string, len(p.days))
	for i, d := range p.days {
		names[i] = code(d)
	}
	parts := []string{"BYDAY=" + strings.Join(names, ",")}
	if p.interval > 1 && p.dividesUnlikeMonday() {
		parts = append(parts, "WKST="+code(p.week))
	}
	return parts
}

// dividesUnlikeMonday says that weeks from p.week on put other days together than weeks from Monday on: some of the days lie
// before the first Monday of such a week, some after.
func (p *pattern) dividesUnlikeMonday() bool {
	before := 0
	for _, d := range p.days {
		if p.order(d) < p.order(time.Monday) {
			before++
		}
	}
	return before > 0 && before < len(p.days)
}

// monthPart is the day of a monthly or yearly rule, exact for occurrences i to n.
func (p *pattern) monthPart(i, n int) (string, error) {
	switch {
	case p.kind == absolute:
		return p.monthDay(i, n)
	case len(p.days) == 1:
		return fmt.Sprintf("BYDAY=%d%s", p.nth, code(p.days[0])), nil
	case len(p.days) == 7: // the nth day of any name
		return fmt.Sprintf("BYMONTHDAY=%d", p.nth), nil
	}
	return "", because(SeveralDays, "%d days of the week", len(p.days))
}

// monthDay looks for one number that RFC 2445 reads as Exchange reads dayOfMonth in every month from period i to n: the day
// itself, or -1 for the last day.
func (p *pattern) monthDay(i, n int) (string, error) {
	if p.dom <= 28 {
		return fmt.Sprintf("BYMONTHDAY=%d", p.dom), nil
	}
	one, constant, last := 0, true, true
	for k := i; k < min(n, i+gregorianCycle); k++ {
		length := p.monthOf(k + p.skip).length()
		dom := min(p.dom, length)
		if one == 0 {
			one = dom
		}
		constant = constant && dom == one
		last = last && dom == length
		if !constant && !last {
			return "", because(ShortMonths, "day %d", p.dom)
		}
		if !constant && p.dom == 31 {
			break // the last day of any month
		}
	}
	if constant {
		return fmt.Sprintf("BYMONTHDAY=%d", one), nil
	}
	return "BYMONTHDAY=-1", nil
}

// gregorianCycle: the calendar repeats after 400 years, 4,800 months.
const gregorianCycle = 4800

func code(d time.Weekday) string { return strings.ToUpper(d.String()[:2]) }
