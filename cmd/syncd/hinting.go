package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/graph"
	"syncd/hints"
	"syncd/redisstore"
	"syncd/schedules"
	"syncd/subscriptions"
	"syncd/sweep"
)

// Hints from Graph: the subscriptions, the ways in which notifications come, and what the timetable makes of it. All of them end in
// the stream that requests.go reads.

// eventHub is how a place begins that is an event hub, as Graph wants it written (change-notifications-delivery-event-hubs.md).
const eventHub = "EventHub:"

// hinting is the daemon's part in it.
type hinting struct {
	*daemon
	collector hints.Collector
	keeper    *subscriptions.Keeper
	hook      net.Listener // of the webhook; nil for none

	mu    sync.Mutex
	known map[string]schedules.Hints // guarded by mu; of the mailboxes that are about to be swept
	read  bool                       // guarded by mu; notifications can be read, by this daemon or another
}

// subscribers is how many requests about subscriptions a daemon has under way.
const subscribers = 4

func newHinting(d *daemon) *hinting {
	h := &hinting{daemon: d, known: map[string]schedules.Hints{}}
	h.collector.Pass = h.pass
	h.collector.Failed = func(err error) {
		if err != nil {
			d.log.Error().Err(err).Msg("cannot pass hints on; trying again")
		} else {
			d.log.Info().Msg("hints are passed on again")
		}
	}
	h.keeper = &subscriptions.Keeper{
		Graph: d.graph, Store: d.store, URL: d.config.NotificationURL, Lives: []time.Duration{graph.Longest, graph.OlderLongest},
		Keys: d.sweeper.Keys, List: func() []string { return *d.served.Load() }, Workers: subscribers, Log: d.log,
		Find:   func(id string) (delta.Mailbox, bool) { m, ok := (*d.byID.Load())[id]; return m, ok && m.ID != "" },
		Missed: func(ctx context.Context, ids []string) { d.hastenIDs(ctx, ids) },
		Reason: func(err error) subscriptions.Reason { return subscriptions.Reason(sweep.ReasonOf(err)) },
		Count:  func(call string, result subscriptions.Reason) { d.metrics.subscribed(call, string(result)) },
	}
	return h
}

// ours tells whose clientState a notification carries.
func (h *hinting) ours(state string) (string, bool) { return h.sweeper.Keys.Subscribed(state) }

// pass puts hints where all daemons find them, and has subscriptions looked at that are ending.
func (h *hinting) pass(ctx context.Context, changed, ending []string) error {
	known := *h.byName.Load()
	enrolled := slices.DeleteFunc(changed, func(id string) bool { return known[id] == "" }) // the others left a while ago
	if err := h.store.AddHints(ctx, enrolled, "graph"); err != nil || len(ending) == 0 {
		return err
	}
	var ids []string
	for _, id := range ending {
		if known[id] != "" {
			ids = append(ids, known[id])
		}
	}
	err := h.store.HastenSubscriptions(ctx, ids)
	h.keeper.Wake()
	return err
}

// serve runs until ctx ends.
func (h *hinting) serve(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { h.keeper.Run(ctx) })
	parts.Go(func() { h.collector.Run(ctx) })
	parts.Go(func() { h.watch(ctx) })
	if hub, err := h.newHub(); err != nil {
		h.log.Error().Err(err).Msg("cannot read the event hub")
	} else if hub != nil {
		parts.Go(func() { hub.Run(ctx) })
	}
	if h.hook != nil {
		parts.Go(func() { h.serveHook(ctx) })
	}
	parts.Wait()
}

// listenHook opens the webhook's port, if there is to be one.
func (c *Config) listenHook() (net.Listener, error) {
	if c.HookListen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", c.HookListen)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", both("webhook_listen"), err)
	}
	if c.HookCertificate == "" {
		return l, nil
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion:     tls.VersionTLS12, // read anew, so that a renewed one is taken without a restart
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.hookCertificate() },
	}), nil
}

// serveHook serves the webhook.
func (h *hinting) serveHook(ctx context.Context) {
	handler := hints.NewWebhook(h.ours, h.collector.Add, func(n hints.Notices, unreadable bool) { h.metrics.noticed("webhook", n, unreadable) })
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // strangers may not fill the log
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(h.hook); !errors.Is(err, http.ErrServerClosed) {
		h.log.Error().Err(err).Msg("the webhook is down")
	}
}

