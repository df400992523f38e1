package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/sweep"
)

// withdraw takes join details and meetings out of mailboxes, and unenrolls each that is empty of them then.
func (c *unenrollCommand) withdraw(s *surroundings) error {
	if err := named(c.Mailboxes); err != nil {
		return usageError{err}
	}
	e, err := s.newEngine(false, c.Plan)
	if err != nil {
		return err
	}
	e.sweeper.Policy.Withdraw, e.sweeper.Eager, e.sweeper.Patience = true, true, e.config.LeaseTTL
	err = c.withdrawAll(s, e)
	return errors.Join(err, e.close())
}

func (c *unenrollCommand) withdrawAll(s *surroundings, e *engine) error {
	if !c.Plan {
		if _, err := e.roster.recall(s.ctx); err != nil {
			return err
		}
	}
	mailboxes, err := e.leaving(s.ctx, c.Mailboxes)
	if err != nil {
		return err
	}
	if err := c.heed(s, e, mailboxes); err != nil {
		return err
	}
	var errs []error
	for _, m := range mailboxes {
		if err := e.withdrawOne(s, m, c.Plan); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Address, err))
		}
	}
	return errors.Join(errs...)
}

// heed refuses to withdraw what the configuration would enroll again: everybody would be mailed twice for nothing.
func (c *unenrollCommand) heed(s *surroundings, e *engine, mailboxes []delta.Mailbox) error {
	l := leaver{e.config, e.store, e.log, e.graph.Members, e.owners.find}
	var again []error
	for _, m := range mailboxes {
		back, err := l.summoned(s.ctx, m)
		if err != nil {
			return err
		}
		if back != "" {
			again = append(again, fmt.Errorf("%s %s, and writes all join details anew, which mails everybody", m.Address, back))
		}
	}
	switch err := errors.Join(again...); {
	case err == nil:
		return nil
	case c.Plan, c.Anyway:
		fmt.Fprintln(s.err, "syncd:", err)
		return nil
	default:
		return usageError{fmt.Errorf("%w; nothing was done; --anyway withdraws it all the same", err)}
	}
}

// leaving finds the mailboxes that are named, enrolled or not: the store may have been lost, or the last try cut off.
func (e *engine) leaving(ctx context.Context, names []string) ([]delta.Mailbox, error) {
	enrolled, err := e.store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	var out []delta.Mailbox
	for _, name := range names {
		found, err := pick(ctx, e.store, enrolled, []string{name})
		if err != nil {
			m, missing := e.owners.find(ctx, strings.ToLower(name))
			if missing != nil {
				return nil, fmt.Errorf("%s: %w", name, missing)
			}
			if found, err = chosen(enrolled, []string{m.ID}); err != nil {
				found = []delta.Mailbox{m}
			}
		}
		if !slices.ContainsFunc(out, func(m delta.Mailbox) bool { return m.Key() == found[0].Key() }) {
			out = append(out, found[0])
		}
	}
	return out, nil
}

// errStaysEnrolled says that a withdrawal is not complete.
var errStaysEnrolled = errors.New("not everything could be taken out; say it again later, or `syncd enroll` it to have everything back")

func (e *engine) withdrawOne(s *surroundings, m delta.Mailbox, dry bool) error {
	report := &sweep.Report{}
	if m.ID != "" { // else it was never found, and nothing of ours is in it
		var err error
		if report, err = e.takeOut(s.ctx, m, dry); err != nil {
			if errors.Is(err, delta.ErrLeased) {
				return fmt.Errorf("%w, and is being swept: try again in a moment", err)
			}
			return err
		}
	}
	if dry {
		for _, p := range report.Planned {
			fmt.Fprintf(s.out, "%s  %s (%s), %d mails  %s\n", p.Mailbox, p.Action, p.Reason, p.Mails, p.Event)
		}
		_, err := fmt.Fprintf(s.out, "%s: %d events, at most %d mails; nothing was written\n", m.Address, len(report.Planned), report.Mails)
		return err
	}
	fmt.Fprintf(s.out, "%s: join details taken out of %d events (%d mails), %d meetings deleted, %d events waiting\n",
		m.Address, report.RemovedBlocks, report.Mails, report.Deleted, report.Retrying)
	if report.Retrying > 0 {
		return errStaysEnrolled
	}
	if err := leave(s.ctx, e.config, e.store, m); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, "unenrolled", m.Address)
	return err
}

// takeOut lets the event in hand come to its end after a signal.
func (e *engine) takeOut(ctx context.Context, m delta.Mailbox, dry bool) (*sweep.Report, error) {
	working, cancel := graceful(ctx)
	defer cancel()
	if dry {
		return e.sweeper.Plan(working, m)
	}
	return e.sweeper.Sweep(working, m)
}
