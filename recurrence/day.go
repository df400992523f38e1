package recurrence

import "time"

// day is a date without a zone: days since 1 January 1970.
type day int

const (
	firstDay day = -134774 // 1 January 1601, where Exchange's calendar begins (MS-OXOCAL 2.2.1.44.1)
	lastDay  day = 924306  // 31 August 4500, where it ends
)

func dayOf(year int, month time.Month, dom int) day {
	return day(time.Date(year, month, dom, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func (d day) date() (year int, month time.Month, dom int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

func (d day) weekday() time.Weekday { return time.Weekday(mod(int(d)+4, 7)) }

// month counts months since January of year 0.
type month int

func monthOf(d day) month {
	y, m, _ := d.date()
	return month(y*12 + int(m) - 1)
}

func (m month) first() day { return dayOf(int(m)/12, time.Month(m%12+1), 1) }

func (m month) length() int { return int((m + 1).first() - m.first()) }

// parseDay reads yyyy-MM-dd. Graph's "no date" (0001-01-01) and an absent one are ok=false without error.
func parseDay(s string) (d day, ok bool, err error) {
	if s == "" {
		return 0, false, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, false, because(PatternMalformed, "date %.20q", s)
	}
	if t.Year() == 1 {
		return 0, false, nil
	}
	d = dayOf(t.Date())
	return min(d, lastDay), true, nil
}

// instant is the moment at which a wall clock shows minute (from midnight, any number) on d. same is false where the clock
// skips that time; then it is the moment reached with the offset before the change.
func instant(d day, minute int, zone *time.Location) (t time.Time, same bool) {
	wall := int64(d)*86400 + int64(minute)*60
	offset := func(unix int64) int64 {
		_, seconds := time.Unix(unix, 0).In(zone).Zone()
		return int64(seconds)
	}
	before, after := offset(wall-86400), offset(wall+86400)
	first, second := wall-before, wall-after
	switch {
	case offset(first) == before:
		return time.Unix(first, 0).In(zone), true
	case offset(second) == after:
		return time.Unix(second, 0).In(zone), true
	}
	return time.Unix(first, 0).In(zone), false
}

// wall is the date and the minute of the day that a clock in zone shows at t.
func wall(t time.Time, zone *time.Location) (d day, minute int) {
	t = t.In(zone)
	return dayOf(t.Date()), t.Hour()*60 + t.Minute()
}

func mod(a, n int) int { return (a%n + n) % n }
