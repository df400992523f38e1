package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"syncd/delta"
	"syncd/pages"
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
	switch {
	case len(c.Mailboxes) == 0 && !c.All:
		return usageError{errors.New("which mailboxes? Name them, or say --all")}
	case len(c.Mailboxes) > 0 && c.All:
		return usageError{errors.New("which mailboxes? Name them, or say --all, and not both")}
	}
	if err := named(c.Mailboxes); err != nil {
		return usageError{err}
	}
	switch {
	case c.Rewrite:
		return c.rewrite(s)
	case c.Plan, c.Yes:
		return usageError{errors.New("--plan and --yes go with --rewrite; `syncd sweep --plan` tells what a sweep would do")}
	}
	config, log, err := s.load(toReach...)
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
	return pick(s.ctx, store, enrolled, names)
}

func (c *resyncCommand) requestFor(s *surroundings, store *redisstore.Store, mailboxes []delta.Mailbox) error {
	before, err := store.Views(s.ctx, mailboxes, false)
	if err != nil {
		return err
	}
	if err := c.ask(s, store, mailboxes); err != nil || !c.Wait {
		return err
	}
	return follow(s, store, before)
}

// ask puts the requests into Redis. Those for all are spread: they must not keep the others from being swept.
func (c *resyncCommand) ask(s *surroundings, store *redisstore.Store, mailboxes []delta.Mailbox) error {
	asked, err := wanted{all: c.All, accept: c.Accept, rewrite: c.Rewrite}.ask(s.ctx, store, mailboxes)
	for _, request := range asked {
		if !c.Wait {
			fmt.Fprintln(s.out, "asked for a resync of", request.Mailbox)
		}
	}
	return err
}

// wanted is what a resync is to do, and whether it is one of all mailboxes.
type wanted struct{ all, accept, rewrite bool }

// ask puts requests into Redis. What it gives was asked for, also where there is an error.
func (w wanted) ask(ctx context.Context, store *redisstore.Store, mailboxes []delta.Mailbox) (asked []pages.Request, err error) {
	if !w.all {
		for _, m := range mailboxes {
			id, err := w.askOne(ctx, store, m.Address)
			if err != nil {
				return asked, err
			}
			asked = append(asked, pages.Request{Mailbox: m.Address, ID: id})
		}
		return asked, nil
	}
	var addresses []string
	for _, m := range mailboxes {
		addresses = append(addresses, m.Address)
	}
	ids, err := store.RequestResyncs(ctx, addresses, w.accept, w.rewrite)
	for i, id := range ids {
		asked = append(asked, pages.Request{Mailbox: addresses[i], ID: id})
	}
	return asked, err
}

// askOne puts the requests for one mailbox into the stream, and gives the last one's id.
func (w wanted) askOne(ctx context.Context, store *redisstore.Store, address string) (id string, err error) {
	if w.accept || !w.rewrite {
		if id, err = store.RequestResync(ctx, address, w.accept); err != nil {
			return "", err
		}
	}
	if !w.rewrite {
		return id, nil
	}
	return store.RequestRewrite(ctx, address)
}

// follow waits until mailboxes have had their full rounds, and tells of each. Errors are those of all that had none.
func follow(s *surroundings, store *redisstore.Store, waiting []redisstore.View) error {
	const look, patience = 200 * time.Millisecond, 5 * time.Second
	nobody := time.NewTimer(patience)
	defer nobody.Stop()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	var errs []error
	for all := len(waiting); ; {
		left, failed, err := looked(s, store, waiting)
		if err != nil {
			return err
		}
		errs = append(errs, failed...)
		if all > 1 && len(left) < len(waiting) {
			fmt.Fprintf(s.err, "%d of %d done\n", all-len(left), all)
		}
		if waiting = left; len(waiting) == 0 {
			return errors.Join(errs...)
		}
		select {
		case <-s.ctx.Done():
			return errors.Join(append(errs, errors.New("stopped waiting; the requests stand"))...)
		case <-nobody.C:
			if len(waiting) == all {
				fmt.Fprintln(s.err, "still waiting: is a daemon running, or a `syncd sweep`? They serve the requests")
			}
		case <-ticker.C:
		}
	}
}

// looked tells which mailboxes are still waiting for their full rounds, and which failed.
func looked(s *surroundings, store *redisstore.Store, waiting []redisstore.View) (left []redisstore.View, failed []error, err error) {
	mailboxes := make([]delta.Mailbox, len(waiting))
	for i, v := range waiting {
		mailboxes[i] = v.Mailbox
	}
	views, err := store.Views(s.ctx, mailboxes, false)
	if err != nil {
		return nil, nil, err
	}
	for i, before := range waiting {
		now := views[i].Cursor
		switch {
		case now.Generation > before.Cursor.Generation:
			fmt.Fprintf(s.out, "%s: resynced, state %s\n", before.Mailbox.Address, now.State)
		case now.Reason != "" && now.SweptAt.After(before.Cursor.SweptAt):
			failed = append(failed, fmt.Errorf("%s: %s, state %s", before.Mailbox.Address, now.Reason, now.State))
		default:
			left = append(left, before)
		}
	}
	return left, failed, nil
}

// takeAllResyncs passes all waiting requests on to their mailboxes, also those that are spread.
func (e *engine) takeAllResyncs(ctx context.Context, enrolled []delta.Mailbox) error {
	names := redisstore.NamesOf(enrolled)
	_, err := e.takeResyncs(ctx, names)
	_, unknown, spreadErr := e.store.TakeSpreadResyncs(ctx, names, math.MaxInt)
	e.nobodys(unknown)
	return errors.Join(err, spreadErr)
}

func (e *engine) nobodys(names []string) {
	if len(names) > 0 {
		e.log.Warn().Int("requests", len(names)).Msg("resync asked for mailboxes that are not enrolled")
	}
}

// takeResyncs passes waiting requests on to their mailboxes.
func (e *engine) takeResyncs(ctx context.Context, enrolled redisstore.Names) ([]delta.Mailbox, error) {
	asked, unknown, err := e.store.TakeResyncs(ctx, enrolled)
	e.nobodys(unknown)
	return asked, err
}
