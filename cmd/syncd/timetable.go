package main

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/redisstore"
	"syncd/schedules"
	"syncd/sweep"
)

// How the daemon and the timetable meet: which mailboxes there are, their leases, and when each comes again.

// list gives the mailboxes to serve.
func (d *daemon) list(ctx context.Context) ([]string, error) {
	if err := d.enrollAnew(ctx, time.Now()); err != nil && ctx.Err() == nil {
		d.log.Error().Err(err).Msg("cannot enroll what the configuration names; trying again")
	}
	mailboxes, fresh, err := d.roll.Look(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.log.Error().Err(err).Msg("cannot read which mailboxes are enrolled; going on with those known")
		}
		return nil, err
	}
	if fresh {
		d.index(mailboxes)
	}
	if fresh || !d.kept {
		err := d.roster.keep(ctx, mailboxes)
		if d.kept = err == nil; !d.kept && ctx.Err() == nil {
			d.log.Warn().Err(err).Msg("who is enrolled is not kept in the state folder; trying again")
		}
	}
	return d.ids, nil
}

// index makes what is known of the mailboxes ready to be looked up.
func (d *daemon) index(mailboxes []delta.Mailbox) {
	byID := make(map[string]delta.Mailbox, len(mailboxes))
	byName := make(map[string]string, 2*len(mailboxes))
	d.ids = make([]string, 0, len(mailboxes))
	for _, m := range mailboxes {
		byID[m.Key()] = m
		byName[strings.ToLower(m.Address)], byName[strings.ToLower(m.Key())] = m.Key(), m.Key()
		d.ids = append(d.ids, m.Key())
	}
	d.listed.Store(&mailboxes)
	d.byID.Store(&byID)
	d.byName.Store(&byName)
	served := servedOf(byID)
	d.served.Store(&served)
}

// claims are leases that were taken many at once, before their sweeps begin.
type claims struct {
	mu    sync.Mutex
	taken map[string]claimed // by mailbox key; guarded by mu
}

type claimed struct {
	claim *redisstore.Claim
	err   error
	at    time.Time
}

func (c *claims) put(mailbox string, one claimed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == nil {
		c.taken = map[string]claimed{}
	}
	c.taken[mailbox] = one
}

func (c *claims) take(mailbox string) (one claimed, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok = c.taken[mailbox]
	delete(c.taken, mailbox)
	return one, ok
}

// claimAll takes the leases of what is about to be swept.
func (d *daemon) claimAll(ctx context.Context, jobs []schedules.Job) {
	byID := *d.byID.Load()
	var mailboxes []delta.Mailbox
	for _, j := range jobs {
		if m, ok := byID[j.Mailbox]; ok && m.ID != "" {
			mailboxes = append(mailboxes, m)
		}
	}
	at := time.Now()
	taken, errs := d.store.ClaimAll(ctx, mailboxes)
	ids := make([]string, len(mailboxes))
	for i, m := range mailboxes {
		d.claims.put(m.Key(), claimed{taken[i], errs[i], at})
		ids[i] = m.Key()
	}
	d.hinting.recall(ctx, ids)
}

// claim gives a sweep its lease: the one that was taken for it, or a new one where that would soon be over.
func (d *daemon) claim(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) {
	one, ok := d.claims.take(m.Key())
	switch {
	case !ok || one.claim == nil && !errors.Is(one.err, delta.ErrLeased):
	case one.claim == nil:
		return nil, one.err
	case time.Since(one.at) < d.config.LeaseTTL/3 || one.claim.Write(ctx, delta.Batch{}) == nil:
		return one.claim, nil
	}
	return d.store.Claim(ctx, m)
}

// unclaim gives back a lease that no sweep wanted, also where the daemon is stopping, and Redis may have frozen.
func (d *daemon) unclaim(ctx context.Context, mailbox string) {
	one, ok := d.claims.take(mailbox)
	if !ok || one.claim == nil {
		return
	}
	const patience = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = one.claim.Write(ctx, delta.Batch{GiveUp: true}) // else it expires
}

