package recurrence

import (
	"iter"
	"strings"
	"time"
)

// basicUTC is the form of UTC times in UNTIL and in Webex's occurrence ids.
const basicUTC = "20060102T150405Z"

// OccurrenceID is the id of the occurrence of a Webex series that starts at start: "<series>_<yyyymmddThhmmssZ>".
func OccurrenceID(series string, start time.Time) string {
	return series + "_" + start.UTC().Format(basicUTC)
}

// ParseOccurrenceID takes an OccurrenceID apart. Ids of a series ("<series>") and of a meeting that has been held
// ("<series>_I_<n>") are not ok.
func ParseOccurrenceID(id string) (series string, start time.Time, ok bool) {
	i := strings.LastIndexByte(id, '_')
	if i <= 0 {
		return "", time.Time{}, false
	}
	start, err := time.Parse(basicUTC, id[i+1:])
	if err != nil || OccurrenceID(id[:i], start) != id {
		return "", time.Time{}, false
	}
	return id[:i], start, true
}

// OccurrenceIDs yields the ids of the occurrences at or after t, in order. As All, it is long for a series without end.
func (s Series) OccurrenceIDs(series string, t time.Time) iter.Seq[string] {
	return func(yield func(string) bool) {
		for start := range s.From(t) {
			if !yield(OccurrenceID(series, start)) {
				return
			}
		}
	}
}
