// Package sweep brings one mailbox up to date, from its lease to its cursor:
//
//	lease → round of changes → decide (package delta) → apply → remember → move the cursor
//
// Everything here may be cut off at any point and done again. An event is settled when it is done, needs nothing, or is written
// down for another try; the cursor moves only past settled events. Every effect is preceded by a look whether the lease still
// holds, and every write to an event carries the version that the decision was based on.
package sweep

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/parser"
)

// Sweeper sweeps mailboxes. Its fields are set before the first sweep and not changed after.
type Sweeper struct {
	Open     func(m delta.Mailbox) Calendar
	Claim    func(ctx context.Context, m delta.Mailbox) (Memory, error)
	Peek     func(ctx context.Context, m delta.Mailbox) (Memory, error) // for dry runs
	Meetings Meetings
	Pauses   Pauses
	Quotas   Quotas
	Keys     delta.Keys
	Policy   delta.Policy
	Limit    Limit
	Behind   time.Duration // window
	Ahead    time.Duration
	Language string // of all blocks; "" for each mailbox's own
	Parts    parser.Parts
	Log      zerolog.Logger
	// Eager tries every waiting event again whose vendor did not ask to wait, and not only those whose time has come.
	Eager bool
	// Patience is how long to wait for a mailbox that somebody else has; one lease, if he died. 0 leaves it to the next sweep.
	Patience time.Duration
	// Lists, if set, tells which of some addresses are distribution lists. Those are neither invited nor taken into spaces.
	Lists func(ctx context.Context, addresses []string) ([]string, error)
	// Stopping, once closed, ends sweeps before their next event.
	Stopping <-chan struct{}
	// Watch, if set, is told of each decision that does something, and how carrying it out went.
	Watch func(delta.Mailbox, delta.Seen, delta.Decision, error)

	// Freed, if set, is told of mailboxes that were parked for what turned out to be everybody's trouble.
	Freed func(delta.Mailbox)

	rooms  roomCache
	spaces spaceIndex
	alarm  alarm
}

// Sweep brings a mailbox up to date. The report says what was done even where there is an error; an error says that the
// mailbox could not be served, not that an event of it could not.
func (s *Sweeper) Sweep(ctx context.Context, m delta.Mailbox) (*Report, error) {
	began := time.Now()
	report := newReport()
	if err := s.alarm.wait(began); err != nil {
		return report, err
	}
	memory, err := s.claim(ctx, m)
	switch {
	case err == nil:
	case ctx.Err() != nil, errors.Is(err, delta.ErrLeased):
		return report, err
	default:
		return report, ofStore(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stopRenewing := keepLease(ctx, cancel, memory)
	r := &run{Sweeper: s, mailbox: m, calendar: s.Open(m), memory: memory, report: report, now: began, log: mailboxLog{&s.Log, m.Address}}
	r.calendar.Tell(r.throttled)
	err = r.sweep(ctx)
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, delta.ErrLeaseLost) {
		err = cause
	}
	cancel(nil)
	stopRenewing()
	s.judge(ctx, r, err)
	if err == nil {
		s.log(m, report, time.Since(began))
	}
	return report, err
}

// Plan tells what a sweep would do, and writes nothing anywhere.
func (s *Sweeper) Plan(ctx context.Context, m delta.Mailbox) (*Report, error) {
	report := newReport()
	memory, err := s.Peek(ctx, m)
	if err != nil {
		return report, err
	}
	silent := zerolog.Nop()
	r := &run{Sweeper: s, mailbox: m, calendar: s.Open(m), memory: memory, report: report, now: time.Now(), dry: true, log: mailboxLog{&silent, m.Address}}
	return report, r.sweep(ctx)
}

// log writes the one line of a sweep. Errors are the caller's to tell of.
func (s *Sweeper) log(m delta.Mailbox, r *Report, took time.Duration) {
	level := zerolog.InfoLevel
	if r.Items == 0 && r.Changed == 0 && r.Retrying == 0 {
		level = zerolog.DebugLevel // an idle mailbox is not worth a line a minute
	}
	s.Log.WithLevel(level).Str("mailbox", m.Address).Int("items", r.Items).Int("changed", r.Changed).Int("created", r.Created).
		Int("updated", r.Updated).Int("deleted", r.Deleted).Int("patched", r.Patched).Int("retrying", r.Retrying).
		Dur("took", took).Msg("swept")
}

// mailboxLog names the mailbox in each line. Most sweeps write none, and a logger of their own would cost each of them.
type mailboxLog struct {
	log     *zerolog.Logger
	mailbox string
}

func (l mailboxLog) Info() *zerolog.Event  { return l.log.Info().Str("mailbox", l.mailbox) }
func (l mailboxLog) Warn() *zerolog.Event  { return l.log.Warn().Str("mailbox", l.mailbox) }
func (l mailboxLog) Error() *zerolog.Event { return l.log.Error().Str("mailbox", l.mailbox) }
