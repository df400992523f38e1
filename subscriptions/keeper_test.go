package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

const hub = "EventHub:https://hints.servicebus.windows.net/eventhubname/graph?tenantId=example.com"

// rig is a tenant and a store, and what its keepers share.
type rig struct {
	*testing.T
	world *simulator.World
	graph *graph.Client
	store *memory
	keys  delta.Keys

	mu     sync.Mutex
	boxes  []delta.Mailbox // guarded by mu; what is enrolled
	missed []string        // guarded by mu
}

type tokens func() string

func (f tokens) Token(context.Context, string) (string, error) { return f(), nil }

// inBubble runs a test whose time stands still while everybody waits.
func inBubble(t *testing.T, mailboxes int, quirks simulator.Quirks, f func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, world: simulator.New(simulator.Options{Seed: 23, Quirks: quirks, TokenLife: 1000 * time.Hour}), store: newMemory(), keys: keys(t, "k")}
		watch, err := openapi.New()
		if err != nil {
			t.Fatal(err)
		}
		if r.graph, err = graph.New(simulator.GraphURL, watch.RoundTripper(r.world.Transport()), tokens(r.world.GraphToken)); err != nil {
			t.Fatal(err)
		}
		for i := range mailboxes {
			box := r.world.AddMailbox(fmt.Sprintf("m%d@example.com", i))
			r.boxes = append(r.boxes, delta.Mailbox{ID: box.ID(), Address: box.Address()})
		}
		f(r)
		if err := watch.Err(); err != nil {
			t.Error(err)
		}
	})
}

