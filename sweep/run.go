package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/delta"
	"syncd/parser"
)

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
	unclear    bool              // whether Webex made a meeting is not known
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
	if r.cursor.Address != r.mailbox.Address { // by the old one Webex may know somebody else by now
		r.cursor.Address, r.cursor.Host = r.mailbox.Address, ""
	}
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
	if errors.Is(why, delta.ErrStoredLink) {
		c.Link = "" // the next sweep is a full round, which costs nobody a mail
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

// throttled remembers that Graph wants the mailbox to be left alone, so that it binds whoever comes if we are cut off while we wait.
func (r *run) throttled(ctx context.Context, until time.Time) {
	c := r.memory.Cursor()
	c.Address, c.Reason, c.NextAt = r.cursor.Address, delta.Throttled, until
	if err := r.write(ctx, delta.Batch{Cursor: &c}); err != nil {
		r.log.Warn().Err(err).Msg("a Retry-After could not be remembered") // the lease tells the next effect, if that is it
	}
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
