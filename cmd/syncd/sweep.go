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
	Mailboxes []string `name:"mailbox" short:"m" placeholder:"M" help:"Only this mailbox; may be repeated."`
	Plan      bool     `help:"Write nothing anywhere; tell what would be done."`
	JSON      bool     `name:"json" help:"Print one JSON object."`
}

// Run sweeps once and reports.
func (c *sweepCommand) Run(s *surroundings) error {
	began := time.Now()
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
	if !c.Plan {
		if err := e.enrollConfigured(s.ctx); err != nil {
			return nil, err
		}
	}
	enrolled, err := e.enrolled(s.ctx, c.Plan)
	if err != nil {
		return nil, err
	}
	mailboxes, err := chosen(enrolled, c.Mailboxes)
	if err != nil {
		return nil, usageError{err}
	}
	if !c.Plan {
		if err := e.takeAllResyncs(s.ctx, enrolled); err != nil {
			return nil, err
		}
	}
	e.sweeper.Eager, e.sweeper.Patience = true, e.config.LeaseTTL
	return e.sweepAll(s.ctx, mailboxes, c.Plan), nil
}

// enrolled lists the mailboxes that are enrolled; in a dry run also the configured ones that would be.
func (e *engine) enrolled(ctx context.Context, dry bool) ([]delta.Mailbox, error) {
	enrolled, err := e.store.Mailboxes(ctx)
	if err != nil || !dry {
		return enrolled, err
	}
	names, err := configuredMailboxes(e.config.Mailboxes)
	if err != nil {
		return nil, usageError{err}
	}
	known := map[string]bool{}
	for _, m := range enrolled {
		known[m.Address], known[m.ID] = true, true
	}
	for _, m := range e.owners.mailboxes() {
		if !known[m.Address] && !known[m.ID] {
			enrolled, known[m.Address] = append(enrolled, m), true
		}
	}
	for _, name := range names {
		if !known[name] {
			enrolled = append(enrolled, delta.Mailbox{Address: name})
		}
	}
	return enrolled, nil
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
	return e.sweeper.Sweep(working, m)
}

// grace is how long the event in hand may take after the signal to stop.
const grace = 8 * time.Second

// graceful is a context that ends a while after ctx does.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return working, func() { stop(); cancel() }
}

// resolve looks up a mailbox that had no directory id so far. One that does not exist is parked under its address.
func (e *engine) resolve(ctx context.Context, m delta.Mailbox, dry bool) (delta.Mailbox, error) {
	found, err := e.owners.find(ctx, m.Address)
	if err == nil && !dry {
		err = e.store.Enroll(ctx, found)
	}
	if err != nil && !dry && ctx.Err() == nil {
		why := delta.NoMailbox
		if errors.Is(err, delta.ErrSignIn) {
			why = delta.NotSignedIn
		}
		err = errors.Join(err, e.store.Park(ctx, m.Address, why, time.Now()))
	}
	return found, err
}

// sweepReport is what `syncd sweep --json` prints.
type sweepReport struct {
	Mailboxes int `json:"mailboxes"`
	sweep.Report
	Failed        int              `json:"failed"` // mailboxes
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
		r.Failed++
		r.Reasons[sweep.ReasonOf(err)]++
		r.errs = append(r.errs, fmt.Errorf("%s: %w", m.Address, err))
	}
	if one != nil {
		r.Report.Add(one)
	}
	if r.Plan != nil && one != nil {
		*r.Plan = append(*r.Plan, one.Planned...)
	}
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
