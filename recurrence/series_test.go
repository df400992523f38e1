package recurrence

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheWallClockStaysWhenTheClockChanges(t *testing.T) {
	for _, c := range []struct {
		zone, clock, date string
		want              []string
	}{
		{"W. Europe Standard Time", "09:00", "2026-03-28", []string{"2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z", "2026-03-30T07:00:00Z"}},
		{"W. Europe Standard Time", "02:30", "2026-03-28", []string{"2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"}},
		{"W. Europe Standard Time", "02:30", "2026-10-24", []string{"2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"Eastern Standard Time", "02:30", "2026-03-07", []string{"2026-03-07T07:30:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"}},
		{"Eastern Standard Time", "01:30", "2026-10-31", []string{"2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"}},
		{"Egypt Standard Time", "00:00", "2026-04-23", []string{"2026-04-22T22:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"}},
		{"Samoa Standard Time", "09:00", "2011-12-29", []string{"2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z", "2011-12-31T19:00:00Z"}},
		{"UTC", "09:00", "2026-03-28", []string{"2026-03-28T09:00:00Z", "2026-03-29T09:00:00Z", "2026-03-30T09:00:00Z"}},
	} {
		s := masterAt(t, `"type":"daily","interval":1`, `"type":"noEnd","startDate":"`+c.date+`"`, c.clock, c.zone)
		var got []string
		for _, at := range take(3, s, time.Time{}) {
			got = append(got, at.UTC().Format(time.RFC3339))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s from %s: %v, want %v", c.zone, c.clock, c.date, got, c.want)
		}
	}
}

// The one series with short months whose end Outlook is on record for (MSDN forum, "Problem (or not ?) with FirstDateTime").
func TestTenTimesThe30thOfEveryOtherMonthEndOn28FebruaryAsInOutlook(t *testing.T) {
	s := master(t, `"type":"absoluteMonthly","interval":2,"dayOfMonth":30`, `"type":"numbered","startDate":"2012-08-30","numberOfOccurrences":10`)
	if last, ok := s.Last(); !ok || last.Format(midnight) != "2014-02-28" {
		t.Errorf("%v, %v", last, ok)
	}
}

func TestASeriesKnowsItsNextItsLastAndItsEnd(t *testing.T) {
	s := master(t, `"type":"weekly","interval":1,"daysOfWeek":["monday"]`, `"type":"endDate","startDate":"2026-03-16","endDate":"2026-04-01"`)
	if last, ok := s.Last(); !ok || last.Format(time.RFC3339) != "2026-03-30T09:00:00+02:00" {
		t.Errorf("last %v, %v", last, ok)
	}
	if end, ok := s.LastEnd(); !ok || end.Format(time.RFC3339) != "2026-03-30T09:30:00+02:00" {
		t.Errorf("end %v, %v", end, ok)
	}
	second := time.Date(2026, 3, 23, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from time.Time
		want string
	}{
		{second.AddDate(-20, 0, 0), "2026-03-16"}, {second, "2026-03-23"}, {second.Add(1), "2026-03-30"},
	} {
		if next, ok := s.Next(c.from); !ok || next.Format(midnight) != c.want {
			t.Errorf("next from %v: %v, %v; want %s", c.from, next, ok, c.want)
		}
	}
	if next, ok := s.Next(second.AddDate(0, 0, 8)); ok {
		t.Errorf("next after the last: %v", next)
	}
	endless := master(t, `"type":"daily","interval":1`, `"type":"noEnd","startDate":"2026-03-16"`)
	if end, ok := endless.LastEnd(); ok || !endless.Endless() || s.Endless() {
		t.Errorf("endless series ends %v", end)
	}
}

func TestTheZeroSeriesIsEmpty(t *testing.T) {
	var s Series
	_, next := s.Next(time.Time{})
	_, last := s.Last()
	_, end := s.LastEnd()
	if next || last || end || s.Endless() || len(take(1, s, time.Time{})) > 0 {
		t.Error("the zero series has occurrences")
	}
}

func TestALengthIsAWallClockLength(t *testing.T) {
	zone := mustZone(t, "W. Europe Standard Time")
	r := Recurrence{Pattern{Type: "daily", Interval: 1}, Range{Type: "numbered", StartDate: "2026-03-27", NumberOfOccurrences: 2}}
	start := time.Date(2026, 3, 27, 23, 0, 0, 0, zone)
	s, err := New(r, start, start.Add(5*time.Hour), zone)
	if err != nil {
		t.Fatal(err)
	}
	if end, _ := s.LastEnd(); end.Format(time.RFC3339) != "2026-03-29T04:00:00+02:00" {
		t.Errorf("ends %v", end)
	}
	// 02:30 to 03:15 when 02:30 becomes 03:30.
	start = time.Date(2026, 3, 28, 2, 30, 0, 0, zone)
	r.Range.StartDate = "2026-03-28"
	if s, err = New(r, start, start.Add(45*time.Minute), zone); err != nil {
		t.Fatal(err)
	}
	if end, _ := s.LastEnd(); end.Format(time.RFC3339) != "2026-03-29T03:30:00+02:00" {
		t.Errorf("ends %v, before it starts", end)
	}
}

func TestGraphsNeutralValuesMeanNothing(t *testing.T) {
	s := master(t, `"type":"Weekly","interval":1,"month":0,"dayOfMonth":0,"daysOfWeek":["Monday"],"firstDayOfWeek":"Sunday","index":"first"`,
		`"type":"NoEnd","startDate":"2026-01-05","endDate":"0001-01-01","recurrenceTimeZone":"UTC","numberOfOccurrences":0`)
	if !s.Endless() {
		t.Error("a noEnd range ends")
	}
	s = master(t, `"type":"daily","interval":1,"month":0,"dayOfMonth":0,"daysOfWeek":[],"firstDayOfWeek":"","index":""`,
		`"type":"numbered","startDate":"2026-01-05","endDate":"0001-01-01","numberOfOccurrences":2`)
	if last, ok := s.Last(); !ok || last.Format(midnight) != "2026-01-06" {
		t.Errorf("numbered range ends %v, %v", last, ok)
	}
}

func TestTheStartDateMayBeAbsentAndSecondsAreDropped(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 59, 999, time.UTC)
	for _, date := range []string{"", "0001-01-01"} {
		r := Recurrence{Pattern{Type: "daily", Interval: 1}, Range{Type: "noEnd", StartDate: date}}
		s, err := New(r, start, start.Add(time.Hour), time.UTC)
		if first, _ := s.Next(time.Time{}); err != nil || first.Format(time.RFC3339Nano) != "2026-01-05T09:00:00Z" {
			t.Errorf("%q: %v, %v", date, first, err)
		}
	}
}

func TestAStartOffThePatternIsTakenWhereItCannotMatter(t *testing.T) {
	const thursdays = `"type":"relativeMonthly","daysOfWeek":["thursday"],"index":"first","interval":`
	for _, c := range []struct {
		name, pattern, date string
		want                string // the first occurrence; empty: refused
	}{
		{"monthly", thursdays + `1`, "2017-08-29", "2017-09-07"},
		{"every other month", thursdays + `2`, "2017-08-29", ""},
		{"every other month, later in the same month", thursdays + `2`, "2017-08-01", "2017-08-03"},
		{"fortnightly, later in the same week", `"type":"weekly","interval":2,"daysOfWeek":["thursday"]`, "2026-01-05", "2026-01-08"},
		{"fortnightly, on a later day of the same week", `"type":"weekly","interval":2,"daysOfWeek":["monday","thursday"]`, "2026-01-06", "2026-01-08"},
		{"fortnightly, no longer in the same week", `"type":"weekly","interval":2,"daysOfWeek":["monday"]`, "2026-01-06", ""},
		{"weekly, no longer in the same week", `"type":"weekly","interval":1,"daysOfWeek":["monday"]`, "2026-01-06", "2026-01-12"},
		{"yearly", `"type":"absoluteYearly","interval":1,"dayOfMonth":15,"month":4`, "2017-08-29", "2018-04-15"},
		{"every other year", `"type":"absoluteYearly","interval":2,"dayOfMonth":15,"month":4`, "2017-08-29", ""},
	} {
		s, err := readMaster(t, c.pattern, `"type":"noEnd","startDate":"`+c.date+`"`, "09:00", "UTC")
		first, _ := s.Next(time.Time{})
		if c.want == "" && !errors.Is(err, StartOffPattern) || c.want != "" && first.Format(midnight) != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, first, err, c.want)
		}
	}
}

