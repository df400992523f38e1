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
	out := newUnblocked(s.err)
	defer out.close()
	s.log = out
	c, log, err := s.load(toServe...)
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
		if errors.Is(err, errStopped) {
			log.Info().Msg("syncd stopped")
			return nil
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

// errStopped says that a daemon was told to stop before it could begin.
var errStopped = errors.New("stopped")

// awaitEngine is newEngine, which it tries again for as long as Redis does not answer. Where it was told to stop meanwhile the error
// is errStopped.
func (s *surroundings) awaitEngine(log zerolog.Logger) (*engine, error) {
	for said := false; ; said = true {
		e, err := s.newEngine(true, false)
		if err != nil && s.ctx.Err() != nil && !operators(err) {
			return nil, errStopped
		}
		if !errors.Is(err, redisstore.ErrDown) {
			return e, err
		}
		if !said {
			log.Error().Err(err).Msg("waiting for Redis")
		}
		select {
		case <-s.ctx.Done():
			return nil, errStopped
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
	lookups  sync.WaitGroup
	looking  chan enrolling // gives what a look at whom the configuration names came to; nil while there is none. This and what follows are the runner's
	enrolled bool           // what the configuration names is enrolled
	groups   regroup
	kept     bool // the list stands in the state folder as it was read last
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
		Queue: ownQueue{d.queue, d.owns}, Schedule: e.config.Sweep, Hold: e.config.LeaseTTL, Relist: min(30*time.Second, e.config.LeaseTTL),
		AtOnce: schedules.Limits{First: firstAtOnce, Most: e.config.SweepsAtOnce}, Usage: e.usage,
		List: d.list, Ready: d.claimAll, Work: d.work, Writable: d.queue.Writable, Log: e.log,
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
	front.show(d.metrics.beside(d.site().Handler()))
	var parts sync.WaitGroup
	parts.Go(func() { d.watchRequests(ctx) })
	parts.Go(func() { d.keepPace(ctx) })
	parts.Go(func() { d.watchCredentials(ctx) })
	parts.Go(func() { d.hinting.serve(ctx) })
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		<-ctx.Done()
		select {
		case <-over:
		case <-time.After(grace + time.Second): // Redis has frozen: leave in time all the same; leases end by themselves
			_ = d.store.HangUp()
		}
	})
	d.runner.Run(ctx)
	d.lookups.Wait()
	parts.Wait()
	close(over)
	watch.Wait()
}
