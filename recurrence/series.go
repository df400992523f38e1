package recurrence

import (
	"iter"
	"sort"
	"strings"
	"time"
)

// Series is the occurrences of a series master, as Exchange means them, before any exception. The zero value has none.
type Series struct {
	pattern pattern
	zone    *time.Location
	minute  int // wall clock start, minutes from midnight
	length  int // wall clock minutes from start to end
	n       int // occurrences up to the end of the range or of Exchange's calendar
	ends    end
}

type end int

const (
	never end = iota
	byDate
	byCount
)

// New reads a master's recurrence with its own start and end, and the zone it recurs in (see Zone). Seconds are dropped, as
// Exchange and Webex both do.
//
// The start has to be the first date of the pattern. Where it is none, the first date after it begins the series, but only
// if that cannot change the dates that follow; else the error is StartOffPattern. Other errors are PatternUnknown,
// PatternMalformed and ZoneMissing.
func New(r Recurrence, start, end time.Time, zone *time.Location) (Series, error) {
	if zone == nil {
		return Series{}, because(ZoneMissing, "no zone")
	}
	at, minute := wall(start, zone)
	until, endMinute := wall(end, zone)
	s := Series{zone: zone, minute: minute, length: int(until-at)*24*60 + endMinute - minute}
	if at < firstDay || at > lastDay || s.length < 0 {
		return Series{}, because(PatternMalformed, "start or end")
	}
	from, given, err := parseDay(r.Range.StartDate)
	if err != nil {
		return Series{}, err
	}
	if !given {
		from = at
	}
	if from < firstDay {
		return Series{}, because(PatternMalformed, "startDate")
	}
	if s.pattern, err = parsePattern(r.Pattern, from); err != nil {
		return Series{}, err
	}
	if first := s.pattern.date(0); first != at {
		ambiguous := s.pattern.skipsFirst() && s.pattern.interval > 1
		if from != at || ambiguous {
			return Series{}, because(StartOffPattern, "the event starts on another date than its pattern")
		}
	}
	if err := s.bound(r.Range); err != nil {
		return Series{}, err
	}
	return s, nil
}

// bound counts the occurrences of the range.
func (s *Series) bound(r Range) error {
	limit := lastDay
	switch strings.ToLower(r.Type) {
	case "noend":
	case "enddate":
		s.ends = byDate
		last, given, err := parseDay(r.EndDate)
		if err != nil {
			return err
		}
		if !given {
			return because(PatternMalformed, "no endDate")
		}
		limit = last
	case "numbered":
		s.ends = byCount
		if r.NumberOfOccurrences < 1 {
			return because(PatternMalformed, "numberOfOccurrences %d", r.NumberOfOccurrences)
		}
	default:
		return because(PatternUnknown, "range type %.40q", r.Type)
	}
	// At most seven dates in interval weeks, so this is more than there can be.
	most := int(lastDay-s.pattern.start)/s.pattern.interval + 8
	s.n = sort.Search(most, func(i int) bool { return s.pattern.date(i) > limit })
	if s.ends == byCount {
		s.n = min(s.n, r.NumberOfOccurrences)
	}
	if s.n == 0 {
		return because(PatternMalformed, "the range has no date of the pattern")
	}
	return nil
}

// at is the start of occurrence i; same is false where a clock change skips its time.
func (s Series) at(i int) (t time.Time, same bool) {
	return instant(s.pattern.date(i), s.minute, s.zone)
}

// index is the number of the first occurrence at or after t; s.n if there is none.
func (s Series) index(t time.Time) int {
	return sort.Search(s.n, func(i int) bool {
		start, _ := s.at(i)
		return !start.Before(t)
	})
}

// All yields the start of each occurrence in the series' zone, in order. A series without end yields up to 31 August 4500,
// about a million dates: stop early.
func (s Series) All() iter.Seq[time.Time] { return s.from(0) }

// From yields the starts at or after t. It does not walk through those before t.
func (s Series) From(t time.Time) iter.Seq[time.Time] { return s.from(s.index(t)) }

func (s Series) from(i int) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		var previous time.Time
		for ; i < s.n; i++ {
			start, _ := s.at(i)
			if !previous.IsZero() && !start.After(previous) {
				continue
			}
			if !yield(start) {
				return
			}
			previous = start
		}
	}
}

// Next is the first start at or after t, if any is left.
func (s Series) Next(t time.Time) (start time.Time, ok bool) {
	i := s.index(t)
	if i == s.n {
		return time.Time{}, false
	}
	start, _ = s.at(i)
	return start, true
}

// Endless says that the range has no end.
func (s Series) Endless() bool { return s.n > 0 && s.ends == never }

// Last is the start of the last occurrence; ok is false for a series without end.
func (s Series) Last() (start time.Time, ok bool) {
	if s.n == 0 || s.ends == never {
		return time.Time{}, false
	}
	start, _ = s.at(s.n - 1)
	return start, true
}

// LastEnd is when the last occurrence is over; ok is false for a series without end. Lengths are wall clock lengths: an
// occurrence from 23:00 to 04:00 lasts four or six hours when the clock changes in between.
func (s Series) LastEnd() (end time.Time, ok bool) {
	start, ok := s.Last()
	if !ok {
		return time.Time{}, false
	}
	return s.end(s.n-1, start), true
}

// end is the end of occurrence i, never before its start.
func (s Series) end(i int, start time.Time) time.Time {
	end, _ := instant(s.pattern.date(i), s.minute+s.length, s.zone)
	if end.Before(start) {
		return start
	}
	return end
}
