package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"syncd/delta"
	"syncd/pages"
	"syncd/schedules"
	"syncd/sweep"
)

type runCommand struct{}

// Run serves until told to stop.
func (runCommand) Run(s *surroundings) error {
	e, err := s.newEngine(true, false)
	if err != nil {
		return err
	}
	d := newDaemon(e)
	listener, err := net.Listen("tcp", e.config.Listen)
	if err != nil {
		return errors.Join(usageError{fmt.Errorf("%s: %w", both("listen"), err)}, e.close())
	}
	e.log.Info().Str("version", version()).Str("pages", "http://"+listener.Addr().String()).Msg("syncd serves")
	d.serve(s.ctx, listener)
	e.log.Info().Msg("syncd stopped")
	return e.close()
}

// daemon is a running syncd.
type daemon struct {
	*engine
	runner  *schedules.Runner
	journal pages.Journal

	byID     atomic.Pointer[map[string]delta.Mailbox] // key id → mailbox, as of the last listing
	enrolled atomic.Bool                              // what the configuration names is enrolled
}

// workers is how many mailboxes are swept at a time. A sweep mostly waits for Graph.
const workers = 64

func newDaemon(e *engine) *daemon {
	d := &daemon{engine: e, runner: schedules.NewRunner(e.config.Sweep, workers)}
	d.byID.Store(&map[string]delta.Mailbox{})
	d.runner.List, d.runner.Work = d.list, d.work
	e.sweeper.Freed = func(m delta.Mailbox) { d.runner.Hasten(m.Key()) }
	e.sweeper.Watch = func(m delta.Mailbox, s delta.Seen, decision delta.Decision, err error) {
		line := pages.Line{At: time.Now(), Mailbox: m.Address, Event: s.ID, Action: string(decision.Action), Reason: string(decision.Reason)}
		if err != nil {
			line.Failed = string(sweep.ReasonOf(err))
		}
		d.journal.Add(line)
	}
	return d
}

// serve works until ctx ends: sweeps finish the event in hand, then the pages close. Nothing is left running.
func (d *daemon) serve(ctx context.Context, listener net.Listener) {
	server := &http.Server{
		Handler: pages.Handler("syncd", d, &d.journal), ReadHeaderTimeout: 10 * time.Second,
	}
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error().Err(err).Msg("the pages are down")
		}
	})
	parts.Go(func() { d.watchResyncs(ctx) })
	parts.Go(func() { d.watchWebex(ctx) })
	d.runner.Run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		_ = server.Close()
	}
	parts.Wait()
}

// list gives the mailboxes to serve.
func (d *daemon) list(ctx context.Context) ([]string, error) {
	if !d.enrolled.Load() {
		if err := d.enrollConfigured(ctx); err != nil {
			d.log.Error().Err(err).Msg("cannot enroll what the configuration names; trying again")
		} else {
			d.enrolled.Store(true)
		}
	}
	mailboxes, err := d.store.Mailboxes(ctx)
	if err != nil {
		d.log.Error().Err(err).Msg("cannot read which mailboxes are enrolled; going on with those known")
		return nil, err
	}
	byID := make(map[string]delta.Mailbox, len(mailboxes))
	ids := make([]string, 0, len(mailboxes))
	for _, m := range mailboxes {
		byID[m.Key()] = m
		ids = append(ids, m.Key())
	}
	d.byID.Store(&byID)
	return ids, nil
}

// work sweeps one mailbox and says when it may be swept again at the earliest.
func (d *daemon) work(ctx context.Context, id string) time.Time {
	m, ok := (*d.byID.Load())[id]
	if !ok || ctx.Err() != nil {
		return time.Time{}
	}
	_, err := d.sweepOne(ctx, m, false)
	if err != nil && !errors.Is(err, sweep.ErrStopped) && !errors.Is(err, delta.ErrLeased) {
		d.log.Warn().Err(err).Str("mailbox", m.Address).Str("reason", string(sweep.ReasonOf(err))).Msg("sweep failed")
	}
	var later *delta.LaterError
	switch {
	case errors.As(err, &later):
		return later.At
	case errors.Is(err, delta.ErrMailbox), errors.Is(err, delta.ErrAccess):
		return time.Now().Add(sweep.ParkedProbe)
	case errors.Is(err, delta.ErrCredentials):
		return time.Now().Add(time.Minute)
	}
	return time.Time{}
}

// watchResyncs looks for requests of operators.
func (d *daemon) watchResyncs(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		enrolled := make([]delta.Mailbox, 0)
		for _, m := range *d.byID.Load() {
			enrolled = append(enrolled, m)
		}
		asked, err := d.takeResyncs(ctx, enrolled)
		if err != nil && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("cannot read resync requests")
		}
		for _, m := range asked {
			d.runner.Hasten(m.Key())
		}
	}
}

// Rows implements [pages.Source].
func (d *daemon) Rows(ctx context.Context) ([]pages.Row, error) {
	mailboxes, err := d.store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	views, err := d.store.Views(ctx, mailboxes, false)
	if err != nil {
		return nil, err
	}
	rows := make([]pages.Row, 0, len(views))
	for _, v := range views {
		rows = append(rows, pages.Row{
			Mailbox: v.Mailbox.Address, State: string(v.Cursor.State), Reason: string(v.Cursor.Reason), Swept: v.Cursor.SweptAt,
			Changed: v.Cursor.ChangedAt, Generation: v.Cursor.Generation, WindowStart: v.Cursor.WindowStart,
			WindowEnd: v.Cursor.WindowEnd, Retrying: v.Retrying, Held: len(v.Held), Link: v.Cursor.Link,
		})
	}
	return rows, nil
}

// Ready implements [pages.Source].
func (d *daemon) Ready(ctx context.Context) error {
	if err := d.store.Ping(ctx); err != nil {
		return fmt.Errorf("redis does not answer: %w", err)
	}
	_, err := webexTrouble(ctx, d.config, d.store)
	return err
}