func keys(t *testing.T, letter string) delta.Keys {
	k, err := delta.NewKeys([]byte(strings.Repeat(letter, 32)), "tenant")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// keeper is one daemon's.
func (r *rig) keeper() *Keeper {
	return &Keeper{
		Graph: r.graph, Store: r.store, URL: hub, Lives: []time.Duration{graph.Longest, graph.OlderLongest}, Keys: r.keys, Workers: 4, Log: zerolog.Nop(),
		List: func() (ids []string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, m := range r.boxes {
				ids = append(ids, m.ID)
			}
			return ids
		},
		Find: func(id string) (delta.Mailbox, bool) {
			r.mu.Lock()
			defer r.mu.Unlock()
			i := slices.IndexFunc(r.boxes, func(m delta.Mailbox) bool { return m.ID == id })
			if i < 0 {
				return delta.Mailbox{}, false
			}
			return r.boxes[i], true
		},
		Missed: func(_ context.Context, ids []string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.missed = append(r.missed, ids...)
		},
		Reason: func(err error) Reason {
			if errors.Is(err, delta.ErrMailbox) {
				return "no-mailbox"
			}
			return "unreachable"
		},
	}
}

// run runs keepers for some time.
func (r *rig) run(d time.Duration, keepers ...*Keeper) {
	ctx, stop := context.WithTimeout(r.Context(), d)
	defer stop()
	var all sync.WaitGroup
	for _, k := range keepers {
		all.Go(func() { k.Run(ctx) })
	}
	all.Wait()
}

// complete wants one subscription for each mailbox, remembered as it is.
func (r *rig) complete() {
	r.Helper()
	there := r.world.Subscriptions()
	if len(there) != len(r.boxes) {
		r.Errorf("%d subscriptions, want %d", len(there), len(r.boxes))
	}
	for _, s := range there {
		id := r.world.Mailbox(s.Mailbox).ID()
		if known := r.store.of(id); known.ID != s.ID || !known.Expires.Equal(s.Expires) || known.Reason != "" {
			r.Errorf("%s: known %+v, is %+v", s.Mailbox, known, s)
		}
		if m, ok := r.keys.Subscribed(s.ClientState); !ok || m != id || s.URL != s.LifecycleURL {
			r.Errorf("%s: made as %+v", s.Mailbox, s)
		}
	}
}

func TestEveryMailboxIsSubscribedToForeverAndRenewalsAreSpread(t *testing.T) {
	inBubble(t, 100, simulator.Quirks{}, func(r *rig) {
		a, b := r.keeper(), r.keeper()
		r.run(time.Minute, a, b)
		r.complete()
		if n := r.world.Count("CreateSubscription", ""); n != 100 {
			t.Errorf("%d were made", n)
		}
		hours := map[int64]int{}
		r.world.OnRequest(func(q simulator.Request) {
			if q.Call == "PatchSubscription" {
				hours[q.At.Unix()/3600]++
			}
		})
		for range 10 { // days
			r.run(24*time.Hour, a, b)
			r.complete()
		}
		if n := r.world.Count("CreateSubscription", ""); n != 100 {
			t.Errorf("%d were made in ten days", n)
		}
		renewals, busiest := 0, 0
		for _, n := range hours {
			renewals, busiest = renewals+n, max(busiest, n)
		}
		if renewals < 100*10/7 || renewals > 100*10/2 || busiest > 12 {
			t.Errorf("%d renewals, %d in one hour", renewals, busiest)
		}
		if len(r.missed) > 0 {
			t.Errorf("%d were told to have missed something", len(r.missed))
		}
	})
}

func TestALostStoreIsFilledFromOneListAndMakesNothingTwice(t *testing.T) {
	inBubble(t, 150, simulator.Quirks{}, func(r *rig) {
		a, b := r.keeper(), r.keeper()
		r.run(time.Minute, a)
		r.store.clear()
		if err := r.store.AddSubscriptions(t.Context(), a.List(), func(string) time.Duration { return 0 }); err != nil {
			t.Fatal(err)
		}
		r.world.ClearRequests()
		r.world.Fault(simulator.Rule{Call: "*Subscription*", Fault: simulator.Slow(time.Second)}) // so that many are refused at once
		r.run(10*time.Minute, a, b)
		r.complete()
		made, refused := 0, 0
		for _, q := range r.world.Requests() {
			switch {
			case q.Call == "CreateSubscription" && q.Status == 201:
				made++
			case q.Call == "CreateSubscription":
				refused++
			}
		}
		if lists := r.world.Count("ListSubscriptions", ""); made != 0 || refused > 8 || lists > 4 { // two pages each
			t.Errorf("%d made, %d refused, %d pages listed", made, refused, lists)
		}
	})
}

func TestWhoLeavesIsUnsubscribedAndWhoComesIsSubscribed(t *testing.T) {
	inBubble(t, 3, simulator.Quirks{}, func(r *rig) {
		k := r.keeper()
		r.run(time.Minute, k)
		gone := r.boxes[0]
		box := r.world.AddMailbox("late@example.com")
		r.boxes = append(r.boxes[1:], delta.Mailbox{ID: box.ID(), Address: box.Address()})
		if err := r.store.LeaveSubscriptions(t.Context(), []string{gone.ID}); err != nil {
			t.Fatal(err)
		}
		r.run(time.Minute, k)
		r.complete()
		forgotten := r.boxes[0] // whose unenrolling nobody told of
		r.boxes = r.boxes[1:]
		r.run(3*refill, k)
		r.complete()
		if r.store.of(forgotten.ID).ID != "" || r.store.of(gone.ID).ID != "" {
			t.Error("something is remembered of who left")
		}
		k.URL = "" // no hints are wanted any more
		r.run(time.Minute, k)
		r.boxes = nil
		r.complete()
	})
}

func TestALostSubscriptionIsMadeAnewAndItsMailboxSwept(t *testing.T) {
	inBubble(t, 2, simulator.Quirks{}, func(r *rig) {
		k := r.keeper()
		r.run(time.Minute, k)
		lost := r.boxes[0]
		r.world.Unsubscribe(r.world.Mailbox(lost.Address))
		r.missed = nil
		r.store.hasten(lost.ID, r.boxes[1].ID) // as the notification subscriptionRemoved does
		r.run(3*time.Minute, k)
		r.complete()
		if !slices.Equal(r.missed, []string{lost.ID}) {
			t.Errorf("swept: %v, want %s", r.missed, lost.ID)
		}
		r.missed = nil
		r.world.Lifecycle("reauthorizationRequired")
		r.world.ClearRequests()
		for range 100 { // a flood of that word
			r.store.hasten(lost.ID)
			r.run(time.Second, k)
		}
		if n := r.world.Count("PatchSubscription", ""); n > 2 {
			t.Errorf("renewed %d times in two minutes", n)
		}
		r.run(time.Minute, k)
		r.world.TakeNotifications()
		r.world.Mailbox(lost.Address).Create(simulator.Draft{Subject: "x", Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour)})
		if n := len(r.world.TakeNotifications()); n != 1 || len(r.missed) != 0 {
			t.Errorf("after a reauthorization %d notifications, %v missed", n, r.missed)
		}
		r.world.Unsubscribe(r.world.Mailbox(lost.Address)) // and nobody says so: at the next renewal it shows
		r.run(6*24*time.Hour, k)
		r.complete()
	})
}

