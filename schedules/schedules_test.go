package schedules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func parsed(t testing.TB, spec string) Schedule {
	t.Helper()
	s, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsNoScheduleIsRefused(t *testing.T) {
	for _, spec := range []string{
		"", " ", "TZ=0", "CRON_TZ=", "CRON_TZ=Nowhere/City * * * * *", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "*/0 * * * *", "a b c d e",
		"0 0 30 2 *", "0 0 31 4 *", "@every", "@every ", "@every 0s", "@every -1m", "@every 500ms", "@every 1500ms", "@every 1m0.5s", "@every 1 m", "@every 1d",
		"@every 9999999h", "@reboot", "@Every 1m", "1m", "-1 * * * *", "5-1 * * * *", "\x00", "* * * * *\n* * * * *",
	} {
		if s, err := Parse(spec); err == nil {
			t.Errorf("%q was taken, next at %v", spec, s.Next("m", time.Now()))
		} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", spec)) {
			t.Errorf("%q: the error does not name it: %v", spec, err)
		}
	}
}

func TestARoundReachesEachMailboxOnce(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 7, 13, 500, time.UTC)
	for spec, want := range map[string]int{ // rounds in a day
		"@every 1m": 1440, "@every 90s": 960, "@every 1h": 24, "@every 1s": 86400, "* * * * *": 1440, "*/5 * * * *": 288, "0 * * * *": 24,
		"@hourly": 24, "@daily": 1, "30 9 * * *": 1, "CRON_TZ=Europe/Amsterdam 0 9 * * *": 1, " @every 10m ": 144,
	} {
		s := parsed(t, spec)
		for _, mailbox := range []string{"a", "b", "0e5c4c2c-7f5b-4d7e-9f4a-000000000001", "zz", "q"} {
			at, times := start, 0
			for {
				// Each sweep takes a while; the schedule is asked when it is over.
				at = s.Next(mailbox, at)
				if !at.Before(start.Add(24 * time.Hour)) {
					break
				}
				times++
				at = at.Add(min(800*time.Millisecond, at.Sub(start)/2))
			}
			if times < want-1 || times > want {
				t.Errorf("%q reached %s %d times in a day, want %d", spec, mailbox, times, want)
			}
		}
	}
}

func TestALongSweepSkipsRoundsAndKeepsTheRhythm(t *testing.T) {
	s := parsed(t, "@every 1m")
	first := s.Next("m", time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC))
	if next := s.Next("m", first.Add(150*time.Second)); !next.Equal(first.Add(3 * time.Minute)) {
		t.Errorf("after a sweep of 150 s the next is %v after the first", next.Sub(first))
	}
	if next := s.Next("m", first); !next.Equal(first.Add(time.Minute)) {
		t.Errorf("asked at the very time, the next is %v later", next.Sub(first))
	}
}

func TestCronMeansTheZoneThatItNames(t *testing.T) {
	at := time.Date(2026, 11, 21, 3, 0, 0, 0, time.FixedZone("", 9*3600))
	for spec, want := range map[string]string{
		"0 9 * * *": "2026-11-21T09:00", "CRON_TZ=Europe/Amsterdam 0 9 * * *": "2026-11-21T08:00", "TZ=America/New_York 0 9 * * *": "2026-11-21T14:00",
	} {
		next := parsed(t, spec).Next("m", at).UTC()
		round := must(time.Parse("2006-01-02T15:04", want))
		if next.Before(round) || !next.Before(round.Add(time.Minute)) {
			t.Errorf("%q: %v, want within a minute of %v", spec, next, round)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// names are mailboxes as they are named in life: directory ids, and addresses that differ in a digit.
func names(n int) map[string][]string {
	out := map[string][]string{}
	for i := range n {
		out["ids"] = append(out["ids"], fmt.Sprintf("%08x-7f5b-4d7e-9f4a-%012x", i*2654435761, i*40503))
		out["addresses"] = append(out["addresses"], fmt.Sprintf("room%d@example.com", i))
		out["short"] = append(out["short"], fmt.Sprintf("m%d", i))
		out["endings"] = append(out["endings"], fmt.Sprintf("0e5c4c2c-7f5b-4d7e-9f4a-%012d", i))
	}
	return out
}

func TestMailboxesAreSpreadOverTheRound(t *testing.T) {
	const many = 2000
	round := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for spec, room := range map[string]time.Duration{
		"@every 1m": time.Minute, "@every 10s": 10 * time.Second, "@every 1h": time.Hour, "* * * * *": time.Minute, "0 * * * *": time.Minute,
	} {
		s := parsed(t, spec)
		for kind, mailboxes := range names(many) {
			var tenths [10]int
			for _, mailbox := range mailboxes {
				in := s.Next(mailbox, round.Add(-1)).Sub(round)
				if in < 0 || in >= room {
					t.Fatalf("%q: %s comes %v after the round began", spec, mailbox, in)
				}
				tenths[in*10/room]++
				if again := s.Next(mailbox, round.Add(-1)).Sub(round); again != in {
					t.Fatalf("%q: %s comes after %v, and after %v", spec, mailbox, in, again)
				}
			}
			if slices.Min(tenths[:]) < many/20 || slices.Max(tenths[:]) > many*3/20 {
				t.Errorf("%q, %s: in the tenths of the round come %v", spec, kind, tenths)
			}
		}
	}
}

func TestAStartReachesEverybodySoonAndNotAtOnce(t *testing.T) {
	start := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, spec := range []string{"@every 1m", "@daily", "@every 2s"} {
		s := parsed(t, spec)
		early := 0
		for _, mailbox := range names(1000)["addresses"] {
			in := s.First(mailbox, start).Sub(start)
			if in < 0 || in > 10*time.Second {
				t.Fatalf("%q: %s comes after %v", spec, mailbox, in)
			}
			if in < time.Second {
				early++
			}
		}
		if early > 200 && spec != "@every 2s" {
			t.Errorf("%q: %d of 1000 come in the first second", spec, early)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{"* * * * *", "@every 1m", "TZ=0", "CRON_TZ=UTC 0 0 29 2 *", "1-5/2,7 */3 L ? MON", "@every 0s"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		s, err := Parse(spec)
		if err != nil {
			return
		}
		now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
		next := s.Next("m", now)
		if !next.After(now) || !s.Next("m", next).After(next) {
			t.Errorf("%q: after %v comes %v", spec, now, next)
		}
		if first := s.First("m", now); first.Before(now) || first.After(now.Add(10*time.Second)) {
			t.Errorf("%q: first at %v", spec, first)
		}
	})
}
