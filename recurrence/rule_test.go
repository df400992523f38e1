package recurrence

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// master is a series of half an hour at 09:00 in Amsterdam that begins on its startDate.
func master(t testing.TB, pattern, rang string) Series {
	t.Helper()
	return masterAt(t, pattern, rang, "09:00", "W. Europe Standard Time")
}

func masterAt(t testing.TB, pattern, rang, clock, zone string) Series {
	t.Helper()
	s, err := readMaster(t, pattern, rang, clock, zone)
	if err != nil {
		t.Fatalf("%s %s: %v", pattern, rang, err)
	}
	return s
}

func readMaster(t testing.TB, pattern, rang, clock, zone string) (Series, error) {
	t.Helper()
	var r Recurrence
	if err := json.Unmarshal([]byte(`{"pattern":{`+pattern+`},"range":{`+rang+`}}`), &r); err != nil {
		t.Fatal(err)
	}
	loc := mustZone(t, zone)
	start, err := time.ParseInLocation("2006-01-02 15:04", r.Range.StartDate+" "+clock, loc)
	if err != nil {
		t.Fatal(err)
	}
	return New(r, start, start.Add(30*time.Minute), loc)
}

func TestEveryPatternHasItsRule(t *testing.T) {
	const noEnd = `"type":"noEnd","startDate":`
	for name, c := range map[string]struct{ pattern, rang, want string }{
		"daily":                       {`"type":"daily","interval":1`, noEnd + `"2026-01-05"`, "FREQ=DAILY;INTERVAL=1"},
		"every third day, counted":    {`"type":"daily","interval":3`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":7`, "FREQ=DAILY;INTERVAL=3;COUNT=7"},
		"weekly":                      {`"type":"weekly","interval":1,"daysOfWeek":["monday"],"firstDayOfWeek":"sunday"`, noEnd + `"2026-01-05"`, "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO"},
		"working days":                {`"type":"weekly","interval":1,"daysOfWeek":["friday","monday","wednesday","tuesday","thursday"]`, noEnd + `"2026-01-05"`, "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO,TU,WE,TH,FR"},
		"a day named twice":           {`"type":"weekly","interval":1,"daysOfWeek":["monday","Monday"]`, noEnd + `"2026-01-05"`, "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO"},
		"all days of the week":        {`"type":"weekly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"]`, noEnd + `"2026-01-05"`, "FREQ=DAILY;INTERVAL=1"},
		"fortnightly, same weeks":     {`"type":"weekly","interval":2,"daysOfWeek":["monday","tuesday"],"firstDayOfWeek":"sunday"`, noEnd + `"2026-01-05"`, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU"},
		"fortnightly, other weeks":    {`"type":"weekly","interval":2,"daysOfWeek":["monday","sunday"],"firstDayOfWeek":"sunday"`, noEnd + `"2026-01-04"`, "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU"},
		"fortnightly from Wednesday":  {`"type":"weekly","interval":2,"daysOfWeek":["monday","thursday"],"firstDayOfWeek":"wednesday"`, noEnd + `"2026-01-08"`, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH,MO;WKST=WE"},
		"fortnightly all days":        {`"type":"weekly","interval":2,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"]`, noEnd + `"2026-01-05"`, "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,TU,WE,TH,FR,SA;WKST=SU"},
		"day of the month":            {`"type":"absoluteMonthly","interval":1,"dayOfMonth":15`, noEnd + `"2026-01-15"`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=15"},
		"the 31st":                    {`"type":"absoluteMonthly","interval":1,"dayOfMonth":31`, noEnd + `"2026-01-31"`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1"},
		"the 31st of long months":     {`"type":"absoluteMonthly","interval":2,"dayOfMonth":31`, `"type":"numbered","startDate":"2026-01-31","numberOfOccurrences":4`, "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=31;COUNT=4"},
		"the 30th, February left out": {`"type":"absoluteMonthly","interval":1,"dayOfMonth":30`, `"type":"endDate","startDate":"2026-03-30","endDate":"2027-02-27"`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=30;UNTIL=20270130T080000Z"},
		"the 30th of each June":       {`"type":"absoluteMonthly","interval":12,"dayOfMonth":30`, noEnd + `"2026-06-30"`, "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30"},
		"the 29th within leap years":  {`"type":"absoluteMonthly","interval":1,"dayOfMonth":29`, `"type":"numbered","startDate":"2028-01-29","numberOfOccurrences":13`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=29;COUNT=13"},
		"nth weekday":                 {`"type":"relativeMonthly","interval":1,"daysOfWeek":["wednesday"],"index":"second"`, noEnd + `"2026-01-14"`, "FREQ=MONTHLY;INTERVAL=1;BYDAY=2WE"},
		"last weekday":                {`"type":"relativeMonthly","interval":3,"daysOfWeek":["friday"],"index":"LAST"`, noEnd + `"2026-01-30"`, "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR"},
		"no index is the first":       {`"type":"relativeMonthly","interval":1,"daysOfWeek":["thursday"]`, noEnd + `"2026-01-01"`, "FREQ=MONTHLY;INTERVAL=1;BYDAY=1TH"},
		"third day of any name":       {`"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"],"index":"third"`, noEnd + `"2026-01-03"`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=3"},
		"last day of any name":        {`"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday","sunday"],"index":"last"`, noEnd + `"2026-01-31"`, "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=-1"},
		"yearly":                      {`"type":"absoluteYearly","interval":1,"dayOfMonth":15,"month":4`, noEnd + `"2026-04-15"`, "FREQ=YEARLY;INTERVAL=1;BYMONTH=4;BYMONTHDAY=15"},
		"31 April":                    {`"type":"absoluteYearly","interval":1,"dayOfMonth":31,"month":4`, noEnd + `"2026-04-30"`, "FREQ=YEARLY;INTERVAL=1;BYMONTH=4;BYMONTHDAY=30"},
		"29 February":                 {`"type":"absoluteYearly","interval":1,"dayOfMonth":29,"month":2`, noEnd + `"2028-02-29"`, "FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=-1"},
		"29 February, common years":   {`"type":"absoluteYearly","interval":1,"dayOfMonth":29,"month":2`, `"type":"numbered","startDate":"2026-02-28","numberOfOccurrences":2`, "FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=28;COUNT=2"},
		"29 February, leap years":     {`"type":"absoluteYearly","interval":4,"dayOfMonth":29,"month":2`, noEnd + `"2028-02-29"`, "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=-1"}, // 2100
		"nth weekday of a month":      {`"type":"relativeYearly","interval":1,"daysOfWeek":["wednesday"],"index":"last","month":11`, noEnd + `"2026-11-25"`, "FREQ=YEARLY;INTERVAL=1;BYMONTH=11;BYDAY=-1WE"},
		"until, in summer":            {`"type":"daily","interval":1`, `"type":"endDate","startDate":"2026-03-01","endDate":"2026-03-29"`, "FREQ=DAILY;INTERVAL=1;UNTIL=20260329T070000Z"},
		"until, in winter":            {`"type":"daily","interval":1`, `"type":"endDate","startDate":"2026-10-01","endDate":"2026-10-25"`, "FREQ=DAILY;INTERVAL=1;UNTIL=20261025T080000Z"},
		"until between occurrences":   {`"type":"weekly","interval":1,"daysOfWeek":["monday"]`, `"type":"endDate","startDate":"2026-01-05","endDate":"2026-01-18"`, "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20260112T080000Z"},
		"only one":                    {`"type":"daily","interval":1`, `"type":"endDate","startDate":"2026-01-05","endDate":"2026-01-05"`, "FREQ=DAILY;INTERVAL=1;UNTIL=20260105T080000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			s := master(t, c.pattern, c.rang)
			first, _ := s.Next(time.Time{})
			rule, err := s.Rule(first.Add(-time.Hour))
			if err != nil || rule.RRULE != c.want {
				t.Errorf("%s, %v; want %s", rule.RRULE, err, c.want)
			}
			if !rule.Start.Equal(first) || !rule.End.Equal(first.Add(30*time.Minute)) || rule.Timezone != "Europe/Berlin" {
				t.Errorf("%+v, want start %v", rule, first)
			}
			got := expandWall(t, rule.RRULE, rule.Start, rule.Start.Location(), 40)
			want := take(40, s, time.Time{})
			for i := range want {
				want[i] = asUTC(want[i])
			}
			if !sameTimes(got, want) {
				t.Errorf("%s:\n got %v\nwant %v", rule.RRULE, got, want)
			}
		})
	}
}

func TestWhatWebexCannotExpressHasAReason(t *testing.T) {
	working := `"daysOfWeek":["monday","tuesday","wednesday","thursday","friday"]`
	for name, c := range map[string]struct {
		pattern, rang string
		want          Reason
	}{
		"last working day":           {`"type":"relativeMonthly","interval":1,` + working + `,"index":"last"`, `"type":"noEnd","startDate":"2026-01-30"`, SeveralDays},
		"third day but for Sundays":  {`"type":"relativeMonthly","interval":1,"daysOfWeek":["monday","tuesday","wednesday","thursday","friday","saturday"],"index":"third"`, `"type":"noEnd","startDate":"2026-01-03"`, SeveralDays},
		"first day of the weekend":   {`"type":"relativeYearly","interval":1,"daysOfWeek":["saturday","sunday"],"month":6`, `"type":"noEnd","startDate":"2026-06-06"`, SeveralDays},
		"the 30th":                   {`"type":"absoluteMonthly","interval":1,"dayOfMonth":30`, `"type":"noEnd","startDate":"2026-01-30"`, ShortMonths},
		"the 29th":                   {`"type":"absoluteMonthly","interval":1,"dayOfMonth":29`, `"type":"noEnd","startDate":"2026-01-29"`, ShortMonths},
		"the 29th up to one Feb":     {`"type":"absoluteMonthly","interval":1,"dayOfMonth":29`, `"type":"endDate","startDate":"2028-01-29","endDate":"2029-02-28"`, ShortMonths},
		"1,827 days in 5 years":      {`"type":"daily","interval":1`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":1827`, TooMany},
		"262 Mondays":                {`"type":"weekly","interval":1,"daysOfWeek":["monday"]`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":262`, TooLong},
		"262 working days":           {`"type":"weekly","interval":1,` + working, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":262`, TooMany},
		"62 months":                  {`"type":"absoluteMonthly","interval":1,"dayOfMonth":5`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":62`, TooLong},
		"61 months in 5 years":       {`"type":"absoluteMonthly","interval":1,"dayOfMonth":5`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":61`, TooMany},
		"6 years in 5":               {`"type":"absoluteYearly","interval":1,"dayOfMonth":5,"month":1`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":6`, TooMany},
		"3 times every third year":   {`"type":"absoluteYearly","interval":3,"dayOfMonth":5,"month":1`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":3`, TooLong},
		"to the end of all days":     {`"type":"weekly","interval":1,"daysOfWeek":["monday"]`, `"type":"endDate","startDate":"2026-01-05","endDate":"9999-12-31"`, TooLong},
		"a thousand million of them": {`"type":"daily","interval":1`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":1000000000`, TooLong},
	} {
		t.Run(name, func(t *testing.T) {
			s := master(t, c.pattern, c.rang)
			first, _ := s.Next(time.Time{})
			if rule, err := s.Rule(first); !errors.Is(err, c.want) {
				t.Errorf("%+v, %v; want %s", rule, err, c.want)
			}
		})
	}
}

func TestWebexsLimitsAreUsedToTheLast(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		n       string
	}{
		"daily":   {`"type":"daily","interval":1`, "1826"},
		"weekly":  {`"type":"weekly","interval":1,"daysOfWeek":["monday"]`, "261"},
		"monthly": {`"type":"absoluteMonthly","interval":1,"dayOfMonth":5`, "60"},
		"yearly":  {`"type":"absoluteYearly","interval":1,"dayOfMonth":5,"month":1`, "5"},
	} {
		s := master(t, c.pattern, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":`+c.n)
		first, _ := s.Next(time.Time{})
		if rule, err := s.Rule(first); err != nil || !strings.HasSuffix(rule.RRULE, ";COUNT="+c.n) {
			t.Errorf("%s: %+v, %v", name, rule, err)
		}
	}
}

func TestAStartIsRefusedTenYearsAhead(t *testing.T) {
	s := master(t, `"type":"daily","interval":1`, `"type":"noEnd","startDate":"2036-01-05"`)
	first, _ := s.Next(time.Time{})
	if _, err := s.Rule(first.AddDate(-10, 0, 0)); !errors.Is(err, TooFar) {
		t.Errorf("ten years: %v", err)
	}
	if _, err := s.Rule(first.AddDate(-10, 0, 0).Add(time.Second)); err != nil {
		t.Errorf("a second less: %v", err)
	}
}

func TestARuleBegunLaterKeepsItsPhaseAndCountsWhatIsLeft(t *testing.T) {
	for name, c := range map[string]struct{ pattern, rang, from, start, rule string }{
		"every third day": {`"type":"daily","interval":3`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":10`,
			"2026-01-12T00:00:00Z", "2026-01-14T09:00:00+01:00", "FREQ=DAILY;INTERVAL=3;COUNT=7"},
		"at a start": {`"type":"daily","interval":3`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":10`,
			"2026-01-14T08:00:00Z", "2026-01-14T09:00:00+01:00", "FREQ=DAILY;INTERVAL=3;COUNT=7"},
		"just after a start": {`"type":"daily","interval":3`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":10`,
			"2026-01-14T08:00:01Z", "2026-01-17T09:00:00+01:00", "FREQ=DAILY;INTERVAL=3;COUNT=6"},
		"middle of a fortnight's week": {`"type":"weekly","interval":2,"daysOfWeek":["sunday","wednesday","saturday"],"firstDayOfWeek":"sunday"`,
			`"type":"numbered","startDate":"2026-01-04","numberOfOccurrences":9`,
			"2026-01-05T00:00:00Z", "2026-01-07T09:00:00+01:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE,SA;WKST=SU;COUNT=8"},
		"the week between": {`"type":"weekly","interval":2,"daysOfWeek":["sunday","wednesday","saturday"],"firstDayOfWeek":"sunday"`,
			`"type":"numbered","startDate":"2026-01-04","numberOfOccurrences":9`,
			"2026-01-11T00:00:00Z", "2026-01-18T09:00:00+01:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE,SA;WKST=SU;COUNT=6"},
		"every other month, years ago": {`"type":"relativeMonthly","interval":2,"daysOfWeek":["thursday"],"index":"first"`, `"type":"noEnd","startDate":"2017-09-07"`,
			"2026-08-07T00:00:00Z", "2026-09-03T09:00:00+02:00", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1TH"},
		"in summer of a series from winter": {`"type":"weekly","interval":1,"daysOfWeek":["monday"]`, `"type":"endDate","startDate":"2026-01-05","endDate":"2026-12-31"`,
			"2026-07-01T00:00:00Z", "2026-07-06T09:00:00+02:00", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20261228T080000Z"},
		"February past": {`"type":"absoluteMonthly","interval":1,"dayOfMonth":30`, `"type":"numbered","startDate":"2026-01-30","numberOfOccurrences":6`,
			"2026-03-01T00:00:00Z", "2026-03-30T09:00:00+02:00", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=30;COUNT=4"},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			rule, err := master(t, c.pattern, c.rang).Rule(from)
			if err != nil || rule.Start.Format(time.RFC3339) != c.start || rule.RRULE != c.rule {
				t.Errorf("%+v, %v; want %s %s", rule, err, c.start, c.rule)
			}
		})
	}
}

func TestARuleBeginsWithTheFirstOccurrenceWhereTheEventStartsBeforeIt(t *testing.T) {
	s := master(t, `"type":"absoluteMonthly","interval":1,"dayOfMonth":29`, `"type":"numbered","startDate":"2026-01-30","numberOfOccurrences":1`)
	rule, err := s.Rule(time.Time{})
	if !errors.Is(err, TooFar) {
		t.Errorf("%+v, %v", rule, err)
	}
	rule, err = s.Rule(time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC))
	if err != nil || rule.Start.Format(midnight) != "2026-02-28" || rule.RRULE != "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28;COUNT=1" {
		t.Errorf("%+v, %v", rule, err)
	}
}

func TestNoRuleBeginsWhereTheClockSkipsItsTime(t *testing.T) {
	s := masterAt(t, `"type":"daily","interval":1`, `"type":"noEnd","startDate":"2026-03-01"`, "02:30", "W. Europe Standard Time")
	change := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	if rule, err := s.Rule(change); !errors.Is(err, StartSkipped) {
		t.Errorf("%+v, %v", rule, err)
	}
	rule, err := s.Rule(change.AddDate(0, 0, 1))
	if err != nil || rule.Start.Format(time.RFC3339) != "2026-03-30T02:30:00+02:00" {
		t.Errorf("a day later: %+v, %v", rule, err)
	}
}

func TestASeriesThatIsOverHasNoRule(t *testing.T) {
	s := master(t, `"type":"daily","interval":1`, `"type":"numbered","startDate":"2026-01-05","numberOfOccurrences":3`)
	last, _ := s.Last()
	if rule, err := s.Rule(last); err != nil || rule.RRULE != "FREQ=DAILY;INTERVAL=1;COUNT=1" || rule.Occurrences != 1 {
		t.Errorf("at the last start: %+v, %v", rule, err)
	}
	if rule, err := s.Rule(last.Add(1)); !errors.Is(err, Over) {
		t.Errorf("after the last start: %+v, %v", rule, err)
	}
	if _, err := (Series{}).Rule(last); !errors.Is(err, Over) {
		t.Errorf("zero series: %v", err)
	}
}

func TestEveryFixtureOfGraphHasItsRule(t *testing.T) {
	// Patterns without a range run from the date given; ranges without a pattern are daily.
	want := map[string][2]string{
		"recurrence-00-pattern-daily.json":           {"2017-09-04", "FREQ=DAILY;INTERVAL=1"},
		"recurrence-01-pattern-daily.json":           {"2017-09-04", "FREQ=DAILY;INTERVAL=3"},
		"recurrence-02-pattern-weekly.json":          {"2017-09-07", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TH"},
		"recurrence-03-pattern-weekly.json":          {"2017-09-04", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU"},
		"recurrence-04-pattern-absoluteMonthly.json": {"2017-09-15", "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=15"},
		"recurrence-05-pattern-absoluteMonthly.json": {"2017-09-07", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=7"},
		"recurrence-06-pattern-relativeMonthly.json": {"2017-09-13", "FREQ=MONTHLY;INTERVAL=1;BYDAY=2WE"},
		"recurrence-07-pattern-relativeMonthly.json": {"2017-09-01", string(SeveralDays)},
		"recurrence-08-pattern-absoluteYearly.json":  {"2018-04-15", "FREQ=YEARLY;INTERVAL=1;BYMONTH=4;BYMONTHDAY=15"},
		"recurrence-09-pattern-relativeYearly.json":  {"2017-11-29", "FREQ=YEARLY;INTERVAL=1;BYMONTH=11;BYDAY=-1WE"},
		"recurrence-10-range-numbered.json":          {"2017-04-02", "FREQ=DAILY;INTERVAL=1;COUNT=10"},
		"recurrence-11-range-endDate.json":           {"2017-07-01", "FREQ=DAILY;INTERVAL=1;UNTIL=20170731T160000Z"},
		"recurrence-12-range-noEnd.json":             {"2017-05-15", "FREQ=DAILY;INTERVAL=1"},
		"recurrence-13-recurrence-full.json":         {"2017-09-04", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20171225T170000Z"},
		"recurrence-14-recurrence-full.json":         {"2017-08-29", string(StartOffPattern)}, // 29 August is a Tuesday
		"event-create-recurring-request.json":        {"2017-09-04", "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;UNTIL=20171225T170000Z"},
	}
	files, err := filepath.Glob("testdata/graph/*.json")
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d fixtures, want %d: %v", len(files), len(want), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var both struct {
			Recurrence
			Inner *Recurrence `json:"recurrence"`
		}
		if err := json.Unmarshal(raw, &both); err != nil {
			t.Fatal(err)
		}
		r := both.Recurrence
		if both.Inner != nil {
			r = *both.Inner
		}
		w := want[filepath.Base(file)]
		if r.Pattern.Type == "" {
			r.Pattern = Pattern{Type: "daily", Interval: 1}
		}
		if r.Range.Type == "" {
			r.Range = Range{Type: "noEnd", StartDate: w[0]}
		}
		zone := mustZone(t, "Pacific Standard Time")
		start, _ := time.ParseInLocation("2006-01-02 15", w[0]+" 09", zone)
		rule, err := Rule{}, error(nil)
		s, err := New(r, start, start.Add(time.Hour), zone)
		if err == nil {
			rule, err = s.Rule(start)
		}
		if err != nil && !errors.Is(err, Reason(w[1])) || err == nil && rule.RRULE != w[1] {
			t.Errorf("%s: %q, %v; want %s", file, rule.RRULE, err, w[1])
		}
		if err == nil && !slices.Equal(datesOf(take(30, s, time.Time{})), bruteText(t, r, 30)) {
			t.Errorf("%s: other dates than the calendar has", file)
		}
	}
}

func datesOf(starts []time.Time) (out []string) {
	for _, at := range starts {
		out = append(out, at.Format(midnight))
	}
	return out
}

func bruteText(t *testing.T, r Recurrence, most int) []string {
	return datesOf(bruteDates(t, r, most, distant))
}
