package simulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

var rruleNames = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// rruleOf writes a series as an independent library understands it. Days of a month beyond the 28th are left out: Outlook takes
// the last day of a short month, RFC 2445 none.
func rruleOf(r *Recurrence) string {
	parts := []string{fmt.Sprintf("INTERVAL=%d", r.Interval), "WKST=" + rruleNames[r.FirstDay]}
	days := make([]string, len(r.Days))
	for i, d := range r.Days {
		days[i] = rruleNames[d]
	}
	position := map[string]int{"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}[r.Index]
	switch r.Pattern {
	case "daily":
		parts = append(parts, "FREQ=DAILY")
	case "weekly":
		parts = append(parts, "FREQ=WEEKLY", "BYDAY="+strings.Join(days, ","))
	case "absoluteMonthly":
		parts = append(parts, "FREQ=MONTHLY", fmt.Sprintf("BYMONTHDAY=%d", r.DayOfMonth))
	case "relativeMonthly":
		parts = append(parts, "FREQ=MONTHLY", "BYDAY="+strings.Join(days, ","), fmt.Sprintf("BYSETPOS=%d", position))
	case "absoluteYearly":
		parts = append(parts, "FREQ=YEARLY", fmt.Sprintf("BYMONTH=%d;BYMONTHDAY=%d", r.Month, r.DayOfMonth))
	case "relativeYearly":
		parts = append(parts, "FREQ=YEARLY", fmt.Sprintf("BYMONTH=%d", r.Month), "BYDAY="+strings.Join(days, ","), fmt.Sprintf("BYSETPOS=%d", position))
	}
	if r.Count > 0 {
		parts = append(parts, fmt.Sprintf("COUNT=%d", r.Count))
	}
	if r.Until != "" {
		parts = append(parts, "UNTIL="+strings.ReplaceAll(r.Until, "-", "")+"T235959")
	}
	return strings.Join(parts, ";")
}

func randomSeries(rng *rand.Rand, start time.Time) Recurrence {
	patterns := []string{"daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"}
	r := Recurrence{
		Pattern: patterns[rng.IntN(len(patterns))], Interval: 1 + rng.IntN(4), FirstDay: time.Weekday(rng.IntN(7)),
		DayOfMonth: 1 + rng.IntN(28), Month: time.Month(1 + rng.IntN(12)), Index: indexes[rng.IntN(5)],
	}
	for d := range time.Weekday(7) {
		if rng.IntN(3) == 0 {
			r.Days = append(r.Days, d)
		}
	}
	switch rng.IntN(3) {
	case 0:
		r.Count = 1 + rng.IntN(40)
	case 1:
		r.Until = start.AddDate(0, 0, rng.IntN(900)).Format(time.DateOnly)
	}
	return r
}

func TestThousandRandomSeriesFallOnTheDaysThatAnIndependentLibraryGives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zones := []string{"W. Europe Standard Time", "Pacific Standard Time", "AUS Eastern Standard Time", "Asia/Kolkata", "UTC"}
	for n := range 1000 {
		loc, err := location(zones[n%len(zones)])
		if err != nil {
			t.Fatal(err)
		}
		start := time.Date(2023+rng.IntN(3), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 7+rng.IntN(10), 30, 0, 0, loc)
		r, err := randomSeries(rng, start).normal(start)
		if err != nil {
			t.Fatal(err)
		}
		it := &item{start: start.UTC(), end: start.Add(time.Hour).UTC(), loc: loc, rec: r}
		from := start.AddDate(0, 0, rng.IntN(700)-100)
		to := from.AddDate(0, 0, 200)
		var got []time.Time
		for _, o := range it.occurrences(from, to) {
			got = append(got, o.start)
		}
		option, err := rrule.StrToROption(rruleOf(r))
		if err != nil {
			t.Fatal(err)
		}
		option.Dtstart = start
		if r.Until != "" {
			u := parseDay(r.Until).time()
			option.Until = time.Date(u.Year(), u.Month(), u.Day(), 23, 59, 59, 0, loc)
		}
		rule, err := rrule.NewRRule(*option)
		if err != nil {
			t.Fatal(err)
		}
		var want []time.Time
		for _, at := range rule.Between(from.Add(-time.Hour), to, true) {
			if overlaps(at, at.Add(time.Hour), from, to) {
				want = append(want, at.UTC())
			}
		}
		if !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("series %d %s from %s:\n got %v\nwant %v", n, rruleOf(r), start, got, want)
		}
	}
}

func TestAMonthThatIsTooShortTakesItsLastDayInOutlookAndIsLeftOutByWebex(t *testing.T) {
	start := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	outlook, _ := Recurrence{Pattern: "absoluteMonthly", Count: 4}.normal(start)
	webex, err := readRule("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4", start, start)
	if err != nil {
		t.Fatal(err)
	}
	days := func(r *Recurrence) (all []string) {
		r.each(0, func(d day) bool { all = append(all, d.String()); return true })
		return all
	}
	if got := days(outlook); !slices.Equal(got, []string{"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"}) {
		t.Errorf("Outlook: %v", got)
	}
	if got := days(webex); !slices.Equal(got, []string{"2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"}) {
		t.Errorf("Webex: %v", got)
	}
}

func TestASeriesKeepsItsLocalTimeAcrossDaylightSaving(t *testing.T) {
	w := New(Options{Now: func() time.Time { return noon }})
	m := w.AddMailbox("alice@example.com", WithZone("W. Europe Standard Time"))
	loc, _ := location("Europe/Amsterdam")
	start := time.Date(2026, 3, 27, 9, 0, 0, 0, loc)
	e := m.Create(Draft{Subject: "s", Start: start, End: start.Add(time.Hour), Recurrence: &Recurrence{Pattern: "daily", Count: 4}})
	var hours []int
	for _, date := range m.Dates(e.ID, noon, noon.AddDate(1, 0, 0)) {
		o, _ := m.Event(m.OccurrenceID(e.ID, date))
		hours = append(hours, o.Start.UTC().Hour())
	}
	if !slices.Equal(hours, []int{8, 8, 7, 7}) {
		t.Errorf("hours in UTC: %v", hours)
	}
}
