package schedules

import (
	"testing"
	"time"
)

func TestOnlyAMailboxWhoseChangesAreHintedAtIsSweptSeldom(t *testing.T) {
	hour := parsed(t, "@every 1h")
	table := Timetable{Schedule: parsed(t, "@every 1m"), Hinted: &hour, Zone: time.UTC}
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, row := range map[string]struct {
		facts  Facts
		hinted bool
	}{
		"no subscription":                        {Facts{}, false},
		"nothing ever changed":                   {Facts{Hints: Hints{Since: ago(time.Hour)}}, true},
		"subscribed to just now":                 {Facts{Hints: Hints{Since: ago(time.Minute)}}, false},
		"changed before the subscription":        {Facts{Changed: ago(2 * time.Hour), Hints: Hints{Since: ago(time.Hour)}}, true},
		"a change that was hinted at":            {Facts{Changed: ago(20 * time.Minute), Hints: Hints{Since: ago(9 * time.Hour), Heard: ago(20*time.Minute + time.Second)}}, true},
		"its hint came after the sweep":          {Facts{Changed: ago(20 * time.Minute), Hints: Hints{Since: ago(9 * time.Hour), Heard: ago(17 * time.Minute)}}, true},
		"a change that nobody told of":           {Facts{Changed: ago(20 * time.Minute), Hints: Hints{Since: ago(9 * time.Hour)}}, false},
		"hints were heard, but not of the last":  {Facts{Changed: ago(20 * time.Minute), Hints: Hints{Since: ago(9 * time.Hour), Heard: ago(8 * time.Hour)}}, false},
		"silent long ago, and nothing since":     {Facts{Changed: ago(8 * time.Hour), Hints: Hints{Since: ago(9 * time.Hour)}}, false},
		"silent once, and heard again":           {Facts{Changed: ago(8 * time.Hour), Hints: Hints{Since: ago(9 * time.Hour), Heard: ago(time.Hour)}}, true},
		"silent before the subscription was new": {Facts{Changed: ago(8 * time.Hour), Hints: Hints{Since: ago(7 * time.Hour)}}, true},
	} {
		at, why := table.Next("m", row.facts, now)
		if hinted := why == Hinting; hinted != row.hinted {
			t.Errorf("%s: %s at %s", name, why, at)
		}
		most := time.Minute
		if row.hinted {
			most = time.Hour
		}
		if wait := at.Sub(now); wait <= 0 || wait > most {
			t.Errorf("%s: in %s", name, wait)
		}
		if phases := table.Ahead("m", row.facts, now, now.Add(time.Minute)); (phases[0].Every == time.Hour) != row.hinted || phases[0].Every != most {
			t.Errorf("%s: phases %+v", name, phases)
		}
	}
}

func TestHintsMakeNothingColderThanItsHeatNorSoonerThanABudgetAllows(t *testing.T) {
	hour := parsed(t, "@every 1h")
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	hints := Hints{Since: now.Add(-24 * time.Hour), Heard: now.Add(-time.Second)}
	table := Timetable{Schedule: parsed(t, "@every 1m"), Hinted: &hour, Zone: time.UTC}
	if at, why := table.Next("m", Facts{Hints: hints, Changed: now.Add(-time.Second)}, now); why != Recent || !at.Equal(now.Add(hotEvery)) {
		t.Errorf("changed lately: %s at %s", why, at)
	}
	if at, why := table.Next("m", Facts{Hints: hints, Starts: []time.Time{now.Add(6 * time.Minute)}}, now); at.After(now.Add(time.Minute)) {
		t.Errorf("a meeting soon: %s at %s", why, at)
	}
	tight := Pace{Budget: 1000, Mailboxes: 1000, Spent: 500, At: now}
	free, _ := table.Next("m", Facts{Pace: tight}, now)
	if at, why := table.Next("m", Facts{Hints: hints, Pace: tight}, now); at.Before(free) {
		t.Errorf("a budget: %s at %s, without hints %s", why, at, free)
	}
	shorter := parsed(t, "@every 10s") // a mistake of the operator: the longer of the two counts
	table.Hinted = &shorter
	want := table.Schedule.Next("m", now)
	if at, why := table.Next("m", Facts{Hints: hints}, now); !at.Equal(want) || why != Rhythm {
		t.Errorf("%s at %s, want %s", why, at, want)
	}
}
