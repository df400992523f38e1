package recurrence

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

// The oracles know nothing of the code under test. bruteDates looks at every day of the calendar and asks whether Exchange's
// documents put an occurrence there; scan looks for a wall clock time by trying the instants of two days; expand lets
// rrule-go read a rule.

const midnight = "2006-01-02"

// bruteDates are the first dates of r from its startDate on, as UTC midnights: at most most, none after limit.
func bruteDates(t testing.TB, r Recurrence, most int, limit time.Time) []time.Time {
	t.Helper()
	start, err := time.Parse(midnight, r.Range.StartDate)
	if err != nil {
		t.Fatal(err)
	}
	switch r.Range.Type {
	case "endDate":
		end, err := time.Parse(midnight, r.Range.EndDate)
		if err != nil {
			t.Fatal(err)
		}
		if end.Before(limit) {
			limit = end
		}
	case "numbered":
		most = min(most, r.Range.NumberOfOccurrences)
	}
	var dates []time.Time
	for d := start; !d.After(limit) && len(dates) < most; d = d.AddDate(0, 0, 1) {
		if fallsOn(r.Pattern, start, d) {
			dates = append(dates, d)
		}
	}
	return dates
}

func fallsOn(p Pattern, start, d time.Time) bool {
	kind := p.Type
	switch {
	case kind == "daily":
		return int(d.Sub(start).Hours())/24%p.Interval == 0
	case strings.HasSuffix(kind, "Monthly"):
		if ((d.Year()-start.Year())*12+int(d.Month())-int(start.Month()))%p.Interval != 0 {
			return false
		}
	case strings.HasSuffix(kind, "Yearly"):
		if (d.Year()-start.Year())%p.Interval != 0 || int(d.Month()) != p.Month {
			return false
		}
	}
	if strings.HasPrefix(kind, "absolute") {
		lastOfMonth := d.AddDate(0, 0, 1).Day() == 1
		return d.Day() == p.DayOfMonth || d.Day() < p.DayOfMonth && lastOfMonth
	}
	if !slices.ContainsFunc(p.DaysOfWeek, func(n string) bool { return strings.EqualFold(n, d.Weekday().String()) }) {
		return false
	}
	if kind == "weekly" {
		weeks := int(weekBegin(d, p.FirstDayOfWeek).Sub(weekBegin(start, p.FirstDayOfWeek)).Hours()) / (24 * 7)
		return weeks%p.Interval == 0
	}
	return isNth(p, d)
}

func weekBegin(d time.Time, first string) time.Time {
	if first == "" {
		first = "sunday"
	}
	for !strings.EqualFold(d.Weekday().String(), first) {
		d = d.AddDate(0, 0, -1)
	}
	return d
}

// isNth counts the named days of d's month up to d, from the front or, for last, from the back.
func isNth(p Pattern, d time.Time) bool {
	want := map[string]int{"": 1, "first": 1, "second": 2, "third": 3, "fourth": 4, "last": 1}[strings.ToLower(p.Index)]
	step := -1
	if strings.EqualFold(p.Index, "last") {
		step = 1
	}
	count := 0
	for e := d; e.Month() == d.Month(); e = e.AddDate(0, 0, step) {
		if slices.ContainsFunc(p.DaysOfWeek, func(n string) bool { return strings.EqualFold(n, e.Weekday().String()) }) {
			count++
		}
	}
	return count == want
}

// scan finds the instants at which zone's clock shows date and minute, in order; none where it skips that time.
func scan(date time.Time, minute int, zone *time.Location) []time.Time {
	wall := date.Add(time.Duration(minute) * time.Minute)
	var found []time.Time
	for late := -15 * time.Hour; late <= 15*time.Hour; late += 15 * time.Minute {
		at := wall.Add(late).In(zone)
		if _, offset := at.Zone(); at.Unix()+int64(offset) == wall.Unix() {
			found = append(found, at)
		}
	}
	return found
}

// shown is the instant of a wall clock time by the rule in the package comment, and whether that time comes just once.
func shown(t testing.TB, date time.Time, minute int, zone *time.Location) (at time.Time, once bool) {
	t.Helper()
	if found := scan(date, minute, zone); len(found) > 0 {
		return found[0], len(found) == 1
	}
	// Skipped: go on from the last quarter of an hour that the clock did show, as if it had not changed.
	for back := 15; back <= 26*60; back += 15 {
		if found := scan(date, minute-back, zone); len(found) > 0 {
			return found[len(found)-1].Add(time.Duration(back) * time.Minute).In(zone), false
		}
	}
	t.Fatalf("no clock in %v near %v %d", zone, date, minute)
	return
}

// expand reads a rule with rrule-go: up to most dates.
func expand(t testing.TB, value string, start time.Time, most int) []time.Time {
	t.Helper()
	option, err := rrule.StrToROption(value)
	if err != nil {
		t.Fatalf("rrule-go refuses %q: %v", value, err)
	}
	option.Dtstart = start
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		t.Fatalf("rrule-go refuses %q: %v", value, err)
	}
	var out []time.Time
	next := rule.Iterator()
	for len(out) < most {
		at, ok := next()
		if !ok {
			break
		}
		out = append(out, at)
	}
	return out
}

// expandWall reads a rule as dates of a calendar without clock changes: start and UNTIL are taken as wall clock times of zone.
func expandWall(t testing.TB, value string, start time.Time, zone *time.Location, most int) []time.Time {
	t.Helper()
	parts := strings.Split(value, ";")
	for i, part := range parts {
		if stamp, ok := strings.CutPrefix(part, "UNTIL="); ok {
			until, err := time.Parse("20060102T150405Z", stamp)
			if err != nil {
				t.Fatal(err)
			}
			parts[i] = "UNTIL=" + until.In(zone).Format("20060102T150405") + "Z"
		}
	}
	return expand(t, strings.Join(parts, ";"), asUTC(start.In(zone)), most)
}

// asUTC is the wall clock time of t, said in UTC.
func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, _, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func take(most int, s Series, from time.Time) []time.Time {
	var out []time.Time
	for at := range s.From(from) {
		if len(out) == most {
			break
		}
		out = append(out, at)
	}
	return out
}

func sameTimes(a, b []time.Time) bool { return slices.EqualFunc(a, b, time.Time.Equal) }
