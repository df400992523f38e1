package recurrence

import (
	"testing"
	"time"
)

func TestExchangesCalendarRunsFrom1601To4500(t *testing.T) {
	for d, want := range map[day]string{firstDay: "1601-01-01", lastDay: "4500-08-31"} {
		y, m, dom := d.date()
		if got := time.Date(y, m, dom, 0, 0, 0, 0, time.UTC).Format(time.DateOnly); got != want {
			t.Errorf("day %d is %s, want %s", d, got, want)
		}
	}
}

func TestADayKnowsItsWeekdayAndMonth(t *testing.T) {
	for at := time.Date(1899, 12, 25, 0, 0, 0, 0, time.UTC); at.Year() < 2101; at = at.AddDate(0, 0, 1) {
		d := dayOf(at.Date())
		if d.weekday() != at.Weekday() {
			t.Fatalf("%v: %v", at, d.weekday())
		}
		if at.Day() == 1 && (monthOf(d).first() != d || (monthOf(d)-1).first()+day((monthOf(d)-1).length()) != d) {
			t.Fatalf("%v: month begins on %v", at, monthOf(d).first())
		}
	}
}

func TestWallClockTimesAroundClockChanges(t *testing.T) {
	for _, c := range []struct {
		zone, date string
		minute     int
		want       string
		same       bool
	}{
		{"Europe/Amsterdam", "2026-03-29", 119, "2026-03-29T01:59:00+01:00", true},
		{"Europe/Amsterdam", "2026-03-29", 120, "2026-03-29T03:00:00+02:00", false},
		{"Europe/Amsterdam", "2026-03-29", 150, "2026-03-29T03:30:00+02:00", false},
		{"Europe/Amsterdam", "2026-03-29", 180, "2026-03-29T03:00:00+02:00", true},
		{"Europe/Amsterdam", "2026-10-25", 119, "2026-10-25T01:59:00+02:00", true},
		{"Europe/Amsterdam", "2026-10-25", 150, "2026-10-25T02:30:00+02:00", true},
		{"Europe/Amsterdam", "2026-10-25", 180, "2026-10-25T03:00:00+01:00", true},
		{"America/New_York", "2026-03-08", 150, "2026-03-08T03:30:00-04:00", false},
		{"America/New_York", "2026-11-01", 90, "2026-11-01T01:30:00-04:00", true},
		{"Australia/Lord_Howe", "2026-10-04", 135, "2026-10-04T02:45:00+11:00", false},
		{"Australia/Lord_Howe", "2026-04-05", 105, "2026-04-05T01:45:00+11:00", true},
		{"Africa/Cairo", "2026-04-24", 0, "2026-04-24T01:00:00+03:00", false},
		{"Europe/Dublin", "2026-03-29", 90, "2026-03-29T02:30:00+01:00", false},
		{"Pacific/Apia", "2011-12-30", 540, "2011-12-31T09:00:00+14:00", false},
		{"Pacific/Apia", "2011-12-31", 540, "2011-12-31T09:00:00+14:00", true},
		{"Pacific/Apia", "2011-12-29", 540, "2011-12-29T09:00:00-10:00", true},
		{"Europe/Amsterdam", "2026-03-28", 24*60 + 150, "2026-03-29T03:30:00+02:00", false},
	} {
		date, err := time.Parse(time.DateOnly, c.date)
		if err != nil {
			t.Fatal(err)
		}
		at, same := instant(dayOf(date.Date()), c.minute, mustZone(t, c.zone))
		if got := at.Format(time.RFC3339); got != c.want || same != c.same {
			t.Errorf("%s %s +%d min: %s, %v; want %s, %v", c.zone, c.date, c.minute, got, same, c.want, c.same)
		}
	}
}
