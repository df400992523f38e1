package subscriptions

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
)

// Keeper keeps the subscriptions of one daemon's share of the mailboxes.
type Keeper struct {
	Graph Graph
	Store Store
	// URL is where notifications go; "" where none are wanted, and what there is is given up.
	URL string
	// Lives are how long subscriptions are asked to live: the first that Graph takes.
	Lives []time.Duration
	Keys  delta.Keys
	// List gives the enrolled mailboxes that have a directory id, in the same order each time; Find finds one.
	List func() []string
	Find func(id string) (delta.Mailbox, bool)
	// Missed is told of mailboxes that may have changed while nobody watched.
	Missed func(ctx context.Context, ids []string)
	// Reason says in a word what an error of Graph means.
	Reason func(error) Reason
	// Count counts what was done, by kind and result: "ok" or a reason.
	Count   func(call string, result Reason)
	Workers int
	Log     zerolog.Logger

	once    sync.Once
	wake    chan struct{}
	reading chan struct{} // holds one while somebody reads the list of all

	mu     sync.Mutex
	life   int                           // guarded by mu; index into Lives
	listed time.Time                     // guarded by mu; when all was read last
	all    map[string]delta.Subscription // guarded by mu; resource, as Graph compares it → subscription
}

const (
	// hold is how long a mailbox is one daemon's. Two requests to Graph take longer only when nothing works.
	hold = 5 * time.Minute
	// look is the longest time between two questions what is due: others may have hastened something.
	look = 15 * time.Second
	// refill is how often the store is compared with the list, though the list seems to be the same.
	refill = 5 * time.Minute
	// spread is how long making the first subscriptions of all mailboxes takes at least, for each: no more than twenty a second.
	spread = time.Second / 20
	// listFor is how long the list of all subscriptions is good for.
	listFor = 10 * time.Minute
)

// Wake makes the keeper ask at once what is due.
func (k *Keeper) Wake() {
	k.start()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *Keeper) start() {
	k.once.Do(func() { k.wake, k.reading = make(chan struct{}, 1), make(chan struct{}, 1) })
}

// Run keeps subscriptions until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	k.start()
	var filled time.Time
	var known, missing []string
	failing, checked := false, false
	for ctx.Err() == nil {
		if k.nothing(ctx) {
			return
		}
		var err error
		if !checked && k.URL != "" { // the operator may have changed where notifications go since they were made
			err = k.Store.HastenElsewhere(ctx, To(k.URL))
			checked = err == nil
		}
		if list := k.wanted(); err == nil && (time.Since(filled) >= refill || !slices.Equal(list, known)) {
			if missing, err = k.fill(ctx, list, missing); err == nil {
				filled, known = time.Now(), list
			}
		}
		next := look
		if err == nil {
			next, err = k.turn(ctx)
		}
		if next < 0 { // nothing is known: there is no mailbox, or the store was lost
			filled, next = time.Time{}, look
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			k.Log.Error().Err(err).Msg("cannot look after subscriptions; trying again")
		case err == nil && failing:
			k.Log.Info().Msg("subscriptions are looked after again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-time.After(min(next, look)):
		}
	}
}

// nothing reports that no hints are wanted, and nothing of former times is left to give up.
func (k *Keeper) nothing(ctx context.Context) bool {
	if k.URL != "" {
		return false
	}
	ids, err := k.Store.SubscriptionKeys(ctx)
	return err == nil && len(ids) == 0
}

// wanted are the mailboxes that are to have a subscription.
func (k *Keeper) wanted() []string {
	if k.URL == "" {
		return nil
	}
	return k.List()
}

// fill makes the store know just the wanted mailboxes. The list may be half a minute old: one that is not on it goes when it was not
// on the one before either. before and after are such mailboxes.
func (k *Keeper) fill(ctx context.Context, wanted, before []string) (after []string, err error) {
	there, err := k.Store.SubscriptionKeys(ctx)
	if err != nil {
		return before, err
	}
	known := make(map[string]bool, len(there))
	for _, id := range there {
		known[id] = true
	}
	var missing, gone []string
	for _, id := range wanted {
		if !known[id] {
			missing = append(missing, id)
		}
		delete(known, id)
	}
	suspect := make(map[string]bool, len(before))
	for _, id := range before {
		suspect[id] = true
	}
	for id := range known {
		if suspect[id] || k.URL == "" {
			gone = append(gone, id)
		} else {
			after = append(after, id)
		}
	}
	over := time.Duration(len(missing)) * spread
	if err := k.Store.AddSubscriptions(ctx, missing, func(string) time.Duration { return rand.N(over + 1) }); err != nil {
		return before, err
	}
	return after, k.Store.LeaveSubscriptions(ctx, gone)
}

// turn looks after what is due, and says when something is again; less than 0 where nothing is known.
func (k *Keeper) turn(ctx context.Context) (next time.Duration, err error) {
	due, next, err := k.Store.TakeSubscriptions(ctx, 4*k.Workers, hold)
	if err != nil || len(due) == 0 {
		return next, err
	}
	jobs, done := make(chan Due), make(chan Return, len(due))
	var workers sync.WaitGroup
	for range min(k.Workers, len(due)) {
		workers.Go(func() {
			for d := range jobs {
				done <- k.tend(ctx, d)
			}
		})
	}
	for _, d := range due {
		jobs <- d
	}
	close(jobs)
	workers.Wait()
	close(done)
	var returns []Return
	var missed []string
	for r := range done {
		returns = append(returns, r)
		before := dueOf(due, r.Mailbox).Record.Since
		if r.Record.Lives(time.Now()) && !before.IsZero() && !r.Record.Since.Equal(before) {
			missed = append(missed, r.Mailbox)
		}
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := k.Store.PutSubscriptions(closing, returns); err != nil {
		return 0, err // they come again when the hold is over
	}
	if len(missed) > 0 && k.Missed != nil {
		k.Missed(ctx, missed)
	}
	return 0, nil
}

func dueOf(due []Due, mailbox string) Due {
	return due[slices.IndexFunc(due, func(d Due) bool { return d.Mailbox == mailbox })]
}