func TestAnEventOnAnotherDateThanItsRangeIsRefusedUnlessItIsTheFirstOccurrence(t *testing.T) {
	r := Recurrence{Pattern{Type: "weekly", Interval: 2, DaysOfWeek: []string{"monday"}}, Range{Type: "noEnd", StartDate: "2026-01-06"}}
	for date, want := range map[int]error{5: StartOffPattern, 12: StartOffPattern, 13: StartOffPattern, 19: nil, 26: StartOffPattern} {
		start := time.Date(2026, 1, date, 9, 0, 0, 0, time.UTC)
		if _, err := New(r, start, start, time.UTC); !errors.Is(err, want) {
			t.Errorf("start on the %dth: %v, want %v", date, err, want)
		}
	}
	r.Pattern = Pattern{Type: "daily", Interval: 1}
	for date, want := range map[int]error{5: StartOffPattern, 6: nil, 7: StartOffPattern} {
		start := time.Date(2026, 1, date, 9, 0, 0, 0, time.UTC)
		if _, err := New(r, start, start, time.UTC); !errors.Is(err, want) {
			t.Errorf("daily, start on the %dth: %v, want %v", date, err, want)
		}
	}
}

func TestNonsenseHasAReason(t *testing.T) {
	const daily, noEnd = `"type":"daily","interval":1`, `"type":"noEnd","startDate":"2026-01-05"`
	for _, c := range []struct {
		pattern, rang string
		want          Reason
	}{
		{`"type":"hourly","interval":1`, noEnd, PatternUnknown},
		{`"type":"","interval":1`, noEnd, PatternUnknown},
		{`"type":"daily","interval":0`, noEnd, PatternMalformed},
		{`"type":"daily","interval":-1`, noEnd, PatternMalformed},
		{`"type":"daily","interval":1000000000`, noEnd, PatternMalformed},
		{`"type":"weekly","interval":1`, noEnd, PatternMalformed},
		{`"type":"weekly","interval":1,"daysOfWeek":["moonday"]`, noEnd, PatternMalformed},
		{`"type":"weekly","interval":1,"daysOfWeek":["monday"],"firstDayOfWeek":"x"`, noEnd, PatternMalformed},
		{`"type":"absoluteMonthly","interval":1`, noEnd, PatternMalformed},
		{`"type":"absoluteMonthly","interval":1,"dayOfMonth":32`, noEnd, PatternMalformed},
		{`"type":"absoluteMonthly","interval":1,"dayOfMonth":-1`, noEnd, PatternMalformed},
		{`"type":"absoluteYearly","interval":1,"dayOfMonth":5`, noEnd, PatternMalformed},
		{`"type":"absoluteYearly","interval":1,"dayOfMonth":5,"month":13`, noEnd, PatternMalformed},
		{`"type":"relativeMonthly","interval":1`, noEnd, PatternMalformed},
		{`"type":"relativeMonthly","interval":1,"daysOfWeek":["monday"],"index":"fifth"`, noEnd, PatternMalformed},
		{daily, `"type":"forever","startDate":"2026-01-05"`, PatternUnknown},
		{daily, `"type":"endDate","startDate":"2026-01-05"`, PatternMalformed},
		{daily, `"type":"endDate","startDate":"2026-01-05","endDate":"0001-01-01"`, PatternMalformed},
		{daily, `"type":"endDate","startDate":"2026-01-05","endDate":"2026-01-04"`, PatternMalformed},
		{daily, `"type":"endDate","startDate":"2026-01-05","endDate":"yesterday"`, PatternMalformed},
		{daily, `"type":"numbered","startDate":"2026-01-05"`, PatternMalformed},
		{daily, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":-1`, PatternMalformed},
		{daily, `"type":"noEnd","startDate":"1600-12-31"`, PatternMalformed},
		{daily, `"type":"noEnd","startDate":"4500-09-01"`, PatternMalformed},
	} {
		s, err := readMaster(t, c.pattern, c.rang, "09:00", "UTC")
		if !errors.Is(err, c.want) || len(take(1, s, time.Time{})) > 0 {
			t.Errorf("{%s} {%s}: %v, want %s", c.pattern, c.rang, err, c.want)
		}
	}
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	r := Recurrence{Pattern{Type: "daily", Interval: 1}, Range{Type: "noEnd", StartDate: strings.Repeat("9", 1<<16)}}
	if _, err := New(r, start, start, time.UTC); !errors.Is(err, PatternMalformed) || len(err.Error()) > 200 {
		t.Errorf("a long date: %.300v", err)
	}
	r.Range.StartDate = "1600-12-31"
	if _, err := New(r, start, start, time.UTC); !errors.Is(err, PatternMalformed) {
		t.Errorf("a date before the calendar: %v", err)
	}
	r.Range.StartDate = ""
	if _, err := New(r, start, start.Add(-time.Minute), time.UTC); !errors.Is(err, PatternMalformed) {
		t.Errorf("an end before the start: %v", err)
	}
	if _, err := New(r, start, start, nil); !errors.Is(err, ZoneMissing) {
		t.Errorf("no zone: %v", err)
	}
}

func TestNothingRecursAfterExchangesEndOfTime(t *testing.T) {
	for _, rang := range []string{
		`"type":"noEnd","startDate":"2026-01-05"`,
		`"type":"endDate","startDate":"2026-01-05","endDate":"9999-12-31"`,
		`"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":1000000000`,
	} {
		s := master(t, `"type":"daily","interval":99`, rang)
		n, last := 0, time.Time{}
		for last = range s.All() {
			n++
		}
		if n != 9130 || last.Format(midnight) != "4500-06-15" {
			t.Errorf("%s: %d occurrences to %v", rang, n, last)
		}
	}
	s := master(t, `"type":"daily","interval":1`, `"type":"noEnd","startDate":"4500-08-30"`)
	if got := datesOf(take(9, s, time.Time{})); !slices.Equal(got, []string{"4500-08-30", "4500-08-31"}) {
		t.Errorf("the last days: %v", got)
	}
}

func TestARecurrenceIsWrittenAsItWasRead(t *testing.T) {
	const text = `{"pattern":{"type":"relativeYearly","interval":1,"month":11,"daysOfWeek":["wednesday"],"firstDayOfWeek":"sunday","index":"last"},` +
		`"range":{"type":"numbered","startDate":"2026-11-25","recurrenceTimeZone":"UTC","numberOfOccurrences":3}}`
	var r Recurrence
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(r); err != nil || string(out) != text {
		t.Errorf("%s, %v", out, err)
	}
}

func TestOccurrenceIDsAreTheSeriesAndTheStartInUTC(t *testing.T) {
	const series = "dfb45ece33264639a7bc3dd9535d53f7"
	s := master(t, `"type":"daily","interval":1`, `"type":"numbered","startDate":"2026-03-28","numberOfOccurrences":3`)
	got := slices.Collect(s.OccurrenceIDs(series, time.Date(2026, 3, 28, 8, 0, 1, 0, time.UTC)))
	want := []string{series + "_20260329T070000Z", series + "_20260330T070000Z"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for id := range s.OccurrenceIDs(series, time.Time{}) {
		if id != series+"_20260328T080000Z" {
			t.Errorf("the first is %s", id)
		}
		break
	}
	id, start, ok := ParseOccurrenceID(want[0])
	if !ok || id != series || !start.Equal(time.Date(2026, 3, 29, 7, 0, 0, 0, time.UTC)) {
		t.Errorf("%s, %v, %v", id, start, ok)
	}
	for _, other := range []string{"", series, series + "_I_411", series + "_", "_20260329T070000Z", series + "_20260329T070000", series + "_20261329T070000Z",
		series + "_20260329T070000.5Z"} {
		if id, start, ok := ParseOccurrenceID(other); ok {
			t.Errorf("%q is taken for an occurrence: %s %v", other, id, start)
		}
	}
}
