package sweep

import (
	"slices"
	"testing"
	"time"

	"syncd/delta"
)

// Order within a round means nothing but this: what comes later of an event was said later.
func TestTheLastCopyOfAnEventInARoundCounts(t *testing.T) {
	noon := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	first, second := delta.Event{ID: "a", Subject: "first"}, delta.Event{ID: "a", Subject: "second"}
	gone := delta.Event{ID: "a", Removed: true}
	bare := delta.Event{ID: "a", Bare: true, SeriesID: "s", Start: noon}
	for name, c := range map[string]struct {
		round []delta.Event
		want  delta.Event
		there bool
	}{
		"changed twice":        {[]delta.Event{first, second}, second, true},
		"removed after":        {[]delta.Event{first, gone}, gone, false},
		"back after a removal": {[]delta.Event{gone, second}, second, true},
		"like all others":      {[]delta.Event{first, bare}, delta.Event{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := newChanges()
			got.prepare()
			for _, e := range c.round {
				got.fold(&e)
			}
			var e delta.Event
			if kept := got.events["a"]; kept != nil {
				e = *kept
			}
			if e.Subject != c.want.Subject || e.Removed != c.want.Removed || got.seen["a"] != c.there {
				t.Errorf("%+v, there %v", e, got.seen["a"])
			}
			if name == "like all others" && !slices.Equal(got.plain["s"], []time.Time{noon}) {
				t.Errorf("%v", got.plain)
			}
		})
	}
}
