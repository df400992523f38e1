package main

import (
	"context"
	"maps"
	"sync"
	"time"

	"syncd/delta"
)

// What others ask of the daemon through Redis: hints, and resyncs.

const (
	// lookEvery is how often requests are looked for. A hint is noticed as it comes.
	lookEvery = time.Second
	// hintGap is how soon after one hint another one of the same mailbox counts. What comes meanwhile is one hint.
	hintGap = 3 * time.Second
	// hintRest is how long hints gather, where they come without end.
	hintRest = 100 * time.Millisecond
	// complainEvery is how often the log may tell of hints for mailboxes that are not enrolled.
	complainEvery = time.Minute
)

// watchRequests follows the streams until ctx ends.
func (d *daemon) watchRequests(ctx context.Context) {
	h := hintReader{daemon: d, last: map[string]time.Time{}, later: map[string]bool{}}
	var looked time.Time
	for ctx.Err() == nil {
		err := d.store.AwaitHints(ctx, h.patience(time.Now()))
		if err == nil {
			err = h.take(ctx)
		}
		if time.Since(looked) >= lookEvery-hintRest {
			looked = time.Now()
			if resyncErr := d.serveResyncs(ctx); err == nil {
				err = resyncErr
			}
		}
		rest := hintRest
		if err != nil {
			rest = lookEvery
		}
		h.heard(ctx, err)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// hintReader is what is known of hints. It is used by one goroutine.
type hintReader struct {
	*daemon
	last    map[string]time.Time // mailbox → its last hint that counted, of the last while
	later   map[string]bool      // mailboxes with hints that came too soon after that
	nobodys int                  // hints for mailboxes that are not enrolled, since the log told of it
	told    time.Time
	failing bool
}

// patience is how long there is nothing to do without a new hint.
func (h *hintReader) patience(now time.Time) time.Duration {
	if len(h.later) > 0 {
		return hintRest
	}
	return lookEvery - hintRest
}

// take takes the hints that there are.
func (h *hintReader) take(ctx context.Context) error {
	names, entries, err := h.store.TakeHints(ctx)
	now := time.Now()
	known := *h.byName.Load()
	for _, name := range names {
		if id, ok := known[name]; ok {
			h.later[id] = true
		} else {
			h.nobodys++
		}
	}
	maps.DeleteFunc(h.last, func(_ string, at time.Time) bool { return now.Sub(at) >= hintGap })
	var due []string
	for id := range h.later {
		if _, soon := h.last[id]; !soon {
			due = append(due, id)
			h.last[id] = now
			delete(h.later, id)
		}
	}
	h.metrics.hints.Add(float64(entries))
	if h.nobodys > 0 && now.Sub(h.told) >= complainEvery {
		h.log.Warn().Int("names", h.nobodys).Msg("hints name mailboxes that are not enrolled")
		h.nobodys, h.told = 0, now
	}
	if len(due) > 0 {
		h.hinting.heard(ctx, due)
		h.hastenIDs(ctx, due)
	}
	return err
}

// heard says once that requests cannot be read, and once that they can.
func (h *hintReader) heard(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && !h.failing:
		h.log.Error().Err(err).Msg("cannot read hints and resync requests; trying again")
	case err == nil && h.failing:
		h.log.Info().Msg("hints and resync requests can be read again")
	}
	h.failing = err != nil
}

// serveResyncs passes requests on to their mailboxes, and makes these due. Of those that are spread it takes as many as there may be
// at a time.
func (d *daemon) serveResyncs(ctx context.Context) error {
	now, spread, err := d.store.ResyncsWaiting(ctx)
	room := min(int(spread), d.spread.room())
	if err != nil || now == 0 && room == 0 {
		return err
	}
	asked, err := d.takeResyncs(ctx, d.named)
	d.hasten(ctx, asked...)
	if err != nil || room == 0 {
		return err
	}
	some, unknown, err := d.store.TakeSpreadResyncs(ctx, d.named, room)
	d.nobodys(unknown)
	d.spread.begin(some)
	d.hasten(ctx, some...)
	return err
}

// named finds the enrolled mailbox of an address or id in lower case.
func (d *daemon) named(name string) (delta.Mailbox, bool) {
	m, ok := (*d.byID.Load())[(*d.byName.Load())[name]]
	return m, ok
}

// spread counts the resyncs of all mailboxes that are under way. They have half of the sweeps that there are at a time at first.
type spread struct {
	mu    sync.Mutex
	begun map[string]time.Time // guarded by mu
}

func (s *spread) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	// One that another daemon serves is never heard of again.
	maps.DeleteFunc(s.begun, func(_ string, at time.Time) bool { return time.Since(at) > time.Minute })
	return max(0, firstAtOnce/2-len(s.begun))
}

func (s *spread) begin(mailboxes []delta.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun == nil {
		s.begun = map[string]time.Time{}
	}
	for _, m := range mailboxes {
		s.begun[m.Key()] = time.Now()
	}
}

func (s *spread) done(mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.begun, mailbox)
}
