// Package schedules is the timetable: it says when a mailbox is due and sees to it that it is worked on then, by a bounded
// number of workers, and never by two at once.
//
// The rhythm is a cron expression. It says when rounds begin; within a round each mailbox has a place of its own, the same each
// time and in every process, so that a thousand of them do not ask at the same second. One that is still being worked on
// when it is due again is not started twice: it is late, and keeps its place.
package schedules

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when rounds begin.
type Schedule struct {
	rounds cron.Schedule
	room   time.Duration // that mailboxes are spread over, at most
}

// Parse reads a cron expression of five fields, or "@every 1m". Times are UTC unless the expression begins with CRON_TZ=.
func Parse(spec string) (s Schedule, err error) {
	defer func() {
		if recover() != nil { // the parser panics on some input, as "TZ=0"
			err = fmt.Errorf("%q is no cron expression", spec)
		}
	}()
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	rounds, err := parser.Parse(strings.TrimSpace(spec))
	if err != nil {
		return Schedule{}, fmt.Errorf("%q is no cron expression: %w", spec, err)
	}
	if _, ok := rounds.(cron.ConstantDelaySchedule); ok {
		return parseEvery(spec)
	}
	if rounds.Next(time.Now()).IsZero() {
		return Schedule{}, fmt.Errorf("cron expression %q never comes", spec)
	}
	return Schedule{rounds: rounds, room: time.Minute}, nil
}

// parseEvery reads "@every 1m". The parser itself rounds to seconds, and a typing error to one.
func parseEvery(spec string) (Schedule, error) {
	_, text, _ := strings.Cut(spec, "@every ")
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < time.Second || d%time.Second != 0 {
		return Schedule{}, fmt.Errorf("%q: want whole seconds, at least one", spec)
	}
	return Schedule{rounds: every(d), room: d}, nil
}

// every is rounds that begin at the whole multiples of a time, not some time after the last sweep: else each sweep would come
// later by how long the one before took.
type every time.Duration

// Next implements [cron.Schedule].
func (e every) Next(t time.Time) time.Time {
	return t.Truncate(time.Duration(e)).Add(time.Duration(e))
}

// Next is when the schedule reaches a mailbox for the next time after t: a round, and the mailbox's own part of the time until
// the one after that; of cron's rounds at most a minute.
func (s Schedule) Next(mailbox string, t time.Time) time.Time {
	t = t.UTC()
	part := share(mailbox)
	round := s.rounds.Next(t.Add(-s.room)) // one that began already may still come to the mailbox
	for !round.IsZero() {
		following := s.rounds.Next(round)
		room := s.room
		if !following.IsZero() {
			room = min(room, following.Sub(round))
		}
		if at := round.Add(time.Duration(part * float64(room))); at.After(t) {
			return at
		}
		round = following
	}
	return t.AddDate(5, 0, 0) // cron looks no further
}

// First is when a mailbox that nothing is known of is due after a start at t: soon, but not all at once.
func (s Schedule) First(mailbox string, t time.Time) time.Time {
	const soon = 10 * time.Second
	return t.Add(time.Duration(share(mailbox) * float64(min(s.Next(mailbox, t).Sub(t), soon))))
}

// share is a mailbox's own number, at least 0 and below 1, the same in every process. It is spread evenly however alike the
// names are.
func share(mailbox string) float64 {
	sum := sha256.Sum256([]byte(mailbox))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
