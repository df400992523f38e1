package recurrence

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var randomZones = []string{
	"W. Europe Standard Time", "Eastern Standard Time", "AUS Eastern Standard Time", "Lord Howe Standard Time", "GMT Standard Time",
	"Pacific SA Standard Time", "Egypt Standard Time", "Nepal Standard Time", "UTC", "Morocco Standard Time", "Samoa Standard Time",
	"New Zealand Standard Time", "Iran Standard Time",
}

var (
	dayNames   = []string{"sunday", "Monday", "tuesday", "Wednesday", "thursday", "Friday", "saturday"}
	indexNames = []string{"first", "Second", "third", "fourth", "last", ""}
)

// one is a random series, with all that the oracles say of it.
type one struct {
	rec    Recurrence
	zone   *time.Location
	minute int
	start  time.Time
	series Series
	dates  []time.Time // UTC midnights, the first horizon of them
	starts []time.Time
	once   []bool // the clock shows that time, and that midnight, just once
	whole  bool   // dates are all there are
}

const horizon = 150 // occurrences that are compared

func (o one) String() string {
	return fmt.Sprintf("%+v at %d min in %v", o.rec, o.minute, o.zone)
}

func randomOne(t *testing.T, rng *rand.Rand) one {
	t.Helper()
	o := one{zone: mustZone(t, randomZones[rng.IntN(len(randomZones))]), rec: randomRecurrence(t, rng)}
	// Half of the series start when clocks change, between midnight and 04:00.
	o.minute = rng.IntN(96) * 15
	if rng.IntN(2) == 0 {
		o.minute = rng.IntN(16) * 15
	}
	first := bruteDates(t, o.rec, 1, distant)[0]
	o.start, _ = shown(t, first, o.minute, o.zone)
	if _, minute := wall(o.start, o.zone); minute != o.minute {
		return randomOne(t, rng) // Exchange would not tell what the clock skips
	}
	var err error
	o.series, err = New(o.rec, o.start, o.start.Add(30*time.Minute), o.zone)
	if err != nil {
		t.Fatalf("%v: %v", o, err)
	}
	o.dates = bruteDates(t, o.rec, horizon, distant)
	for _, d := range o.dates {
		at, once := shown(t, d, o.minute, o.zone)
		_, midnight := shown(t, d, 0, o.zone)
		o.once = append(o.once, once && midnight)
		if n := len(o.starts); n > 0 && !at.After(o.starts[n-1]) {
			t.Fatalf("%v: two occurrences at %v", o, at)
		}
		o.starts = append(o.starts, at)
	}
	switch o.rec.Range.Type {
	case "numbered":
		o.whole = len(o.dates) == o.rec.Range.NumberOfOccurrences
	case "endDate":
		o.whole = len(o.dates) < horizon
	}
	return o
}

var distant = time.Date(2065, 1, 1, 0, 0, 0, 0, time.UTC)

