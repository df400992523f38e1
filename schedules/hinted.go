package schedules

import "time"

// Hints are what is known of the hints that come for a mailbox. The zero value is that of none.
type Hints struct {
	// Since is since when every change should have been hinted at; zero where none is now.
	Since time.Time
	Heard time.Time // when a hint came last; zero for never
}

const (
	// settling is for how long after Since hints are not relied on yet: a sweep may have begun before.
	settling = 10 * time.Minute
	// hintAhead is how long before the sweep that finds a change its hint may have come. A sweep follows a hint within seconds, unless the
	// vendor has asked to wait.
	hintAhead = 5 * time.Minute
)

// hinted reports whether the longer rhythm is enough for a mailbox: its changes should be hinted at, and the last one that a sweep
// found was. Graph's notifications take up to three minutes (change-notifications-delivery-latency), so a hint may come after the
// sweep that found the change; until it comes the mailbox has the short rhythm.
func (t Timetable) hinted(f Facts, now time.Time) bool {
	if t.Hinted == nil || f.Hints.Since.IsZero() || now.Sub(f.Hints.Since) < settling {
		return false
	}
	told := !f.Changed.After(f.Hints.Since.Add(settling)) // what changed before cannot have been hinted at
	return told || !f.Hints.Heard.Before(f.Changed.Add(-hintAhead))
}