func TestASubscriptionThatGoesElsewhereIsReplaced(t *testing.T) {
	inBubble(t, 2, simulator.Quirks{}, func(r *rig) {
		r.run(time.Minute, r.keeper())
		moved := r.keeper()
		moved.URL = "EventHub:https://other.servicebus.windows.net/eventhubname/graph?tenantId=example.com"
		r.run(time.Minute, moved) // and not at the next renewal, days later
		r.complete()
		for _, s := range r.world.Subscriptions() {
			if s.URL != moved.URL {
				t.Errorf("goes to %s", s.URL)
			}
		}
		r.store.clear() // the place changes and the store is lost
		r.run(10*time.Minute, r.keeper())
		r.complete()
		if n := r.world.Subscriptions()[0].URL; n != hub {
			t.Errorf("goes to %s", n)
		}
	})
}

func TestAnotherInstallationsSubscriptionIsLeftAlone(t *testing.T) {
	inBubble(t, 1, simulator.Quirks{}, func(r *rig) {
		theirs := r.keeper()
		theirs.Keys, theirs.Store, theirs.URL = keys(t, "l"), newMemory(), "EventHub:https://theirs.servicebus.windows.net/eventhubname/x"
		r.run(time.Minute, theirs)
		before := r.world.Subscriptions()
		k := r.keeper()
		r.run(24*time.Hour, k)
		if after := r.world.Subscriptions(); !slices.Equal(before, after) {
			t.Errorf("%+v became %+v", before, after)
		}
		if known := r.store.of(r.boxes[0].ID); known.Reason != Taken || known.ID != "" {
			t.Errorf("%+v", known)
		}
		if n := r.world.Count("CreateSubscription", ""); n > 12 {
			t.Errorf("tried %d times in a day", n)
		}
		old := r.keeper() // the key file was lost: the place is ours all the same
		old.Keys = keys(t, "m")
		theirs.URL = ""
		r.run(time.Minute, theirs)
		old.Store = newMemory()
		r.run(time.Minute, old)
		r.store.clear()
		r.run(10*time.Minute, k)
		r.complete()
	})
}

func TestWhatGraphRefusesIsTriedSeldomAndSaysWhy(t *testing.T) {
	inBubble(t, 4, simulator.Quirks{MostSubscriptions: 1, ShortSubscriptions: true}, func(r *rig) {
		k := r.keeper()
		results := map[string]int{}
		k.Count = func(call string, result Reason) { results[call+" "+string(result)]++ }
		r.run(24*time.Hour, k)
		if n := r.world.Count("CreateSubscription", ""); n > 60 {
			t.Errorf("tried %d times in a day", n)
		}
		refused := 0
		for _, m := range r.boxes {
			if r.store.of(m.ID).Reason == NotHere {
				refused++
			}
		}
		if refused != 3 || results["create ok"] != 1 || results["create subscription-refused"] < 3 {
			t.Errorf("%d refused; %v", refused, results)
		}
		s := r.world.Subscriptions()[0]
		if left := time.Until(s.Expires); left > graph.OlderLongest {
			t.Errorf("lives for %s", left)
		}
		r.world.SetQuirks(func(q *simulator.Quirks) { q.MostSubscriptions = 0 })
		r.run(25*time.Hour, k)
		r.complete()

		hook := r.keeper()
		hook.URL = "https://nobody.example.com/hook"
		r.world.Unsubscribe(r.world.Mailbox(r.boxes[0].Address))
		r.store.hasten(r.boxes[0].ID)
		r.run(3*time.Minute, hook)
		if known := r.store.of(r.boxes[0].ID); known.Reason != NotHeld {
			t.Errorf("%+v", known)
		}
	})
}

func TestTroubleIsRiddenOut(t *testing.T) {
	inBubble(t, 20, simulator.Quirks{}, func(r *rig) {
		k := r.keeper()
		r.world.Fault(simulator.Rule{Call: "CreateSubscription", Times: 20, Fault: simulator.Unheard()}) // done, and the answer lost
		r.run(time.Hour, k)
		r.complete()
		if made := len(r.world.Subscriptions()); made != 20 {
			t.Errorf("%d are there", made)
		}
		r.store.down = true
		r.run(time.Hour, k)
		r.store.down = false
		down := r.world.Fault(simulator.Rule{Call: "*Subscription*", Fault: simulator.Refuse(503, "serviceNotAvailable", "")})
		r.run(24*time.Hour, k)
		down.Remove()
		r.run(4*24*time.Hour, k)
		r.complete()
		r.world.ClearRequests()
		r.store.takes = 0
		r.run(time.Hour, k)
		if r.store.takes > 3600/10 {
			t.Errorf("asked the store %d times in an idle hour", r.store.takes)
		}
	})
}
