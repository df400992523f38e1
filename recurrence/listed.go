package recurrence

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Listed expands a rule as Webex lists it, of the kinds that [Series.Rule] writes, from the first start of its series on and in
// the zone named (IANA): the starts at or after from and before to. Any other rule is an error.
func Listed(rule string, first time.Time, zone string, from, to time.Time) ([]time.Time, error) {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("zone of a series: %w", err)
	}
	l := listed{start: first.In(place)}
	l.rec.Pattern.Interval, l.rec.Pattern.FirstDayOfWeek = 1, time.Monday.String()
	l.rec.Range = Range{Type: "noEnd", StartDate: first.In(place).Format(time.DateOnly)}
	for part := range strings.SplitSeq(rule, ";") {
		name, value, _ := strings.Cut(part, "=")
		if err := l.read(name, value); err != nil {
			return nil, err
		}
	}
	series, err := New(l.rec, first, first, place)
	if err != nil {
		return nil, fmt.Errorf("rule of a series: %w", err)
	}
	var starts []time.Time
	for start := range series.From(from) {
		if !start.Before(to) || !l.until.IsZero() && start.After(l.until) {
			break
		}
		starts = append(starts, start)
	}
	return starts, nil
}

// listed is a rule while it is read: as Graph would have it.
type listed struct {
	rec   Recurrence
	start time.Time
	until time.Time
}

func (l *listed) read(name, value string) (err error) {
	p := &l.rec.Pattern
	switch name {
	case "FREQ":
		err = l.frequency(value)
	case "INTERVAL":
		p.Interval, err = strconv.Atoi(value)
	case "BYDAY":
		err = l.days(value)
	case "BYMONTHDAY":
		p.DayOfMonth, err = strconv.Atoi(value)
		if p.DayOfMonth == -1 {
			p.DayOfMonth = 31 // the last of any month
		}
	case "BYMONTH":
		p.Month, err = strconv.Atoi(value)
	case "WKST":
		p.FirstDayOfWeek, err = uncode(value)
	case "COUNT":
		l.rec.Range.Type = "numbered"
		l.rec.Range.NumberOfOccurrences, err = strconv.Atoi(value)
	case "UNTIL":
		l.until, err = time.Parse(basicUTC, value)
	default:
		err = fmt.Errorf("%.20q is not known", name)
	}
	if err != nil {
		return fmt.Errorf("rule of a series: %w", err)
	}
	return nil
}

// frequency reads FREQ, which comes first, and what the start says where the rule does not.
func (l *listed) frequency(value string) error {
	p := &l.rec.Pattern
	p.DayOfMonth, p.Month, p.DaysOfWeek = l.start.Day(), int(l.start.Month()), []string{l.start.Weekday().String()}
	switch value {
	case "DAILY":
		p.Type = "daily"
	case "WEEKLY":
		p.Type = "weekly"
	case "MONTHLY":
		p.Type = "absoluteMonthly"
	case "YEARLY":
		p.Type = "absoluteYearly"
	default:
		return fmt.Errorf("FREQ=%.20q is not known", value)
	}
	return nil
}

// days reads the days of a week, or the nth of a month: "MO,FR" or "-1FR".
func (l *listed) days(value string) error {
	p := &l.rec.Pattern
	p.DaysOfWeek = nil
	if nth := strings.TrimRight(value, "MOTUWEHFRSA,"); nth != "" {
		index := map[string]string{"1": "first", "2": "second", "3": "third", "4": "fourth", "-1": "last"}[nth]
		if index == "" {
			return fmt.Errorf("BYDAY=%.20q is not known", value)
		}
		p.Type, p.Index, value = strings.Replace(p.Type, "absolute", "relative", 1), index, value[len(nth):]
	}
	for day := range strings.SplitSeq(value, ",") {
		name, err := uncode(day)
		if err != nil {
			return err
		}
		p.DaysOfWeek = append(p.DaysOfWeek, name)
	}
	return nil
}

// uncode reads what [code] wrote.
func uncode(value string) (string, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if code(d) == value {
			return d.String(), nil
		}
	}
	return "", fmt.Errorf("weekday %.20q is not known", value)
}
