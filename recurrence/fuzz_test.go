package recurrence

import (
	"encoding/json"
	"testing"
	"time"
)

// Whatever somebody sends, nothing panics or runs on, occurrences come in order, and a rule begins with the occurrence that
// Next finds and gives the same dates as the series.
func FuzzHostileRecurrences(f *testing.F) {
	for _, text := range []string{
		`{"pattern":{"type":"daily","interval":1},"range":{"type":"noEnd"}}`,
		`{"pattern":{"type":"weekly","interval":2,"daysOfWeek":["sunday","monday"],"firstDayOfWeek":"monday"},"range":{"type":"numbered","numberOfOccurrences":1000000000}}`,
		`{"pattern":{"type":"absoluteMonthly","interval":999,"dayOfMonth":31},"range":{"type":"endDate","endDate":"9999-12-31"}}`,
		`{"pattern":{"type":"relativeYearly","interval":1,"month":2,"daysOfWeek":["friday"],"index":"last"},"range":{"type":"endDate","endDate":"2030-01-01"}}`,
		`{"pattern":{"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"],"index":"fourth"},"range":{"type":"noEnd"}}`,
		`{"pattern":{"type":"absoluteYearly","interval":1,"month":2,"dayOfMonth":29},"range":{"type":"noEnd","startDate":"2028-02-29"}}`,
	} {
		f.Add(text, int64(1_772_960_400), uint16(60), int64(1_772_960_401), uint8(1))
		f.Add(text, int64(1_835_395_200), uint16(0), int64(0), uint8(5))
	}
	f.Fuzz(func(t *testing.T, text string, start int64, minutes uint16, from int64, zone uint8) {
		var r Recurrence
		if json.Unmarshal([]byte(text), &r) != nil {
			return
		}
		begin := time.Unix(start, 0)
		s, err := New(r, begin, begin.Add(time.Duration(minutes)*time.Minute), mustZone(t, randomZones[int(zone)%len(randomZones)]))
		if err != nil {
			return
		}
		at := time.Unix(from, 0)
		starts := take(50, s, at)
		for i := 1; i < len(starts); i++ {
			if !starts[i].After(starts[i-1]) {
				t.Fatalf("%v after %v", starts[i], starts[i-1])
			}
		}
		if next, ok := s.Next(at); ok != (len(starts) > 0) || ok && (!next.Equal(starts[0]) || next.Before(at)) {
			t.Fatalf("next %v, %v; first %v", next, ok, starts)
		}
		first, _ := s.Next(time.Time{})
		if last, ok := s.Last(); ok == s.Endless() || ok && (last.Before(first) || last.Year() > 4500) {
			t.Fatalf("from %v to %v, %v", first, last, ok)
		}
		rule, err := s.Rule(at)
		if err != nil {
			return
		}
		if !rule.Start.Equal(starts[0]) || rule.End.Before(rule.Start) {
			t.Fatalf("%+v, first %v", rule, starts[0])
		}
		var want []string
		for _, d := range dates(s, at, 20) {
			y, m, dom := d.date()
			want = append(want, time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).Format(midnight))
		}
		got := datesOf(expandWall(t, rule.RRULE, rule.Start, rule.Start.Location(), 20))
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("%s: %v, want %v", rule.RRULE, got, want)
			}
		}
	})
}

// dates are those of the first occurrences at or after t.
func dates(s Series, t time.Time, most int) (out []day) {
	for i := s.index(t); i < s.n && len(out) < most; i++ {
		out = append(out, s.pattern.date(i))
	}
	return out
}

// Whatever Webex lists as a rule, it is refused or gives starts of the span that was asked for, in order, and does not run on.
func FuzzListedRules(f *testing.F) {
	for _, rule := range []string{
		"FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,FR;COUNT=10", "FREQ=DAILY;UNTIL=20300101T000000Z", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=SECONDLY", "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=999999999", "FREQ=DAILY;BYSECOND=1,2,3", "RRULE:FREQ=DAILY", "DTSTART=20260101T000000Z;FREQ=DAILY",
		"FREQ=MONTHLY;BYSETPOS=0", "FREQ=WEEKLY;BYHOUR=1,2,3;BYMINUTE=1,2,3", "",
	} {
		f.Add(rule, int64(1_772_960_400), "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, rule string, first int64, zone string) {
		begin := time.Unix(first%4e9, 0)
		from := begin.AddDate(0, 1, 0)
		to := from.AddDate(0, 1, 0)
		starts, err := Listed(rule, begin, zone, from, to)
		if err != nil {
			return
		}
		if len(starts) > 40 {
			t.Fatalf("%d starts in a month", len(starts))
		}
		for i, start := range starts {
			if start.Before(from) || !start.Before(to) || i > 0 && !start.After(starts[i-1]) {
				t.Fatalf("%v from %v to %v", starts, from, to)
			}
		}
	})
}