// randomRecurrence begins on a date of its own pattern, in 2012 to 2035.
func randomRecurrence(t *testing.T, rng *rand.Rand) Recurrence {
	var r Recurrence
	p := &r.Pattern
	p.Type = []string{"daily", "weekly", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"}[rng.IntN(7)]
	p.Interval = 1 + rng.IntN(4)*rng.IntN(4)
	p.FirstDayOfWeek = append(dayNames, "")[rng.IntN(8)]
	p.Index = indexNames[rng.IntN(len(indexNames))]
	if strings.HasPrefix(p.Type, "absolute") {
		p.DayOfMonth = []int{1, 15, 28, 29, 30, 31, 1 + rng.IntN(31)}[rng.IntN(7)]
	}
	if strings.HasSuffix(p.Type, "Yearly") {
		p.Month = []int{2, 1 + rng.IntN(12)}[rng.IntN(2)]
		p.Interval = 1 + rng.IntN(4)
	}
	if p.Type == "weekly" || strings.HasPrefix(p.Type, "relative") {
		n := []int{1, 1, 2, 3, 5, 7}[rng.IntN(6)]
		for _, d := range rng.Perm(7)[:n] {
			p.DaysOfWeek = append(p.DaysOfWeek, dayNames[d])
		}
	}
	anyDay := time.Date(2012, 1, 1+rng.IntN(24*365), 0, 0, 0, 0, time.UTC)
	every := r
	every.Pattern.Interval = 1
	every.Range = Range{Type: "noEnd", StartDate: anyDay.Format(midnight)}
	first := bruteDates(t, every, 1, distant)[0]
	r.Range = Range{Type: []string{"noEnd", "numbered", "endDate"}[rng.IntN(3)], StartDate: first.Format(midnight), EndDate: "0001-01-01"}
	switch r.Range.Type {
	case "numbered":
		r.Range.NumberOfOccurrences = []int{1 + rng.IntN(12), 1 + rng.IntN(80), 200 + rng.IntN(100)}[rng.IntN(3)]
	case "endDate":
		r.Range.EndDate = first.AddDate(0, 0, rng.IntN([]int{60, 1000, 2600}[rng.IntN(3)])).Format(midnight)
	}
	return r
}

// 1,200 random series in 13 zones. Their occurrences are those that a walk through the calendar finds.
//
// The dates of every rule, whole or begun later, are read back by rrule-go: once as a calendar without clock changes, and where
// no clock change touches the time, as instants too. A refusal has to be true.
func TestRandomSeriesAndTheirRulesAgreeWithACalendarWalkAndRRuleGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rules, instants, refusals := 0, 0, map[Reason]int{}
	for range 1200 {
		o := randomOne(t, rng)
		checkSeries(t, o)
		for _, from := range moments(o, rng) {
			k := slices.IndexFunc(o.starts, func(at time.Time) bool { return !at.Before(from) })
			if k < 0 && !o.whole {
				continue // beyond what was looked at
			}
			rule, err := o.series.Rule(from)
			var reason Reason
			if errors.As(err, &reason) {
				refusals[reason]++
				checkRefusal(t, o, k, from, reason)
				continue
			}
			if k < 0 {
				t.Fatalf("%v from %v: a rule for a series that is over: %+v", o, from, rule)
			}
			rules++
			if checkRule(t, o, k, from, rule) {
				checkListed(t, o, k, rule)
				instants++
			}
		}
	}
	t.Logf("%d rules compared, %d of them as instants; refused: %v", rules, instants, refusals)
	if rules < 2500 || instants < 2000 {
		t.Errorf("only %d rules were compared, %d as instants", rules, instants)
	}
	for _, r := range []Reason{Over, SeveralDays, ShortMonths, TooMany, TooLong, TooFar, StartSkipped} {
		if refusals[r] == 0 {
			t.Errorf("no series was refused as %s", r)
		}
	}
}

func checkSeries(t *testing.T, o one) {
	t.Helper()
	if got := take(len(o.starts), o.series, time.Time{}); !sameTimes(got, o.starts) {
		t.Fatalf("%v\n got %v\nwant %v", o, got[:min(9, len(got))], o.starts[:min(9, len(o.starts))])
	}
	if last, ok := o.series.Last(); o.whole && (!ok || !last.Equal(o.starts[len(o.starts)-1])) {
		t.Fatalf("%v: last %v, %v", o, last, ok)
	}
	if o.series.Endless() != (o.rec.Range.Type == "noEnd") {
		t.Fatalf("%v: Endless() = %v", o, o.series.Endless())
	}
}

// checkListed reads the rule as Webex lists it back: its occurrences from the third to the last but one.
func checkListed(t *testing.T, o one, k int, rule Rule) {
	t.Helper()
	last := min(len(o.starts), k+100) - 1 // as far as no clock change is known to touch it
	if last < k+3 {
		return
	}
	want := o.starts[k+2 : last]
	got, err := Listed(rule.RRULE, rule.Start.UTC(), rule.Timezone, want[0], o.starts[last])
	if err != nil || !sameTimes(got, want) {
		t.Fatalf("%v: %s\n got %v, %v\nwant %v", o, rule.RRULE, got, err, want)
	}
}

// moments are the instants from which a series is told: before it, at and just after occurrences, long after, years before.
func moments(o one, rng *rand.Rand) []time.Time {
	pick := func() time.Time { return o.starts[rng.IntN(len(o.starts))] }
	out := []time.Time{
		o.start.Add(-time.Hour), o.start, pick(), pick().Add(time.Nanosecond), pick().Add(-time.Nanosecond),
		pick().Add(time.Duration(rng.IntN(100*24)) * time.Hour), o.start.AddDate(-9-rng.IntN(3), 0, 0),
	}
	if changed := slices.Index(o.once, false); changed >= 0 {
		out = append(out, o.starts[changed])
	}
	return out
}

