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
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/parser"
)

// Calendar is where changes come from and join details go to: the primary calendar of one mailbox.
type Calendar interface {
	Round(ctx context.Context, link string, start, end time.Time) iter.Seq2[delta.Page, error]
	// View lists a window as if it were a round that begins anew.
	View(ctx context.Context, start, end time.Time) iter.Seq2[delta.Page, error]
	Event(ctx context.Context, id string) (e delta.Event, mark string, err error)
	Patch(ctx context.Context, id, etag string, p delta.Patch) (newETag string, modified time.Time, err error)
	// Ours lists the single events and series of the calendar with a tag property of ours, but for those that ended before.
	Ours(ctx context.Context, since time.Time) ([]string, error)
	// IDs lists all single events and series of the calendar, whenever they are.
	IDs(ctx context.Context) ([]string, error)
	// Marked lists the events of the whole mailbox whose tag property has a value.
	Marked(ctx context.Context, tag string) ([]string, error)
	// Dropped lists the days, as yyyy-mm-dd in the series' zone, of a series' occurrences that were cancelled. known is false
	// where the calendar does not tell.
	Dropped(ctx context.Context, master string) (days []string, known bool, err error)
	Host(ctx context.Context) (string, error)
	// Addresses are all by which the owner may be known, the primary one first.
	Addresses(ctx context.Context) ([]string, error)
	Language(ctx context.Context) (string, error)
}

// Meetings is where meetings are made.
type Meetings interface {
	Tagged(ctx context.Context, host, tag string, from, to time.Time) ([]delta.Meeting, error)
	Occurrences(ctx context.Context, host string, from, to time.Time) ([]delta.Meeting, error)
	Meeting(ctx context.Context, host, id string) (delta.Meeting, error)
	Create(ctx context.Context, r delta.MeetingRequest) (delta.Meeting, error)
	Update(ctx context.Context, id string, r delta.MeetingRequest) error
	Delete(ctx context.Context, host, id string) error
	Room(ctx context.Context, host string) (parser.Details, error)
	Company
}

// Memory is what is remembered of one mailbox, under a lease.
type Memory interface {
	Cursor() delta.Cursor
	Waiting() []delta.Waiting
	HeldRemovals() []string
	// Accepted are those of them that an operator released.
	Accepted() []string
	Resync() *delta.Resync
	// Broken reports that the sweep before did not come to its end.
	Broken() bool
	Records(ctx context.Context, ids []string) (map[string]delta.Record, error)
	AllRecords(ctx context.Context) (map[string]delta.Record, error)
	Write(ctx context.Context, b delta.Batch) error
	Holds() error
	LeaseTTL() time.Duration
}

