package schedules

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// noon is a working day's, and no mailbox of these tests was ever swept before.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func table(t testing.TB, spec string) Timetable {
	return Timetable{Schedule: parsed(t, spec), Zone: time.UTC}
}

// follow gives the times at which a mailbox is swept, until some time.
func follow(table Timetable, f func(now time.Time) Facts, from, until time.Time) (times []time.Time, why map[Why]int) {
	why = map[Why]int{}
	for at := from; ; {
		next, because := table.Next("m", f(at), at)
		if !next.Before(until) {
			return times, why
		}
		times, why[because], at = append(times, next), why[because]+1, next
	}
}

func always(f Facts) func(time.Time) Facts { return func(time.Time) Facts { return f } }

func TestWithoutHeatOrBudgetTheTimetableIsTheSchedule(t *testing.T) {
	for _, spec := range []string{"@every 1m", "*/5 * * * *", "0 7 * * *", "@every 1s"} {
		tab := table(t, spec)
		for _, f := range []Facts{{}, {Changed: noon.Add(-time.Hour)}, {Changed: noon.AddDate(0, -3, 0)}, {Starts: []time.Time{noon.Add(-time.Hour), noon.AddDate(0, 1, 0)}}} {
			at, why := tab.Next("m", f, noon)
			if want := tab.Schedule.Next("m", noon); !at.Equal(want) || why != Rhythm {
				t.Errorf("%q, %+v: %v (%s), want %v", spec, f, at, why, want)
			}
		}
	}
}

func TestAMailboxThatChangedIsSweptEveryFewSecondsForAWhile(t *testing.T) {
	tab := table(t, "@every 1m")
	times, why := follow(tab, always(Facts{Changed: noon}), noon, noon.Add(10*time.Minute))
	if why[Recent] < 20 || why[Recent] > 25 || why[Rhythm] < 8 || why[Rhythm] > 9+2 {
		t.Errorf("%v", why)
	}
	if gap := times[1].Sub(times[0]); gap != 5*time.Second {
		t.Errorf("swept every %v", gap)
	}
}

func TestAMeetingThatStartsSoonIsWatched(t *testing.T) {
	tab := table(t, "@every 1h")
	start := noon.Add(3 * time.Hour)
	times, why := follow(tab, always(Facts{Starts: []time.Time{start, start.Add(time.Minute)}}), noon, noon.Add(6*time.Hour))
	first := slices.IndexFunc(times, func(at time.Time) bool { return !at.Before(start.Add(-5 * time.Minute)) })
	if !times[first].Equal(start.Add(-5*time.Minute)) || why[Soon] < 80 || why[Soon] > 90 {
		t.Errorf("%v, the first at %v", why, times[first])
	}
}

func TestHeatOnlyMakesASweepSooner(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		spec := []string{"@every 1m", "@every 1s", "*/10 * * * *", "0 7 * * *", "@every 6h"}[rng.IntN(5)]
		tab := table(t, spec)
		now := noon.Add(time.Duration(rng.Int64N(int64(48 * time.Hour))))
		f := Facts{Changed: now.Add(-time.Duration(rng.Int64N(int64(5 * time.Minute))))}
		for range rng.IntN(4) {
			f.Starts = append(f.Starts, now.Add(time.Duration(rng.Int64N(int64(20*time.Minute)))-10*time.Minute))
		}
		at, _ := tab.Next("m", f, now)
		if !at.After(now) || at.After(tab.Schedule.Next("m", now)) {
			t.Fatalf("%q at %v, %+v: %v", spec, now, f, at)
		}
		f.NotBefore = now.Add(time.Duration(rng.Int64N(int64(time.Hour))))
		if at, why := tab.Next("m", f, now); at.Before(f.NotBefore) || at.Equal(f.NotBefore) && why != Waiting {
			t.Fatalf("told to wait until %v: %v (%s)", f.NotBefore, at, why)
		}
		f.Crowded, f.NotBefore = true, time.Time{}
		if at, _ := tab.Next("m", f, now); !at.Equal(tab.Schedule.Next("m", now)) {
			t.Fatalf("heat where there is too much to do: %v", at)
		}
	}
}

