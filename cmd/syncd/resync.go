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
}

// Run puts the requests into Redis, where the running daemons, or the next one-shot sweep, find them.
func (c *resyncCommand) Run(s *surroundings) error {
	if len(c.Mailboxes) == 0 && !c.All {
		return usageError{errors.New("which mailboxes? Name them, or say --all")}
	}
	config, log, err := s.load()
	if err != nil {
		return err
	}
	store, err := s.openStore(config, log, false, false)
	if err != nil {
		return err
	}
	return errors.Join(c.request(s, store), store.Close())
}

func (c *resyncCommand) request(s *surroundings, store *redisstore.Store) error {
	enrolled, err := store.Mailboxes(s.ctx)
	if err != nil {
		return err
	}
	names := c.Mailboxes
	if c.All {
		names = nil
	}
	mailboxes, err := chosen(enrolled, names)
	if err != nil {
		return usageError{err}
	}
	before, err := store.Views(s.ctx, mailboxes, false)
	if err != nil {
		return err
	}
	for _, m := range mailboxes {
		if _, err := store.RequestResync(s.ctx, m.Address, c.Accept); err != nil {
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
