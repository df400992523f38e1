package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/pages"
	"syncd/redisstore"
	"syncd/schedules"
	"syncd/sweep"
)

type runCommand struct{}

// Run serves until told to stop.
func (runCommand) Run(s *surroundings) error {
	c, log, err := s.load()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", both("listen"), err)}
	}
	hook, err := c.listenHook()
	if err != nil {
		return errors.Join(usageError{err}, listener.Close())
	}
	front := newFront(listener, log)
	log.Info().Str("version", version()).Str("pages", "http://"+listener.Addr().String()).Msg("syncd serves")
	e, err := s.awaitEngine(log)
	if err != nil {
		front.close()
		if hook != nil {
			_ = hook.Close()
		}
		return err
	}
	d := newDaemon(e)
	d.hinting.hook = hook
	d.serve(s.ctx, front)
	front.close()
	e.log.Info().Msg("syncd stopped")
	return e.close()
}

// awaitEngine is newEngine, which it tries again for as long as Redis does not answer.
func (s *surroundings) awaitEngine(log zerolog.Logger) (*engine, error) {
	for said := false; ; said = true {
		e, err := s.newEngine(true, false)
		if !errors.Is(err, redisstore.ErrDown) {
			return e, err
		}
		if !said {
			log.Error().Err(err).Msg("waiting for Redis")
		}
		select {
		case <-s.ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// daemon is a running syncd.
type daemon struct {
	*engine
	queue     *redisstore.Queue
	runner    *schedules.Runner
	timetable schedules.Timetable
	claims    claims
	spread    spread
	metrics   *metrics
	hinting   *hinting
	journal   pages.Journal

	listed   atomic.Pointer[[]delta.Mailbox]          // who is enrolled, by address, as of the last listing
	byID     atomic.Pointer[map[string]delta.Mailbox] // key id → mailbox; likewise
	byName   atomic.Pointer[map[string]string]        // address or id, in lower case → key id; likewise
	served   atomic.Pointer[[]string]                 // key ids of those in byID that have a directory id, sorted; likewise
	pace     atomic.Pointer[schedules.Pace]
	enrolled bool // what the configuration names is enrolled; this and what follows are the runner's
	roll     *redisstore.Roll
	ids      []string // key ids of all, as of the last listing
}

func newDaemon(e *engine) *daemon {
	d := &daemon{engine: e, queue: e.store.Queue(), roll: e.store.Roll(), timetable: schedules.Timetable{Schedule: e.config.Sweep, Hinted: e.config.SweepHinted}}
	d.listed.Store(&[]delta.Mailbox{})
	d.byID.Store(&map[string]delta.Mailbox{})
	d.byName.Store(&map[string]string{})
	d.served.Store(&[]string{})
	d.pace.Store(&schedules.Pace{})
	d.runner = &schedules.Runner{
		Queue: d.queue, Schedule: e.config.Sweep, Hold: e.config.LeaseTTL, Relist: min(30*time.Second, e.config.LeaseTTL),
		AtOnce: schedules.Limits{First: firstAtOnce, Most: e.config.SweepsAtOnce}, Usage: e.usage,
		List: d.list, Ready: d.claimAll, Work: d.work, Log: e.log,
	}
	d.metrics = newMetrics(d)
	d.hinting = newHinting(d)
	e.sweeper.Claim = d.claim
	e.sweeper.Freed = func(m delta.Mailbox) { d.hasten(context.Background(), m) }
	e.sweeper.Watch = func(m delta.Mailbox, s delta.Seen, decision delta.Decision, err error) {
		line := pages.Line{At: time.Now(), Mailbox: m.Address, Event: s.ID, Action: string(decision.Action), Reason: string(decision.Reason)}
		if err != nil {
			line.Failed = string(sweep.ReasonOf(err))
		}
		d.journal.Add(line)
		d.metrics.decided(decision, err)
	}
	return d
}

// serve works until ctx ends: sweeps finish the event in hand, then it is over. Nothing is left running but the front.
func (d *daemon) serve(ctx context.Context, front *front) {
	front.show(d.metrics.beside(pages.Handler("syncd", d, &d.journal)))
	var parts sync.WaitGroup
	parts.Go(func() { d.watchRequests(ctx) })
	parts.Go(func() { d.keepPace(ctx) })
	parts.Go(func() { d.watchWebex(ctx) })
	parts.Go(func() { d.hinting.serve(ctx) })
	d.runner.Run(ctx)
	parts.Wait()
}

// mostRows is how many mailboxes the page shows: it is made anew every two seconds while somebody looks at it.
const mostRows = 1000

// Rows implements [pages.Source].
func (d *daemon) Rows(ctx context.Context) ([]pages.Row, error) {
	mailboxes, more, err := d.shown(ctx)
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
	if more > 0 {
		rows = append(rows, pages.Row{Mailbox: fmt.Sprintf("and %d more: `syncd status`", more)})
	}
	return rows, nil
}

// shown are the mailboxes that the page shows, the first ones by address, and how many more there are. Where there are many it is those
// that were enrolled when the daemon read the list last.
func (d *daemon) shown(ctx context.Context) (mailboxes []delta.Mailbox, more int, err error) {
	if mailboxes = *d.listed.Load(); len(mailboxes) <= mostRows {
		mailboxes, err = d.store.Mailboxes(ctx)
	}
	most := min(mostRows, len(mailboxes))
	return mailboxes[:most], len(mailboxes) - most, err
}

// Ready implements [pages.Source].
func (d *daemon) Ready(ctx context.Context) error {
	const patience = 2 * time.Second // who asks has little more
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := d.store.Ping(ctx); err != nil {
		return fmt.Errorf("redis does not answer: %w", err)
	}
	_, err := webexTrouble(ctx, d.config, d.store)
	return err
}
