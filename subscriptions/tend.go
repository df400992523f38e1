package subscriptions

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"syncd/delta"
)

// tend does for one mailbox what is due.
func (k *Keeper) tend(ctx context.Context, d Due) Return {
	if ctx.Err() != nil {
		return Return{Due: d, At: time.Now()} // others may go on with it
	}
	m, enrolled := k.Find(d.Mailbox)
	switch {
	case d.Leaves, k.URL == "":
		return k.leave(ctx, d)
	case !enrolled:
		return Return{Due: d, At: time.Now().Add(time.Minute)} // enrolled or unenrolled just now; the list tells
	}
	before := d.Record
	err := k.uphold(ctx, m, &d.Record)
	if err == nil {
		fresh := d.Record.Tries == 0 && d.Record == before
		d.Record.Reason, d.Record.Tries = "", 0
		if fresh {
			return Return{Due: d, At: time.Now().Add(time.Minute)} // once more, and then it is believed
		}
		left := time.Until(d.Record.Expires)
		return Return{Due: d, At: time.Now().Add(left/3 + rand.N(left/3+1))}
	}
	if ctx.Err() != nil {
		return Return{Due: d, At: time.Now()}
	}
	d.Record.Reason = k.reason(err)
	d.Record.Tries++
	k.Log.Debug().Err(err).Str("mailbox", m.Address).Str("reason", string(d.Record.Reason)).Msg("no subscription")
	return Return{Due: d, At: again(err, d.Record.Tries)}
}

// uphold renews the subscription of a mailbox, or makes one.
func (k *Keeper) uphold(ctx context.Context, m delta.Mailbox, r *Record) error {
	if r.ID != "" && r.To != To(k.URL) { // the operator changed where notifications go
		err := k.Graph.Unsubscribe(ctx, r.ID)
		k.count("delete", err)
		if err != nil {
			return err
		}
		*r = Record{Tries: r.Tries}
	}
	if r.ID == "" {
		return k.make(ctx, m, r)
	}
	if k.fresh(*r) { // a flood of words of its end; Graph wants ten minutes between two renewals at times
		return nil
	}
	err := k.renew(ctx, m, r)
	if errors.Is(err, delta.ErrGone) { // lost, and so may be what it should have told
		*r = Record{Tries: r.Tries}
		return k.make(ctx, m, r)
	}
	return err
}

// fresh reports a subscription that was made or renewed within the last minute.
func (k *Keeper) fresh(r Record) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return r.Tries == 0 && time.Until(r.Expires) > k.Lives[k.life]-time.Minute
}

func (k *Keeper) renew(ctx context.Context, m delta.Mailbox, r *Record) error {
	return k.living(func(life time.Duration) error {
		expired := !r.Expires.After(time.Now())
		until, err := k.Graph.Renew(ctx, m, r.ID, time.Now().Add(life))
		k.count("renew", err)
		if err == nil {
			r.Expires = until
			if expired || r.Since.IsZero() {
				r.Since = now()
			}
		}
		return err
	})
}

// make makes a subscription, or adopts the one that there is.
func (k *Keeper) make(ctx context.Context, m delta.Mailbox, r *Record) error {
	if there, ok := k.find(m.Key(), time.Now().Add(-listFor)); ok && k.ours(m, there) {
		return k.adopt(ctx, m, there, r)
	}
	asked := time.Now()
	err := k.create(ctx, m, r)
	if !errors.Is(err, delta.ErrSubscribed) {
		return err
	}
	if err := k.list(ctx, asked); err != nil {
		return err
	}
	there, ok := k.find(m.Key(), asked)
	switch {
	case !ok: // it ended in between, or is not shown yet
		return k.create(ctx, m, r)
	case k.ours(m, there):
		return k.adopt(ctx, m, there, r)
	case there.URL == k.URL, k.mine(m, there): // ours before the key, the place or what is subscribed to changed
		err := k.Graph.Unsubscribe(ctx, there.ID)
		k.count("delete", err)
		if err != nil {
			return err
		}
		return k.create(ctx, m, r)
	}
	return errTaken
}

var errTaken = errors.New("another installation has the subscription")

// mine reports whether we made a subscription, ours whether it also is as it should be.
func (k *Keeper) mine(m delta.Mailbox, s delta.Subscription) bool {
	return s.State == k.Keys.ClientState(m.Key())
}

func (k *Keeper) ours(m delta.Mailbox, s delta.Subscription) bool {
	return k.mine(m, s) && s.URL == k.URL && s.Expires.After(time.Now())
}