// A day of a hundred mailboxes under a budget: each sweep costs a request, and a tenth of them two.
func TestTheBudgetOfADayIsKept(t *testing.T) {
	const many = 100
	for _, budget := range []int64{many * 24, many * 200, many * 1000, many * 1440 * 2} {
		tab := table(t, "@every 1m")
		rng := rand.New(rand.NewPCG(uint64(budget), 7))
		var spent int64
		due := make([]time.Time, many)
		seen := make([]int, many)
		changed := make([]time.Time, many)
		midnight := noon.Truncate(24 * time.Hour)
		for i := range due {
			due[i] = tab.Schedule.First(string(rune('a'+i)), midnight)
			changed[i] = midnight.AddDate(0, 0, -i%20)
		}
		for now := midnight; now.Before(midnight.Add(24 * time.Hour)); now = now.Add(5 * time.Second) {
			pace := Pace{Budget: budget, Spent: spent, Mailboxes: many, At: now}
			for i := range due {
				if due[i].After(now) {
					continue
				}
				spent++
				seen[i]++
				if rng.IntN(10) == 0 {
					spent++
				}
				if i%4 == 0 && rng.IntN(50) == 0 {
					changed[i] = now
				}
				due[i], _ = tab.Next(string(rune('a'+i)), Facts{Changed: changed[i], Pace: pace}, now)
			}
		}
		if spent > budget+budget/50 {
			t.Errorf("of %d requests %d were made", budget, spent)
		}
		if spent < min(budget, many*1440)/2 {
			t.Errorf("of %d requests only %d were made", budget, spent)
		}
		if slices.Min(seen) < 1 || slices.Min(seen)*20 < slices.Max(seen) && budget > many*100 {
			t.Errorf("budget %d: one mailbox was swept %d times, one %d times", budget, slices.Min(seen), slices.Max(seen))
		}
	}
}

func TestWhereTheBudgetIsShortQuietOnesAndNightsGetLess(t *testing.T) {
	tab := table(t, "@every 1m")
	pace := func(now time.Time) Pace {
		return Pace{Budget: 100_000, Spent: int64(100_000 * now.Sub(now.Truncate(24*time.Hour)).Hours() / 24), Mailboxes: 1000, At: now}
	}
	often := func(changed time.Time, from time.Time) int {
		times, _ := follow(tab, func(now time.Time) Facts { return Facts{Changed: changed, Pace: pace(now)} }, from, from.Add(6*time.Hour))
		return len(times)
	}
	night := noon.Add(10*time.Hour + time.Minute)
	busy, quiet, asleep := often(noon.Add(-time.Hour), noon), often(noon.AddDate(0, 0, -30), noon), often(noon.Add(-time.Hour), night)
	if busy < 15 || quiet*3 > busy*2 || asleep*3 > busy*2 || quiet == 0 || asleep == 0 {
		t.Errorf("in six hours: %d sweeps, %d of a quiet one, %d at night", busy, quiet, asleep)
	}
	ample := Pace{Budget: 10_000_000, Mailboxes: 1000, At: noon}
	if at, why := tab.Next("m", Facts{Pace: ample}, night); !at.Equal(tab.Schedule.Next("m", night)) || why != Rhythm {
		t.Errorf("with a budget that goes round: %v (%s)", at, why)
	}
	tiny := Pace{Budget: 1, Spent: 50, Mailboxes: 1000, At: noon}
	if at, _ := tab.Next("m", Facts{Pace: tiny}, night); at.After(night.Add(25 * time.Hour)) {
		t.Errorf("a mailbox starves until %v", at)
	}
}

func TestTheRhythmToComeIsTheOneThatIsFollowed(t *testing.T) {
	tab := table(t, "@every 1m")
	start := noon.Add(time.Hour)
	f := Facts{Changed: noon.Add(-time.Minute), Starts: []time.Time{start}}
	phases := tab.Ahead("m", f, noon, noon.Add(12*time.Hour))
	want := []Phase{
		{noon, 5 * time.Second, Recent}, {noon.Add(time.Minute), time.Minute, Rhythm},
		{start.Add(-5 * time.Minute), 5 * time.Second, Soon}, {start.Add(time.Minute), time.Minute, Rhythm},
	}
	if !slices.Equal(phases, want) {
		t.Errorf("%v\nwant\n%v", phases, want)
	}
	times, _ := follow(tab, always(f), noon, noon.Add(2*time.Hour))
	for i := 1; i < len(times); i++ {
		in := slices.IndexFunc(phases, func(p Phase) bool { return p.From.After(times[i-1]) })
		if in < 0 {
			in = len(phases)
		}
		if gap := times[i].Sub(times[i-1]); gap > phases[in-1].Every {
			t.Errorf("%v after %v, in a phase of %v", gap, times[i-1], phases[in-1])
		}
	}
	waiting := tab.Ahead("m", Facts{NotBefore: noon.Add(time.Hour)}, noon, noon.Add(2*time.Hour))
	if !slices.Equal(waiting, []Phase{{noon, 0, Waiting}, {noon.Add(time.Hour), time.Minute, Rhythm}}) {
		t.Errorf("told to wait: %v", waiting)
	}
}
