package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"syncd/delta"
	"syncd/sweep"
)

type sweepCommand struct {
	Mailboxes []string `name:"mailbox" short:"m" sep:"none" placeholder:"M" help:"Only this mailbox; may be repeated."`
	Plan      bool     `help:"Write nothing anywhere; tell what would be done."`
	JSON      bool     `name:"json" help:"Print one JSON object."`
}

// Run sweeps once and reports.
func (c *sweepCommand) Run(s *surroundings) error {
	began := time.Now()
	c.Mailboxes = separated(c.Mailboxes)
	if err := named(c.Mailboxes); err != nil {
		return usageError{err}
	}
	e, err := s.newEngine(false, c.Plan)
	if err != nil {
		return err
	}
	total, err := c.sweep(s, e)
	closing := e.close()
	if err != nil {
		return errors.Join(err, closing)
	}
	total.GraphRequests, total.WebexRequests = e.graph.Requests(), e.webex.Requests()
	total.DurationMS = time.Since(began).Milliseconds()
	if err := total.print(s, c.JSON); err != nil {
		return errors.Join(err, closing)
	}
	if s.ctx.Err() != nil {
		return errors.Join(errors.New("stopped before the end"), closing)
	}
	if total.Failed > 0 || total.Held > 0 {
		return errors.Join(errSomeFailed, closing)
	}
	return closing
}

func (c *sweepCommand) sweep(s *surroundings, e *engine) (*sweepReport, error) {
	enrolled, failed, err := e.toSweep(s, c.Plan)
	if err != nil {
		return nil, err
	}
	mailboxes, err := pick(s.ctx, e.store, enrolled, c.Mailboxes)
	if err != nil && len(failed) > 0 { // who is named may be in one of these
		return nil, fmt.Errorf("%v; and %s cannot be read: %w", err, failed[0].name, failed[0].err)
	}
	if err != nil {
		return nil, err
	}
	if !c.Plan {
		if err := e.takeAllResyncs(s.ctx, enrolled); err != nil {
			return nil, err
		}
	}
	e.sweeper.Eager, e.sweeper.Patience = true, e.config.LeaseTTL
	total := e.sweepAll(s.ctx, mailboxes, c.Plan)
	for _, group := range failed {
		if len(c.Mailboxes) == 0 {
			total.fail(group.name, group.err)
		} else { // it is not what was asked for
			e.log.Warn().Err(group.err).Str("group", group.name).Msg("a group cannot be read")
		}
	}
	return total, nil
}