// checkRule says whether the instants could be compared too.
func checkRule(t *testing.T, o one, k int, from time.Time, rule Rule) bool {
	t.Helper()
	if !rule.Start.Equal(o.starts[k]) || rule.Timezone != o.zone.String() {
		t.Fatalf("%v from %v: %+v, want start %v", o, from, rule, o.starts[k])
	}
	most := len(o.starts) - k
	if !o.whole {
		most = min(most, 100)
	} else if rule.Occurrences != most {
		t.Fatalf("%v from %v: %d occurrences in %+v, want %d", o, from, rule.Occurrences, rule, most)
	}
	extra := 0
	if o.whole {
		extra = 5 // would show dates after the end
	}
	wall := expandWall(t, rule.RRULE, rule.Start, o.zone, most+extra)
	var dates []time.Time
	for _, at := range wall {
		dates = append(dates, at.Truncate(24*time.Hour))
	}
	if !sameTimes(dates, o.dates[k:k+most]) {
		t.Fatalf("%v from %v: %s\n got %v\nwant %v", o, from, rule.RRULE, dates, o.dates[k:k+most])
	}
	if slices.Contains(o.once[k:k+most], false) {
		return false // rrule-go leaves such times to time.Date, which promises nothing, and counts days from midnight
	}
	if got := expand(t, rule.RRULE, rule.Start, most+extra); !sameTimes(got, o.starts[k:k+most]) {
		t.Fatalf("%v from %v: %s\n got %v\nwant %v", o, from, rule.RRULE, got, o.starts[k:k+most])
	}
	return true
}

func checkRefusal(t *testing.T, o one, k int, from time.Time, reason Reason) {
	t.Helper()
	tell := func(true bool) {
		t.Helper()
		if !true {
			t.Fatalf("%v from %v: refused as %s", o, from, reason)
		}
	}
	if reason == Over {
		tell(k < 0)
		return
	}
	tell(k >= 0)
	switch reason {
	case StartSkipped:
		tell(len(scan(o.dates[k], o.minute, o.zone)) == 0)
	case TooFar:
		tell(!o.starts[k].Before(from.AddDate(10, 0, 0)))
	case TooLong:
		_, last := remaining(t, o, k, from)
		tell(o.rec.Range.Type != "noEnd" && last.After(from.AddDate(5, 0, 0)))
	case TooMany:
		limit := map[string]int{"da": 1826, "we": 261, "mo": 60, "ye": 5}
		kind := strings.ToLower(o.rec.Pattern.Type[:2])
		if strings.HasSuffix(o.rec.Pattern.Type, "Monthly") {
			kind = "mo"
		} else if strings.HasSuffix(o.rec.Pattern.Type, "Yearly") {
			kind = "ye"
		}
		left, _ := remaining(t, o, k, from)
		tell(o.rec.Range.Type != "noEnd" && left > limit[kind])
	case SeveralDays:
		n := len(o.rec.Pattern.DaysOfWeek)
		tell(strings.HasPrefix(o.rec.Pattern.Type, "relative") && n > 1 && n < 7)
	case ShortMonths:
		tell(strings.HasPrefix(o.rec.Pattern.Type, "absolute"))
		freq := "FREQ=MONTHLY"
		if o.rec.Pattern.Month > 0 {
			freq = fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d", o.rec.Pattern.Month)
		}
		want := o.dates[k:]
		if !o.whole {
			want = bruteDates(t, o.rec, 1<<20, from.AddDate(60, 0, 0))[k:]
		}
		for _, day := range []int{28, 29, 30, 31, -1, -2, -3, -4} {
			rule := fmt.Sprintf("%s;INTERVAL=%d;BYMONTHDAY=%d", freq, o.rec.Pattern.Interval, day)
			if sameTimes(expand(t, rule, want[0], len(want)), want) {
				t.Fatalf("%v from %v: refused as %s, but %s says it", o, from, reason, rule)
			}
		}
	default:
		t.Fatalf("%v from %v: %s", o, from, reason)
	}
}

// remaining counts the occurrences from k on, up to eleven years after from, and gives the last of them.
func remaining(t *testing.T, o one, k int, from time.Time) (left int, last time.Time) {
	t.Helper()
	all := bruteDates(t, o.rec, 1<<20, from.AddDate(11, 0, 0))
	last, _ = shown(t, all[len(all)-1], o.minute, o.zone)
	return len(all) - k, last
}
