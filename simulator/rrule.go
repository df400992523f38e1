package simulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// readRule reads an RFC 2445 RRULE as far as Webex takes one: of several month days or weekdays in monthly and yearly rules only
// the first counts, and a series that ends has limits (webex.md 2.2). start is the first occurrence in the zone of the meeting.
func readRule(text string, start, now time.Time) (*Recurrence, error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.ToUpper(text), "RRULE:"), ";") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || parts[key] != "" {
			return nil, fmt.Errorf("%q is not KEY=VALUE once", part)
		}
		parts[key] = value
	}
	r := Recurrence{skip: true, FirstDay: time.Monday}
	for key, value := range parts {
		if err := r.readPart(key, value, parts["FREQ"], start); err != nil {
			return nil, err
		}
	}
	if parts["COUNT"] != "" && parts["UNTIL"] != "" {
		return nil, errors.New("COUNT and UNTIL exclude each other")
	}
	if err := r.readPattern(parts, start); err != nil {
		return nil, err
	}
	rule, err := r.normal(start)
	if err != nil {
		return nil, err
	}
	return rule, rule.limited(parts["FREQ"], now.In(start.Location()))
}

func (r *Recurrence) readPart(key, value, freq string, start time.Time) (err error) {
	switch key {
	case "FREQ", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS":
	case "INTERVAL":
		if r.Interval, err = strconv.Atoi(value); err == nil && r.Interval < 1 {
			err = errors.New("INTERVAL must be 1 or more")
		}
	case "COUNT":
		if r.Count, err = strconv.Atoi(value); err == nil && r.Count < 1 {
			err = errors.New("COUNT must be 1 or more")
		}
	case "UNTIL":
		r.Until, err = readUntil(value, start)
	case "WKST":
		var ok bool
		if r.FirstDay, ok = rruleDays[value]; !ok {
			err = fmt.Errorf("WKST %q", value)
		}
	default:
		err = fmt.Errorf("%s is not supported", key)
	}
	return err
}

var rruleDays = map[string]time.Weekday{"SU": 0, "MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6}

// readPattern turns FREQ and the BY parts into a pattern.
func (r *Recurrence) readPattern(parts map[string]string, start time.Time) error {
	days, ordinal, err := readDays(parts["BYDAY"])
	if err != nil {
		return err
	}
	if parts["BYSETPOS"] != "" {
		if ordinal, err = strconv.Atoi(parts["BYSETPOS"]); err != nil {
			return err
		}
	}
	month, err := firstNumber(parts["BYMONTH"])
	if err != nil || month < 0 || month > 12 {
		return fmt.Errorf("BYMONTH %q", parts["BYMONTH"])
	}
	r.Month = time.Month(month)
	r.DayOfMonth, err = firstNumber(parts["BYMONTHDAY"])
	if err != nil {
		return err
	}
	switch parts["FREQ"] {
	case "DAILY":
		r.Pattern = "daily"
		return nil
	case "WEEKLY":
		r.Pattern, r.Days = "weekly", days
		return nil
	case "MONTHLY", "YEARLY":
	default:
		return fmt.Errorf("FREQ %q", parts["FREQ"])
	}
	suffix := strings.ToUpper(parts["FREQ"][:1]) + strings.ToLower(parts["FREQ"][1:])
	if r.DayOfMonth == -1 {
		r.DayOfMonth, r.skip = 31, false
	}
	if len(days) == 0 || r.DayOfMonth != 0 {
		r.Pattern = "absolute" + suffix
		return nil
	}
	r.Pattern, r.Days = "relative"+suffix, days[:1]
	switch {
	case ordinal == 0:
		ordinal = (start.Day()-1)/7 + 1
		fallthrough
	case ordinal > 0 && ordinal <= 4:
		r.Index = indexes[ordinal-1]
	case ordinal == -1 || ordinal == 5:
		r.Index = "last"
	default:
		return fmt.Errorf("position %d", ordinal)
	}
	return nil
}

// readDays reads BYDAY: weekdays, and the position before the first of them.
func readDays(value string) (days []time.Weekday, ordinal int, err error) {
	if value == "" {
		return nil, 0, nil
	}
	for i, part := range strings.Split(value, ",") {
		name := part[max(0, len(part)-2):]
		d, ok := rruleDays[name]
		if !ok {
			return nil, 0, fmt.Errorf("BYDAY %q", part)
		}
		if n := strings.TrimSuffix(part, name); n != "" && i == 0 {
			if ordinal, err = strconv.Atoi(n); err != nil {
				return nil, 0, fmt.Errorf("BYDAY %q", part)
			}
		}
		days = append(days, d)
	}
	return days, ordinal, nil
}

func firstNumber(list string) (int, error) {
	if list == "" {
		return 0, nil
	}
	first, _, _ := strings.Cut(list, ",")
	return strconv.Atoi(first)
}

// readUntil gives the last day in the zone of start on which an occurrence may begin.
func readUntil(value string, start time.Time) (string, error) {
	if t, err := time.Parse("20060102", value); err == nil {
		return t.Format(time.DateOnly), nil
	}
	t, err := time.Parse(utcKey, value)
	if err != nil {
		if t, err = time.ParseInLocation("20060102T150405", value, start.Location()); err != nil {
			return "", fmt.Errorf("UNTIL %q", value)
		}
	}
	t = t.In(start.Location())
	if t.Format(time.TimeOnly) < start.Format(time.TimeOnly) {
		t = t.AddDate(0, 0, -1)
	}
	return t.Format(time.DateOnly), nil
}

// limited cuts a series at five years from now and refuses more occurrences than Webex takes. A series without an end has no limit.
func (r *Recurrence) limited(freq string, now time.Time) error {
	if r.Count == 0 && r.Until == "" {
		return nil
	}
	furthest := now.AddDate(5, 0, 0).Format(time.DateOnly)
	if r.Until > furthest {
		r.Until = furthest
	}
	limit, n := map[string]int{"YEARLY": 5, "MONTHLY": 60, "WEEKLY": 261, "DAILY": 1826}[freq], 0
	r.each(parseDay(r.Start), func(day) bool { n++; return n <= limit })
	switch {
	case n == 0:
		return errors.New("the rule gives no occurrence")
	case n > limit:
		return fmt.Errorf("a %s series may have at most %d occurrences", strings.ToLower(freq), limit)
	}
	return nil
}
