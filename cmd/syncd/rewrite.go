package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"syncd/delta"
)

// rewrite says how many mails it would be to write join details anew, and asks the daemons to do it. At a terminal it asks first.
func (c *resyncCommand) rewrite(s *surroundings) error {
	e, err := s.newEngine(false, true)
	if err != nil {
		return err
	}
	mailboxes, failed, err := c.foresee(s, e)
	if err := errors.Join(err, e.close()); err != nil {
		return err
	}
	if c.Plan || len(mailboxes) == 0 {
		return failed
	}
	if yes, err := c.agreed(s); err != nil || !yes {
		return errors.Join(failed, err)
	}
	config, log, err := s.load(toReach...)
	if err != nil {
		return err
	}
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return err
	}
	return errors.Join(failed, c.requestFor(s, store, mailboxes), store.Close())
}

// foresee tells what rewriting would write, and gives the mailboxes of which that could be told.
func (c *resyncCommand) foresee(s *surroundings, e *engine) (mailboxes []delta.Mailbox, failed, err error) {
	all, err := c.chosen(s, e.store)
	if err != nil {
		return nil, nil, err
	}
	e.sweeper.Policy.Rewrite = true
	events, mails := 0, 0
	for _, m := range all {
		working, cancel := graceful(s.ctx)
		report, err := e.sweeper.Plan(working, m)
		cancel()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.Address, err))
			continue
		}
		if n := report.Reasons[delta.Throttled]; n > 0 {
			failed = errors.Join(failed, fmt.Errorf("%s: %d events could not be looked at: %w", m.Address, n, delta.ErrThrottled))
			continue
		}
		mailboxes = append(mailboxes, m)
		for _, p := range report.Planned {
			if p.Reason == delta.Rewritten {
				events, mails = events+1, mails+p.Mails
			}
		}
	}
	fmt.Fprintf(s.out, "%d mailboxes: the join details of %d events would look different, which is at most %d mails\n", len(mailboxes), events, mails)
	return mailboxes, failed, nil
}

// agreed asks at a terminal. Elsewhere nobody is there to answer: to have said --rewrite is enough.
func (c *resyncCommand) agreed(s *surroundings) (bool, error) {
	if c.Yes || !terminal(s.in) {
		return true, nil
	}
	return s.yes("Write them anew?")
}

// yes asks a question to which anything but a yes is a no. A signal ends the waiting at once; the line that nobody typed is then
// waited for until the input ends, as it does with the process.
func (s *surroundings) yes(question string) (bool, error) {
	fmt.Fprint(s.err, question, " [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(s.in).ReadString('\n')
		answer <- line
	}()
	said := ""
	select {
	case <-s.ctx.Done():
	case said = <-answer:
	}
	if s.ctx.Err() != nil {
		fmt.Fprintln(s.err)
		return false, errors.New("stopped: nothing was asked for")
	}
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(said)), "y"), nil
}

// terminal reports whether somebody may sit there.
func terminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	null, _ := os.Stat(os.DevNull)
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, null)
}
