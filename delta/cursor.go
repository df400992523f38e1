package delta

import "time"

// Cursor is how far a mailbox's calendar was followed.
type Cursor struct {
	Address     string
	Link        string // delta link of the last complete round; "" asks for a full round
	WindowStart time.Time
	WindowEnd   time.Time
	Generation  int // full rounds so far
	SweptAt     time.Time
	ChangedAt   time.Time // last sweep that found something changed
	State       State
	Reason      Reason
	// NextAt is the earliest time of the next sweep where Retry-After or a slow probe binds; else zero.
	NextAt    time.Time
	OrphansAt time.Time // next search for meetings without an event
	// EmptySince is since when a calendar is empty that was never seen otherwise since the store was lost, or that such meetings were found
	// for; else zero.
	EmptySince time.Time
	ViewUntil  time.Time // until when the calendar is listed, because rounds of changes do not end; else zero
	Host       string    // the owner's primary address, by which Webex knows him
	Language   string    // the mailbox's language, as Graph writes it
	// Starts are when the next meetings begin, soonest first: some, and perhaps one that was moved since.
	Starts Times
}

// State is how a mailbox is.
type State string

// The states of a mailbox.
const (
	New     State = "new"     // enrolled, not swept yet
	Syncing State = "syncing" // its first round is not complete
	OK      State = "ok"
	Held    State = "held"   // removals above the limit wait for an operator
	Parked  State = "parked" // cannot be read
)

// windowGrid is how coarse the bounds of a window are. A new window costs a full round, so it rolls once a week, in an hour of
// the week that is each mailbox's own.
const windowGrid = 7 * 24 * time.Hour

// Window gives the bounds of the window for a mailbox at a time: at least behind back and ahead forward.
func Window(mailbox string, now time.Time, behind, ahead time.Duration) (start, end time.Time) {
	phase := time.Duration(Spread(mailbox)%uint64(windowGrid/time.Hour)) * time.Hour
	floor := func(t time.Time) time.Time { return t.Add(-phase).Truncate(windowGrid).Add(phase) }
	start = floor(now.Add(-behind))
	end = floor(now.Add(ahead)).Add(windowGrid)
	return start.UTC(), end.UTC()
}

// Spread is an even number for a mailbox, the same in every process (FNV-1a).
func Spread(mailbox string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(mailbox) {
		h = (h ^ uint64(mailbox[i])) * 1099511628211
	}
	return h
}

// InWindow reports whether the cursor's link covers what the window at now has to cover.
func (c Cursor) InWindow(now time.Time, behind, ahead time.Duration) bool {
	return !c.WindowStart.After(now.Add(-behind)) && !c.WindowEnd.Before(now.Add(ahead))
}