// adopt takes a subscription over that nobody remembers. Whether it missed anything is not known.
func (k *Keeper) adopt(ctx context.Context, m delta.Mailbox, s delta.Subscription, r *Record) error {
	r.ID, r.To, r.Since, r.Expires = s.ID, To(k.URL), now(), s.Expires
	k.count("adopt", nil)
	err := k.renew(ctx, m, r)
	if errors.Is(err, delta.ErrGone) { // the list is old
		*r = Record{Tries: r.Tries}
		return k.create(ctx, m, r)
	}
	return err
}

func (k *Keeper) create(ctx context.Context, m delta.Mailbox, r *Record) error {
	return k.living(func(life time.Duration) error {
		made, err := k.Graph.Subscribe(ctx, m, delta.Subscription{URL: k.URL, State: k.Keys.ClientState(m.Key()), Expires: time.Now().Add(life)})
		k.count("create", err)
		if err == nil {
			r.ID, r.To, r.Since, r.Expires = made.ID, To(k.URL), now(), made.Expires
		}
		return err
	})
}

// living asks for a life, and for a shorter one where Graph refuses; what it took is asked for from then on.
func (k *Keeper) living(ask func(life time.Duration) error) error {
	k.mu.Lock()
	first := k.life
	k.mu.Unlock()
	err := ask(k.Lives[first])
	for i := first + 1; i < len(k.Lives) && errors.Is(err, delta.ErrRefused); i++ {
		if err = ask(k.Lives[i]); err == nil {
			k.mu.Lock()
			k.life = i
			k.mu.Unlock()
		}
	}
	return err
}

// list reads all subscriptions, unless somebody did since.
func (k *Keeper) list(ctx context.Context, since time.Time) error {
	select {
	case k.reading <- struct{}{}: // the others wait for the one answer
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-k.reading }()
	if k.listedSince(since) {
		return nil
	}
	began := time.Now()
	all, err := k.Graph.Subscriptions(ctx)
	k.count("list", err)
	if err != nil {
		return err
	}
	known := make(map[string]delta.Subscription, len(all))
	for _, s := range all {
		resource := plain(s.Resource)
		_, ours := k.Keys.Subscribed(s.State)
		if _, there := known[resource]; ours || !there {
			known[resource] = s
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listed, k.all = began, known
	return nil
}

func (k *Keeper) listedSince(t time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.listed.After(t)
}

// find looks a mailbox up in the list, if that is as new as since.
func (k *Keeper) find(id string, since time.Time) (delta.Subscription, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.listed.Before(since) {
		return delta.Subscription{}, false
	}
	s, ok := k.all[plain(delta.SubscriptionResource(id))]
	return s, ok
}

// plain writes a resource so that it can be compared: Graph writes it now with a slash in front, now without, and in any case.
func plain(resource string) string { return strings.ToLower(strings.Trim(resource, "/")) }

// leave gives a subscription up.
func (k *Keeper) leave(ctx context.Context, d Due) Return {
	if d.Record.ID == "" {
		return Return{Due: d, Gone: true}
	}
	err := k.Graph.Unsubscribe(ctx, d.Record.ID)
	k.count("delete", err)
	if err == nil || !d.Record.Lives(time.Now()) {
		return Return{Due: d, Gone: true}
	}
	d.Record.Reason = k.reason(err)
	d.Record.Tries++
	return Return{Due: d, At: again(err, d.Record.Tries)}
}

func (k *Keeper) count(call string, err error) {
	if k.Count == nil {
		return
	}
	result := Reason("ok")
	if err != nil {
		result = k.reason(err)
	}
	k.Count(call, result)
}

func (k *Keeper) reason(err error) Reason {
	switch {
	case errors.Is(err, errTaken), errors.Is(err, delta.ErrSubscribed):
		return Taken
	case errors.Is(err, delta.ErrSubscriptions):
		return NotHere
	case errors.Is(err, delta.ErrRefused):
		return NotHeld
	}
	return k.Reason(err)
}

// again is when to try again: soon and then seldom where time may help, seldom where somebody has to act.
func again(err error, tries int) time.Time {
	var later *delta.LaterError
	first, most := time.Minute, time.Hour
	switch {
	case errors.As(err, &later):
		return later.At
	case errors.Is(err, errTaken), errors.Is(err, delta.ErrSubscriptions), errors.Is(err, delta.ErrRefused), errors.Is(err, delta.ErrMailbox):
		first, most = time.Hour, 24*time.Hour
	}
	wait := min(most, first<<min(tries-1, 10))
	return time.Now().Add(wait/2 + rand.N(wait/2))
}

// now is a time as it is remembered.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