// Pauses is where all daemons see until when Webex wants to be left alone. Its limits are the account's, not the mailbox's.
type Pauses interface {
	WebexPause(ctx context.Context) (until time.Time, err error)
	PauseWebex(ctx context.Context, until time.Time) error
}

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
	if err != nil {
		return report, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stopRenewing := keepLease(ctx, cancel, memory)
	r := &run{Sweeper: s, mailbox: m, calendar: s.Open(m), memory: memory, report: report, now: began, log: mailboxLog{&s.Log, m.Address}}
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

// claim takes the lease, and waits for it as long as Patience says.
func (s *Sweeper) claim(ctx context.Context, m delta.Mailbox) (Memory, error) {
	const tries = 20
	for try := 0; ; try++ {
		memory, err := s.Claim(ctx, m)
		if !errors.Is(err, delta.ErrLeased) || try >= tries || s.Patience == 0 {
			return memory, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(s.Patience / tries):
		}
	}
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

// keepLease keeps the lease alive until ctx ends, and ends ctx when the lease is lost or cannot be proven any more. Most sweeps
// are over before it has to do anything. stop, called once ctx has ended, waits for it.
func keepLease(ctx context.Context, cancel context.CancelCauseFunc, memory Memory) (stop func()) {
	var renewing sync.WaitGroup
	renewing.Add(1)
	every := memory.LeaseTTL() / 3
	timer := time.AfterFunc(every, func() {
		defer renewing.Done()
		renew(ctx, cancel, memory, every)
	})
	return func() {
		if !timer.Stop() {
			renewing.Wait()
		}
	}
}

func renew(ctx context.Context, cancel context.CancelCauseFunc, memory Memory, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for ctx.Err() == nil {
		err := memory.Write(ctx, delta.Batch{})
		if errors.Is(err, delta.ErrLeaseLost) || memory.Holds() != nil {
			cancel(delta.ErrLeaseLost)
			return
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
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

// run is one sweep of one mailbox. It is used by one goroutine.
type run struct {
	*Sweeper
	mailbox  delta.Mailbox
	calendar Calendar
	memory   Memory
	report   *Report
	log      mailboxLog
	now      time.Time
	dry      bool

	cursor  delta.Cursor
	records map[string]delta.Record // event id → what is remembered, of the events of this round
	full    bool                    // a round over the whole window
	all     bool                    // records holds all that is remembered, not only of the round's events
	waiting map[string]time.Time    // event id → its next try, of the events that wait
	dead    set                     // events whose meeting is gone at Webex, as a list showed
	reset   set                     // series whose times were told to Webex in this sweep
	words   *parser.Words
	gone    []string // events that a GET found gone while they were settled
	// hostRead says that the owner's address was read in this sweep.
	hostRead bool
	rehosted bool // whether Webex knows the owner by another address was looked for
	daily    bool // what is looked at once a day is looked at in this sweep
	// webexLater is when Webex wants to be asked again; until then its events wait.
	webexLater *delta.LaterError
	quotaLater *delta.LaterError // when the quota of new meetings is asked again
	newborn    set               // meetings and spaces that this sweep made, and that nobody is in yet
	owing      set               // events whose spaces are tried again
	parked     bool              // this sweep parked the mailbox
	pauseRead  bool              // the shared pause was looked at
	// stranger says that Webex did not know the owner when it was last asked for a meeting of his.
	stranger bool
}

// set is made when something is put into it.
type set map[string]bool

func (s *set) add(id string) {
	if *s == nil {
		*s = set{}
	}
	(*s)[id] = true
}

// sweep is the story of a sweep.
func (r *run) sweep(ctx context.Context) error {
	r.cursor = r.memory.Cursor()
	r.cursor.Address = r.mailbox.Address
	for i, w := range r.memory.Waiting() {
		if i == 0 {
			r.waiting = map[string]time.Time{}
		}
		r.waiting[w.ID] = w.At
	}
	r.stranger = r.cursor.Reason == delta.Unknown && len(r.waiting) > 0
	if err := r.bound(); err != nil {
		return r.stop(ctx, err)
	}
	if r.Policy.Withdraw {
		return r.leave(ctx)
	}
	changes, err := r.fetch(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	if err := r.settle(ctx, changes); err != nil {
		return r.fail(ctx, err)
	}
	if err := r.owed(ctx); err != nil {
		return r.fail(ctx, err)
	}
	if err := r.orphans(ctx, changes); err != nil {
		return r.fail(ctx, err)
	}
	return r.finish(ctx, changes)
}

// bound refuses to ask before a Retry-After has passed, also one that another process was given.
func (r *run) bound() error {
	if r.cursor.Reason == delta.Withdrawing && !r.Policy.Withdraw {
		return &delta.LaterError{At: r.now.Add(ParkedProbe), Err: delta.ErrWithdrawing}
	}
	if (r.cursor.Reason == delta.Throttled || r.cursor.Reason == delta.Withdrawing) && r.now.Before(r.cursor.NextAt) {
		return &delta.LaterError{At: r.cursor.NextAt, Err: fmt.Errorf("%w until %s", delta.ErrThrottled, r.cursor.NextAt.Format(time.RFC3339))}
	}
	return nil
}

// stop gives the lease back and changes nothing else.
func (r *run) stop(ctx context.Context, why error) error {
	if r.dry {
		return why
	}
	return errors.Join(why, r.memory.Write(ctx, delta.Batch{GiveUp: true}))
}

// fail remembers why the mailbox could not be served. The cursor stays where it is.
func (r *run) fail(ctx context.Context, why error) error {
	if r.dry || ctx.Err() != nil || errors.Is(why, delta.ErrLeaseLost) {
		return why
	}
	if errors.Is(why, ErrStopped) {
		return r.stop(ctx, why)
	}
	c := r.memory.Cursor() // not what this round made of it
	c.Address, c.SweptAt, c.Host, c.Language = r.cursor.Address, r.now, r.cursor.Host, r.cursor.Language
	c.Reason, c.NextAt = ReasonOf(why), time.Time{}
	r.searchSoon(&c)
	var later *delta.LaterError
	if errors.As(why, &later) {
		c.Reason, c.NextAt = delta.Throttled, later.At
	}
	switch {
	case errors.Is(why, delta.ErrMailbox), errors.Is(why, delta.ErrAccess):
		c.State, c.NextAt = delta.Parked, r.now.Add(ParkedProbe)
		r.parked = true
	case c.State == delta.New:
		c.State = delta.Syncing
	}
	return errors.Join(why, r.memory.Write(ctx, delta.Batch{Cursor: &c, GiveUp: true}))
}

// ParkedProbe is how often a mailbox that refuses is asked again.
const ParkedProbe = time.Hour

// finish moves the cursor: the last step, past settled events only.
func (r *run) finish(ctx context.Context, changes *changes) error {
	if r.dry {
		return nil
	}
	r.cursor.Link, r.cursor.SweptAt, r.cursor.NextAt, r.cursor.Reason = changes.link, r.now, time.Time{}, ""
	r.cursor.Starts = r.starts(changes)
	switch {
	case len(changes.seen) > 0:
		r.cursor.EmptySince = time.Time{}
	case r.cursor.Generation == 0 && r.cursor.EmptySince.IsZero():
		r.cursor.EmptySince = r.now
	}
	if r.full {
		r.cursor.Generation++
	}
	if r.report.Changed > 0 {
		r.cursor.ChangedAt = r.now
	}
	r.cursor.State = delta.OK
	switch {
	case !r.cursor.ViewUntil.IsZero():
		r.cursor.Reason = delta.Loop
	case r.stranger:
		r.cursor.Reason = delta.Unknown
	}
	batch := delta.Batch{Cursor: &r.cursor, NewLink: changes.link != r.memory.Cursor().Link, GiveUp: true}
	if r.report.Held > 0 {
		r.cursor.State, r.cursor.Reason = delta.Held, delta.HeldBack
	}
	if resync := r.memory.Resync(); resync != nil && r.full {
		batch.Served = resync
	}
	// If we crash here the round comes again from the old link, and finds everything done.
	if err := r.memory.Write(ctx, batch); err != nil {
		return fmt.Errorf("moving the cursor: %w", err)
	}
	r.report.Cursor = r.cursor
	return nil
}

// write remembers something, unless this is a dry run.
func (r *run) write(ctx context.Context, b delta.Batch) error {
	if r.dry || b.Empty() {
		return nil
	}
	return r.memory.Write(ctx, b)
}

// remember is write for one settled event.
func (r *run) remember(ctx context.Context, id string, record delta.Record) error {
	r.records[id] = record
	return r.write(ctx, delta.Batch{Records: map[string]delta.Record{id: record}})
}

// interim remembers how far an event is, in case this is as far as it gets.
func (r *run) interim(ctx context.Context, id string, record delta.Record) error {
	r.records[id] = record
	return r.store(r.write(ctx, delta.Batch{Interim: map[string]delta.Record{id: record}}))
}

func (r *run) forget(ctx context.Context, id string) error {
	delete(r.records, id)
	return r.write(ctx, delta.Batch{Forget: []string{id}})
}
