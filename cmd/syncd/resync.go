package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/delta"
	"syncd/redisstore"
)

type resyncCommand struct {
	Mailboxes []string `arg:"" optional:"" name:"mailbox" help:"Addresses or directory ids."`
	All       bool     `help:"All enrolled mailboxes."`
	Wait      bool     `help:"Return when it is done."`
	Accept    bool     `name:"accept-removals" help:"Carry out the removals that are held now."`
	Rewrite   bool     `help:"Write join details anew that would look different today; says first how many mails that is."`
	Plan      bool     `help:"With --rewrite: say that, and no more."`
	Yes       bool     `short:"y" help:"With --rewrite: do not ask at a terminal."`
}

// Run puts the requests into Redis, where the running daemons, or the next one-shot sweep, find them.
func (c *resyncCommand) Run(s *surroundings) error {
	if len(c.Mailboxes) == 0 && !c.All {
		return usageError{errors.New("which mailboxes? Name them, or say --all")}
	}
	switch {
	case c.Rewrite:
		return c.rewrite(s)
	case c.Plan, c.Yes:
		return usageError{errors.New("--plan and --yes go with --rewrite; `syncd sweep --plan` tells what a sweep would do")}
	}
	config, log, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return err
	}
	mailboxes, err := c.chosen(s, store)
	if err == nil {
		err = c.requestFor(s, store, mailboxes)
	}
	return errors.Join(err, store.Close())
}

// chosen are the enrolled mailboxes that are named.
func (c *resyncCommand) chosen(s *surroundings, store *redisstore.Store) ([]delta.Mailbox, error) {
	enrolled, err := store.Mailboxes(s.ctx)
	if err != nil {
		return nil, err
	}
	names := c.Mailboxes
	if c.All {
		names = nil
	}
	mailboxes, err := chosen(enrolled, names)
	if err != nil {
		return nil, usageError{err}
	}
	return mailboxes, nil
}

func (c *resyncCommand) requestFor(s *surroundings, store *redisstore.Store, mailboxes []delta.Mailbox) error {
	before, err := store.Views(s.ctx, mailboxes, false)
	if err != nil {
		return err
	}
	for _, m := range mailboxes {
		if err := c.ask(s, store, m); err != nil {
			return err
		}
		if !c.Wait {
			fmt.Fprintln(s.out, "asked for a resync of", m.Address)
		}
	}
	if !c.Wait {
		return nil
	}
	for _, view := range before {
		if err := follow(s, store, view); err != nil {
			return err
		}
	}
	return nil
}

// ask puts the requests for one mailbox into the stream.
func (c *resyncCommand) ask(s *surroundings, store *redisstore.Store, m delta.Mailbox) error {
	if c.Accept || !c.Rewrite {
		if _, err := store.RequestResync(s.ctx, m.Address, c.Accept); err != nil {
			return err
		}
	}
	if !c.Rewrite {
		return nil
	}
	_, err := store.RequestRewrite(s.ctx, m.Address)
	return err
}

// follow waits until a mailbox has had its full round.
func follow(s *surroundings, store *redisstore.Store, before redisstore.View) error {
	const look = 200 * time.Millisecond
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		views, err := store.Views(s.ctx, []delta.Mailbox{before.Mailbox}, false)
		if err != nil {
			return err
		}
		now := views[0].Cursor
		switch {
		case now.Generation > before.Cursor.Generation:
			fmt.Fprintf(s.out, "%s: resynced, state %s\n", before.Mailbox.Address, now.State)
			return nil
		case now.Reason != "" && now.SweptAt.After(before.Cursor.SweptAt):
			return fmt.Errorf("%s: %s, state %s", before.Mailbox.Address, now.Reason, now.State)
		}
		select {
		case <-s.ctx.Done():
			return errors.New("stopped waiting; the request stands")
		case <-ticker.C:
		}
	}
}

// takeResyncs passes waiting requests on to their mailboxes.
func (e *engine) takeResyncs(ctx context.Context, enrolled []delta.Mailbox) ([]delta.Mailbox, error) {
	asked, unknown, err := e.store.TakeResyncs(ctx, enrolled)
	if len(unknown) > 0 {
		e.log.Warn().Int("requests", len(unknown)).Msg("resync asked for mailboxes that are not enrolled")
	}
	return asked, err
}