// toSweep lists the mailboxes that are enrolled, the configured ones among them, and the groups that cannot be read.
func (e *engine) toSweep(s *surroundings, dry bool) (enrolled []delta.Mailbox, failed []unread, err error) {
	ctx := s.ctx
	if dry {
		return e.foreseen(ctx)
	}
	e.keepWebexTokens(ctx)
	emptied, err := e.roster.recall(ctx)
	if err == nil {
		failed, err = e.enrollConfigured(ctx, nil)
	}
	if err == nil {
		err = errors.Join(e.parkGroups(ctx, failed, time.Time{}), e.store.SetKnown(ctx, time.Now()))
	}
	if err == nil {
		enrolled, err = e.store.Mailboxes(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := e.roster.keep(ctx, enrolled); err != nil && ctx.Err() == nil {
		e.log.Warn().Err(err).Msg("who is enrolled is not kept in the state folder")
	}
	if len(enrolled)+len(failed) == 0 {
		e.nobody(s, emptied)
	}
	return enrolled, failed, nil
}

// nobody tells why nothing is swept.
func (e *engine) nobody(s *surroundings, emptied bool) {
	why := ""
	if emptied {
		why = fmt.Sprintf("; Redis is new or was emptied, and %s knows of nobody who was enrolled before", e.roster.path)
	}
	fmt.Fprintf(s.err, "syncd: no mailbox is enrolled: name some in %s, or say `syncd enroll`%s\n", both("mailboxes"), why)
}

// foreseen is what toSweep would give, and enrolls nobody.
func (e *engine) foreseen(ctx context.Context) (all []delta.Mailbox, failed []unread, err error) {
	if all, err = e.store.Mailboxes(ctx); err != nil {
		return nil, nil, err
	}
	members, failed, err := e.configured(ctx)
	if err != nil {
		return nil, nil, err
	}
	lost, err := e.roster.lost(ctx)
	if err != nil {
		return nil, nil, err
	}
	members = append(members, lost...)
	known := enrolledOf(all)
	fresh, err := e.notEnrolled(ctx, members, known)
	for _, m := range fresh {
		if !known.has(m) {
			all = append(all, m)
			known.add(m)
		}
	}
	return all, failed, err
}

// atOnce is how many mailboxes are swept at a time.
const atOnce = 32

// sweepAll sweeps mailboxes and adds up their reports.
func (e *engine) sweepAll(ctx context.Context, mailboxes []delta.Mailbox, dry bool) *sweepReport {
	total := newSweepReport(dry)
	var mu sync.Mutex // guards total
	var workers sync.WaitGroup
	queue := make(chan delta.Mailbox)
	for range min(atOnce, len(mailboxes)) {
		workers.Go(func() {
			for m := range queue {
				report, err := e.sweepOne(ctx, m, dry)
				mu.Lock()
				total.add(m, report, err)
				mu.Unlock()
			}
		})
	}
	for _, m := range mailboxes {
		if ctx.Err() != nil {
			break
		}
		queue <- m
	}
	close(queue)
	workers.Wait()
	return total
}

// sweepOne sweeps one mailbox. One that was not found so far is looked up first. A sweep that is told to stop finishes the
// event in hand, so it does not end with ctx but a while after.
func (e *engine) sweepOne(ctx context.Context, m delta.Mailbox, dry bool) (*sweep.Report, error) {
	if err := e.owners.look(ctx); err != nil {
		e.log.Warn().Err(err).Msg("cannot look who has signed in; going on with those known")
	}
	if m.ID == "" {
		found, err := e.resolve(ctx, m, dry)
		if err != nil {
			return nil, err
		}
		m = found
	}
	working, cancel := graceful(ctx)
	defer cancel()
	if dry {
		return e.sweeper.Plan(working, m)
	}
	report, err := e.sweeper.Sweep(working, m)
	if errors.Is(err, delta.ErrMailbox) && ctx.Err() == nil {
		if anew, ok := e.madeAnew(ctx, m); ok {
			return e.sweeper.Sweep(working, anew)
		}
	}
	return report, err
}

// grace is how long the event in hand may take after the signal to stop.
const grace = 7 * time.Second

// graceful is a context that ends a while after ctx does.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return working, func() { stop(); cancel() }
}

// resolve looks up a mailbox that had no directory id so far. Why one was not found is noted under its name.
func (e *engine) resolve(ctx context.Context, m delta.Mailbox, dry bool) (delta.Mailbox, error) {
	found, err := e.owners.find(ctx, m.Address)
	switch {
	case dry, ctx.Err() != nil:
		return found, err
	case err == nil:
		return found, e.store.EnrollAs(ctx, found, m.Address)
	}
	now, state := time.Now(), delta.Syncing
	if errors.Is(err, delta.ErrMailbox) || errors.Is(err, delta.ErrAccess) || errors.Is(err, delta.ErrSignIn) {
		state = delta.Parked
	}
	return found, errors.Join(err, e.store.Park(ctx, m.Address, state, sweep.ReasonOf(err), now, notBefore(err, now)))
}

// sweepReport is what `syncd sweep --json` prints.
type sweepReport struct {
	Mailboxes int `json:"mailboxes"`
	sweep.Report
	Failed        int              `json:"failed"` // mailboxes, and groups that cannot be read
	GraphRequests int64            `json:"graph_requests"`
	WebexRequests int64            `json:"webex_requests"`
	DurationMS    int64            `json:"duration_ms"`
	Plan          *[]sweep.Planned `json:"plan,omitempty"`

	errs []error
}

func newSweepReport(dry bool) *sweepReport {
	r := &sweepReport{}
	r.Reasons = map[delta.Reason]int{}
	if dry {
		r.Plan = &[]sweep.Planned{}
	}
	return r
}

// add counts one mailbox in.
func (r *sweepReport) add(m delta.Mailbox, one *sweep.Report, err error) {
	r.Mailboxes++
	if err != nil {
		r.fail(m.Address, err)
	}
	if one != nil {
		r.Report.Add(one)
	}
	if r.Plan != nil && one != nil {
		*r.Plan = append(*r.Plan, one.Planned...)
	}
}

// fail counts what could not be served: a mailbox, or a group of the configuration.
func (r *sweepReport) fail(name string, err error) {
	r.Failed++
	r.Reasons[sweep.ReasonOf(err)]++
	r.errs = append(r.errs, fmt.Errorf("%s: %w", name, err))
}

func (r *sweepReport) print(s *surroundings, asJSON bool) error {
	for _, failed := range r.errs {
		fmt.Fprintln(s.err, "syncd:", failed)
	}
	if asJSON {
		return json.NewEncoder(s.out).Encode(r)
	}
	if r.Plan != nil {
		for _, p := range *r.Plan {
			fmt.Fprintf(s.out, "%s  %s (%s), %d mails  %s\n", p.Mailbox, p.Action, p.Reason, p.Mails, p.Event)
		}
	}
	_, err := fmt.Fprintf(s.out, "%d mailboxes, %d items, %d changed: %d meetings made, %d changed, %d deleted; %d events written; %d waiting, %d mailboxes failed\n",
		r.Mailboxes, r.Items, r.Changed, r.Created, r.Updated, r.Deleted, r.Patched, r.Retrying, r.Failed)
	return err
}
