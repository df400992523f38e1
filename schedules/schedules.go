// Package schedules is the timetable: it says when a mailbox is due and sees to it that it is worked on then, by a bounded
// number of workers, and never by two at once.
//
// The rhythm is a cron expression. Cron only says when; mailboxes are spread over the time until the next round by a jitter of
// their own, the same each time, so that a thousand of them do not ask at the same second. One that is still being worked on
// when it is due again is not started twice, it is late.
package schedules

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when rounds begin.
type Schedule struct{ cron cron.Schedule }

// Parse reads a cron expression of five fields, or "@every 1m". Times are UTC unless the expression begins with CRON_TZ=.
func Parse(spec string) (s Schedule, err error) {
	defer func() {
		if recover() != nil { // the parser panics on some input, as "TZ=0"
			err = fmt.Errorf("%q is no cron expression", spec)
		}
	}()
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is no cron expression: %w", spec, err)
	}
	if parsed.Next(time.Now()).IsZero() {
		return Schedule{}, fmt.Errorf("cron expression %q never comes", spec)
	}
	return Schedule{parsed}, nil
}

// Next is when the round after t reaches a mailbox: the next time of the schedule, and the mailbox's own part of the time until
// the one after that, at most a minute.
func (s Schedule) Next(mailbox string, t time.Time) time.Time {
	round := s.cron.Next(t.UTC())
	room := min(s.cron.Next(round).Sub(round), time.Minute)
	return round.Add(time.Duration(share(mailbox) * float64(room)))
}

// First is when a mailbox that nothing is known of is due after a start at t: soon, but not all at once.
func (s Schedule) First(mailbox string, t time.Time) time.Time {
	return t.Add(time.Duration(share(mailbox) * float64(min(s.Next(mailbox, t).Sub(t), 10*time.Second))))
}

// share is a mailbox's own number between 0 and 1.
func share(mailbox string) float64 {
	h := fnv.New32a()
	h.Write([]byte(mailbox))
	return float64(h.Sum32()) / (1 << 32)
}
