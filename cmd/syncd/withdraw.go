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
	e, err := s.newEngine(false, c.Plan)
	if err != nil {
		return err
	}
	e.sweeper.Policy.Withdraw, e.sweeper.Eager, e.sweeper.Patience = true, true, e.config.LeaseTTL
	err = c.withdrawAll(s, e)
	return errors.Join(err, e.close())
}

func (c *unenrollCommand) withdrawAll(s *surroundings, e *engine) error {
	mailboxes, err := e.leaving(s.ctx, c.Mailboxes)
	if err != nil {
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

// leaving finds the mailboxes that are named, enrolled or not: the store may have been lost, or the last try cut off.
func (e *engine) leaving(ctx context.Context, names []string) ([]delta.Mailbox, error) {
	enrolled, err := e.store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	var out []delta.Mailbox
	for _, name := range names {
		found, err := chosen(enrolled, []string{name})
		if err == nil {
			out = append(out, found...)
			continue
		}
		m, err := e.owners.find(ctx, strings.ToLower(name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, m)
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
	fmt.Fprintln(s.out, "unenrolled", m.Address)
	if names, err := configuredMailboxes(e.config.Mailboxes); err == nil && slices.Contains(names, m.Address) {
		fmt.Fprintf(s.err, "syncd: %s is named in %s: take it out there, or the next start enrolls it again\n", m.Address, both("mailboxes"))
	}
	return nil
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