// lookAtHints is how often a daemon asks whether notifications can be read.
const lookAtHints = 15 * time.Second

// watch follows whether notifications can be read. While they cannot, nobody relies on hints.
func (h *hinting) watch(ctx context.Context) {
	if h.config.SweepHinted == nil {
		return
	}
	for ctx.Err() == nil {
		read, err := hintsRead(ctx, h.config, h.store)
		if h.setRead(read && err == nil) && ctx.Err() == nil {
			h.log.Warn().AnErr("error", err).Msg("notifications cannot be read: all mailboxes have the ordinary rhythm")
			h.comeBack(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAtHints):
		}
	}
}

// setRead notes whether notifications can be read, and tells whether they no longer can.
func (h *hinting) setRead(read bool) (lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lost = h.read && !read
	h.read = read
	return lost
}

// comeBack makes mailboxes due that were to come much later, each at its place in the ordinary rhythm.
func (h *hinting) comeBack(ctx context.Context) {
	type turn struct {
		id string
		at time.Time
	}
	var turns []turn
	now := time.Now()
	for _, id := range *h.served.Load() {
		turns = append(turns, turn{id, h.config.Sweep.Next(id, now)})
	}
	slices.SortFunc(turns, func(a, b turn) int { return a.at.Compare(b.at) })
	for len(turns) > 0 && ctx.Err() == nil {
		var due []string
		for ; len(turns) > 0 && !turns[0].at.After(time.Now()); turns = turns[1:] {
			due = append(due, turns[0].id)
		}
		if len(due) > 0 {
			h.hastenIDs(ctx, due)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// recall reads what is known of the hints of mailboxes that are about to be swept.
func (h *hinting) recall(ctx context.Context, ids []string) {
	h.mu.Lock()
	read := h.read
	h.mu.Unlock()
	if !read {
		return
	}
	known, err := reliedOn(ctx, h.config, h.store, ids)
	if err != nil {
		return // the ordinary rhythm is always right
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.Copy(h.known, known)
}

// reliedOn are the hints of those of some mailboxes that have a subscription as it should be.
func reliedOn(ctx context.Context, c *Config, store *redisstore.Store, ids []string) (map[string]schedules.Hints, error) {
	known := map[string]schedules.Hints{}
	seen, err := store.Subscriptions(ctx, ids, false)
	for i, s := range seen {
		if s.Lives(time.Now()) && s.To == subscriptions.To(c.NotificationURL) {
			known[ids[i]] = schedules.Hints{Since: s.Since, Heard: s.Heard}
		}
	}
	return known, err
}

// hintsOf is likewise, for who only looks.
func hintsOf(ctx context.Context, c *Config, store *redisstore.Store, ids []string) (map[string]schedules.Hints, error) {
	if read, err := hintsRead(ctx, c, store); err != nil || !read {
		return nil, err
	}
	return reliedOn(ctx, c, store, ids)
}

// hintsRead reports whether notifications can be read, as far as is known, and are relied on at all.
func hintsRead(ctx context.Context, c *Config, store *redisstore.Store) (bool, error) {
	switch {
	case c.SweepHinted == nil:
		return false, nil
	case !strings.HasPrefix(c.NotificationURL, eventHub):
		return true, nil // whether Graph reaches a webhook, or somebody's relay, shows mailbox by mailbox
	}
	return store.HintsWereRead(ctx)
}

// of is what was recalled of a mailbox; it is forgotten then.
func (h *hinting) of(id string) schedules.Hints {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.known[id]
	delete(h.known, id)
	return known
}

// heard notes that hints came.
func (h *hinting) heard(ctx context.Context, ids []string) {
	if h.config.SweepHinted == nil {
		return
	}
	if err := h.store.Heard(ctx, ids, time.Now()); err != nil && ctx.Err() == nil {
		h.log.Warn().Err(err).Msg("cannot note hints; their mailboxes keep the ordinary rhythm")
	}
}

// servedOf are the ids of the mailboxes that can have a subscription.
func servedOf(byID map[string]delta.Mailbox) []string {
	ids := slices.Sorted(maps.Keys(byID))
	return slices.DeleteFunc(ids, func(id string) bool { return byID[id].ID == "" })
}