// work sweeps one mailbox and says when it comes again.
func (d *daemon) work(ctx context.Context, j schedules.Job) schedules.Return {
	defer d.spread.done(j.Mailbox)
	defer d.unclaim(ctx, j.Mailbox)
	back := schedules.Return{Job: j, At: time.Now(), To: j.Lane}
	if ctx.Err() != nil {
		d.hinting.of(j.Mailbox)
		return back // others may go on with it
	}
	m, ok := (*d.byID.Load())[j.Mailbox]
	if !ok {
		// It was unenrolled, and a sweep that was under way then put it back. If it was enrolled just now instead, whoever knows it
		// adds it again.
		back.Gone = true
		return back
	}
	began := time.Now()
	report, err := d.sweepOne(ctx, m, false)
	d.metrics.swept(err, j.Late, time.Since(began))
	if err == nil && !d.owners.signedIn(m) {
		d.entra.lets()
	}
	if err != nil && !errors.Is(err, sweep.ErrStopped) && !errors.Is(err, delta.ErrLeased) {
		d.log.Warn().Err(err).Str("mailbox", m.Address).Str("reason", string(sweep.ReasonOf(err))).Msg("sweep failed")
	}
	d.next(&back, report, err)
	return back
}

// next says when a mailbox comes again after a sweep, and in which lane.
func (d *daemon) next(back *schedules.Return, report *sweep.Report, err error) {
	now := time.Now()
	known := d.hinting.of(back.Mailbox)
	switch {
	case errors.Is(err, delta.ErrLeased), errors.Is(err, delta.ErrLeaseLost):
		// Another daemon has it. Should that one have died, the lease ends soon.
		back.At = now.Add(min(3*time.Second, d.config.LeaseTTL/10))
		return
	case errors.Is(err, sweep.ErrStopped):
		back.At = now
		return
	}
	facts := schedules.Facts{NotBefore: notBefore(err, now), Pace: *d.pace.Load(), Crowded: d.runner.Late() > 0}
	if report != nil && report.Cursor.State != "" {
		facts = factsOf(report.Cursor, facts)
		if err == nil && report.Retrying+report.Held == 0 { // what waits is tried again by the ordinary rhythm
			facts.Hints = known
		}
		back.To = schedules.Ordinary
	}
	back.At, _ = d.timetable.Next(back.Mailbox, facts, now)
	if report != nil && err == nil && report.Cursor.OrphansAt.After(now) && report.Cursor.OrphansAt.Before(back.At) {
		back.At = report.Cursor.OrphansAt // a meeting that nobody knows may be there
	}
	if report != nil && report.Cursor.State != "" && !report.Cursor.InWindow(back.At, d.config.WindowBehind, d.config.WindowAhead) {
		back.To = schedules.Full
	}
}

// factsOf are the facts that a cursor tells.
func factsOf(c delta.Cursor, f schedules.Facts) schedules.Facts {
	f.Changed, f.Starts = c.ChangedAt, c.Starts.List()
	if c.NextAt.After(f.NotBefore) {
		f.NotBefore = c.NextAt
	}
	return f
}

// notBefore is when a mailbox whose sweep failed may be asked again; zero where the schedule may say.
func notBefore(err error, now time.Time) time.Time {
	var later *delta.LaterError
	switch {
	case errors.As(err, &later):
		return later.At
	case errors.Is(err, delta.ErrMailbox), errors.Is(err, delta.ErrAccess):
		return now.Add(sweep.ParkedProbe)
	case errors.Is(err, delta.ErrCredentials):
		return now.Add(time.Minute)
	}
	return time.Time{}
}

// hasten makes mailboxes due now.
func (d *daemon) hasten(ctx context.Context, mailboxes ...delta.Mailbox) {
	if len(mailboxes) == 0 {
		return
	}
	ids := make([]string, len(mailboxes))
	for i, m := range mailboxes {
		ids[i] = m.Key()
	}
	d.hastenIDs(ctx, ids)
}

func (d *daemon) hastenIDs(ctx context.Context, ids []string) {
	if err := d.queue.Hasten(ctx, ids); err != nil && ctx.Err() == nil {
		d.log.Warn().Err(err).Int("mailboxes", len(ids)).Msg("cannot make mailboxes due; they are swept in their turn")
		return
	}
	d.runner.Wake()
}

// paceEvery is how often the requests of all daemons are counted.
const paceEvery = 5 * time.Second

// keepPace counts requests against the budget of the day, if there is one.
func (d *daemon) keepPace(ctx context.Context) {
	if d.config.GraphBudget == 0 {
		return
	}
	ticker := time.NewTicker(paceEvery)
	defer ticker.Stop()
	var counted int64
	for {
		made := d.graph.Requests()
		today, err := d.store.SpendGraph(ctx, made-counted, time.Now())
		if err == nil {
			counted = made
			d.pace.Store(&schedules.Pace{Budget: d.config.GraphBudget, Spent: today, Mailboxes: len(*d.byID.Load()), At: time.Now()})
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
