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
	"syncd/redisstore"
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
	queue     *redisstore.Queue
	runner    *schedules.Runner
	timetable schedules.Timetable
	claims    claims
	journal   pages.Journal

	byID     atomic.Pointer[map[string]delta.Mailbox] // key id → mailbox, as of the last listing
	pace     atomic.Pointer[schedules.Pace]
	enrolled bool // what the configuration names is enrolled; the runner's
}

// workers is how many mailboxes are swept at a time. A sweep mostly waits for Graph.
const workers = 64

func newDaemon(e *engine) *daemon {
	d := &daemon{engine: e, queue: e.store.Queue(), timetable: schedules.Timetable{Schedule: e.config.Sweep}}
	d.byID.Store(&map[string]delta.Mailbox{})
	d.pace.Store(&schedules.Pace{})
	d.runner = &schedules.Runner{
		Queue: d.queue, Schedule: e.config.Sweep, Workers: workers, Hold: e.config.LeaseTTL, Relist: min(30*time.Second, e.config.LeaseTTL),
		List: d.list, Ready: d.claimAll, Work: d.work, Log: e.log,
	}
	e.sweeper.Claim = d.claim
	e.sweeper.Freed = func(m delta.Mailbox) { d.hasten(context.Background(), m) }
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
	parts.Go(func() { d.keepPace(ctx) })
	d.runner.Run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(closing); err != nil {
		_ = server.Close()
	}
	parts.Wait()
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
		d.hasten(ctx, asked...)
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
	return nil
}
