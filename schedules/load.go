package schedules

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// load knows whether there is more to do than can be done. What was due first is always done first, so where it is too much every
// mailbox waits alike, and none for ever.
type load struct {
	behind atomic.Int64 // nanoseconds; 0 while all is well
	since  time.Time    // since when mailboxes are late; zero while they are not
}

const (
	tooLate = 10 * time.Second // is more than a busy second or two
	forLong = 10 * time.Second // is no hiccup
)

func (l *load) late() time.Duration { return time.Duration(l.behind.Load()) }

// heard looks at what the queue gave.
func (l *load) heard(taken Taken, w width, log zerolog.Logger, now time.Time) {
	var late time.Duration
	for _, j := range taken.Jobs {
		late = max(late, j.Late)
	}
	if late < tooLate || taken.Waiting == 0 {
		l.since = time.Time{}
		if l.behind.Swap(0) > 0 {
			log.Info().Msg("no longer overloaded: mailboxes are swept in time")
		}
		return
	}
	if l.since.IsZero() {
		l.since = now
	}
	if now.Sub(l.since) < forLong {
		return
	}
	if l.behind.Swap(int64(late)) == 0 {
		log.Warn().Dur("late", late).Int("waiting", taken.Waiting).Int("at_once", w.now).Str("held_by", string(w.held)).
			Msg("overloaded: all mailboxes are swept later than due, none is passed over; add a daemon, or sweep less often")
	}
}
